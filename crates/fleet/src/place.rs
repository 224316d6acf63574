//! Where everything is, and how a server is started there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::{Instance, Program};

/// Longest wait for a server to serve: a database file that was in use when
/// its process died is mended first.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks whether it does.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Where ports are looked for: below those that the system gives to outgoing
/// connections, which could take a port while its server is dead.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Runs its arguments as a program whose sleeps may last four milliseconds longer, as
/// deploy/up does with nats-server (docs/adr/015).
const WITH_TIMER_SLACK: &str =
    "{ echo 4000000 >/proc/self/timerslack_ns; } 2>/dev/null || true; exec \"$@\"";

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) bin_dir: PathBuf,
    pub(crate) nats_server: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) nats_port: u16,
}

impl Place {
    pub(crate) fn nats_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.nats_port)
    }

    pub(crate) fn database_url(&self) -> String {
        let file = self.folder.join("slipstream.db");
        format!("sqlite://{}?mode=rwc", file.display())
    }

    fn announcement(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn log(&self, name: &str, starts: u32) -> PathBuf {
        self.folder.join(format!("{name}.{starts}.log"))
    }

    /// A program of ours; nothing of the caller's settings reaches it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin_dir.join(program));
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("SLIPSTREAM_") {
                command.env_remove(key);
            }
        }
        command.kill_on_drop(true);
        command
    }

    pub(crate) fn spawn(
        &self,
        program: Program,
        name: &str,
        ports: &[u16],
        starts: u32,
    ) -> Result<Child> {
        let mut command = match program {
            Program::NatsServer => self.nats(),
            Program::Gateway => self.gateway(name, ports),
            Program::RaceWorker | Program::ChatWorker | Program::Persistence => {
                self.server(program, name)
            }
        };
        // What a killed one has announced is not true any more.
        let _ = fs::remove_file(self.announcement(name));
        detached(&mut command, &self.log(name, starts))?
            .spawn()
            .with_context(|| format!("cannot start {name}"))
    }

    fn nats(&self) -> Command {
        let mut command = Command::new("sh");
        command
            .kill_on_drop(true)
            .args(["-c", WITH_TIMER_SLACK, "nats-server"])
            .arg(&self.nats_server)
            .args(["--addr", "127.0.0.1", "--port", &self.nats_port.to_string()])
            // As deploy/up starts it (docs/adr/011, 016, 021).
            .env("GOMAXPROCS", "1")
            .env("GOGC", "800")
            .env("GODEBUG", "schedtrace=2147483647")
            .args(["--jetstream", "--store_dir"])
            .arg(self.folder.join("nats"));
        command
    }

    fn server(&self, program: Program, name: &str) -> Command {
        let mut command = self.command(program.name());
        command
            .env("SLIPSTREAM_NATS_URL", self.nats_url())
            .env("SLIPSTREAM_DATABASE_URL", self.database_url())
            // The worker's id is read from its log.
            .args(["--log-format", "json", "--http", "127.0.0.1:0"])
            .arg("--announce")
            .arg(self.announcement(name));
        command
    }

    fn gateway(&self, name: &str, ports: &[u16]) -> Command {
        let mut command = self.server(Program::Gateway, name);
        for (flag, port) in ["--race-listen", "--chat-listen"].into_iter().zip(ports) {
            command.arg(flag).arg(format!("127.0.0.1:{port}"));
        }
        command
            .arg("--session-key-file")
            .arg(self.folder.join("session.key"));
        command
    }

    pub(crate) async fn ready(&self, instance: &mut Instance) -> Result<()> {
        let begun = Instant::now();
        let (name, log) = (&instance.name, self.log(&instance.name, instance.starts));
        loop {
            let serves = match instance.program {
                Program::NatsServer => TcpStream::connect(("127.0.0.1", self.nats_port))
                    .await
                    .is_ok(),
                Program::RaceWorker
                | Program::Gateway
                | Program::ChatWorker
                | Program::Persistence => self.announcement(name).exists(),
            };
            if serves {
                return Ok(());
            }
            if let Some(status) = instance.child.try_wait()? {
                bail!("{name} ended with {status} instead of serving: see {log:?}");
            }
            if begun.elapsed() > READY_TIMEOUT {
                bail!("{name} does not serve after {READY_TIMEOUT:?}: see {log:?}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// A race worker says in its log who it is.
    pub(crate) fn worker_id(&self, instance: &Instance) -> Result<String> {
        let log = fs::read_to_string(self.log(&instance.name, instance.starts))?;
        worker_id(&log).with_context(|| format!("{} does not say its id", instance.name))
    }
}

fn worker_id(log: &str) -> Option<String> {
    let mut lines = log.lines().map(serde_json::from_str::<Value>);
    lines.find_map(|line| Some(line.ok()?["worker"].as_str()?.to_owned()))
}

/// Lets a process write to a log only, in a group of its own: Ctrl-C is for
/// this program, which then ends the others.
///
/// # Errors
/// When the log cannot be written.
pub fn detached<'a>(command: &'a mut Command, log: &Path) -> Result<&'a mut Command> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    Ok(command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0))
}

/// A port that nobody listens on, and that no outgoing connection is given.
pub(crate) async fn free_port() -> Result<u16> {
    for _ in PORTS {
        let port = rand::random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return Ok(port);
        }
    }
    bail!(
        "there is no free port from {} to {}",
        PORTS.start,
        PORTS.end - 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_workers_id_in_its_log() {
        let log = "not json\n{\"message\":\"connected\"}\n\
            {\"message\":\"race worker\",\"worker\":\"00c0ffee\"}\n";
        assert_eq!(worker_id(log).as_deref(), Some("00c0ffee"));
        assert_eq!(worker_id("{}"), None);
    }
}

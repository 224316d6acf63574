//! The servers, as processes of this one: what they are started with, how they
//! are hurt and brought back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::options::{Harm, Options, Program};

/// Longest wait for a server to serve: a database file that was in use when
/// its process died is mended first.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks whether it does.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Longest wait for the lobby: NATS may just be coming back.
const LOBBY_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for a server to end in order, at the end.
const END_TIMEOUT: Duration = Duration::from_secs(20);
/// Where ports are looked for: below those that the system gives to outgoing
/// connections, which could take a port while its server is dead.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// One server.
#[derive(Debug)]
pub struct Instance {
    /// What it is.
    pub program: Program,
    /// Its name, as `race-worker-1`.
    pub name: String,
    /// The ports that it keeps when it is started again.
    ports: Vec<u16>,
    starts: u32,
    child: Child,
}

/// All servers. Dropping it kills them.
#[derive(Debug)]
pub struct Fleet {
    place: Place,
    instances: Vec<Instance>,
}

/// Where everything is.
#[derive(Clone, Debug)]
struct Place {
    bin_dir: PathBuf,
    nats_server: PathBuf,
    folder: PathBuf,
    nats_port: u16,
}

impl Fleet {
    /// Starts all servers and waits until they serve.
    ///
    /// # Errors
    /// When one does not.
    pub async fn start(options: &Options) -> Result<Self> {
        let place = Place {
            bin_dir: options.bin_dir.clone(),
            nats_server: options.nats_server.clone(),
            folder: options.folder.clone(),
            nats_port: free_port().await?,
        };
        let mut fleet = Self {
            place,
            instances: Vec::new(),
        };
        fleet.add(Program::NatsServer, 1).await?;
        fleet.add(Program::Persistence, 1).await?;
        fleet.add(Program::ChatWorker, 1).await?;
        for number in 1..=options.workers {
            fleet.add(Program::RaceWorker, number).await?;
        }
        for number in 1..=options.gateways {
            fleet.add(Program::Gateway, number).await?;
        }
        Ok(fleet)
    }

    async fn add(&mut self, program: Program, number: u8) -> Result<()> {
        let ports = match program {
            Program::NatsServer => vec![self.place.nats_port],
            Program::Gateway => vec![free_port().await?, free_port().await?],
            Program::RaceWorker | Program::ChatWorker | Program::Persistence => Vec::new(),
        };
        let name = format!("{}-{number}", program.name());
        let child = self.place.spawn(program, &name, &ports, 1)?;
        let mut instance = Instance {
            program,
            name,
            ports,
            starts: 1,
            child,
        };
        self.place.ready(&mut instance).await?;
        self.instances.push(instance);
        Ok(())
    }

    /// The race ports of the gateways, as hosts and ports.
    #[must_use]
    pub fn gateways(&self) -> Vec<String> {
        let gateways = self.of(Program::Gateway);
        gateways
            .filter_map(|gateway| gateway.ports.first())
            .map(|port| format!("127.0.0.1:{port}"))
            .collect()
    }

    /// Does harm to an instance.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn hurt(&self, index: usize, harm: Harm) -> Result<()> {
        self.instances[index].signal(match harm {
            Harm::Kill => Signal::KILL,
            Harm::Stop => Signal::STOP,
        })
    }

    /// The place of an instance among all: of a program the one with this
    /// number, modulo how many there are.
    #[must_use]
    pub fn victim(&self, program: Program, victim: usize) -> Option<usize> {
        let places = 0..self.instances.len();
        let those = places.filter(|index| self.instances[*index].program == program);
        let those: Vec<usize> = those.collect();
        those.get(victim.checked_rem(those.len())?).copied()
    }

    /// Makes good what was done to an instance, and waits until it serves.
    ///
    /// # Errors
    /// When it does not.
    pub async fn bring_back(&mut self, index: usize, harm: Harm) -> Result<()> {
        let instance = &mut self.instances[index];
        match harm {
            Harm::Stop => instance.signal(Signal::CONT),
            Harm::Kill => {
                instance.child.wait().await?;
                instance.starts += 1;
                let (name, starts) = (&instance.name, instance.starts);
                instance.child =
                    self.place
                        .spawn(instance.program, name, &instance.ports, starts)?;
                self.place.ready(instance).await
            }
        }
    }

    /// The name of an instance.
    #[must_use]
    pub fn name(&self, index: usize) -> &str {
        &self.instances[index].name
    }

    /// The rooms that a race worker owns just now, by the lobby.
    ///
    /// # Errors
    /// When the lobby cannot be read.
    pub async fn rooms_of(&self, index: usize) -> Result<Vec<String>> {
        let worker = self.place.worker_id(&self.instances[index])?;
        let mut racectl = self.place.command("racectl");
        racectl
            .arg("--nats")
            .arg(self.place.nats_url())
            .args(["rooms", "--json"]);
        let output = tokio::time::timeout(LOBBY_TIMEOUT, racectl.output()).await??;
        let rooms: Vec<Value> = serde_json::from_slice(&output.stdout)
            .context("the lobby cannot be read with racectl")?;
        let owned = rooms.iter().filter(|room| room["owner"] == worker.as_str());
        let names = owned.filter_map(|room| room["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// A report of the database for scripts; `None` when there is no such thing
    /// in it.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub async fn result(&self, race: &str) -> Result<Option<Value>> {
        let output = self
            .place
            .command("persistence")
            .env("SLIPSTREAM_DATABASE_URL", self.place.database_url())
            .args(["result", "--race", race])
            .output()
            .await?;
        Ok(serde_json::from_slice(&output.stdout).ok())
    }

    /// Ends all in order: what is written to last.
    pub async fn end(mut self) {
        while let Some(mut instance) = self.instances.pop() {
            // One that is gone already is as good.
            let _ = instance.signal(Signal::TERM);
            let _ = tokio::time::timeout(END_TIMEOUT, instance.child.wait()).await;
        }
    }

    fn of(&self, program: Program) -> impl Iterator<Item = &Instance> {
        let all = self.instances.iter();
        all.filter(move |instance| instance.program == program)
    }
}

impl Instance {
    fn signal(&self, signal: Signal) -> Result<()> {
        // A child has an id until it has been waited for: never a stranger's.
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw);
        let pid = pid.with_context(|| format!("{} is gone", self.name))?;
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }
}

impl Place {
    fn nats_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.nats_port)
    }

    fn database_url(&self) -> String {
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
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin_dir.join(program));
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("SLIPSTREAM_") {
                command.env_remove(key);
            }
        }
        command.kill_on_drop(true);
        command
    }

    fn spawn(&self, program: Program, name: &str, ports: &[u16], starts: u32) -> Result<Child> {
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
        let mut command = Command::new(&self.nats_server);
        command
            .kill_on_drop(true)
            .args(["--addr", "127.0.0.1", "--port", &self.nats_port.to_string()])
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

    async fn ready(&self, instance: &mut Instance) -> Result<()> {
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
    fn worker_id(&self, instance: &Instance) -> Result<String> {
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
pub(crate) fn detached<'a>(command: &'a mut Command, log: &Path) -> Result<&'a mut Command> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    Ok(command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0))
}

/// A port that nobody listens on, and that no outgoing connection is given.
async fn free_port() -> Result<u16> {
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

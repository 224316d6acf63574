//! A supervised child process.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Child;

use crate::http::{self, Metrics};
use crate::nats;
use crate::run_dir::RunDir;
use crate::wait::{TIMEOUT, eventually_within};

/// The longest wait for a server to serve: a database file that was in use when
/// its process died is repaired first.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two checks whether a process has ended, where nothing can be awaited.
pub(crate) const REAP_INTERVAL: Duration = Duration::from_millis(1);

/// The sign that a process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    /// It has been started.
    Started,
    /// It has written its announcement, as all our servers do.
    Announced,
    /// It has written its ports, as a NATS server does.
    NatsPorts,
}

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    /// The command, for the next start.
    command: tokio::process::Command,
    run_dir: RunDir,
    readiness: Readiness,
    child: Child,
    /// Bytes of the log from earlier starts.
    log_begin: usize,
    announcement: Value,
}

impl Process {
    /// Starts `command` under a `name` that no other process of the run has.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: Command, name: &str, run_dir: &RunDir) -> Result<Self> {
        Self::spawn(command, name, run_dir, Readiness::Started)
    }

    /// Starts one of our servers, which announces itself and has a monitoring
    /// port at `host`; [`Process::ready`] awaits the announcement.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn serve(
        mut command: Command,
        host: &str,
        name: &str,
        run_dir: &RunDir,
    ) -> Result<Self> {
        command
            .args(["--http", &format!("{host}:0"), "--announce"])
            .arg(run_dir.announcement(name));
        Self::spawn(command, name, run_dir, Readiness::Announced)
    }

    /// Starts a NATS server; [`Process::ready`] awaits its ports.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn serve_nats(command: Command, name: &str, run_dir: &RunDir) -> Result<Self> {
        Self::spawn(command, name, run_dir, Readiness::NatsPorts)
    }

    fn spawn(command: Command, name: &str, run_dir: &RunDir, readiness: Readiness) -> Result<Self> {
        let mut command = tokio::process::Command::from(command);
        // An earlier process of that name may have left files.
        let _ = fs::remove_file(run_dir.log(name));
        let _ = fs::remove_file(run_dir.stdout(name));
        let child = spawn(&mut command, name, run_dir)?;
        Ok(Self {
            name: name.to_owned(),
            command,
            run_dir: run_dir.clone(),
            readiness,
            child,
            log_begin: 0,
            announcement: Value::Null,
        })
    }

    /// Starts it again, once it has ended, with the same arguments, and waits
    /// until it serves.
    ///
    /// # Errors
    /// When it does not end, cannot be started, or does not serve.
    pub async fn restart(&mut self) -> Result<()> {
        self.ended().await?;
        self.log_begin = fs::read(self.run_dir.log(&self.name))?.len();
        self.child = spawn(&mut self.command, &self.name, &self.run_dir)?;
        self.ready().await
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// When it ends before that, or takes too long.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let Some(file) = self.readiness_file()? else {
            return Ok(());
        };
        let what = format!("{} serves", self.name);
        self.announcement = eventually_within(READY_TIMEOUT, &what, async || {
            // The file of a NATS server may be incomplete.
            let text = fs::read(&file).unwrap_or_default();
            if let Ok(announcement) = serde_json::from_slice(&text) {
                return Ok(Some(announcement));
            }
            if let Some(status) = self.child.try_wait()? {
                let (name, log) = (&self.name, self.run_dir.log(&self.name));
                bail!("{name} ended with {status} before it served: see {log:?}");
            }
            Ok(None)
        })
        .await?;
        Ok(())
    }

    fn readiness_file(&self) -> Result<Option<PathBuf>> {
        let program = self.command.as_std().get_program();
        Ok(match self.readiness {
            Readiness::Started => None,
            Readiness::Announced => Some(self.run_dir.announcement(&self.name)),
            Readiness::NatsPorts => {
                let pid = self.id()?;
                Some(nats::ports_file(program.as_ref(), pid, &self.run_dir))
            }
        })
    }

    /// Where it listens, by the name in its announcement.
    ///
    /// # Errors
    /// When it has not announced such an address.
    pub fn address(&self, name: &str) -> Result<SocketAddr> {
        let address = self.announcement[name].as_str();
        let address = address.with_context(|| format!("{} announces no {name}", self.name))?;
        Ok(address.parse()?)
    }

    /// What a NATS server says of its health; `None` when it is well. One whose disk
    /// was full stays unhealthy until it is started again.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn nats_problem(&self) -> Result<Option<String>> {
        let url = self.announcement["monitoring"][0].as_str();
        let address = url.and_then(|url| url.strip_prefix("http://"));
        let address = address.with_context(|| format!("{} has no monitoring port", self.name))?;
        let (status, words) = http::get(address.parse()?, "/healthz").await?;
        Ok((status != 200).then_some(words))
    }

    /// Whether the file of its announcement exists: it is removed at an
    /// orderly end.
    #[must_use]
    pub fn has_announcement(&self) -> bool {
        self.run_dir.announcement(&self.name).exists()
    }

    /// Its name within the run, such as `race-worker-1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it has ended.
    pub fn id(&self) -> Result<u32> {
        // A child has an id until it is reaped: the id cannot be another process's.
        let id = self.child.id();
        id.with_context(|| format!("{} has ended", self.name))
    }

    /// The group that it runs under.
    ///
    /// # Errors
    /// When it has ended.
    pub fn group(&self) -> Result<u32> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("Gid:"));
        let group = line.and_then(|line| line.split_whitespace().next());
        Ok(group.context("a process has a group")?.parse()?)
    }

    /// What it has printed on standard output.
    #[must_use]
    pub fn stdout(&self) -> String {
        let bytes = fs::read(self.run_dir.stdout(&self.name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What it has printed on standard error since its latest start.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.run_dir.log(&self.name)).unwrap_or_default();
        let latest = bytes.get(self.log_begin..).unwrap_or_default();
        String::from_utf8_lossy(latest).into_owned()
    }

    /// The last line that it has printed on standard error, as the reason for its end.
    #[must_use]
    pub fn last_line(&self) -> String {
        let log = self.log();
        // Progress bars end lines with a carriage return.
        let mut lines = log.rsplit(['\n', '\r']);
        let last = lines.find(|line| !line.trim().is_empty());
        last.unwrap_or("without a message").to_owned()
    }

    /// Its metrics.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<Metrics> {
        http::metrics(self.address("http")?).await
    }

    /// Status and text of its `/ready`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ready_page(&self) -> Result<(u16, String)> {
        http::get(self.address("http")?, "/ready").await
    }

    /// Its status, once it has ended.
    ///
    /// # Errors
    /// When the system fails.
    pub fn try_ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until it has ended, for [`TIMEOUT`] at most.
    ///
    /// # Errors
    /// When it has not ended.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        self.ended_within(TIMEOUT).await
    }

    /// Waits until it has ended, for `timeout` at most.
    ///
    /// # Errors
    /// When it has not ended.
    pub async fn ended_within(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(timeout, self.child.wait()).await;
        let ended = ended.with_context(|| {
            let seconds = timeout.as_secs();
            format!("{} has not ended after {seconds} s", self.name)
        })?;
        Ok(ended?)
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.start_kill();
        // Reaped here: its files are closed and its ports free when this returns.
        while self.is_alive() {
            thread::sleep(REAP_INTERVAL);
        }
    }
}

fn spawn(command: &mut tokio::process::Command, name: &str, run_dir: &RunDir) -> Result<Child> {
    // The announcement of a killed process does not apply to the next one.
    let _ = fs::remove_file(run_dir.announcement(name));
    let append = |path: PathBuf| {
        let file = File::options().create(true).append(true).open(&path);
        file.with_context(|| format!("cannot write {}", path.display()))
    };
    command
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(append(run_dir.stdout(name))?)
        .stderr(append(run_dir.log(name))?)
        .spawn()
        .with_context(|| format!("cannot start {name}"))
}

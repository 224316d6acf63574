//! A real process that dies with its owner.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::http::{self, Metrics};
use crate::wait::{PATIENCE, eventually};

/// The end of a log that is printed when its process is gone.
const LOG_LINES_SHOWN: usize = 200;

/// How long a process may tidy up before it is killed.
const GENTLE_END: Duration = Duration::from_secs(2);

/// A running process. Dropping it kills it and prints its log.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    announce: PathBuf,
    announcement: Value,
}

impl Process {
    /// Starts `command` under a `name` of its own; its log is `NAME.log` in
    /// `folder`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, name: &str, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
            announce: announce_file(folder, name),
            announcement: Value::Null,
        })
    }

    /// Starts a server program, which announces itself; it answers operators at
    /// `host`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn serve(mut command: Command, host: &str, name: &str, folder: &Path) -> Result<Self> {
        command
            .args(["--http", &format!("{host}:0"), "--announce"])
            .arg(announce_file(folder, name));
        Self::start(command, name, folder)
    }

    /// Waits until it has announced itself.
    ///
    /// # Errors
    /// When it ends instead, or takes too long.
    pub async fn announced(&mut self) -> Result<()> {
        let what = format!("{} announces itself", self.name);
        self.announcement = eventually(&what, async || {
            if let Ok(text) = fs::read(&self.announce) {
                return Ok(Some(serde_json::from_slice(&text)?));
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} instead of serving", self.name);
            }
            Ok(None)
        })
        .await?;
        Ok(())
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

    /// Whether the file of its announcement is there.
    #[must_use]
    pub fn has_announcement(&self) -> bool {
        self.announce.exists()
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its counters.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<Metrics> {
        http::metrics(self.address("http")?).await
    }

    /// Asks it to end, as an operator does.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Kills it: it has no time for a word.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    /// Stops it in whatever it does; [`Process::go_on`] lets it continue.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn stand_still(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it continue.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn go_on(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.context("a process has an id")?;
        let name = &self.name;
        kill_process(pid, signal).with_context(|| format!("cannot send {signal:?} to {name}"))
    }

    /// Asks it to end and waits a moment for that, for what it has to tidy
    /// away; for an owner's end, where nothing can be awaited.
    pub fn end_gently(&mut self) {
        let begun = Instant::now();
        let is_alive = matches!(self.child.try_wait(), Ok(None));
        if is_alive && self.terminate().is_ok() {
            while begun.elapsed() < GENTLE_END && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(GENTLE_END / 100);
            }
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let what = format!("{} ends", self.name);
        eventually(&what, async || Ok(self.child.try_wait()?)).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        eprintln!("--- log of {}:\n{}", self.name, shown.join("\n"));
    }
}

fn announce_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started or does not end.
pub async fn run(command: Command) -> Result<Output> {
    run_with(command, &[]).await
}

/// Runs a command to its end, with something to read.
///
/// # Errors
/// As [`run`].
pub async fn run_with(command: Command, input: &[u8]) -> Result<Output> {
    let shown = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {shown}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Who does not read has an opinion without it.
        let _ = stdin.write_all(input).await;
    }
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    Ok(ended.with_context(|| format!("{shown} does not end"))??)
}

/// Standard output of a command that must succeed.
///
/// # Errors
/// With what it said when it did not.
pub async fn stdout_of(command: Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = run(command).await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{shown} ended with {}: {said}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

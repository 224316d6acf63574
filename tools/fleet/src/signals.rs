//! Signals to processes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::{Process, REAP_INTERVAL};

/// How long a process may clean up before it is killed, where nothing can be
/// awaited.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(2);

impl Process {
    /// Asks it to end, as an operator does (SIGTERM).
    ///
    /// # Errors
    /// When it has ended.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends it without a chance to clean up (SIGKILL).
    ///
    /// # Errors
    /// When it has ended.
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    /// Has it read its files again, as an operator does (SIGHUP).
    ///
    /// # Errors
    /// When it has ended.
    pub fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Stops it in the middle of its work (SIGSTOP) until [`Process::resume`].
    ///
    /// # Errors
    /// When it has ended.
    pub fn suspend(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it continue (SIGCONT).
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.id()?).ok().and_then(Pid::from_raw);
        let pid = pid.context("a process has a positive id")?;
        kill_process(pid, signal)
            .with_context(|| format!("cannot send {signal:?} to {}", self.name()))
    }

    /// Asks it to end and blocks while it cleans up, for use in `drop`.
    pub fn terminate_blocking(&mut self) {
        let begun = Instant::now();
        // It may have ended already.
        let is_asked = self.terminate().is_ok();
        while is_asked && self.is_alive() && begun.elapsed() < CLEAN_UP_TIMEOUT {
            thread::sleep(REAP_INTERVAL);
        }
    }
}

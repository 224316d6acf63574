//! Kinds of faults, injected into a process and ended again.

use anyhow::Result;
use fleet::Process;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// SIGKILL; after a time, another process in its place.
    Kill,
    /// SIGSTOP; after a time, SIGCONT.
    Stop,
}

impl FaultKind {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
        }
    }

    /// Injects the fault into a process.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn inject(self, process: &Process) -> Result<()> {
        match self {
            Self::Kill => process.kill(),
            Self::Stop => process.suspend(),
        }
    }

    /// Restarts or resumes the process, and waits until it serves.
    ///
    /// # Errors
    /// When it does not serve.
    pub async fn recover(self, process: &mut Process) -> Result<()> {
        match self {
            Self::Kill => process.restart().await,
            Self::Stop => process.resume(),
        }
    }
}

//! What is done to a process, and undone.

use anyhow::Result;
use fleet::Process;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// SIGKILL, and another process in its place after a while.
    Kill,
    /// SIGSTOP, and SIGCONT after a while.
    Stop,
}

impl FaultKind {
    /// In a word.
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

    /// Ends the fault, and waits until the process or its successor serves.
    ///
    /// # Errors
    /// When it does not.
    pub async fn recover(self, process: &mut Process) -> Result<()> {
        match self {
            Self::Kill => process.restart().await,
            Self::Stop => process.resume(),
        }
    }
}

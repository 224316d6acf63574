//! The folder of a run, and the names of the files in it.

use std::path::{Path, PathBuf};

/// The folder in which the processes of a run log, announce themselves and
/// store what they keep.
#[derive(Clone, Debug)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// A folder that exists.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What a process prints on standard error, over all its starts.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.log"))
    }

    /// What a process prints on standard output, over all its starts.
    #[must_use]
    pub fn stdout(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.out"))
    }

    /// Where a server says that it serves, and at which addresses.
    pub(crate) fn announcement(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }

    /// The key that all gateways of a run share.
    pub(crate) fn session_key(&self) -> PathBuf {
        self.0.join("session.key")
    }

    /// A database in a file.
    pub(crate) fn database_url(&self) -> String {
        format!(
            "sqlite://{}?mode=rwc",
            self.0.join("slipstream.db").display()
        )
    }

    pub(crate) fn nats_config(&self) -> PathBuf {
        self.0.join("nats-server.conf")
    }

    pub(crate) fn nats_store(&self) -> PathBuf {
        self.0.join("nats")
    }
}

//! The directory of a run, and the names of the files in it.

use std::path::{Path, PathBuf};

/// The directory in which the processes of a run write logs, announcements and data.
#[derive(Clone, Debug)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// Takes a directory that exists.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The standard error of a process, over all its starts.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.log"))
    }

    /// The standard output of a process, over all its starts.
    #[must_use]
    pub fn stdout(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.out"))
    }

    /// The announcement of a server that serves, with its addresses.
    pub(crate) fn announcement(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }

    /// The certificates of the gateways, as `racectl certificate` names them.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.0.join("tls")
    }

    /// The CA of a fleet with TLS, which its clients trust.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.certificates().join("ca.pem")
    }

    /// The key that all gateways of a run share.
    pub fn session_key(&self) -> PathBuf {
        self.0.join("session.keys")
    }

    /// The URL of a database in a file.
    pub(crate) fn database_url(&self) -> String {
        format!(
            "sqlite://{}?mode=rwc",
            self.0.join("slipstream.db").display()
        )
    }

    /// The seeds of the NATS users.
    pub(crate) fn nats_users(&self) -> PathBuf {
        self.0.join("nats-users")
    }

    pub(crate) fn nats_config(&self) -> PathBuf {
        self.0.join("nats-server.conf")
    }

    /// The store of its own NATS server.
    #[must_use]
    pub fn nats_store(&self) -> PathBuf {
        self.0.join("nats")
    }
}

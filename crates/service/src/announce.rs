//! A file with the addresses of a process, for scripts and tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// The addresses of a process, as a JSON file that is written atomically once all
/// addresses are served, and removed when the process ends cleanly.
#[derive(Debug, Serialize)]
pub struct Announcement {
    program: &'static str,
    pid: u32,
    #[serde(flatten)]
    addresses: BTreeMap<&'static str, SocketAddr>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

impl Announcement {
    pub(crate) fn new(program: &'static str, path: Option<PathBuf>, http: SocketAddr) -> Self {
        let addresses = BTreeMap::from([("http", http)]);
        Self {
            program,
            pid: std::process::id(),
            addresses,
            path,
        }
    }

    pub(crate) fn add(&mut self, name: &'static str, address: SocketAddr) {
        self.addresses.insert(name, address);
    }

    pub(crate) fn write(&self) -> std::io::Result<()> {
        tracing::info!(addresses = ?self.addresses, "serving");
        let Some(path) = &self.path else {
            return Ok(());
        };
        let partial = partial_of(path);
        std::fs::write(&partial, serde_json::to_vec(self)?)?;
        std::fs::rename(partial, path)
    }
}

fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // A missing file is as good as a removed one.
            let _ = std::fs::remove_file(path);
        }
    }
}

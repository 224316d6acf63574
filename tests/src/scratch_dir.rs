//! A test's folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

/// How much of the end of a log is printed.
const LOG_LINES_SHOWN: usize = 200;

/// A temporary folder. Dropping it prints the ends of all logs in it, which a
/// test runner shows when the test has failed, and removes it.
#[derive(Debug)]
pub struct ScratchDir(TempDir);

impl ScratchDir {
    /// Makes one.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn new() -> Result<Self> {
        let builder = tempfile::Builder::new().prefix("slipstream-").tempdir();
        Ok(Self(builder?))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        let entries = fs::read_dir(self.path()).into_iter().flatten().flatten();
        let mut logs: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| is_log(path))
            .collect();
        logs.sort();
        for log in logs {
            print_end(&log);
        }
    }
}

fn is_log(path: &Path) -> bool {
    ["log", "out"]
        .map(OsStr::new)
        .map(Some)
        .contains(&path.extension())
}

fn print_end(log: &Path) {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
    if !shown.is_empty() {
        let name = log.file_name().unwrap_or_default().to_string_lossy();
        eprintln!("--- {name}:\n{}", shown.join("\n"));
    }
}

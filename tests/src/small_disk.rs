//! A disk of a test's own, to be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// Bytes that are written at a time to fill it.
const FILL_BYTES: usize = 4096;

/// A file system in memory, for which only root may ask. Dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one of that many kilobytes; `None` for a user who may not.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn mount(kilobytes: u32) -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED: only root can mount a disk");
            return Ok(None);
        }
        let disk = Self {
            folder: TempDir::new()?,
        };
        let size = format!("size={kilobytes}k");
        disk.run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs"])?;
        Ok(Some(disk))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    /// When it cannot be written for another reason.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.filling())?;
        let block = [0; FILL_BYTES];
        for bytes in [FILL_BYTES, 1] {
            while file.write(&block[..bytes]).is_ok_and(|written| written > 0) {}
        }
        Ok(())
    }

    /// Takes back what [`SmallDisk::fill`] has done.
    ///
    /// # Errors
    /// When it is not full.
    pub fn free(&self) -> Result<()> {
        Ok(fs::remove_file(self.filling())?)
    }

    fn filling(&self) -> PathBuf {
        self.path().join("filling")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(program);
        let output = command.args(arguments).arg(self.path()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program}: {said}");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A process that has just been killed may still hold a file of it.
        let _ = self.run("umount", &["-l"]);
    }
}

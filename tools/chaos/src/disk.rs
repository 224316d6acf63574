//! A small disk that can be full: a file system in memory.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use fleet::command::stdout_of;

/// The size of a disk: more than the streams are promised, of which most stays
/// unused and costs no memory.
const SIZE: &str = "4g";
/// The unit in which the file system counts.
const PAGE_BYTES: usize = 4_096;
/// The size of the file that fills a disk: more than is written while it is made.
const FILLER_BYTES: u64 = 16 << 20;

/// A disk of its own, mounted at a folder. Dropping it unmounts it.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts an empty disk at a folder, which is made.
    ///
    /// # Errors
    /// When this user may not mount.
    pub async fn mount(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "slipstream"])
            .arg(&folder);
        let mounted = stdout_of(command).await;
        mounted.context("a disk that can be full is a tmpfs: mounting one needs root")?;
        Ok(Self(folder))
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves no byte free: the disk becomes little larger than what is on it, and a file
    /// takes the rest, since what is on it changes meanwhile.
    ///
    /// # Errors
    /// When it is not mounted.
    pub async fn fill(&self) -> Result<()> {
        let mut command = Command::new("df");
        command.args(["--output=used", "-B1"]).arg(&self.0);
        let used = stdout_of(command).await?;
        let used: u64 = used.lines().last().unwrap_or_default().trim().parse()?;
        self.resize(&(used + FILLER_BYTES).to_string()).await?;
        let mut filler = File::create(self.filler())?;
        loop {
            match filler.write_all(&[0; PAGE_BYTES]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes room again.
    ///
    /// # Errors
    /// When it is not mounted.
    pub async fn free(&self) -> Result<()> {
        // Gone already when all that was on the disk was deleted.
        let _ = std::fs::remove_file(self.filler());
        self.resize(SIZE).await
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    async fn resize(&self, size: &str) -> Result<()> {
        let mut command = Command::new("mount");
        command
            .args(["-o", &format!("remount,size={size}")])
            .arg(&self.0);
        stdout_of(command).await.map(drop)
    }

    /// Deletes all that is on it.
    ///
    /// # Errors
    /// When something cannot be deleted.
    pub fn clear(folder: &Path) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                std::fs::remove_dir_all(&path)?;
            } else {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that was just killed may have files open.
        let mut command = Command::new("umount");
        command.arg("--lazy").arg(&self.0);
        let _ = command.stderr(Stdio::null()).status();
    }
}

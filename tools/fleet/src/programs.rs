//! Where the executable files are.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

/// The prefix of the environment variables of our programs.
const SETTING_PREFIX: &str = "SLIPSTREAM_";

/// The executable files that processes are started from.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The folder of our own programs.
    pub bin_dir: PathBuf,
    /// The nats-server.
    pub nats_server: PathBuf,
}

impl Programs {
    /// One of our programs, without arguments and without the settings in the environment
    /// of this process.
    ///
    /// # Errors
    /// When there is no such program in the folder.
    pub fn command(&self, name: &str) -> Result<Command> {
        let path = self.bin_dir.join(name);
        if !path.is_file() {
            bail!("there is no program {name} in {}", self.bin_dir.display());
        }
        let mut command = Command::new(path);
        for (key, _) in env::vars_os() {
            if key.to_string_lossy().starts_with(SETTING_PREFIX) {
                command.env_remove(key);
            }
        }
        Ok(command)
    }
}

//! The keys of the NATS users of a run.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::programs::Programs;

/// The user of racectl, and of tests and tools that look on.
const OPERATOR: &str = "operator";
/// The file of the public keys, a line each.
const PUBLIC_KEYS: &str = "public.env";

/// A folder with the seeds of the NATS users and their public keys, as
/// `racectl nats-users` makes it.
#[derive(Clone, Debug)]
pub struct NatsUsers(PathBuf);

impl NatsUsers {
    /// Makes the keys that are missing in a folder, which only its owner can reach.
    ///
    /// # Errors
    /// When there is no racectl, or it cannot write there.
    pub fn make(programs: &Programs, folder: impl Into<PathBuf>) -> Result<Self> {
        let users = Self(folder.into());
        let mut command = programs.command("racectl")?;
        command.arg("nats-users").arg(&users.0);
        let output = command.output().context("cannot start racectl")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("racectl makes no keys of NATS users: {}", said.trim());
        }
        Ok(users)
    }

    /// The file of a user's seed. A user is called as its program.
    #[must_use]
    pub fn seed(&self, user: &str) -> PathBuf {
        self.0.join(format!("{user}.nk"))
    }

    /// The file of the operator's seed.
    #[must_use]
    pub fn operator(&self) -> PathBuf {
        self.seed(OPERATOR)
    }

    /// The public keys, as environment variables of a NATS server.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn public_keys(&self) -> Result<Vec<(String, String)>> {
        let path = self.0.join(PUBLIC_KEYS);
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let keys = text.lines().map(|line| {
            let (name, key) = line.split_once('=').context("a key without a name")?;
            Ok((name.to_owned(), key.to_owned()))
        });
        keys.collect()
    }
}

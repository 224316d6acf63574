//! Session tokens in a file: a bot with a token costs the servers no password hash.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Tokens by bot.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    path: Option<PathBuf>,
    known: BTreeMap<String, String>,
}

impl Tokens {
    /// Reads a file, which need not exist; without a path no tokens are kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let known = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("--tokens '{}' holds no tokens", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("--tokens '{}' cannot be read", path.display()));
            }
        };
        Ok(Self {
            path: Some(path.to_owned()),
            known,
        })
    }

    /// The token of a bot.
    pub(crate) fn of(&self, bot: &str) -> Option<String> {
        self.known.get(bot).cloned()
    }

    /// Adds newer tokens and writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&mut self, newer: &BTreeMap<String, String>) -> Result<()> {
        let newer = newer
            .iter()
            .map(|(bot, token)| (bot.clone(), token.clone()));
        self.known.extend(newer);
        let Some(path) = &self.path else {
            return Ok(());
        };
        fs::write(path, serde_json::to_vec(&self.known)?)
            .with_context(|| format!("--tokens '{}' cannot be written", path.display()))
    }
}

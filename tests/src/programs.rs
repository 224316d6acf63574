//! Where the programs under test and the NATS server are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Names the folder of the programs, as `deploy/test` does.
const BIN_DIR: &str = "SLIPSTREAM_BIN_DIR";
/// Names the NATS server, as `deploy/test` does.
const NATS_SERVER: &str = "SLIPSTREAM_NATS_SERVER";

/// A program of ours, ready for its arguments; nothing of the caller's
/// settings reaches it.
///
/// # Errors
/// When it has not been built.
pub fn program(name: &str) -> Result<Command> {
    let folder = match env::var_os(BIN_DIR) {
        Some(folder) => PathBuf::from(folder),
        None => beside_this_test()?,
    };
    let path = folder.join(name);
    if !path.is_file() {
        bail!(
            "there is no program {name} in {}: run `cargo build --workspace --bins` first, \
             set {BIN_DIR}, or run `deploy/test`, which does all that",
            folder.display()
        );
    }
    let mut command = Command::new(path);
    for (key, _) in env::vars_os() {
        if key.to_string_lossy().starts_with("SLIPSTREAM_") {
            command.env_remove(key);
        }
    }
    Ok(command)
}

/// The NATS server: the one the environment names, the one on the path, or the
/// one that the scripts of `deploy/` have fetched.
///
/// # Errors
/// When there is none.
pub fn nats_server() -> Result<PathBuf> {
    if let Some(path) = env::var_os(NATS_SERVER) {
        return Ok(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.data/bin");
    env::split_paths(&path)
        .chain([fetched])
        .map(|folder| folder.join("nats-server"))
        .find(|candidate| candidate.is_file())
        .with_context(|| {
            format!(
                "there is no nats-server on the path or in .data/bin: set {NATS_SERVER}, \
                 or run `deploy/test`, which fetches one"
            )
        })
}

/// Cargo puts tests into a folder `deps` beside the programs.
fn beside_this_test() -> Result<PathBuf> {
    let test = env::current_exe()?;
    let folder = test.parent().and_then(Path::parent);
    Ok(folder
        .context("a test has a folder above its own")?
        .to_owned())
}

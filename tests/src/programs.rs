//! Where the programs under test and the NATS server are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use fleet::Programs;

/// Names the folder of the programs, as `deploy/test` does.
const BIN_DIR: &str = "SLIPSTREAM_BIN_DIR";
/// Names the NATS server, as `deploy/test` does.
const NATS_SERVER: &str = "SLIPSTREAM_NATS_SERVER";

/// The programs under test, and the NATS server.
///
/// # Errors
/// When there is no NATS server.
pub fn programs() -> Result<Programs> {
    Ok(Programs {
        bin_dir: bin_dir()?,
        nats_server: nats_server()?,
    })
}

/// The programs of the next release: a build with the feature `next-version`, in
/// a folder of that name beside the usual programs, as `deploy/test` puts it.
///
/// # Errors
/// When there is no NATS server.
pub fn next_programs() -> Result<Programs> {
    Ok(Programs {
        bin_dir: bin_dir()?.join("next-version"),
        nats_server: nats_server()?,
    })
}

/// A program of ours, without arguments; none of the settings in this
/// process's environment reach it.
///
/// # Errors
/// When it has not been built.
pub fn program(name: &str) -> Result<Command> {
    programs()?.command(name).with_context(|| {
        format!(
            "run `cargo build --workspace --bins` first, set {BIN_DIR}, or run `deploy/test`, \
             which does all that"
        )
    })
}

/// The folder that the environment names, or the one of cargo: it puts tests
/// into a folder `deps` beside the programs.
fn bin_dir() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(BIN_DIR) {
        return Ok(folder.into());
    }
    let test = env::current_exe()?;
    let folder = test.parent().and_then(Path::parent);
    let folder = folder.context("a test has a folder above its own")?;
    Ok(folder.to_owned())
}

/// The NATS server that the environment names, the one on the path, or the one
/// that the scripts of `deploy/` have fetched.
fn nats_server() -> Result<PathBuf> {
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

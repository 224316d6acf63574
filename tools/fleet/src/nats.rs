//! The command of a NATS server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::nats_users::NatsUsers;
use crate::run_dir::RunDir;

/// The settings that deployments, tests, bench and chaos have in common.
const CONFIG: &str = include_str!("../../../deploy/nats/nats-server.conf");

/// Settings of the Go runtime, as in `deploy/lib/servers.sh`: one thread serves a
/// thousand players, and waking up others costs more than they do; since messages wait
/// during garbage collection, it runs when the heap is nine times what is in use
/// (ADR 021).
const GO_SETTINGS: [(&str, &str); 2] = [("GOMAXPROCS", "1"), ("GOGC", "800")];

/// A NATS server at an address of its own, with its store in the run directory, that lets
/// those users in.
///
/// # Errors
/// When its configuration cannot be written, or the keys of the users not be read.
pub(crate) fn command(
    program: &Path,
    host: &str,
    port: u16,
    run_dir: &RunDir,
    users: &NatsUsers,
) -> Result<Command> {
    let config = run_dir.nats_config();
    fs::write(&config, CONFIG).with_context(|| format!("cannot write {}", config.display()))?;
    let mut command = Command::new(program);
    command
        .envs(GO_SETTINGS)
        .envs(users.public_keys()?)
        .arg("--config")
        .arg(config)
        .args(["--addr", host, "--port", &port.to_string()])
        .arg("--store_dir")
        .arg(run_dir.nats_store())
        .arg("--ports_file_dir")
        .arg(run_dir.path());
    Ok(command)
}

/// The file in which a NATS server writes its ports once it listens. Its name contains
/// the process id, so that an earlier server or one of another run is not mistaken for
/// it.
pub(crate) fn ports_file(program: &Path, pid: u32, run_dir: &RunDir) -> PathBuf {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    run_dir.path().join(format!("{name}_{pid}.ports"))
}

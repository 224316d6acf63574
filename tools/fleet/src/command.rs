//! Commands that run to their end.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;

use crate::wait::TIMEOUT;

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started or does not end within [`TIMEOUT`].
pub async fn run(command: Command) -> Result<Output> {
    run_with_input(command, &[]).await
}

/// Runs a command to its end, with `input` on its standard input.
///
/// # Errors
/// As [`run`].
pub async fn run_with_input(command: Command, input: &[u8]) -> Result<Output> {
    let shown = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {shown}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command may end without reading all of it.
        let _ = stdin.write_all(input).await;
    }
    let ended = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await;
    Ok(ended.with_context(|| format!("{shown} does not end"))??)
}

/// Standard output of a command that must succeed.
///
/// # Errors
/// As [`run`], and when it fails, with its standard error.
pub async fn stdout_of(command: Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = run(command).await?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{shown} ended with {}: {stderr}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

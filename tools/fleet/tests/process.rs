//! Processes of a shell, as a fleet supervises them.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use fleet::wait::eventually;
use fleet::{Process, RunDir};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[tokio::test]
async fn a_process_dies_with_its_owner() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run_dir = RunDir::new(folder.path());
    let sleeper = Process::start(shell("exec sleep 600"), "sleeper", &run_dir)?;
    let process = format!("/proc/{}", sleeper.id()?);
    assert!(Path::new(&process).exists());
    // A stopped process dies, too.
    sleeper.suspend()?;
    drop(sleeper);
    assert!(!Path::new(&process).exists());
    Ok(())
}

#[tokio::test]
async fn a_restarted_process_does_the_same_and_keeps_its_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run_dir = RunDir::new(folder.path());
    let mut process = Process::start(shell("echo out; echo log >&2"), "echo", &run_dir)?;
    process.restart().await?;
    assert!(process.ended().await?.success());
    assert_eq!(process.stdout(), "out\nout\n");
    // The log is that of the latest start.
    assert_eq!(process.log(), "log\n");
    assert_eq!(std::fs::read_to_string(run_dir.log("echo"))?, "log\nlog\n");
    // Another process of that name begins with empty files.
    let other = Process::start(shell("echo other; exec sleep 600"), "echo", &run_dir)?;
    eventually("it prints", async || {
        Ok((other.stdout() == "other\n").then_some(()))
    })
    .await?;
    assert_eq!(other.log(), "");
    Ok(())
}

#[tokio::test]
async fn a_process_that_has_ended_is_not_signalled() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run_dir = RunDir::new(folder.path());
    let mut process = Process::start(
        shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"),
        "trap",
        &run_dir,
    )?;
    eventually("it is ready", async || {
        Ok((process.stdout() == "ready\n").then_some(()))
    })
    .await?;
    process.terminate()?;
    assert_eq!(process.ended().await?.code(), Some(7));
    assert!(process.kill().is_err());
    assert!(process.id().is_err());
    Ok(())
}

//! The bots, as a process of this one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::options::Options;
use crate::samples::{self, Begun, Sample};
use fleet::detached;

/// Between two looks whether the measurement has begun.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// After the last fault a race may take this long to end.
const FINISH_SECONDS: u64 = 180;
/// Beyond what it was told to take, the bots are given this long.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// A running `bots load`. Dropping it kills it.
#[derive(Debug)]
pub struct Load {
    child: Child,
    samples: PathBuf,
    report: PathBuf,
    log: PathBuf,
    finish: Duration,
}

impl Load {
    /// Lets bots race on these gateways.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(options: &Options, gateways: &[String]) -> Result<Self> {
        let at = |name: &str| options.folder.join(name);
        let (samples, report, log) = (at("samples.jsonl"), at("bots.json"), at("bots.log"));
        let mut command = Command::new(options.bin_dir.join("bots"));
        command.kill_on_drop(true).args(["load", "--json"]);
        for (flag, value) in [
            ("--gateways", gateways.join(",")),
            ("--rooms", options.rooms.to_string()),
            ("--seats", options.seats.to_string()),
            ("--seconds", options.seconds.to_string()),
            ("--laps", options.laps.to_string()),
            ("--finish", FINISH_SECONDS.to_string()),
        ] {
            command.arg(flag).arg(value);
        }
        command.arg("--samples").arg(&samples);
        let output = fs::File::create(&report)?;
        let child = detached(&mut command, &log)?.stdout(output).spawn();
        Ok(Self {
            child: child.context("cannot start the bots")?,
            samples,
            report,
            log,
            finish: Duration::from_secs(FINISH_SECONDS),
        })
    }

    /// Waits until everybody has raced and the measurement begins.
    ///
    /// # Errors
    /// When the bots end instead.
    pub async fn begun(&mut self) -> Result<Begun> {
        loop {
            let text = fs::read_to_string(&self.samples).unwrap_or_default();
            if let Some((begun, _)) = samples::read(&text)? {
                return Ok(begun);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the bots ended with {status}: {}", self.last_words());
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until they have ended; gives their report and samples.
    ///
    /// # Errors
    /// When they fail.
    pub async fn ended(&mut self) -> Result<(Value, Vec<Sample>)> {
        let status = tokio::time::timeout(self.finish + END_TIMEOUT, self.child.wait());
        let status = status.await.context("the bots do not end")??;
        if !status.success() {
            bail!("the bots ended with {status}: {}", self.last_words());
        }
        let report = serde_json::from_slice(&fs::read(&self.report)?)?;
        let samples = samples::read(&fs::read_to_string(&self.samples)?)?;
        Ok((
            report,
            samples.map_or_else(Vec::new, |(_, samples)| samples),
        ))
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        // Progress overwrites its line.
        let last = log
            .rsplit(['\n', '\r'])
            .find(|line| !line.trim().is_empty());
        last.unwrap_or("they said nothing").to_owned()
    }
}

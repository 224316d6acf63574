//! The bots, as a process of this one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fleet::{Fleet, Process};
use serde_json::Value;

use crate::options::Options;
use crate::samples::{self, Begun, Sample};

/// Between two looks whether the measurement has begun.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// After the last fault a race may take this long to end.
const FINISH_SECONDS: u64 = 180;
/// Beyond what it was told to take, the bots are given this long.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// A running `bots load`. Dropping it kills it.
#[derive(Debug)]
pub struct Load {
    process: Process,
    samples: PathBuf,
}

impl Load {
    /// Lets bots race on the fleet's gateways.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(options: &Options, fleet: &Fleet) -> Result<Self> {
        let samples = options.folder.join("samples.jsonl");
        let mut command = options.programs().command("bots")?;
        command.args(["load", "--json"]);
        for (flag, value) in [
            ("--gateways", fleet.race_addresses()?.join(",")),
            ("--rooms", options.rooms.to_string()),
            ("--seats", options.seats.to_string()),
            ("--seconds", options.seconds.to_string()),
            ("--laps", options.laps.to_string()),
            ("--finish", FINISH_SECONDS.to_string()),
        ] {
            command.arg(flag).arg(value);
        }
        command.arg("--samples").arg(&samples);
        let process = Process::start(command, "bots", fleet.run_dir())?;
        Ok(Self { process, samples })
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
            if let Some(status) = self.process.try_ended()? {
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
        let timeout = Duration::from_secs(FINISH_SECONDS) + END_TIMEOUT;
        let status = self.process.ended_within(timeout).await?;
        if !status.success() {
            bail!("the bots ended with {status}: {}", self.last_words());
        }
        let report = serde_json::from_str(&self.process.stdout())
            .context("the bots' report cannot be read")?;
        let samples = samples::read(&fs::read_to_string(&self.samples)?)?;
        Ok((
            report,
            samples.map_or_else(Vec::new, |(_, samples)| samples),
        ))
    }

    fn last_words(&self) -> String {
        let log = self.process.log();
        // Progress overwrites its line.
        let last = log
            .rsplit(['\n', '\r'])
            .find(|line| !line.trim().is_empty());
        last.unwrap_or("they said nothing").to_owned()
    }
}

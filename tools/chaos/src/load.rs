//! The bots, as a child process.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fleet::{Fleet, Process};
use serde_json::Value;

use crate::options::Options;
use crate::samples::{self, Begun, Sample};

/// Between two checks whether the measurement has begun.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long races may take to end after the last fault.
const FINISH_SECONDS: u64 = 180;
/// How long the bots may take beyond their options.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// A running `bots load`. Dropping it kills it.
#[derive(Debug)]
pub struct Load {
    process: Process,
    samples: PathBuf,
}

impl Load {
    /// Starts bots on the fleet's gateways.
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
        if options.chat > 0 {
            let gateways = fleet.chat_addresses()?.join(",");
            command.args([
                "--chat-gateways",
                &gateways,
                "--chat",
                &options.chat.to_string(),
            ]);
        }
        command.arg("--samples").arg(&samples);
        let process = Process::start(command, "bots", fleet.run_dir())?;
        Ok(Self { process, samples })
    }

    /// Waits until all bots have raced and the measurement begins.
    ///
    /// # Errors
    /// When the bots end before that.
    pub async fn begun(&mut self) -> Result<Begun> {
        loop {
            let text = fs::read_to_string(&self.samples).unwrap_or_default();
            if let Some((begun, _)) = samples::read(&text)? {
                return Ok(begun);
            }
            if let Some(status) = self.process.try_ended()? {
                bail!("the bots ended with {status}: {}", self.process.last_line());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until the bots have ended. Returns their report and samples.
    ///
    /// # Errors
    /// When they fail.
    pub async fn ended(&mut self) -> Result<(Value, Vec<Sample>)> {
        let timeout = Duration::from_secs(FINISH_SECONDS) + END_TIMEOUT;
        let status = self.process.ended_within(timeout).await?;
        if !status.success() {
            bail!("the bots ended with {status}: {}", self.process.last_line());
        }
        let report = serde_json::from_str(&self.process.stdout())
            .context("the bots' report cannot be read")?;
        let samples = samples::read(&fs::read_to_string(&self.samples)?)?;
        Ok((
            report,
            samples.map_or_else(Vec::new, |(_, samples)| samples),
        ))
    }
}

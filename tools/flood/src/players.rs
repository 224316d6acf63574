//! The bots, as a child process.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use fleet::{Fleet, Process};

use crate::intervals::{self, Intervals};
use crate::options::{MeasureOptions, RUN_SECONDS_MAX};

/// Between two checks whether the measurement has begun.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The first address of bots.
const BOTS_BEGIN: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 1);
/// What the names of rooms begin with; a number follows.
const PREFIX: &str = "load-";

/// A running `bots load`. Dropping it kills it.
#[derive(Debug)]
pub struct Players {
    process: Process,
    intervals: PathBuf,
    rooms: u16,
}

impl Players {
    /// Starts thin bots on the fleet's gateway: their times are receive timestamps of the
    /// kernel, whoever else needs the processor.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(options: &MeasureOptions, fleet: &Fleet) -> Result<Self> {
        let intervals = options.folder.join("intervals.jsonl");
        let mut command = options.programs().command("bots")?;
        command.args(["load", "--json", "--netcode", "thin"]);
        for (flag, value) in [
            ("--gateways", fleet.race_addresses()?.join(",")),
            ("--rooms", options.rooms.to_string()),
            ("--seats", options.seats.to_string()),
            // Longer than all floods take: the bots are killed after them.
            ("--seconds", RUN_SECONDS_MAX.to_string()),
            ("--prefix", PREFIX.to_owned()),
            ("--from", BOTS_BEGIN.to_string()),
        ] {
            command.arg(flag).arg(value);
        }
        command.arg("--intervals").arg(&intervals);
        if options.tls {
            command.arg("--ca").arg(fleet.run_dir().ca());
        }
        Ok(Self {
            process: Process::start(command, "bots", fleet.run_dir())?,
            intervals,
            rooms: options.rooms,
        })
    }

    /// The names of their rooms.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        (0..self.rooms)
            .map(|room| format!("{PREFIX}{room}"))
            .collect()
    }

    /// Waits until all bots race and are measured.
    ///
    /// # Errors
    /// When they end before that.
    pub async fn begun(&mut self) -> Result<()> {
        while self.intervals()?.is_empty() {
            if let Some(how) = self.ended()? {
                bail!("{how}");
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// How all of them ended, if they did.
    ///
    /// # Errors
    /// When the system fails.
    pub fn ended(&mut self) -> Result<Option<String>> {
        let status = self.process.try_ended()?;
        let last_line = || self.process.last_line();
        Ok(status.map(|status| format!("the bots ended with {status}: {}", last_line())))
    }

    /// What they have seen so far.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn intervals(&self) -> Result<Vec<Intervals>> {
        // The file does not exist at first.
        let text = fs::read_to_string(&self.intervals).unwrap_or_default();
        Ok(intervals::read(&text)?)
    }
}

//! What was measured, and what follows from it. Pure.

mod people;
mod race;

use std::fmt::Write;

use serde::{Deserialize, Serialize};

pub use self::people::{Chat, Connect, Way};
use self::race::{BASELINE_HEAD, RACE_HEAD};
pub use self::race::{Bytes, Failures, Inputs, Passage, Process, Race, Sessions, Share};
use crate::floor::nats::NatsFloor;
use crate::machine::Machine;

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was asked for.
    pub command: String,
    /// Of what programs: a commit, when it is known.
    pub commit: Option<String>,
    /// With which nats-server.
    pub nats: String,
    /// On what.
    pub machine: Machine,
    /// Whether each scenario was measured for a short time only.
    pub is_quick: bool,
    /// How long all of it took.
    pub seconds: f64,
    /// With nobody there.
    pub idle: Option<Idle>,
    /// Races, in the order in which they were measured.
    pub races: Vec<Race>,
    /// The chat.
    pub chat: Option<Chat>,
    /// People that come in.
    pub connect: Option<Connect>,
    /// What raw NATS costs, with the messages of the largest race.
    pub nats_floor: Option<NatsFloor>,
    /// Whether the kernel followed each connection for netfilter meanwhile.
    pub tracks_connections: bool,
    /// Scenarios that could not be measured, and why.
    pub failed: Vec<(String, String)>,
}

/// What servers use that have nothing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Idle {
    /// All together.
    pub cores: f64,
    /// Each.
    pub by_process: Vec<(String, f64)>,
}

impl Report {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(machine: Machine, is_quick: bool) -> Self {
        Self {
            command: String::new(),
            commit: None,
            nats: String::new(),
            machine,
            is_quick,
            seconds: 0.0,
            idle: None,
            races: Vec::new(),
            chat: None,
            connect: None,
            nats_floor: None,
            tracks_connections: false,
            failed: Vec::new(),
        }
    }

    /// What the nats-server used, as a multiple of what raw messages of the same
    /// bytes cost; `None` when that was not measured.
    #[must_use]
    pub fn nats_over_raw(&self) -> Option<f64> {
        let floor = self.nats_floor.as_ref()?;
        let mut races = self.races.iter();
        let race = races.find(|race| race.name() == floor.scenario)?;
        let raw = floor.cores();
        (raw > 0.0).then(|| race.cores_of("nats-server") / raw)
    }

    /// A table for a person, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_table(&mut text);
        text
    }

    fn write_table(&self, text: &mut String) -> std::fmt::Result {
        if !self.races.is_empty() {
            text.push_str(RACE_HEAD);
            self.races
                .iter()
                .try_for_each(|race| race.write_row(text))?;
            writeln!(
                text,
                "\nCores are seconds of processor time in a second. What the gateway adds, from NATS \
                 to TCP, is what a spectator saw: one for each hundred players, ten at the most. A \
                 snapshot is what the gateway used for each, with the input that it passes on for it; \
                 raw tokio writes of the same bytes into as many sockets were measured right after. \
                 Late inputs came when their tick was computed.\n"
            )?;
        }
        let mut baselines = self.races.iter().filter_map(|race| race.baseline.as_ref());
        if let Some(baseline) = baselines.next() {
            writeln!(
                text,
                "Beside {}, one process without a broker, with the same load after each race; \
                 times are what Slipstream's servers and NATS used together, divided by what it \
                 used:\n",
                baseline.server
            )?;
            text.push_str(BASELINE_HEAD);
            let mut races = self.races.iter();
            races.try_for_each(|race| race.write_baseline_row(text))?;
            text.push('\n');
        }
        if let Some(idle) = &self.idle {
            writeln!(
                text,
                "Nobody there: all servers together {:.2} % of a core.\n",
                idle.cores * 100.0
            )?;
        }
        if let Some(chat) = &self.chat {
            chat.write(text)?;
        }
        if let Some(connect) = &self.connect {
            connect.write(text)?;
        }
        if let Some(floor) = &self.nats_floor {
            self.write_nats_floor(floor, text)?;
        }
        for (name, why) in self.doubts() {
            writeln!(text, "Beware, {name}: {why}.\n")?;
        }
        if self.tracks_connections {
            writeln!(
                text,
                "Beware: the kernel followed every connection for netfilter, as with rules of \
                 Docker; a write costs more then.\n"
            )?;
        }
        Ok(())
    }

    /// Why figures may not be what they seem, by scenario.
    fn doubts(&self) -> Vec<(String, String)> {
        let mut doubts = Vec::new();
        for race in &self.races {
            doubts.extend(race.doubts().into_iter().map(|why| (race.name(), why)));
        }
        let chat = self.chat.iter().map(|chat| ("chat", &chat.bottleneck));
        let ways = self.connect.iter().flat_map(Connect::ways);
        let ways = ways.map(|(name, way)| (name, &way.bottleneck));
        for (name, bottleneck) in chat.chain(ways) {
            doubts.extend(bottleneck.clone().map(|why| (name.to_owned(), why)));
        }
        let failed = self.failed.iter().map(|(name, why)| {
            let why = why.trim_end_matches('.');
            (name.clone(), format!("it could not be measured: {why}"))
        });
        doubts.extend(failed);
        doubts
    }

    fn write_nats_floor(&self, floor: &NatsFloor, text: &mut String) -> std::fmt::Result {
        write!(
            text,
            "Raw NATS with the messages of {}, {:.0} a second between two connections, snapshots of {} \
             bytes one way and inputs of {} the other: {:.3} core of nats-server, {:.1} µs each, \
             {:.2} ms p50, {:.2} ms p99, {} lost",
            floor.scenario,
            floor.published as f64 / floor.seconds,
            floor.snapshot_bytes,
            floor.inputs_bytes,
            floor.cores(),
            floor.cpu_seconds * 1e6 / floor.published.max(1) as f64,
            floor.way_ms.p50,
            floor.way_ms.p99,
            floor.published - floor.delivered.min(floor.published)
        )?;
        match self.nats_over_raw() {
            Some(times) => writeln!(
                text,
                "; with the checkpoints and all else it used {times:.2} times that.\n"
            ),
            None => writeln!(text, ".\n"),
        }
    }
}

#[cfg(test)]
mod tests;

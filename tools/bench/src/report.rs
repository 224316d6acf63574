//! What was measured, and what follows from it. Pure.

mod people;
mod race;
mod rows;

use serde::Serialize;

pub use self::people::{Chat, Connect, Method};
pub use self::race::{Bytes, Failures, Inputs, Process, Race, RelayDelay, Sessions, Share};
use crate::floor::nats::NatsFloor;
use crate::machine::Machine;

/// Everything that a run measures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// When the run began, as in RFC 3339.
    pub date: String,
    /// The command that repeats the run.
    pub command: String,
    /// Whether clients connected with TLS.
    pub is_tls: bool,
    /// The commit of the programs, when it is known.
    pub commit: Option<String>,
    /// The version of the nats-server.
    pub nats: String,
    /// The machine that everything ran on.
    pub machine: Machine,
    /// Whether each scenario was measured for a short time only.
    pub is_quick: bool,
    /// The duration of the whole run.
    pub seconds: f64,
    /// The servers without clients.
    pub idle: Option<Idle>,
    /// Races, in the order in which they were measured.
    pub races: Vec<Race>,
    /// The chat.
    pub chat: Option<Chat>,
    /// Sign-up, log-in and resume.
    pub connect: Option<Connect>,
    /// The cost of raw NATS, with the messages of the largest race.
    pub nats_floor: Option<NatsFloor>,
    /// Whether the kernel tracked each connection for netfilter.
    pub tracks_connections: bool,
    /// Scenarios that could not be measured, and why.
    pub failed: Vec<(String, String)>,
}

/// The use of idle servers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Idle {
    /// All servers together.
    pub cores: f64,
    /// Each process.
    pub by_process: Vec<(String, f64)>,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(machine: Machine, is_quick: bool) -> Self {
        Self {
            date: String::new(),
            command: String::new(),
            is_tls: false,
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

    /// The processor time of the nats-server as a multiple of what raw messages of
    /// the same bytes cost; `None` when that was not measured.
    #[must_use]
    pub fn nats_over_raw(&self) -> Option<f64> {
        let floor = self.nats_floor.as_ref()?;
        let mut races = self.races.iter();
        let race = races.find(|race| race.name() == floor.scenario)?;
        let raw = floor.cores();
        (raw > 0.0).then(|| race.cores_of("nats-server") / raw)
    }
}

#[cfg(test)]
mod tests;

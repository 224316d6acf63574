//! What the bots tell of a race, and its row in the table.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::baseline::Baseline;
use crate::floor::Traffic;
use crate::floor::tcp::TcpFloor;
use crate::times::Quantiles;

/// What the processes of a program used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Its name; `all` for all servers together.
    pub program: String,
    /// Processor time in a second.
    pub cores: f64,
    /// That of a player, µs.
    pub microseconds_per_player: f64,
    /// Resident memory.
    pub memory_kib: u64,
}

/// A report of `bots load`, as far as it is used here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Race {
    /// Rooms.
    pub rooms: u16,
    /// Players of all rooms.
    pub bots: usize,
    /// Of a player.
    pub snapshots_per_second: f64,
    /// Of a player.
    pub inputs_per_second: f64,
    /// Between two snapshots.
    pub interval_ms: Option<Quantiles>,
    /// From an input to the first snapshot that acknowledges it.
    pub acknowledged_ms: Option<Quantiles>,
    /// What became of the inputs.
    pub inputs: Inputs,
    /// Of a player.
    pub bytes_per_second: Bytes,
    /// What it cost.
    pub programs: Vec<Share>,
    /// The servers.
    pub processes: Vec<Process>,
    /// Connections that broke.
    pub sessions: Sessions,
    /// What went wrong for the bots.
    pub failures: Failures,
    /// What the bots used.
    pub cores: Option<f64>,
    /// How late the bots were.
    pub lateness_ms: Option<Quantiles>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
    /// What the gateway adds, as spectators saw it.
    #[serde(default)]
    pub passage: Option<Passage>,
    /// What raw writes of the same bytes cost, right after the race: the speed of
    /// a virtual machine drifts from minute to minute.
    pub tcp_floor: Option<TcpFloor>,
    /// What another server made of the same load, after that.
    #[serde(default)]
    pub baseline: Option<Baseline>,
}

/// From a snapshot's coming over NATS to its coming from a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Rooms that were watched.
    pub rooms: usize,
    /// Snapshots of them.
    pub snapshots: u64,
    /// How long it took.
    pub ms: Quantiles,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its program and number.
    pub name: String,
    /// Whether it lived until the end. Nothing is known of what one used that did
    /// not.
    pub lives: bool,
}

/// Connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// That broke.
    pub lost: u64,
}

/// What went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// How often.
    pub times: u64,
    /// The first ones.
    pub reasons: Vec<String>,
}

/// Bytes of a player in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bytes {
    /// Frames to the player.
    pub down: f64,
    /// Frames from the player.
    pub up: f64,
    /// With what TCP and IP add, estimated.
    pub down_with_headers: f64,
    /// With what TCP and IP add, estimated.
    pub up_with_headers: f64,
}

/// What became of ticks of input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Ticks.
    pub sent: u64,
    /// Ticks that were computed before their input came.
    pub late: u64,
    /// Ticks that nobody acknowledged.
    pub lost: u64,
}

impl Race {
    /// Its messages, for a measurement without Slipstream.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let down = self.bytes_per_second.down / self.snapshots_per_second.max(1.0);
        let up = self.bytes_per_second.up / self.inputs_per_second.max(1.0);
        Traffic::new(self.rooms, self.bots, down, up)
    }

    /// Rooms and seats, as the scenario is called.
    #[must_use]
    pub fn name(&self) -> String {
        format!(
            "{}x{}",
            self.rooms,
            self.bots / usize::from(self.rooms.max(1))
        )
    }

    /// What a program used; nothing when it was not measured.
    #[must_use]
    pub fn cores_of(&self, program: &str) -> f64 {
        let mut shares = self.programs.iter();
        shares
            .find(|share| share.program == program)
            .map_or(0.0, |share| share.cores)
    }

    /// What the gateways used for a snapshot that came to a player, µs.
    #[must_use]
    pub fn gateway_microseconds_per_snapshot(&self) -> f64 {
        let snapshots = self.snapshots_per_second * self.bots as f64;
        self.cores_of("gateway") * 1e6 / snapshots.max(1.0)
    }

    /// What the gateways used for a snapshot, and for the input that goes with it,
    /// as a multiple of a raw write of the same bytes; `None` when that was not
    /// measured.
    #[must_use]
    pub fn gateway_over_raw_write(&self) -> Option<f64> {
        let raw = self.tcp_floor.as_ref()?.microseconds_per_write();
        (raw > 0.0).then(|| self.gateway_microseconds_per_snapshot() / raw)
    }
}

pub(super) const RACE_HEAD: &str = "\
| rooms × seats | players | gateway | NATS | workers | all servers | a player | interval p50 / p99 / p99.9 | acknowledged p50 / p99 | gateway adds p50 / p99 | a snapshot, a raw write | down, with TCP/IP | late / lost inputs | bots |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
";

pub(super) const BASELINE_HEAD: &str = "\
| rooms × seats | Slipstream, all servers | Colyseus | times | interval p50 / p99 / p99.9 | Colyseus | snapshots a second of a player | Colyseus | payload down | Colyseus | players of Colyseus |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
";

impl Race {
    pub(super) fn doubts(&self) -> Vec<String> {
        let mut doubts: Vec<String> = self.bottleneck.iter().cloned().collect();
        let gone = self.processes.iter().filter(|process| !process.lives);
        doubts.extend(gone.map(|process| {
            let name = &process.name;
            format!("{name} has ended, and what it used is not known")
        }));
        if self.sessions.lost > 0 {
            doubts.push(format!("{} connections broke", self.sessions.lost));
        }
        if self.failures.times > 0 {
            let (times, reasons) = (self.failures.times, self.failures.reasons.join("; "));
            doubts.push(format!("the bots failed {times} times: {reasons}"));
        }
        doubts
    }

    pub(super) fn write_row(&self, text: &mut String) -> std::fmt::Result {
        let all = self.cores_of("all");
        let each = all * 1e6 / self.bots.max(1) as f64;
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        let interval = self.interval_ms.map(interval);
        let acknowledged = self.acknowledged_ms;
        let acknowledged = acknowledged.map(|ms| format!("{:.1} / {:.1} ms", ms.p50, ms.p99));
        let raw = self.tcp_floor.as_ref().zip(self.gateway_over_raw_write());
        let raw = raw.map(|(raw, times)| {
            let (snapshot, raw) = (
                self.gateway_microseconds_per_snapshot(),
                raw.microseconds_per_write(),
            );
            format!("{snapshot:.1}, {raw:.1} µs: {times:.2}")
        });
        let passage = self.passage.map(|passage| passage.ms);
        let passage = passage.map(|ms| format!("{:.2} / {:.2} ms", ms.p50, ms.p99));
        writeln!(
            text,
            "| {} × {} | {} | {:.3} | {:.3} | {:.3} | {all:.3} cores | {each:.0} µs/s \
             | {} | {} | {} | {} | {:.2}, {:.2} kB/s | {:.3} % / {} | {:.3} cores |",
            self.rooms,
            self.bots / usize::from(self.rooms.max(1)),
            self.bots,
            self.cores_of("gateway"),
            self.cores_of("nats-server"),
            self.cores_of("race-worker"),
            or_none(interval),
            or_none(acknowledged),
            or_none(passage),
            or_none(raw),
            self.bytes_per_second.down / 1e3,
            self.bytes_per_second.down_with_headers / 1e3,
            self.inputs.late as f64 * 100.0 / self.inputs.sent.max(1) as f64,
            self.inputs.lost,
            self.cores.unwrap_or(0.0)
        )
    }

    /// What the servers used, as a multiple of what the other server used.
    #[must_use]
    pub fn over_baseline(&self) -> Option<f64> {
        let other = self.baseline.as_ref()?.cores;
        (other > 0.0).then(|| self.cores_of("all") / other)
    }

    /// Nothing where no other server was measured.
    pub(super) fn write_baseline_row(&self, text: &mut String) -> std::fmt::Result {
        let Some((other, times)) = self.baseline.as_ref().zip(self.over_baseline()) else {
            return Ok(());
        };
        writeln!(
            text,
            "| {} × {} | {:.3} cores | {:.3} cores | {times:.2} | {} | {} | {:.1} | {:.1} \
             | {:.2} kB/s | {:.2} kB/s | {:.3} cores |",
            self.rooms,
            self.bots / usize::from(self.rooms.max(1)),
            self.cores_of("all"),
            other.cores,
            self.interval_ms.map_or_else(|| "none".to_owned(), interval),
            interval(other.interval_ms),
            self.snapshots_per_second,
            other.snapshots_per_second,
            self.bytes_per_second.down / 1e3,
            other.bytes_per_second / 1e3,
            other.players_cores
        )
    }
}

/// Times between snapshots, for a person.
fn interval(ms: Quantiles) -> String {
    let Quantiles {
        p50, p99, p99_9, ..
    } = ms;
    format!("{p50:.1} / {p99:.1} / {p99_9:.1} ms")
}

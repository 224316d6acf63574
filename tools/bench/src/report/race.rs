//! The report of `bots load`, and what was measured beside it.

use serde::{Deserialize, Serialize};

use crate::baseline::Baseline;
use crate::floor::Traffic;
use crate::floor::tcp::TcpFloor;
use crate::times::Quantiles;

/// The use of a program's processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The program's name; `all` for all servers together.
    pub program: String,
    /// Processor time per second.
    pub cores: f64,
    /// Processor time per second and player, µs.
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
    /// Snapshots of a player.
    pub snapshots_per_second: f64,
    /// Inputs of a player.
    pub inputs_per_second: f64,
    /// Between two snapshots.
    pub interval_ms: Option<Quantiles>,
    /// From an input to the first snapshot that acknowledges it.
    pub acknowledged_ms: Option<Quantiles>,
    /// What became of the inputs.
    pub inputs: Inputs,
    /// Bytes of a player.
    pub bytes_per_second: Bytes,
    /// The use of each program.
    pub programs: Vec<Share>,
    /// The servers.
    pub processes: Vec<Process>,
    /// Connections that broke.
    pub sessions: Sessions,
    /// Failures of the bots.
    pub failures: Failures,
    /// Processor time of the bots per second.
    pub cores: Option<f64>,
    /// How late the bots were.
    pub lateness_ms: Option<Quantiles>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
    /// What the gateway adds, as spectators see it.
    #[serde(default, rename = "passage")]
    pub relay_delay: Option<RelayDelay>,
    /// The cost of raw writes of the same bytes, right after the race: the speed of
    /// a virtual machine drifts from minute to minute.
    pub tcp_floor: Option<TcpFloor>,
    /// Another server under the same load, after that.
    #[serde(default)]
    pub baseline: Option<Baseline>,
}

/// The time from the arrival of a snapshot over NATS to its arrival from a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelayDelay {
    /// Rooms with a spectator.
    pub rooms: usize,
    /// Snapshots of these rooms.
    pub snapshots: u64,
    /// The delay.
    pub ms: Quantiles,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its program and number.
    pub name: String,
    /// Whether it lived until the end; otherwise its use is not known.
    pub lives: bool,
}

/// Connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Connections that broke.
    pub lost: u64,
}

/// Failures of bots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// How many.
    pub times: u64,
    /// The first reasons.
    pub reasons: Vec<String>,
}

/// Bytes per player and second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bytes {
    /// Frames to the player.
    pub down: f64,
    /// Frames from the player.
    pub up: f64,
    /// Frames to the player, with estimated TCP and IP headers.
    pub down_with_headers: f64,
    /// Frames from the player, with estimated TCP and IP headers.
    pub up_with_headers: f64,
}

/// What became of ticks of input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Ticks.
    pub sent: u64,
    /// Ticks that were computed before their input came.
    pub late: u64,
    /// Ticks that were never acknowledged.
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

    /// Processor time of a program per second; 0 when it was not measured.
    #[must_use]
    pub fn cores_of(&self, program: &str) -> f64 {
        let mut shares = self.programs.iter();
        shares
            .find(|share| share.program == program)
            .map_or(0.0, |share| share.cores)
    }

    /// Processor time of the gateways for each snapshot that came to a player, µs.
    #[must_use]
    pub fn gateway_microseconds_per_snapshot(&self) -> f64 {
        let snapshots = self.snapshots_per_second * self.bots as f64;
        self.cores_of("gateway") * 1e6 / snapshots.max(1.0)
    }

    /// Processor time of the gateways for a snapshot and the input that goes with
    /// it, as a multiple of a raw write of the same bytes; `None` when that was not
    /// measured.
    #[must_use]
    pub fn gateway_over_raw_write(&self) -> Option<f64> {
        let raw = self.tcp_floor.as_ref()?.microseconds_per_write();
        (raw > 0.0).then(|| self.gateway_microseconds_per_snapshot() / raw)
    }

    /// Processor time of the servers as a multiple of the other server's.
    #[must_use]
    pub fn over_baseline(&self) -> Option<f64> {
        let other = self.baseline.as_ref()?.cores;
        (other > 0.0).then(|| self.cores_of("all") / other)
    }

    /// Why the figures may mislead.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.bottleneck.iter().cloned().collect();
        let gone = self.processes.iter().filter(|process| !process.lives);
        warnings.extend(gone.map(|process| {
            let name = &process.name;
            format!("{name} has ended, and its use is not known")
        }));
        if self.sessions.lost > 0 {
            warnings.push(format!("{} connections broke", self.sessions.lost));
        }
        if self.failures.times > 0 {
            let (times, reasons) = (self.failures.times, self.failures.reasons.join("; "));
            warnings.push(format!("the bots failed {times} times: {reasons}"));
        }
        warnings
    }
}

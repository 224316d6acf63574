//! What was measured, and what follows from it. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::floor::nats::NatsFloor;
use crate::floor::tcp::TcpFloor;
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

/// Times, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half are not longer.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1,000.
    pub p99_9: f64,
    /// None.
    pub max: f64,
}

/// Times that become [`Quantiles`].
#[derive(Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    /// The longest that is told apart, µs: ten seconds.
    const MICROSECONDS_MAX: u64 = 10_000_000;
    /// To which they are told apart.
    const DIGITS: u8 = 3;

    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_max(Self::MICROSECONDS_MAX, Self::DIGITS);
        Self(histogram.expect("bounds that a histogram can have"))
    }

    pub(crate) fn add(&mut self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(microseconds);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        // Both have the same bounds: it cannot fail.
        let _ = self.0.add(&other.0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// `None` without any.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        let ms = |microseconds: u64| microseconds as f64 / 1_000.0;
        let quantile = |share| ms(self.0.value_at_quantile(share));
        (!self.0.is_empty()).then(|| Quantiles {
            p50: quantile(0.5),
            p99: quantile(0.99),
            p99_9: quantile(0.999),
            max: ms(self.0.max()),
        })
    }
}

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

/// A report of `bots chat`, as far as it is used here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Who hears everything.
    pub users: usize,
    /// Said by all together in a second.
    pub rate: u32,
    /// Heard by all together in a second.
    pub delivered_per_second: f64,
    /// Times that somebody did not hear something.
    pub lost: u64,
    /// Times that somebody heard something again.
    pub twice: u64,
    /// From who says it to who hears it.
    pub delivery_ms: Option<Quantiles>,
    /// What it cost.
    pub programs: Vec<Share>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
}

/// A report of `bots connect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// Attempts in a second.
    pub rate: u32,
    /// New accounts.
    pub sign_up: Way,
    /// Accounts with their passwords.
    pub log_in: Way,
    /// Sessions with their tokens.
    pub resume: Way,
}

/// How one way to come in went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// How many came in.
    pub per_second: f64,
    /// From the time at which they wanted to.
    pub ms: Option<Quantiles>,
    /// Why others did not.
    pub errors: BTreeMap<String, u64>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
}

impl Race {
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

const RACE_HEAD: &str = "\
| rooms × seats | players | gateway | NATS | workers | all servers | a player | interval p50 / p99 / p99.9 | acknowledged p50 / p99 | gateway adds p50 / p99 | a snapshot, a raw write | down, with TCP/IP | late / lost inputs | bots |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
";

impl Race {
    fn doubts(&self) -> Vec<String> {
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

    fn write_row(&self, text: &mut String) -> std::fmt::Result {
        let all = self.cores_of("all");
        let each = all * 1e6 / self.bots.max(1) as f64;
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        let interval = self.interval_ms.map(|ms| {
            let Quantiles {
                p50, p99, p99_9, ..
            } = ms;
            format!("{p50:.1} / {p99:.1} / {p99_9:.1} ms")
        });
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
}

impl Chat {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let all = self.programs.iter().find(|share| share.program == "all");
        writeln!(
            text,
            "Chat: {} users, {} messages a second, {:.0} deliveries a second: {}; \
             {} lost, {} twice; all servers {:.3} cores.\n",
            self.users,
            self.rate,
            self.delivered_per_second,
            Quantiles::text(self.delivery_ms),
            self.lost,
            self.twice,
            all.map_or(0.0, |share| share.cores)
        )
    }
}

impl Quantiles {
    /// Times of which there may be none, for a person.
    fn text(ms: Option<Self>) -> String {
        ms.map_or_else(
            || "no times".to_owned(),
            |Self { p50, p99, max, .. }| {
                format!("{p50:.1} ms p50, {p99:.1} ms p99, {max:.1} ms at most")
            },
        )
    }
}

impl Connect {
    fn ways(&self) -> [(&'static str, &Way); 3] {
        [
            ("sign-up", &self.sign_up),
            ("log-in", &self.log_in),
            ("resume", &self.resume),
        ]
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "Coming in, {} attempts a second:\n", self.rate)?;
        for (name, way) in self.ways() {
            let failed: u64 = way.errors.values().sum();
            let (rate, ms) = (way.per_second, Quantiles::text(way.ms));
            writeln!(text, "- {name}: {rate:.1} a second, {ms}, {failed} failed")?;
        }
        text.push('\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests;

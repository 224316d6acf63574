//! The measurements of all bots together, in bounded memory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use client_core::netcode::Corrections;
use client_core::protocol::RaceId;
use client_core::protocol::room::{CloseReason, Standing};
use client_core::race::RaceResult;

use super::intervals::{Intervals, Totals};
use super::samples::{Line, Sample};
use crate::measure::Times;

/// The smallest correction that a player would see, m.
pub(crate) const VISIBLE_CORRECTION_M: f64 = 0.05;
/// Races that are kept: those of a hundred rooms of short races in half a day.
const RACES_MAX: usize = 100_000;
/// Failures whose reasons are kept, for people to read.
const FAILURES_MAX: usize = 20;

/// What can explain missing ticks between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discontinuity {
    /// Only that gateways skip snapshots for slow readers.
    None,
    /// The room has another owner.
    Owner,
    /// The client has another connection.
    Connection,
}

/// How often ticks jumped, and by how many in total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Jumps {
    pub(crate) times: u64,
    pub(crate) ticks: u64,
}

impl Jumps {
    pub(crate) fn add(&mut self, ticks: u32) {
        self.times += 1;
        self.ticks += u64::from(ticks);
    }
}

/// What became of the ticks of input that were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    pub(crate) sent: u64,
    /// Found in a snapshot as they were sent.
    pub(crate) applied: u64,
    /// Other inputs were applied in their ticks.
    pub(crate) missed: u64,
    /// Ticks that were computed before their input came, where that is known.
    pub(crate) late: u64,
    /// Given up before they were acknowledged.
    pub(crate) lost: u64,
}

/// What became of connections that broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sessions {
    pub(crate) lost: u64,
    pub(crate) resumed: u64,
}

/// The longest time without a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Longest {
    pub(crate) gap: Duration,
    pub(crate) end_unix_ms: u64,
    pub(crate) room: String,
    pub(crate) bot: String,
}

/// The result of a race, as its bots received it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RaceRecord {
    pub(crate) room: String,
    pub(crate) reason: CloseReason,
    pub(crate) standings: Vec<Standing>,
    /// Bots that received a result.
    pub(crate) reports: u64,
    /// Bots that received another result than the first.
    pub(crate) contradicted: u64,
}

/// The counts that rates are computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Frames that the bots have driven.
    pub(crate) frames: u64,
    pub(crate) snapshots: u64,
    /// Input frames.
    pub(crate) inputs: u64,
    pub(crate) bytes_down: u64,
    pub(crate) bytes_up: u64,
}

/// All measurements.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    clock: (Instant, u64),
    /// Whether samples are wanted.
    keeps_samples: bool,
    pub(crate) volume: Volume,
    pub(crate) stale: u64,
    pub(crate) intervals: Times,
    /// The intervals since the last call of [`Record::take_intervals`].
    recent: Intervals,
    pub(crate) longest: Option<Longest>,
    pub(crate) skipped_unexcused: Jumps,
    pub(crate) skipped_new_owner: Jumps,
    pub(crate) skipped_new_connection: Jumps,
    pub(crate) ticks_back: Jumps,
    pub(crate) inputs: Inputs,
    pub(crate) acknowledged: Times,
    pub(crate) corrections: Corrections,
    pub(crate) corrections_visible: u64,
    pub(crate) correction_max_m: f64,
    pub(crate) scores_back: u64,
    pub(crate) sessions: Sessions,
    pub(crate) away: Times,
    pub(crate) races: BTreeMap<RaceId, RaceRecord>,
    /// Races in which a bot lost its seat for good.
    pub(crate) seats_lost: BTreeSet<RaceId>,
    /// Rooms that are stalled at present, with the number of bots that see it.
    pub(crate) stalled: BTreeMap<String, u64>,
    /// When the snapshots of stalled races stopped.
    silent_since: BTreeMap<String, Instant>,
    /// Rooms that have been stalled.
    pub(crate) stalled_before: BTreeSet<String>,
    /// How late this process was to do what was due.
    pub(crate) lateness: Times,
    /// Bots that have logged in at least once.
    pub(crate) logged_in: usize,
    /// Session tokens by bot.
    pub(crate) tokens: BTreeMap<String, String>,
    pub(crate) failures: u64,
    pub(crate) failure_reasons: Vec<String>,
    lines: Vec<Line>,
}

impl Record {
    /// An empty record.
    pub(crate) fn new(now: Instant, keeps_samples: bool) -> Self {
        let unix_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        Self::at(now, unix_ms, keeps_samples)
    }

    fn at(now: Instant, unix_ms: u64, keeps_samples: bool) -> Self {
        Self {
            clock: (now, unix_ms),
            keeps_samples,
            volume: Volume::default(),
            stale: 0,
            intervals: Times::default(),
            recent: Intervals::default(),
            longest: None,
            skipped_unexcused: Jumps::default(),
            skipped_new_owner: Jumps::default(),
            skipped_new_connection: Jumps::default(),
            ticks_back: Jumps::default(),
            inputs: Inputs::default(),
            acknowledged: Times::default(),
            corrections: Corrections::default(),
            corrections_visible: 0,
            correction_max_m: 0.0,
            scores_back: 0,
            sessions: Sessions::default(),
            away: Times::default(),
            races: BTreeMap::new(),
            seats_lost: BTreeSet::new(),
            stalled: BTreeMap::new(),
            silent_since: BTreeMap::new(),
            stalled_before: BTreeSet::new(),
            lateness: Times::default(),
            logged_in: 0,
            tokens: BTreeMap::new(),
            failures: 0,
            failure_reasons: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Begins the measurement: discards everything but tokens and stalled rooms.
    pub(crate) fn restart(&mut self) {
        let (now, unix_ms) = self.clock;
        let stalled = std::mem::take(&mut self.stalled);
        let silent_since = std::mem::take(&mut self.silent_since);
        let tokens = std::mem::take(&mut self.tokens);
        *self = Self::at(now, unix_ms, self.keeps_samples);
        self.silent_since = silent_since;
        self.tokens = tokens;
        self.stalled_before.extend(stalled.keys().cloned());
        self.stalled = stalled;
    }

    /// Milliseconds since 1970.
    pub(crate) fn unix_ms(&self, at: Instant) -> u64 {
        let (anchor, unix_ms) = self.clock;
        unix_ms + at.saturating_duration_since(anchor).as_millis() as u64
    }

    pub(crate) fn interval(&mut self, gap: Duration, end: Instant, room: &str, bot: &str) {
        self.intervals.add(gap);
        self.recent.add(gap);
        if self.longest.as_ref().is_none_or(|known| known.gap < gap) {
            self.longest = Some(Longest {
                gap,
                end_unix_ms: self.unix_ms(end),
                room: room.to_owned(),
                bot: bot.to_owned(),
            });
        }
    }

    pub(crate) fn skipped(&mut self, kind: Discontinuity, ticks: u32) {
        match kind {
            Discontinuity::None => self.skipped_unexcused.add(ticks),
            Discontinuity::Owner => self.skipped_new_owner.add(ticks),
            Discontinuity::Connection => self.skipped_new_connection.add(ticks),
        }
    }

    pub(crate) fn acknowledged(&mut self, after: Duration) {
        self.acknowledged.add(after);
    }

    /// Returns whether a player would see it.
    pub(crate) fn correction(&mut self, by_m: f64) -> bool {
        self.corrections.add(by_m);
        self.correction_max_m = self.correction_max_m.max(by_m);
        let is_visible = by_m > VISIBLE_CORRECTION_M;
        self.corrections_visible += u64::from(is_visible);
        is_visible
    }

    pub(crate) fn resumed(&mut self, after: Duration) {
        self.sessions.resumed += 1;
        self.away.add(after);
    }

    /// Notes that a bot gets no snapshots in a room; `since` when, unless it never got
    /// one.
    pub(crate) fn stalls(&mut self, room: &str, since: Option<Instant>) {
        *self.stalled.entry(room.to_owned()).or_default() += 1;
        if let Some(since) = since {
            self.silent_since.entry(room.to_owned()).or_insert(since);
        }
        self.stalled_before.insert(room.to_owned());
    }

    pub(crate) fn stall_ends(&mut self, room: &str) {
        if let Some(bots) = self.stalled.get_mut(room) {
            *bots -= 1;
            if *bots == 0 {
                self.stalled.remove(room);
                self.silent_since.remove(room);
            }
        }
    }

    /// The measurements up to the present, which ends open gaps.
    pub(crate) fn measured(&self, now: Instant) -> Self {
        let mut measured = self.clone();
        for (room, since) in &self.silent_since {
            let bots = self.stalled.get(room).copied().unwrap_or_default();
            for _ in 0..bots {
                measured.interval(now.saturating_duration_since(*since), now, room, "all");
            }
        }
        measured
    }

    /// Notes that a bot has received the result of a race.
    pub(crate) fn race_ended(&mut self, race: RaceId, result: &RaceResult) {
        if let Some(known) = self.races.get_mut(&race) {
            known.reports += 1;
            let is_same = known.reason == result.reason && known.standings == result.standings;
            known.contradicted += u64::from(!is_same);
        } else if self.races.len() < RACES_MAX {
            let record = RaceRecord {
                room: result.room.as_str().to_owned(),
                reason: result.reason,
                standings: result.standings.clone(),
                reports: 1,
                contradicted: 0,
            };
            self.races.insert(race, record);
        }
    }

    pub(crate) fn failed(&mut self, reason: String) {
        self.failures += 1;
        if self.failure_reasons.len() < FAILURES_MAX {
            self.failure_reasons.push(reason);
        }
    }

    pub(crate) fn sample(&mut self, sample: &Sample, now: Instant, bot: &str, room: &str) {
        if self.keeps_samples && *sample != Sample::default() {
            // Without a snapshot, the sample's other values count.
            let end = self.unix_ms(sample.gap_end.unwrap_or(now));
            self.lines.push(Line::new(sample, end, bot, room));
        }
    }

    /// The samples since the last call.
    pub(crate) fn take_samples(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// The intervals since the last call, with what has been lost so far.
    pub(crate) fn take_intervals(&mut self, now: Instant) -> Intervals {
        let mut taken = std::mem::take(&mut self.recent);
        taken.unix_ms = self.unix_ms(now);
        taken.totals = Totals {
            failures: self.failures,
            sessions_lost: self.sessions.lost,
            inputs_lost: self.inputs.lost,
            skipped: self.skipped_unexcused.times,
            back: self.ticks_back.times,
        };
        taken
    }
}

//! From a checkpoint to the present.

use std::collections::BTreeMap;
use std::time::Instant;

use arrayvec::ArrayVec;
use domain::{Drive, SEATS_MAX};
use netcode::wire::{self, DecodedSnapshot};
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::snapshot::SnapshotHeader;
use protocol::{Tick, UnixMillis};

use super::replay::InputLog;
use super::{Output, Race, Room};
use crate::catch_up::News;
use crate::limits::{ADVANCE_TICKS_MAX, REPEAT_TICKS_MAX, TICK_INTERVAL};

/// What it took to catch up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaughtUp {
    /// Ticks computed again that clients have seen.
    pub repeated: u32,
    /// Ticks computed that nobody has seen: while the room had no owner.
    pub advanced: u32,
    /// Whether the race came out otherwise than a snapshot says, and that was
    /// adopted.
    pub has_diverged: bool,
    /// When the next tick is to be computed, so that time goes on as it did.
    pub due: Instant,
}

/// What the snapshots say, by tick.
struct History {
    snapshots: BTreeMap<Tick, DecodedSnapshot>,
}

impl Room {
    /// Computes the ticks since the checkpoint again, with the inputs that the
    /// old owner applied, and then those up to the present with the inputs that
    /// clients have sent. What happens in them leaves once more, under the
    /// same identities.
    ///
    /// After a long absence, as that of NATS, the room was paused: it
    /// goes on at the last tick that anybody saw.
    pub fn catch_up(&mut self, news: &News, now: Instant, now_ms: UnixMillis) -> CaughtUp {
        let mut caught_up = CaughtUp {
            repeated: 0,
            advanced: 0,
            has_diverged: false,
            due: now,
        };
        let is_moving = self.is_moving();
        let Some(race) = self.race.as_mut().filter(|_| is_moving) else {
            return caught_up;
        };
        let history = History::new(race, news);
        let tick = race.state.tick;
        for (gateway, seat, frame) in &news.frames {
            if let Some(inputs) = race.inputs.get_mut(usize::from(*seat))
                && self.seats.is_driven_from(*seat, *gateway)
            {
                inputs.recall(frame, tick);
            }
        }
        if tick > 0 {
            // The checkpoint itself may be news to a gateway.
            self.snapshot();
        }
        self.repeat(&history, now_ms, &mut caught_up);
        if let (Some((newest, due_at)), Some(race)) = (news.newest, &self.race) {
            let elapsed = now.saturating_duration_since(due_at).as_nanos();
            let elapsed = elapsed / TICK_INTERVAL.as_nanos();
            let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX);
            let behind = newest.saturating_add(elapsed);
            let behind = behind.saturating_sub(race.state.tick);
            if behind <= ADVANCE_TICKS_MAX {
                self.advance(behind, now_ms, &mut caught_up);
                let since = (self.tick_number() + 1).saturating_sub(newest);
                caught_up.due = due_at + TICK_INTERVAL * since;
            }
        }
        caught_up
    }

    fn repeat(&mut self, history: &History, now_ms: UnixMillis, caught_up: &mut CaughtUp) {
        let Some(newest) = history.snapshots.keys().next_back().copied() else {
            return;
        };
        while self.ending.is_none()
            && let Some(race) = self.race.as_mut()
            && race.state.tick < newest
        {
            let known = history.drives(race.state.tick);
            let drives = known.unwrap_or_else(|| race.drives(&self.track));
            self.compute(&drives, now_ms);
            caught_up.repeated += 1;
            let Some(race) = self.race.as_mut() else {
                return;
            };
            if let Some(seen) = history.snapshots.get(&race.state.tick)
                && seen.state != race.state
            {
                // A snapshot is exact and complete, and clients have seen it.
                race.state = seen.state.clone();
                race.applied.clone_from(&seen.applied);
                // Inputs are missing: nobody can drive this race again.
                race.log = InputLog::new(race.state.cars.len());
                let is_snapshot = |output: &Output| matches!(output, Output::Snapshot(_));
                self.outputs.retain(|output| !is_snapshot(output));
                caught_up.has_diverged = true;
            }
        }
    }

    fn advance(&mut self, ticks: u32, now_ms: UnixMillis, caught_up: &mut CaughtUp) {
        for _ in 0..ticks {
            let Some(race) = self.race.as_mut().filter(|_| self.ending.is_none()) else {
                return;
            };
            let drives = race.drives(&self.track);
            self.compute(&drives, now_ms);
            caught_up.advanced += 1;
        }
    }
}

impl History {
    /// What can be read, and is of this race and later than its checkpoint.
    fn new(race: &Race, news: &News) -> Self {
        let seats = race.state.cars.len();
        let tick = race.state.tick;
        let later = news.snapshots.range(tick + 1..=tick + REPEAT_TICKS_MAX);
        let snapshots = later.filter_map(|(tick, bytes)| {
            let (_header, body) = SnapshotHeader::split(bytes).ok()?;
            let seen = wire::decode(body, *tick, &race.course).ok()?;
            (seen.state.cars.len() == seats).then_some((*tick, seen))
        });
        Self {
            snapshots: snapshots.collect(),
        }
    }

    /// What every seat did in `tick`, if a snapshot has it.
    fn drives(&self, tick: Tick) -> Option<ArrayVec<Drive, SEATS_MAX>> {
        let (snapshot, seen) = self.snapshots.range(tick + 1..).next()?;
        let ago = (snapshot - tick) as usize;
        let index = (TICKS_PER_SNAPSHOT as usize).checked_sub(ago)?;
        Some(seen.applied.iter().map(|applied| applied[index]).collect())
    }
}

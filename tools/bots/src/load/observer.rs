//! What one bot measures of what it gets and sends.
//!
//! It reads headers only: what a snapshot says beyond them is the client's to
//! understand, and is not needed to tell when it came.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use client_core::netcode::client::Counters;
use client_core::protocol::input::InputFrame;
use client_core::protocol::limits::TICKS_PER_SNAPSHOT;
use client_core::protocol::snapshot::{InputAck, RelayedHeader};
use client_core::protocol::{Epoch, RaceTag, Seat};

use super::record::{Break, Record};
use super::samples::Sample;

/// Frames whose acknowledgement is waited for: more than two seconds of them.
const UNACKNOWLEDGED_MAX: usize = 64;
/// Samples are told once a second.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);
/// A race whose snapshots stay away for this long stands still for its drivers:
/// far beyond any gap that a takeover is allowed, or a process that is stopped
/// for two seconds makes.
const STANDS_STILL_AFTER: Duration = Duration::from_secs(3);
/// A room in which no race begins for this long stands still too: its other
/// bots come within seconds.
const WAITS_AT_MOST: Duration = Duration::from_secs(30);

/// One bot's measurements.
#[derive(Debug)]
pub(crate) struct Observer {
    bot: String,
    room: String,
    last: Option<Last>,
    /// In the room, but without a snapshot so far.
    waits: Option<Waits>,
    /// Frames that were sent and not acknowledged: first and newest tick.
    unacknowledged: VecDeque<Sent>,
    /// The newest tick that was sent.
    newest_sent: Option<u32>,
    acknowledged: u32,
    seen: Counters,
    score: Option<i64>,
    lost_at: Option<Instant>,
    sample: Sample,
    sampled_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    race: RaceTag,
    epoch: Epoch,
    tick: u32,
    at: Instant,
    /// Nothing has come yet on the connection of now.
    is_before_break: bool,
    stands_still: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waits {
    since: Instant,
    stands_still: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    first: u32,
    newest: u32,
    at: Instant,
}

impl Observer {
    pub(crate) fn new(bot: &str, room: &str) -> Self {
        Self {
            bot: bot.to_owned(),
            room: room.to_owned(),
            last: None,
            waits: None,
            unacknowledged: VecDeque::new(),
            newest_sent: None,
            acknowledged: 0,
            seen: Counters::default(),
            score: None,
            lost_at: None,
            sample: Sample::default(),
            sampled_at: None,
        }
    }

    /// An input frame leaves.
    pub(crate) fn sent(&mut self, frame: &InputFrame, now: Instant, record: &mut Record) {
        let newest = frame.first_tick + (frame.controls.len() as u32).saturating_sub(1);
        let new_ticks = match self.newest_sent {
            Some(before) => newest.saturating_sub(before),
            None => frame.controls.len() as u32,
        };
        record.inputs.sent += u64::from(new_ticks);
        record.volume.inputs += 1;
        self.newest_sent = Some(self.newest_sent.unwrap_or(0).max(newest));
        if self.unacknowledged.len() == UNACKNOWLEDGED_MAX
            && let Some(oldest) = self.unacknowledged.pop_front()
        {
            // It takes longer still.
            record.acknowledged(now.saturating_duration_since(oldest.at));
        }
        self.unacknowledged.push_back(Sent {
            first: frame.first_tick,
            newest,
            at: now,
        });
    }

    /// A snapshot has come to the seat.
    pub(crate) fn snapshot(
        &mut self,
        header: &RelayedHeader,
        seat: Option<Seat>,
        now: Instant,
        record: &mut Record,
    ) {
        let before = self.last.filter(|last| last.race == header.race);
        let is_next = before.is_some_and(|before| {
            (before.epoch, before.tick + TICKS_PER_SNAPSHOT) == (header.epoch, header.tick)
        });
        if let Some(before) = before {
            if header.epoch < before.epoch
                || header.epoch == before.epoch && header.tick <= before.tick
            {
                record.stale += 1;
                return;
            }
            self.follows(before, header, now, record);
        }
        record.volume.snapshots += 1;
        self.begins(record);
        self.last = Some(Last {
            race: header.race,
            epoch: header.epoch,
            tick: header.tick,
            at: now,
            is_before_break: false,
            stands_still: false,
        });
        let ack = seat.and_then(|seat| header.acks.get(usize::from(seat)));
        if let Some(ack) = ack {
            self.acknowledged(*ack, is_next, now, record);
        }
    }

    fn follows(&mut self, before: Last, header: &RelayedHeader, now: Instant, record: &mut Record) {
        let gap = now.saturating_duration_since(before.at);
        record.interval(gap, now, &self.room, &self.bot);
        if before.stands_still {
            record.goes_on(&self.room);
        }
        if gap > self.sample.gap {
            (self.sample.gap, self.sample.gap_end) = (gap, Some(now));
        }
        let due = before.tick + TICKS_PER_SNAPSHOT;
        if header.tick > due {
            let kind = match (before.is_before_break, before.epoch == header.epoch) {
                (true, _) => Break::Connection,
                (false, true) => Break::None,
                (false, false) => Break::Owner,
            };
            record.skipped(kind, header.tick - due);
            self.sample.skipped += u64::from(kind != Break::Connection);
        } else if header.tick < before.tick {
            record.ticks_back.add(before.tick - header.tick);
            self.sample.back += 1;
        }
    }

    fn acknowledged(&mut self, ack: InputAck, is_next: bool, now: Instant, record: &mut Record) {
        let tick = ack.tick;
        // After a takeover the newest known input may be an older one.
        if tick <= self.acknowledged {
            return;
        }
        let known = std::mem::replace(&mut self.acknowledged, tick);
        let is_first = known == 0;
        while let Some(sent) = self.unacknowledged.front().copied() {
            if sent.newest > tick {
                break;
            }
            self.unacknowledged.pop_front();
            // A frame holds all that is not acknowledged, as far as it has room:
            // what fell out before anybody said that it came is lost.
            if sent.newest == tick && !is_first {
                let lost = u64::from(sent.first.saturating_sub(known + 1));
                record.inputs.lost += lost;
                self.sample.lost += lost;
            }
            record.acknowledged(now.saturating_duration_since(sent.at));
        }
        // The clock of a client that has just come is not set yet. Of several messages
        // since a snapshot that was skipped, only when the last came is known.
        if is_next && !is_first {
            let late = u64::from(late_ticks(known, ack));
            record.inputs.late += late;
            self.sample.late += late;
        }
    }

    /// What the client made of it: its counters, by how much the own car was
    /// off, and the own score, all of the present race.
    pub(crate) fn counted(
        &mut self,
        counters: Counters,
        correction_m: Option<f64>,
        score: i64,
        record: &mut Record,
    ) {
        let missed = counters
            .inputs_missed
            .saturating_sub(self.seen.inputs_missed);
        record.inputs.applied += counters
            .inputs_applied
            .saturating_sub(self.seen.inputs_applied);
        record.inputs.missed += missed;
        self.sample.missed += missed;
        if counters.applied > self.seen.applied
            && let Some(by) = correction_m
        {
            let is_seen = record.correction(by);
            self.sample.corrections += u64::from(is_seen);
        }
        // On a circuit metres are credited once and for all.
        if self.score.is_some_and(|before| score < before) {
            record.scores_back += 1;
        }
        self.score = Some(score);
        self.seen = counters;
    }

    /// The connection is gone while in a room.
    pub(crate) fn lost(&mut self, now: Instant, record: &mut Record) {
        if self.lost_at.is_none() {
            self.lost_at = Some(now);
            record.sessions.lost += 1;
            self.sample.sessions_lost += 1;
        }
        if let Some(last) = &mut self.last {
            last.is_before_break = true;
        }
        self.unacknowledged.clear();
        self.newest_sent = None;
    }

    /// The bot has its seat, perhaps again.
    pub(crate) fn seated(&mut self, now: Instant, record: &mut Record) {
        if self.last.is_none() && self.waits.is_none() {
            self.waits = Some(Waits {
                since: now,
                stands_still: false,
            });
        }
        if let Some(lost_at) = self.lost_at.take() {
            record.resumed(now.saturating_duration_since(lost_at));
            // What was sent before is not told apart any more.
            self.acknowledged = 0;
        }
    }

    /// The race is over for this bot.
    pub(crate) fn over(&mut self, record: &mut Record) {
        self.begins(record);
        if self.last.take().is_some_and(|last| last.stands_still) {
            record.goes_on(&self.room);
        }
        (self.newest_sent, self.acknowledged) = (None, 0);
        (self.seen, self.score, self.lost_at) = (Counters::default(), None, None);
        self.unacknowledged.clear();
    }

    /// The bot waits no more.
    fn begins(&mut self, record: &mut Record) {
        if self.waits.take().is_some_and(|waits| waits.stands_still) {
            record.goes_on(&self.room);
        }
    }

    /// Once a frame: notices silence, and tells a sample when it is due.
    pub(crate) fn look(&mut self, now: Instant, record: &mut Record) {
        record.volume.frames += 1;
        if let Some(last) = &mut self.last {
            let silence = now.saturating_duration_since(last.at);
            if silence >= STANDS_STILL_AFTER && !last.stands_still {
                last.stands_still = true;
                record.stands_still(&self.room, Some(last.at));
            }
        }
        if let Some(waits) = &mut self.waits {
            let waited = now.saturating_duration_since(waits.since);
            if waited >= WAITS_AT_MOST && !waits.stands_still {
                waits.stands_still = true;
                record.stands_still(&self.room, None);
            }
        }
        let sampled_at = *self.sampled_at.get_or_insert(now);
        if now.saturating_duration_since(sampled_at) < SAMPLE_INTERVAL {
            return;
        }
        self.sampled_at = Some(now);
        let sample = std::mem::take(&mut self.sample);
        record.sample(&sample, now, &self.bot, &self.room);
    }

    /// The bot sees no more of the race: a gap that has not ended counts as long
    /// as it is by now.
    pub(crate) fn end(&mut self, now: Instant, record: &mut Record) {
        let mut sample = std::mem::take(&mut self.sample);
        if let Some(last) = self.last.filter(|last| last.stands_still) {
            let gap = now.saturating_duration_since(last.at);
            record.interval(gap, now, &self.room, &self.bot);
            (sample.gap, sample.gap_end, sample.is_open) = (gap, Some(now), true);
        }
        record.sample(&sample, now, &self.bot, &self.room);
    }
}

/// How many ticks after `known` up to the acknowledged one were computed before
/// their input came, if all came at once: the margin says when that was.
fn late_ticks(known: u32, ack: InputAck) -> u32 {
    let computed_next = i64::from(ack.tick) - i64::from(ack.margin_ticks);
    let late = computed_next - i64::from(known) - 1;
    let new = i64::from(ack.tick) - i64::from(known);
    u32::try_from(late.clamp(0, new.max(0))).unwrap_or(0)
}

#[cfg(test)]
mod tests;

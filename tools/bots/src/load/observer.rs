//! The measurements of one bot, from what it receives and sends.
//!
//! Of a snapshot only the header is read: the body is for the client, and does not
//! matter for times.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use client_core::netcode::client::Counters;
use client_core::protocol::input::InputFrame;
use client_core::protocol::limits::TICKS_PER_SNAPSHOT;
use client_core::protocol::snapshot::{InputAck, RelayedHeader};
use client_core::protocol::{Epoch, RaceTag, Seat};

use super::record::{Discontinuity, Record};
use super::samples::Sample;

/// Frames that wait for their acknowledgement: those of more than two seconds.
const UNACKNOWLEDGED_MAX: usize = 64;
/// Between two samples.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);
/// A race without snapshots for this long is stalled: far longer than the gap of a
/// takeover, or of a process that is stopped for two seconds.
const STALL_AFTER: Duration = Duration::from_secs(3);
/// A room in which no race begins for this long is stalled too: its other bots join
/// within seconds.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The measurements of one bot.
#[derive(Debug)]
pub(crate) struct Observer {
    bot: String,
    room: String,
    last: Option<Last>,
    /// Present while it is in the room without a snapshot so far.
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
    /// Whether it came on an earlier connection.
    is_from_lost_connection: bool,
    is_stalled: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waits {
    since: Instant,
    is_stalled: bool,
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

    /// An input frame is sent.
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
            // The acknowledgement takes even longer.
            record.acknowledged(now.saturating_duration_since(oldest.at));
        }
        self.unacknowledged.push_back(Sent {
            first: frame.first_tick,
            newest,
            at: now,
        });
    }

    /// A snapshot has come.
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
        self.wait_ends(record);
        self.last = Some(Last {
            race: header.race,
            epoch: header.epoch,
            tick: header.tick,
            at: now,
            is_from_lost_connection: false,
            is_stalled: false,
        });
        let ack = seat.and_then(|seat| header.acks.get(usize::from(seat)));
        if let Some(ack) = ack {
            self.acknowledged(*ack, is_next, now, record);
        }
    }

    fn follows(&mut self, before: Last, header: &RelayedHeader, now: Instant, record: &mut Record) {
        let gap = now.saturating_duration_since(before.at);
        record.interval(gap, now, &self.room, &self.bot);
        if before.is_stalled {
            record.stall_ends(&self.room);
        }
        if gap > self.sample.gap {
            (self.sample.gap, self.sample.gap_end) = (gap, Some(now));
        }
        let due = before.tick + TICKS_PER_SNAPSHOT;
        if header.tick > due {
            let kind = match (before.is_from_lost_connection, before.epoch == header.epoch) {
                (true, _) => Discontinuity::Connection,
                (false, true) => Discontinuity::None,
                (false, false) => Discontinuity::Owner,
            };
            record.skipped(kind, header.tick - due);
            self.sample.skipped += u64::from(kind != Discontinuity::Connection);
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
            // A frame repeats all unacknowledged ticks that fit: a tick that was left
            // out before its acknowledgement is lost.
            if sent.newest == tick && !is_first {
                let lost = u64::from(sent.first.saturating_sub(known + 1));
                record.inputs.lost += lost;
                self.sample.lost += lost;
            }
            record.acknowledged(now.saturating_duration_since(sent.at));
        }
        // The clock of a new client is not set yet. After a skipped snapshot, the
        // margins of all messages but the last are unknown.
        if is_next && !is_first {
            let late = u64::from(late_ticks(known, ack));
            record.inputs.late += late;
            self.sample.late += late;
        }
    }

    /// Takes the client's values of the present race: counters, correction of its own
    /// car, and score.
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
        // On a circuit, the score never decreases.
        if self.score.is_some_and(|before| score < before) {
            record.scores_back += 1;
        }
        self.score = Some(score);
        self.seen = counters;
    }

    /// The connection was lost in a room.
    pub(crate) fn lost(&mut self, now: Instant, record: &mut Record) {
        if self.lost_at.is_none() {
            self.lost_at = Some(now);
            record.sessions.lost += 1;
            self.sample.sessions_lost += 1;
        }
        if let Some(last) = &mut self.last {
            last.is_from_lost_connection = true;
        }
        self.unacknowledged.clear();
        self.newest_sent = None;
    }

    /// The bot has its seat, perhaps again.
    pub(crate) fn seated(&mut self, now: Instant, record: &mut Record) {
        if self.last.is_none() && self.waits.is_none() {
            self.waits = Some(Waits {
                since: now,
                is_stalled: false,
            });
        }
        if let Some(lost_at) = self.lost_at.take() {
            record.resumed(now.saturating_duration_since(lost_at));
            // Acknowledgements of earlier inputs cannot be distinguished from new ones.
            self.acknowledged = 0;
        }
    }

    /// The race has ended for this bot.
    pub(crate) fn over(&mut self, record: &mut Record) {
        self.wait_ends(record);
        if self.last.take().is_some_and(|last| last.is_stalled) {
            record.stall_ends(&self.room);
        }
        (self.newest_sent, self.acknowledged) = (None, 0);
        (self.seen, self.score, self.lost_at) = (Counters::default(), None, None);
        self.unacknowledged.clear();
    }

    /// The race has begun, or the wait for it has ended.
    fn wait_ends(&mut self, record: &mut Record) {
        if self.waits.take().is_some_and(|waits| waits.is_stalled) {
            record.stall_ends(&self.room);
        }
    }

    /// Once a frame: detects stalls, and records a sample when it is due.
    pub(crate) fn update(&mut self, now: Instant, record: &mut Record) {
        record.volume.frames += 1;
        if let Some(last) = &mut self.last {
            let age = now.saturating_duration_since(last.at);
            if age >= STALL_AFTER && !last.is_stalled {
                last.is_stalled = true;
                record.stalls(&self.room, Some(last.at));
            }
        }
        if let Some(waits) = &mut self.waits {
            let waited = now.saturating_duration_since(waits.since);
            if waited >= WAIT_MAX && !waits.is_stalled {
                waits.is_stalled = true;
                record.stalls(&self.room, None);
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

    /// The bot leaves the race, which ends an open gap.
    pub(crate) fn end(&mut self, now: Instant, record: &mut Record) {
        let mut sample = std::mem::take(&mut self.sample);
        if let Some(last) = self.last.filter(|last| last.is_stalled) {
            let gap = now.saturating_duration_since(last.at);
            record.interval(gap, now, &self.room, &self.bot);
            (sample.gap, sample.gap_end, sample.is_open) = (gap, Some(now), true);
        }
        record.sample(&sample, now, &self.bot, &self.room);
    }
}

/// The number of ticks after `known`, up to the acknowledged one, that were computed
/// before their inputs came, if all came in one message: the margin says when.
fn late_ticks(known: u32, ack: InputAck) -> u32 {
    let computed_next = i64::from(ack.tick) - i64::from(ack.margin_ticks);
    let late = computed_next - i64::from(known) - 1;
    let new = i64::from(ack.tick) - i64::from(known);
    u32::try_from(late.clamp(0, new.max(0))).unwrap_or(0)
}

#[cfg(test)]
mod tests;

//! What a room writes that must not hold a tick up, in its order: a state
//! machine without I/O.
//!
//! Lobby entries, records for the database and the traces of a room that ends.
//! One write is in flight at a time; one that fails is repeated. While the room
//! may belong to another owner nothing is begun.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use protocol::lobby::RoomEntry;
use protocol::persist::PersistMessage;
use protocol::{Revision, Tick};

use crate::limits::{RETRIES_MAX, RETRY_DELAY, WRITE_QUEUE_MAX};
use crate::metrics;

/// Something to write.
#[derive(Debug, PartialEq)]
pub enum PendingWrite {
    /// The lobby entry as it is now.
    Lobby(RoomEntry),
    /// A message for the database, with its id.
    Persist(PersistMessage, String),
    /// Take the room out of the lobby.
    RemoveEntry,
    /// Delete the checkpoint of that revision. Another one means that it is
    /// gone, or another owner's: then there is nothing to do.
    DeleteCheckpoint(Revision),
}

impl PendingWrite {
    /// Whether nobody waits for it: it goes with the next checkpoint, so that both
    /// acknowledgements wake the worker up once.
    fn can_wait(&self) -> bool {
        use PersistMessage::{Players, Replay, ReplayChunk, Result, Room, RoomClosed};
        match self {
            Self::Persist(Players { .. } | ReplayChunk(_), _) => true,
            Self::Persist(Room(_) | RoomClosed(_) | Result(_) | Replay(_), _)
            | Self::Lobby(_)
            | Self::RemoveEntry
            | Self::DeleteCheckpoint(_) => false,
        }
    }
}

/// How long the queue may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Until then, unless the room is still owned by then.
    Until(Instant),
    /// The room has ended; its last records are true under any owner.
    ForGood,
    /// Its records are true, but its lobby entry is another's to write.
    HandedOver,
}

/// What one room has to write.
#[derive(Debug)]
pub struct WriteQueue {
    queue: VecDeque<Arc<PendingWrite>>,
    hold: Hold,
    is_in_flight: bool,
    /// How often the first write has failed, and when to try again.
    failures: u32,
    retry_at: Option<Instant>,
    replay_safe_tick: Tick,
}

impl WriteQueue {
    /// Of a room that is owned until then at least.
    #[must_use]
    pub fn new(expiry: Instant) -> Self {
        Self {
            queue: VecDeque::new(),
            hold: Hold::Until(expiry),
            is_in_flight: false,
            failures: 0,
            retry_at: None,
            replay_safe_tick: 0,
        }
    }

    /// Queues a write. A full queue, after a long absence of the bus, drops it:
    /// what comes later says the same, and newer.
    pub fn queue(&mut self, pending: PendingWrite) {
        if self.queue.len() == WRITE_QUEUE_MAX {
            metrics::unsent("record");
        } else {
            self.queue_last(pending);
        }
    }

    /// Queues one of the few writes with which a room ends: nothing later would
    /// say the same.
    pub fn queue_last(&mut self, pending: PendingWrite) {
        self.queue.push_back(Arc::new(pending));
    }

    /// Where the last chunk of a replay ends that is in the queue of the
    /// database.
    #[must_use]
    pub fn replay_safe_tick(&self) -> Tick {
        self.replay_safe_tick
    }

    /// The room is owned until then at least: nothing is begun later, so that
    /// an owner that was stopped does not overwrite what its successor said.
    pub fn hold_until(&mut self, expiry: Instant) {
        self.hold = Hold::Until(expiry);
    }

    /// The room has ended, and its checkpoint says so.
    pub fn hold_for_good(&mut self) {
        self.hold = Hold::ForGood;
    }

    /// The records are still to be written; the lobby is the next owner's.
    pub fn hand_over(&mut self) {
        self.hold = Hold::HandedOver;
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.is_in_flight
    }

    /// When to try again; `None` while nothing has failed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The write to begin, if there is one; then [`WriteQueue::done`]. Writes that nobody
    /// waits for are not begun when it is `better_later`.
    pub fn poll(&mut self, is_better_later: bool, now: Instant) -> Option<Arc<PendingWrite>> {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
        }
        let is_held = match self.hold {
            Hold::Until(expiry) => now > expiry,
            Hold::ForGood | Hold::HandedOver => false,
        };
        if is_held || self.is_in_flight || self.retry_at.is_some() {
            return None;
        }
        if self.hold == Hold::HandedOver {
            self.queue
                .retain(|pending| !matches!(**pending, PendingWrite::Lobby(_)));
        }
        let pending = self
            .queue
            .front()
            .filter(|pending| !(is_better_later && pending.can_wait()))?;
        self.is_in_flight = true;
        Some(Arc::clone(pending))
    }

    /// Notes that the write in flight has succeeded or failed.
    pub fn done(&mut self, is_done: bool, now: Instant) {
        self.is_in_flight = false;
        if !is_done && self.failures + 1 < RETRIES_MAX {
            self.failures += 1;
            self.retry_at = Some(now + RETRY_DELAY);
            return;
        }
        self.failures = 0;
        let pending = self.queue.pop_front();
        if !is_done {
            tracing::error!(?pending, "gave up writing");
        } else if let Some(PendingWrite::Persist(PersistMessage::ReplayChunk(chunk), _)) =
            pending.as_deref()
        {
            self.replay_safe_tick = chunk.first_tick + chunk.ticks;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FENCE: Duration = Duration::from_millis(250);

    fn next(write_queue: &mut WriteQueue, now: Instant) -> Option<PendingWrite> {
        let pending = write_queue.poll(false, now)?;
        write_queue.done(true, now);
        Arc::into_inner(pending)
    }

    #[test]
    fn does_one_job_at_a_time_and_repeats_what_failed() {
        let start = Instant::now();
        let mut write_queue = WriteQueue::new(start + FENCE);
        write_queue.queue(PendingWrite::DeleteCheckpoint(1));
        write_queue.queue(PendingWrite::RemoveEntry);
        assert_eq!(
            write_queue.poll(false, start).as_deref(),
            Some(&PendingWrite::DeleteCheckpoint(1))
        );
        assert_eq!(write_queue.poll(false, start), None);
        write_queue.done(false, start);
        assert_eq!(write_queue.poll(false, start), None);
        let later = write_queue.next_deadline().unwrap();
        assert_eq!(
            next(&mut write_queue, later),
            Some(PendingWrite::DeleteCheckpoint(1))
        );
        assert_eq!(
            next(&mut write_queue, later),
            Some(PendingWrite::RemoveEntry)
        );
        assert!(write_queue.is_idle());
    }

    #[test]
    fn a_record_that_nobody_waits_for_is_begun_with_a_checkpoint() {
        let start = Instant::now();
        let mut write_queue = WriteQueue::new(start + FENCE);
        let players = PersistMessage::Players { players: vec![] };
        write_queue.queue(PendingWrite::Persist(players, "1".to_owned()));
        write_queue.queue(PendingWrite::RemoveEntry);
        // In its order: what comes after it waits too.
        assert_eq!(write_queue.poll(true, start), None);
        assert!(!write_queue.is_idle());
        assert!(write_queue.poll(false, start).is_some());
        write_queue.done(true, start);
        assert_eq!(
            write_queue.poll(true, start).as_deref(),
            Some(&PendingWrite::RemoveEntry)
        );
    }

    #[test]
    fn begins_and_repeats_nothing_once_another_may_own_the_room() {
        let start = Instant::now();
        let expiry = start + FENCE;
        let late = expiry + Duration::from_nanos(1);
        let mut write_queue = WriteQueue::new(expiry);
        write_queue.queue(PendingWrite::RemoveEntry);
        assert!(write_queue.poll(false, expiry).is_some());
        write_queue.done(false, expiry);
        assert_eq!(write_queue.poll(false, late + RETRY_DELAY), None);
        write_queue.hold_for_good();
        assert!(write_queue.poll(false, late + RETRY_DELAY).is_some());
    }

    #[test]
    fn gives_up_after_minutes() {
        let mut now = Instant::now();
        let mut write_queue = WriteQueue::new(now);
        write_queue.hold_for_good();
        write_queue.queue(PendingWrite::RemoveEntry);
        for _ in 0..RETRIES_MAX {
            assert!(write_queue.poll(false, now).is_some());
            write_queue.done(false, now);
            now += RETRY_DELAY;
        }
        assert!(write_queue.is_idle());
    }
}

//! What a room writes that must not hold a tick up, in its order: a state
//! machine without I/O.
//!
//! Lobby entries, records for the database and the traces of a room that ends.
//! One job is under way at a time; one that fails is repeated. While the room
//! may belong to somebody else nothing is begun.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use protocol::lobby::RoomEntry;
use protocol::persist::PersistMessage;
use protocol::{Revision, Tick};

use crate::limits::{CLERK_QUEUE_MAX, RETRIES_MAX, RETRY_DELAY};
use crate::metrics;

/// Something to write.
#[derive(Debug, PartialEq)]
pub enum Job {
    /// The lobby entry as it is now.
    Lobby(RoomEntry),
    /// A message for the database, with its id.
    Persist(PersistMessage, String),
    /// Take the room out of the lobby.
    RemoveEntry,
    /// Delete the checkpoint of that revision. Another one means that it is
    /// gone, or somebody else's: then there is nothing to do.
    DeleteCheckpoint(Revision),
}

impl Job {
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

/// How long a clerk may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Until then, unless the room is still owned by then.
    Until(Instant),
    /// The room has ended; what it says last is true whoever owns it.
    ForGood,
    /// Its records are true, but its lobby entry is another's to write.
    HandedOver,
}

/// What one room has to write.
#[derive(Debug)]
pub struct Clerk {
    queue: VecDeque<Arc<Job>>,
    hold: Hold,
    is_under_way: bool,
    /// How often the first job has failed, and when to try again.
    failures: u32,
    retry_at: Option<Instant>,
    replay_safe_tick: Tick,
}

impl Clerk {
    /// Of a room that is owned until then at least.
    #[must_use]
    pub fn new(fence: Instant) -> Self {
        Self {
            queue: VecDeque::new(),
            hold: Hold::Until(fence),
            is_under_way: false,
            failures: 0,
            retry_at: None,
            replay_safe_tick: 0,
        }
    }

    /// Queues a job. A full queue, after a long absence of the bus, drops it:
    /// what comes later says the same, and newer.
    pub fn queue(&mut self, job: Job) {
        if self.queue.len() == CLERK_QUEUE_MAX {
            metrics::unsent("clerk");
        } else {
            self.queue_last(job);
        }
    }

    /// Queues one of the few jobs with which a room ends: nothing later would
    /// say the same.
    pub fn queue_last(&mut self, job: Job) {
        self.queue.push_back(Arc::new(job));
    }

    /// Where the last chunk of a replay ends that is in the queue of the
    /// database.
    #[must_use]
    pub fn replay_safe_tick(&self) -> Tick {
        self.replay_safe_tick
    }

    /// The room is owned until then at least: nothing is begun later, so that
    /// an owner that was stopped does not overwrite what its successor said.
    pub fn hold_until(&mut self, fence: Instant) {
        self.hold = Hold::Until(fence);
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
        self.queue.is_empty() && !self.is_under_way
    }

    /// When to try again; `None` while nothing has failed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The job to do now, if there is one; then [`Clerk::done`]. Jobs that nobody
    /// waits for are not begun when it is `better_later`.
    pub fn poll(&mut self, is_better_later: bool, now: Instant) -> Option<Arc<Job>> {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
        }
        let is_held = match self.hold {
            Hold::Until(fence) => now > fence,
            Hold::ForGood | Hold::HandedOver => false,
        };
        if is_held || self.is_under_way || self.retry_at.is_some() {
            return None;
        }
        if self.hold == Hold::HandedOver {
            self.queue.retain(|job| !matches!(**job, Job::Lobby(_)));
        }
        let job = self
            .queue
            .front()
            .filter(|job| !(is_better_later && job.can_wait()))?;
        self.is_under_way = true;
        Some(Arc::clone(job))
    }

    /// The job that was under way is done, or has failed.
    pub fn done(&mut self, is_done: bool, now: Instant) {
        self.is_under_way = false;
        if !is_done && self.failures + 1 < RETRIES_MAX {
            self.failures += 1;
            self.retry_at = Some(now + RETRY_DELAY);
            return;
        }
        self.failures = 0;
        let job = self.queue.pop_front();
        if !is_done {
            tracing::error!(?job, "gave up writing");
        } else if let Some(Job::Persist(PersistMessage::ReplayChunk(chunk), _)) = job.as_deref() {
            self.replay_safe_tick = chunk.first_tick + chunk.ticks;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FENCE: Duration = Duration::from_millis(250);

    fn next(clerk: &mut Clerk, now: Instant) -> Option<Job> {
        let job = clerk.poll(false, now)?;
        clerk.done(true, now);
        Arc::into_inner(job)
    }

    #[test]
    fn does_one_job_at_a_time_and_repeats_what_failed() {
        let start = Instant::now();
        let mut clerk = Clerk::new(start + FENCE);
        clerk.queue(Job::DeleteCheckpoint(1));
        clerk.queue(Job::RemoveEntry);
        assert_eq!(
            clerk.poll(false, start).as_deref(),
            Some(&Job::DeleteCheckpoint(1))
        );
        assert_eq!(clerk.poll(false, start), None);
        clerk.done(false, start);
        assert_eq!(clerk.poll(false, start), None);
        let later = clerk.next_deadline().unwrap();
        assert_eq!(next(&mut clerk, later), Some(Job::DeleteCheckpoint(1)));
        assert_eq!(next(&mut clerk, later), Some(Job::RemoveEntry));
        assert!(clerk.is_idle());
    }

    #[test]
    fn a_record_that_nobody_waits_for_is_begun_with_a_checkpoint() {
        let start = Instant::now();
        let mut clerk = Clerk::new(start + FENCE);
        let players = PersistMessage::Players { players: vec![] };
        clerk.queue(Job::Persist(players, "1".to_owned()));
        clerk.queue(Job::RemoveEntry);
        // In its order: what comes after it waits too.
        assert_eq!(clerk.poll(true, start), None);
        assert!(!clerk.is_idle());
        assert!(clerk.poll(false, start).is_some());
        clerk.done(true, start);
        assert_eq!(clerk.poll(true, start).as_deref(), Some(&Job::RemoveEntry));
    }

    #[test]
    fn begins_and_repeats_nothing_once_another_may_own_the_room() {
        let start = Instant::now();
        let fence = start + FENCE;
        let late = fence + Duration::from_nanos(1);
        let mut clerk = Clerk::new(fence);
        clerk.queue(Job::RemoveEntry);
        assert!(clerk.poll(false, fence).is_some());
        clerk.done(false, fence);
        assert_eq!(clerk.poll(false, late + RETRY_DELAY), None);
        clerk.hold_for_good();
        assert!(clerk.poll(false, late + RETRY_DELAY).is_some());
    }

    #[test]
    fn gives_up_after_minutes() {
        let mut now = Instant::now();
        let mut clerk = Clerk::new(now);
        clerk.hold_for_good();
        clerk.queue(Job::RemoveEntry);
        for _ in 0..RETRIES_MAX {
            assert!(clerk.poll(false, now).is_some());
            clerk.done(false, now);
            now += RETRY_DELAY;
        }
        assert!(clerk.is_idle());
    }
}

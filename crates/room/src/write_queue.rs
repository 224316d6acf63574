//! What a room writes that must not hold a tick up: a state machine without I/O.
//!
//! Three [`Lane`]s, each in its order and with one write in flight; one that fails is
//! repeated. A lane that is refused holds up no other: a full stream does not keep a
//! room in the lobby, and records do not keep a result.
//!
//! A result is never given up. While its stream refuses it, it goes to the bucket
//! `results`, from which the workers' sweep moves it to the stream; either will do.

mod lane;

use std::sync::Arc;
use std::time::Instant;

use protocol::lobby::RoomEntry;
use protocol::persist::PersistMessage;
use protocol::record::PlayerRecord;
use protocol::{Revision, Tick};

use self::lane::Queue;
use crate::limits::{RECORDS_GIVE_UP_AFTER, WRITE_QUEUE_MAX};
use crate::metrics;

/// Something to write.
#[derive(Clone, Debug, PartialEq)]
pub enum PendingWrite {
    /// The lobby entry as it is now.
    Lobby(RoomEntry),
    /// A message for the database, with its id.
    Persist(PersistMessage, String),
    /// Keep a result that its stream has refused, and the id that it has there, in
    /// the bucket `results`.
    KeepResult(PersistMessage, String),
    /// Take the room out of the lobby.
    RemoveEntry,
    /// Delete the checkpoint of that revision. Another one means that it is
    /// gone, or another owner's: then there is nothing to do.
    DeleteCheckpoint(Revision),
}

/// Writes that wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Where the room is seen: the lobby, and its checkpoint's end.
    Lobby,
    /// The result.
    Result,
    /// Everything else for the database.
    Records,
}

impl Lane {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Lobby, Self::Result, Self::Records];
}

impl PendingWrite {
    /// The lane that it waits in.
    #[must_use]
    pub fn lane(&self) -> Lane {
        use PersistMessage::{Players, Replay, ReplayChunk, Result, Room, RoomClosed};
        match self {
            Self::Lobby(_) | Self::RemoveEntry | Self::DeleteCheckpoint(_) => Lane::Lobby,
            Self::Persist(Result(_), _) | Self::KeepResult(..) => Lane::Result,
            Self::Persist(
                Room(_) | RoomClosed(_) | Players { .. } | ReplayChunk(_) | Replay(_),
                _,
            ) => Lane::Records,
        }
    }

    /// Whether nobody waits for it: it goes with the next checkpoint, so that both
    /// acknowledgements wake the worker up once.
    fn can_wait(&self) -> bool {
        use PersistMessage::{Players, Replay, ReplayChunk, Result, Room, RoomClosed};
        match self {
            Self::Persist(Players { .. } | ReplayChunk(_), _) => true,
            Self::Persist(Room(_) | RoomClosed(_) | Result(_) | Replay(_), _)
            | Self::KeepResult(..)
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
    /// The room has ended; its last records are true under any owner. The lobby is
    /// its owner's, until then.
    Ended(Instant),
    /// Nothing that is left is another's.
    ForGood,
    /// Its records are true, but its lobby entry is another's to write.
    HandedOver,
}

/// What one room has to write.
#[derive(Debug)]
pub struct WriteQueue {
    lobby: Queue,
    result: Queue,
    records: Queue,
    hold: Hold,
    /// Whether it was said that records are lost.
    has_said_loss: bool,
    replay_safe_tick: Tick,
}

impl WriteQueue {
    /// Of a room that is owned until then at least.
    #[must_use]
    pub fn new(expiry: Instant) -> Self {
        Self {
            lobby: Queue::default(),
            result: Queue::default(),
            records: Queue::default(),
            hold: Hold::Until(expiry),
            has_said_loss: false,
            replay_safe_tick: 0,
        }
    }

    /// Queues a write. What says the same as one that waits, and newer, takes its
    /// place. A full queue of records, after a long absence of the bus, drops it.
    pub fn queue(&mut self, pending: PendingWrite) {
        match pending.lane() {
            Lane::Lobby => self
                .lobby
                .replace(pending, |waiting| matches!(waiting, PendingWrite::Lobby(_))),
            Lane::Result => self.result.push(pending),
            Lane::Records => self.queue_record(pending),
        }
    }

    fn queue_record(&mut self, pending: PendingWrite) {
        let pending = match pending {
            // Rows of the same players never queue up.
            PendingWrite::Persist(PersistMessage::Players { mut players }, id) => {
                let is_rows = |waiting: &PendingWrite| {
                    matches!(
                        waiting,
                        PendingWrite::Persist(PersistMessage::Players { .. }, _)
                    )
                };
                if let Some(PendingWrite::Persist(PersistMessage::Players { players: old }, _)) =
                    self.records.take_waiting(is_rows).as_deref()
                {
                    merge(&mut players, old);
                }
                PendingWrite::Persist(PersistMessage::Players { players }, id)
            }
            pending => pending,
        };
        if self.records.len() == WRITE_QUEUE_MAX {
            metrics::unsent("record");
        } else {
            self.records.push(pending);
        }
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
        self.hold = match self.hold {
            Hold::Until(_) => Hold::Until(expiry),
            Hold::Ended(_) => Hold::Ended(expiry),
            hold @ (Hold::ForGood | Hold::HandedOver) => hold,
        };
    }

    /// The room has ended, and its checkpoint says so.
    pub fn end(&mut self) {
        if let Hold::Until(expiry) = self.hold {
            self.hold = Hold::Ended(expiry);
        }
    }

    /// What is left may be written whenever: the room is out of the lobby, and its
    /// checkpoint goes by compare-and-set.
    pub fn hold_for_good(&mut self) {
        self.hold = Hold::ForGood;
    }

    /// The records are still to be written; the lobby is the next owner's.
    pub fn hand_over(&mut self) {
        self.hold = Hold::HandedOver;
        self.lobby.clear_waiting();
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        Lane::ALL.iter().all(|lane| self.lane(*lane).is_idle())
    }

    /// Whether the room is out of the lobby and its result is safe, so that its
    /// checkpoint need not be kept: for records that are refused it is not.
    #[must_use]
    pub fn needs_no_checkpoint(&self) -> bool {
        let is_told = self.lobby.is_idle() && self.result.is_idle();
        is_told && (self.records.is_idle() || self.records.is_failing())
    }

    /// When to try again; `None` while nothing has failed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let deadlines = Lane::ALL.iter().map(|lane| self.lane(*lane).retry_at());
        deadlines.flatten().min()
    }

    /// The writes to begin, one of each lane at most; then [`WriteQueue::done`] for
    /// each. Those that nobody waits for are not begun when it is `better_later`.
    pub fn poll(
        &mut self,
        is_better_later: bool,
        now: Instant,
    ) -> impl Iterator<Item = Arc<PendingWrite>> {
        let (owns_lobby, owns_records) = match self.hold {
            Hold::Until(expiry) => (now <= expiry, now <= expiry),
            Hold::Ended(expiry) => (now <= expiry, true),
            Hold::ForGood => (true, true),
            Hold::HandedOver => (false, true),
        };
        let writes = [
            self.lobby.begin(owns_lobby, |_| true, now),
            self.result.begin(owns_records, |_| true, now),
            self.records.begin(
                owns_records,
                |pending| !(is_better_later && pending.can_wait()),
                now,
            ),
        ];
        writes.into_iter().flatten()
    }
    /// Notes that the write in flight of that lane has succeeded or failed.
    pub fn done(&mut self, lane: Lane, is_done: bool, now: Instant) {
        match lane {
            Lane::Lobby => {
                let _ = self.lobby.done(is_done, now);
            }
            Lane::Result => self.result_done(is_done, now),
            Lane::Records => self.record_done(is_done, now),
        }
    }

    /// A result goes to its stream or into the bucket, by turns.
    fn result_done(&mut self, is_done: bool, now: Instant) {
        let Some(refused) = self.result.done(is_done, now).filter(|_| !is_done) else {
            return;
        };
        let (next, is_at_once) = match &*refused {
            PendingWrite::Persist(message, id) => {
                (PendingWrite::KeepResult(message.clone(), id.clone()), true)
            }
            PendingWrite::KeepResult(message, id) => {
                (PendingWrite::Persist(message.clone(), id.clone()), false)
            }
            PendingWrite::Lobby(_)
            | PendingWrite::RemoveEntry
            | PendingWrite::DeleteCheckpoint(_) => return,
        };
        self.result.exchange_first(next, is_at_once);
    }

    fn record_done(&mut self, is_done: bool, now: Instant) {
        let Some(record) = self.records.done(is_done, now) else {
            return;
        };
        if !is_done {
            if self.records.failing_for(now) < RECORDS_GIVE_UP_AFTER {
                return;
            }
            self.records.drop_first();
            metrics::given_up();
            if !std::mem::replace(&mut self.has_said_loss, true) {
                tracing::error!(
                    ?record,
                    "a record was refused for too long and is lost; more of this room may be"
                );
            }
        } else if let PendingWrite::Persist(PersistMessage::ReplayChunk(chunk), _) = &*record {
            self.replay_safe_tick = chunk.first_tick + chunk.ticks;
        }
    }

    fn lane(&self, lane: Lane) -> &Queue {
        match lane {
            Lane::Lobby => &self.lobby,
            Lane::Result => &self.result,
            Lane::Records => &self.records,
        }
    }
}

/// Adds to the rows of some players those of others, which are older.
fn merge(players: &mut Vec<PlayerRecord>, older: &[PlayerRecord]) {
    for row in older {
        if !players.iter().any(|newer| newer.seat == row.seat) {
            players.push(row.clone());
        }
    }
}

#[cfg(test)]
mod tests;

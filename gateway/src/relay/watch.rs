//! Whether a room still has an owner: a state machine without I/O.
//!
//! Signs of life and the answers to its commands go in with the time;
//! [`Command`]s come out of [`Watch::poll`], which is called again at
//! [`Watch::next_deadline`] (DESIGN §8, ADR 008).
//!
//! A gateway cannot tell a dead owner from a slow one by silence alone, so it
//! asks: nobody at the owner's subject means dead, no answer means hung, an
//! answer means slow. A claim of a room that lives does no harm but a moment's
//! work, since the compare-and-set and the epochs decide.

use std::time::{Duration, Instant};

use protocol::{Epoch, WorkerId};

use crate::limits::{
    CLAIM_AFTER_PONG, CLAIM_AFTER_SILENCE, CLAIM_BACKOFF_MAX, CLAIM_BACKOFF_MIN,
    CLAIMS_WITHOUT_BACKOFF, HEARTBEAT_SUSPECT_AFTER, PONG_GRACE, RECONNECT_GRACE,
    SNAPSHOT_SUSPECT_AFTER,
};

/// What was heard last of a room, and so what is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Thirty snapshots a second: countdown and race.
    Snapshots,
    /// Two heartbeats a second.
    Heartbeats,
}

/// What came of asking the owner whether it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It answered.
    Pong,
    /// Nobody listens there: its process is gone.
    NoResponders,
    /// No answer in time.
    Silence,
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// Somebody owns the room under that epoch, by this claim or another.
    Owned(WorkerId, Epoch),
    /// There is no such room any more.
    Missing,
    /// Nobody took it, or nobody answered.
    Failed,
}

/// What the shell shall do; each but [`Command::Close`] is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask that worker whether it lives; then [`Watch::probed`].
    Ping(WorkerId),
    /// Claim the room; then [`Watch::claimed`].
    Claim {
        /// The highest epoch that was seen.
        seen_epoch: Epoch,
    },
    /// The room is gone: let its people go.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Signs of life come.
    Healthy,
    /// The owner was asked, and its answer is awaited.
    Asked,
    /// The owner was asked; unless something is heard, it is claimed then.
    Doubtful { claim_at: Instant },
    /// A claim is under way.
    Claiming,
    /// A claim failed; the next one is then.
    Waiting { until: Instant },
    /// There is no such room.
    Gone,
}

/// The watch over one room.
#[derive(Clone, Debug)]
pub struct Watch {
    owner: Option<WorkerId>,
    epoch: Epoch,
    pace: Pace,
    heard_at: Instant,
    state: State,
    /// Claims that failed in a row.
    failures: u32,
    /// Whether this gateway has a connection to NATS itself.
    is_connected: bool,
}

impl Watch {
    /// Over a room that nothing was heard of yet. The owner of a race will be
    /// heard within an interval, that of a waiting room within half a second.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            owner: None,
            epoch: Epoch::default(),
            pace: Pace::Heartbeats,
            heard_at: now,
            state: State::Healthy,
            failures: 0,
            is_connected: true,
        }
    }

    /// The highest epoch that was seen.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// A sign of life of a present owner; those of a former one count nothing.
    pub fn heard(&mut self, owner: WorkerId, epoch: Epoch, pace: Pace, now: Instant) {
        if epoch < self.epoch {
            return;
        }
        self.owner = Some(owner);
        self.epoch = epoch;
        self.pace = pace;
        self.rest(now);
    }

    /// A new owner has asked to catch up: it will be heard soon.
    pub fn superseded(&mut self, epoch: Epoch, now: Instant) {
        if epoch > self.epoch {
            self.epoch = epoch;
            // Who it is, its first snapshot tells.
            self.owner = None;
            self.rest(now);
        }
    }

    /// The room's name stands for another race now, with epochs of its own.
    pub fn renewed(&mut self, now: Instant) {
        *self = Self {
            is_connected: self.is_connected,
            ..Self::new(now)
        };
    }

    /// Nobody serves the requests to the owner.
    pub fn unserved(&mut self, now: Instant) {
        match self.state {
            State::Healthy | State::Asked | State::Doubtful { .. } => {
                self.state = State::Doubtful { claim_at: now };
            }
            State::Claiming | State::Waiting { .. } | State::Gone => {}
        }
    }

    /// What came of [`Command::Ping`].
    pub fn probed(&mut self, owner: WorkerId, answer: Probe, now: Instant) {
        if self.state != State::Asked || self.owner != Some(owner) {
            return;
        }
        let claim_at = match answer {
            Probe::NoResponders => now,
            Probe::Silence => self.heard_at + CLAIM_AFTER_SILENCE,
            // Also after this process itself stood still, and news of the room
            // is about to be read.
            Probe::Pong => (self.heard_at + CLAIM_AFTER_PONG).max(now + PONG_GRACE),
        };
        self.state = State::Doubtful { claim_at };
    }

    /// What came of [`Command::Claim`]. `jitter` is random, 0 to 1.
    pub fn claimed(&mut self, outcome: ClaimOutcome, jitter: f64, now: Instant) {
        match outcome {
            ClaimOutcome::Owned(owner, epoch) => {
                if epoch >= self.epoch {
                    let pace = self.pace;
                    self.heard(owner, epoch, pace, now);
                }
            }
            ClaimOutcome::Missing if self.state == State::Claiming => self.state = State::Gone,
            ClaimOutcome::Failed if self.state == State::Claiming => {
                let until = now + backoff(self.failures, jitter);
                self.failures = self.failures.saturating_add(1);
                self.state = State::Waiting { until };
            }
            // The room was heard of meanwhile.
            ClaimOutcome::Missing | ClaimOutcome::Failed => {}
        }
    }

    /// Whether this gateway has a connection to NATS. Without one it hears
    /// nothing, and that tells nothing of anybody else.
    pub fn set_connected(&mut self, is_connected: bool, now: Instant) {
        let is_back = is_connected && !self.is_connected;
        self.is_connected = is_connected;
        if (is_back || !is_connected) && self.state != State::Gone {
            // The others are on their way back too.
            self.rest(now + RECONNECT_GRACE);
        }
    }

    /// When to call [`Watch::poll`]; `None` while an answer is awaited, or this
    /// gateway is cut off.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if !self.is_connected {
            return None;
        }
        match self.state {
            State::Healthy => Some(self.heard_at + self.suspect_after()),
            State::Doubtful { claim_at } => Some(claim_at),
            State::Waiting { until } => Some(until),
            State::Gone => Some(self.heard_at),
            State::Asked | State::Claiming => None,
        }
    }

    /// What to do now, if anything. What it says is then under way.
    pub fn poll(&mut self, now: Instant) -> Option<Command> {
        if self.next_deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match (self.state, self.owner) {
            (State::Healthy, Some(owner)) => {
                self.state = State::Asked;
                Some(Command::Ping(owner))
            }
            // Nobody to ask.
            (State::Healthy, None) | (State::Doubtful { .. } | State::Waiting { .. }, _) => {
                self.state = State::Claiming;
                let seen_epoch = self.epoch;
                Some(Command::Claim { seen_epoch })
            }
            (State::Gone, _) => Some(Command::Close),
            (State::Asked | State::Claiming, _) => None,
        }
    }

    fn rest(&mut self, now: Instant) {
        self.heard_at = now;
        self.state = State::Healthy;
        self.failures = 0;
    }

    fn suspect_after(&self) -> Duration {
        match self.pace {
            Pace::Snapshots => SNAPSHOT_SUSPECT_AFTER,
            Pace::Heartbeats => HEARTBEAT_SUSPECT_AFTER,
        }
    }
}

/// Full jitter: gateways that miss the same worker must not ask in step.
fn backoff(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(CLAIMS_WITHOUT_BACKOFF).min(16);
    let bound = CLAIM_BACKOFF_MIN.saturating_mul(1 << doublings);
    bound.min(CLAIM_BACKOFF_MAX).mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;

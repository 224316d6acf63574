//! Whether a room still has an owner: a state machine without I/O.
//!
//! Signs of life and the answers to its commands go in with the time;
//! [`Command`]s come out of [`FailureDetector::poll`], which is called again at
//! [`FailureDetector::next_deadline`] (docs/design.md, Ownership; ADR 008).
//!
//! A gateway cannot distinguish a dead owner from a slow one by missing messages
//! alone, so it pings: no subscriber at the owner's subject means dead, no answer
//! means hung, an answer means slow. A claim of a room that lives costs no more than a moment's
//! work, since the compare-and-set and the epochs decide.

use std::time::{Duration, Instant};

use protocol::{Epoch, WorkerId};

use crate::limits::{
    CLAIM_AFTER_NO_PONG, CLAIM_AFTER_PONG, CLAIM_BACKOFF_MAX, CLAIM_BACKOFF_MIN,
    CLAIMS_WITHOUT_BACKOFF, HEARTBEAT_SUSPECT_AFTER, PONG_GRACE, RECONNECT_GRACE,
    SNAPSHOT_SUSPECT_AFTER,
};

/// What was heard last of a room, and so what is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Thirty snapshots a second: countdown and race.
    Snapshot,
    /// Two heartbeats a second.
    Heartbeat,
}

/// The outcome of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It answered.
    Pong,
    /// Nobody listens there: its process is gone.
    NoResponders,
    /// No answer in time.
    TimedOut,
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// That worker owns the room under that epoch, by this claim or another.
    Owned(WorkerId, Epoch),
    /// The room has ended.
    Missing,
    /// Nobody took it, or nobody answered.
    Failed,
}

/// What the shell shall do; each but [`Command::Close`] is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask that worker whether it lives; then [`FailureDetector::probed`].
    Ping(WorkerId),
    /// Claim the room; then [`FailureDetector::claimed`].
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
    Probing,
    /// The owner was asked; unless something is heard, it is claimed then.
    Suspected { claim_at: Instant },
    /// A claim is under way.
    Claiming,
    /// A claim failed; the next one is then.
    BackingOff { until: Instant },
    /// There is no such room.
    Gone,
}

/// The failure detector of one room.
#[derive(Clone, Debug)]
pub struct FailureDetector {
    owner: Option<WorkerId>,
    epoch: Epoch,
    signal: Signal,
    heard_at: Instant,
    state: State,
    /// Claims that failed in a row.
    failures: u32,
    /// Whether this gateway has a connection to NATS itself.
    is_connected: bool,
}

impl FailureDetector {
    /// A detector for a room of which nothing was heard yet. The owner of a race will be
    /// heard within an interval, that of a waiting room within half a second.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            owner: None,
            epoch: Epoch::default(),
            signal: Signal::Heartbeat,
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
    pub fn heard(&mut self, owner: WorkerId, epoch: Epoch, signal: Signal, now: Instant) {
        if epoch < self.epoch {
            return;
        }
        self.owner = Some(owner);
        self.epoch = epoch;
        self.signal = signal;
        self.reset(now);
    }

    /// A new owner has asked to catch up: it will be heard soon.
    pub fn superseded(&mut self, epoch: Epoch, now: Instant) {
        if epoch > self.epoch {
            self.epoch = epoch;
            // Its first snapshot says which worker it is.
            self.owner = None;
            self.reset(now);
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
            State::Healthy | State::Probing | State::Suspected { .. } => {
                self.state = State::Suspected { claim_at: now };
            }
            State::Claiming | State::BackingOff { .. } | State::Gone => {}
        }
    }

    /// What came of [`Command::Ping`].
    pub fn probed(&mut self, owner: WorkerId, answer: Probe, now: Instant) {
        if self.state != State::Probing || self.owner != Some(owner) {
            return;
        }
        let claim_at = match answer {
            Probe::NoResponders => now,
            Probe::TimedOut => self.heard_at + CLAIM_AFTER_NO_PONG,
            // Also after this process itself was suspended, and news of the room
            // is about to be read.
            Probe::Pong => (self.heard_at + CLAIM_AFTER_PONG).max(now + PONG_GRACE),
        };
        self.state = State::Suspected { claim_at };
    }

    /// What came of [`Command::Claim`]. `jitter` is random, 0 to 1.
    pub fn claimed(&mut self, outcome: ClaimOutcome, jitter: f64, now: Instant) {
        match outcome {
            ClaimOutcome::Owned(owner, epoch) => {
                if epoch >= self.epoch {
                    let signal = self.signal;
                    self.heard(owner, epoch, signal, now);
                }
            }
            ClaimOutcome::Missing if self.state == State::Claiming => self.state = State::Gone,
            ClaimOutcome::Failed if self.state == State::Claiming => {
                let until = now + backoff(self.failures, jitter);
                self.failures = self.failures.saturating_add(1);
                self.state = State::BackingOff { until };
            }
            // The room was heard of meanwhile.
            ClaimOutcome::Missing | ClaimOutcome::Failed => {}
        }
    }

    /// Whether this gateway has a connection to NATS. Without one it hears
    /// nothing, and that says nothing about other processes.
    pub fn set_connected(&mut self, is_connected: bool, now: Instant) {
        let is_back = is_connected && !self.is_connected;
        self.is_connected = is_connected;
        if (is_back || !is_connected) && self.state != State::Gone {
            // The others are on their way back too.
            self.reset(now + RECONNECT_GRACE);
        }
    }

    /// When to call [`FailureDetector::poll`]; `None` while an answer is awaited, or this
    /// gateway is cut off.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if !self.is_connected {
            return None;
        }
        match self.state {
            State::Healthy => Some(self.heard_at + self.suspect_after()),
            State::Suspected { claim_at } => Some(claim_at),
            State::BackingOff { until } => Some(until),
            State::Gone => Some(self.heard_at),
            State::Probing | State::Claiming => None,
        }
    }

    /// What to do now, if anything. What it says is then under way.
    pub fn poll(&mut self, now: Instant) -> Option<Command> {
        if self.next_deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match (self.state, self.owner) {
            (State::Healthy, Some(owner)) => {
                self.state = State::Probing;
                Some(Command::Ping(owner))
            }
            // Nobody to ask.
            (State::Healthy, None) | (State::Suspected { .. } | State::BackingOff { .. }, _) => {
                self.state = State::Claiming;
                let seen_epoch = self.epoch;
                Some(Command::Claim { seen_epoch })
            }
            (State::Gone, _) => Some(Command::Close),
            (State::Probing | State::Claiming, _) => None,
        }
    }

    fn reset(&mut self, now: Instant) {
        self.heard_at = now;
        self.state = State::Healthy;
        self.failures = 0;
    }

    fn suspect_after(&self) -> Duration {
        match self.signal {
            Signal::Snapshot => SNAPSHOT_SUSPECT_AFTER,
            Signal::Heartbeat => HEARTBEAT_SUSPECT_AFTER,
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

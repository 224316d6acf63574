//! How often the owner of a room is asked the same: a state machine without I/O.
//!
//! A room whose owner has died has no subscriber until it is taken over, and what was
//! on its way is lost. Whatever is asked of a room may be asked again.

use std::time::{Duration, Instant};

use crate::limits::{ROOM_ATTEMPT_TIMEOUT, ROOM_RETRY_DELAY, ROOM_TIMEOUT};

/// A question to the owner of a room.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    deadline: Instant,
    /// How much time was left when the last attempt began.
    left: Duration,
}

/// Why an attempt had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptFailure {
    /// No process has subscribed.
    NoResponders,
    /// No answer came in time.
    TimedOut,
}

/// What to do then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask again at once.
    Retry,
    /// Report to the room's relay that it has no owner, and ask again after this.
    Wait(Duration),
    /// No answer will come.
    GiveUp,
}

impl RetryPolicy {
    /// A question that comes up at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            deadline: now + ROOM_TIMEOUT,
            left: ROOM_TIMEOUT,
        }
    }

    /// Begins an attempt: how long to wait for its answer.
    pub fn attempt(&mut self, now: Instant) -> Duration {
        self.left = self.deadline.saturating_duration_since(now);
        self.left.min(ROOM_ATTEMPT_TIMEOUT)
    }

    /// The attempt had no answer. A room that is not in the lobby is gone.
    #[must_use]
    pub fn failed(&self, why: AttemptFailure, is_in_lobby: bool) -> Next {
        match why {
            AttemptFailure::NoResponders if self.left > ROOM_RETRY_DELAY && is_in_lobby => {
                Next::Wait(ROOM_RETRY_DELAY)
            }
            AttemptFailure::TimedOut if self.left > ROOM_ATTEMPT_TIMEOUT => Next::Retry,
            AttemptFailure::NoResponders | AttemptFailure::TimedOut => Next::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_again_until_the_time_is_up_or_the_room_is_gone() {
        let start = Instant::now();
        let mut retry = RetryPolicy::new(start);
        assert_eq!(retry.attempt(start), ROOM_ATTEMPT_TIMEOUT);
        let wait = Next::Wait(ROOM_RETRY_DELAY);
        assert_eq!(retry.failed(AttemptFailure::NoResponders, true), wait);
        assert_eq!(
            retry.failed(AttemptFailure::NoResponders, false),
            Next::GiveUp
        );
        assert_eq!(retry.failed(AttemptFailure::TimedOut, true), Next::Retry);
        let late = start + ROOM_TIMEOUT - ROOM_RETRY_DELAY;
        assert_eq!(retry.attempt(late), ROOM_RETRY_DELAY);
        assert_eq!(
            retry.failed(AttemptFailure::NoResponders, true),
            Next::GiveUp
        );
        assert_eq!(retry.failed(AttemptFailure::TimedOut, true), Next::GiveUp);
    }
}

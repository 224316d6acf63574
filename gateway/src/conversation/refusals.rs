//! What a client hears when it goes on sending what is refused: a state machine without
//! I/O.
//!
//! An answer costs more than the frame that it answers. The first refusal says what is
//! wrong; those that follow soon say nothing; a client that goes on regardless is shown
//! the door.

use std::time::Instant;

use crate::limits::{REFUSAL_RATE, REFUSAL_SILENCE};
use crate::rate::Rate;

/// What to do about a frame that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Say why.
    Answer,
    /// Say nothing.
    Ignore,
    /// Close the connection.
    Dismiss,
}

/// The refusals of one client.
#[derive(Debug)]
pub(super) struct Refusals {
    answered_at: Option<Instant>,
    tolerance: Rate,
}

impl Refusals {
    /// None yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            answered_at: None,
            tolerance: Rate::new(REFUSAL_RATE, now),
        }
    }

    /// Counts one.
    pub(super) fn refuse(&mut self, now: Instant) -> Verdict {
        if !self.tolerance.allow(now) {
            return Verdict::Dismiss;
        }
        let since_answer = self.answered_at.map(|at| now.saturating_duration_since(at));
        if since_answer.is_some_and(|since| since < REFUSAL_SILENCE) {
            return Verdict::Ignore;
        }
        self.answered_at = Some(now);
        Verdict::Answer
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn answers_then_is_silent_then_shows_the_door() {
        let now = Instant::now();
        let mut refusals = Refusals::new(now);
        let verdicts: Vec<_> = (0..100).map(|_| refusals.refuse(now)).collect();
        assert_eq!(verdicts[0], Verdict::Answer);
        let tolerated = REFUSAL_RATE.1 as usize;
        let silent = verdicts[1..tolerated].iter();
        assert!(silent.clone().all(|verdict| *verdict == Verdict::Ignore));
        let dismissed = verdicts[tolerated..].iter();
        assert!(
            dismissed
                .clone()
                .all(|verdict| *verdict == Verdict::Dismiss)
        );
    }

    #[test]
    fn a_client_that_errs_now_and_then_always_learns_why() {
        let start = Instant::now();
        let mut refusals = Refusals::new(start);
        for number in 0..100 {
            let now = start + 2 * REFUSAL_SILENCE.max(Duration::from_secs(1)) * number;
            assert_eq!(refusals.refuse(now), Verdict::Answer, "number {number}");
        }
    }
}

//! When the inputs of a room leave: shortly before the tick that applies them.
//!
//! An owner looks at inputs once a tick, so that one which comes earlier only
//! waits there. Here they wait for each other as well: a message holds what all
//! drivers sent within a tick. Snapshots tell when ticks are due.

use std::time::Instant;

use crate::limits::{INPUT_COALESCE, INPUT_INTERVAL, INPUTS_AFTER_SNAPSHOT};

/// Times without an input after which the next is waited for.
const EMPTY_MAX: u32 = 4;

/// The beat of one room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cadence {
    due: Option<Instant>,
    /// How often nothing was there to leave.
    empty: u32,
}

impl Cadence {
    /// A snapshot has come, so that its tick has just been computed.
    pub fn snapshot(&mut self, now: Instant) {
        self.due = Some(now + INPUTS_AFTER_SNAPSHOT);
        self.empty = 0;
    }

    /// An input has come.
    pub fn input(&mut self, now: Instant) {
        self.due.get_or_insert(now + INPUT_COALESCE);
    }

    /// When inputs leave next; `None`: once one has come.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Inputs have left, or there were none.
    pub fn left(&mut self, were_there: bool, now: Instant) {
        self.empty = if were_there { 0 } else { self.empty + 1 };
        let next = self.due.map(|due| due + INPUT_INTERVAL);
        self.due = next
            .filter(|_| self.empty < EMPTY_MAX)
            // Who is late does not make up for it.
            .map(|next| next.max(now));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn inputs_leave_before_each_tick_that_snapshots_tell() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        cadence.snapshot(start);
        let first = cadence.due().unwrap();
        assert_eq!(first, start + INPUTS_AFTER_SNAPSHOT);
        cadence.input(start);
        assert_eq!(cadence.due(), Some(first), "it waits for the others");
        cadence.left(true, first);
        assert_eq!(cadence.due(), Some(first + INPUT_INTERVAL));
        let next = start + 2 * INPUT_INTERVAL;
        cadence.snapshot(next);
        assert_eq!(cadence.due(), Some(next + INPUTS_AFTER_SNAPSHOT));
    }

    #[test]
    fn without_snapshots_inputs_leave_soon_and_silence_costs_nothing() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        assert_eq!(cadence.due(), None);
        cadence.input(start);
        let mut due = cadence.due().unwrap();
        assert_eq!(due, start + INPUT_COALESCE);
        cadence.left(true, due);
        for _ in 0..EMPTY_MAX {
            due = cadence.due().unwrap();
            cadence.left(false, due);
        }
        assert_eq!(cadence.due(), None);
    }

    #[test]
    fn who_is_late_goes_on_from_there() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        cadence.input(start);
        let late = start + Duration::from_secs(1);
        cadence.left(true, late);
        assert_eq!(cadence.due(), Some(late));
    }
}

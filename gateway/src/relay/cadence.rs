//! When the inputs of a room leave: shortly before the tick that applies them.
//!
//! An owner looks at inputs once a tick, so that one which comes earlier only
//! waits there. Here they wait for each other as well: a message holds what all
//! drivers sent within a tick.

use std::time::Instant;

use protocol::beat::Beat;

use crate::limits::INPUT_LEAD;

/// Times without an input after which the next is waited for.
const EMPTY_MAX: u32 = 4;

/// The times of one room.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    beat: Beat,
    due: Option<Instant>,
    /// How often in a row nothing was there to leave.
    empty: u32,
}

impl Cadence {
    /// Waiting for an input.
    #[must_use]
    pub fn new(beat: Beat) -> Self {
        Self {
            beat,
            due: None,
            empty: 0,
        }
    }

    /// An input has come.
    pub fn input(&mut self, now: Instant) {
        if self.due.is_none() {
            self.due = Some(self.beat.before_next(now, INPUT_LEAD));
        }
    }

    /// When inputs leave next; `None`: not before one has come.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Inputs have left, or there were none.
    pub fn left(&mut self, were_there: bool, now: Instant) {
        self.empty = if were_there { 0 } else { self.empty + 1 };
        let goes_on = self.empty < EMPTY_MAX;
        self.due = goes_on.then(|| self.beat.before_next(now, INPUT_LEAD));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::beat::TICK_INTERVAL;

    use super::*;

    #[test]
    fn inputs_leave_before_each_tick_until_none_come() {
        let start = Instant::now();
        let mut cadence = Cadence::new(Beat::new(start, Duration::ZERO));
        assert_eq!(cadence.due(), None);
        cadence.input(start);
        let first = start + TICK_INTERVAL - INPUT_LEAD;
        assert_eq!(cadence.due(), Some(first));
        cadence.input(start + Duration::from_millis(1));
        assert_eq!(cadence.due(), Some(first), "it waits for the others");
        cadence.left(true, first);
        for beat in 1..=EMPTY_MAX {
            let due = cadence.due().unwrap();
            assert_eq!(due, first + TICK_INTERVAL * beat);
            // Timers are late by a little.
            cadence.left(false, due + Duration::from_millis(1));
        }
        assert_eq!(cadence.due(), None, "silence costs nothing");
    }
}

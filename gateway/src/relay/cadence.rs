//! When the inputs of a room leave: shortly before the tick that applies them.
//!
//! An owner looks at inputs once a tick, so that one which comes earlier only
//! waits there. Here they wait for each other as well. Clients send two ticks at
//! once and learn of what came of them by the next snapshot, which tells every
//! second tick: inputs leave before that one, and a message holds what all
//! drivers sent in the time between two snapshots.

use std::time::{Duration, Instant};

use protocol::beat::{Beat, PERIOD, Slot};

use crate::limits::{CLOCK_SKEW_MAX, INPUT_LEAD};

/// Times without an input after which the next is waited for.
const EMPTY_MAX: u32 = 4;

/// The times of one room.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    beat: Beat,
    /// The beat of the tick that the last snapshot told; `None` before the first.
    told: Option<Instant>,
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
            told: None,
            due: None,
            empty: 0,
        }
    }

    /// A snapshot has come, of a tick that was due in that slot.
    pub fn snapshot(&mut self, slot: Slot, now: Instant) {
        self.told = Some(self.beat.at(slot).last(now + CLOCK_SKEW_MAX));
    }

    /// An input has come.
    pub fn input(&mut self, now: Instant) {
        if self.due.is_none() {
            self.due = Some(self.next(now));
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
        self.due = goes_on.then(|| self.next(now));
    }

    /// Before the next tick that a snapshot will tell; once a period as long as it
    /// is not known when that is.
    fn next(&self, now: Instant) -> Instant {
        let Some(told) = self.told else {
            return self.beat.before_next(now, INPUT_LEAD);
        };
        let since = now.saturating_duration_since(told - INPUT_LEAD).as_nanos();
        let past = u64::try_from(since % PERIOD.as_nanos()).unwrap_or(0);
        now + (PERIOD - Duration::from_nanos(past))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn inputs_leave_together_until_none_come() {
        let start = Instant::now();
        let mut cadence = Cadence::new(Beat::new(start, Duration::ZERO));
        assert_eq!(cadence.due(), None);
        cadence.input(start);
        let first = start + PERIOD - INPUT_LEAD;
        assert_eq!(cadence.due(), Some(first));
        cadence.input(start + Duration::from_millis(1));
        assert_eq!(cadence.due(), Some(first), "it waits for the others");
        cadence.left(true, first);
        for beat in 1..=EMPTY_MAX {
            let due = cadence.due().unwrap();
            assert_eq!(due, first + PERIOD * beat);
            // Timers are late by a little.
            cadence.left(false, due + Duration::from_millis(1));
        }
        assert_eq!(cadence.due(), None, "silence costs nothing");
    }

    #[test]
    fn inputs_leave_before_ticks_that_snapshots_tell() {
        let start = Instant::now();
        let beat = Beat::new(start, Duration::ZERO);
        let mut cadence = Cadence::new(beat);
        let ms = Duration::from_millis;
        let told = start + PERIOD * 7 + PERIOD / 4;
        let slot = beat.slot(told);
        // Snapshots come some time after their tick, or a little before it by
        // the clock of this machine.
        for off in [told + ms(9), told + ms(1), told - ms(1)] {
            cadence.snapshot(slot, off);
            let mut due = told + PERIOD - INPUT_LEAD;
            cadence.due = None;
            cadence.input(told + ms(10));
            for _ in 0..10 {
                assert_eq!(cadence.due(), Some(due));
                cadence.left(true, due + ms(1));
                due += PERIOD;
            }
        }
    }
}

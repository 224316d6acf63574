//! Whether this worker takes new rooms: a state machine without I/O.
//!
//! A worker whose ticks come late has too many rooms already. It stays out of
//! the queue group of `race.create` until it has kept its time for a while.
//! Rooms that lost their owner it still takes: a slow race is better than none,
//! and the survivors of a crash are the busiest (ADR 008).

use std::time::{Duration, Instant};

use crate::limits::{ADMISSION_WINDOW, LATE_TICKS_MIN, LATE_TICKS_PERCENT_MAX, RECOVERED_AFTER};

/// The ticks of all rooms of a worker, and what follows from them.
#[derive(Clone, Debug)]
pub struct Admission {
    window_began: Instant,
    ticks: u32,
    late: u32,
    /// When a window last was over budget.
    overrun_at: Option<Instant>,
}

impl Admission {
    /// Open.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            window_began: now,
            ticks: 0,
            late: 0,
            overrun_at: None,
        }
    }

    /// Counts the ticks of a window that is over; `ticks` and `late` are those
    /// since the last call.
    pub fn observe(&mut self, ticks: u32, late: u32, now: Instant) {
        self.ticks = self.ticks.saturating_add(ticks);
        self.late = self.late.saturating_add(late);
        if now.saturating_duration_since(self.window_began) < ADMISSION_WINDOW {
            return;
        }
        let is_over = self.late >= LATE_TICKS_MIN
            && u64::from(self.late) * 100 > u64::from(self.ticks) * LATE_TICKS_PERCENT_MAX;
        if is_over {
            self.overrun_at = Some(now);
        }
        (self.window_began, self.ticks, self.late) = (now, 0, 0);
    }

    /// Whether new rooms are welcome.
    #[must_use]
    pub fn is_open(&self, now: Instant) -> bool {
        let since = |at| now.saturating_duration_since(at);
        self.overrun_at
            .is_none_or(|at| since(at) >= RECOVERED_AFTER)
    }
}

/// How often to look at the counters.
pub const OBSERVE_INTERVAL: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_when_ticks_are_late_and_opens_when_they_have_not_been_for_a_while() {
        let start = Instant::now();
        let mut admission = Admission::new(start);
        admission.observe(600, 20, start + ADMISSION_WINDOW);
        assert!(
            admission.is_open(start + ADMISSION_WINDOW),
            "3 % may be late"
        );
        let overrun = start + 2 * ADMISSION_WINDOW;
        admission.observe(300, 10, overrun - OBSERVE_INTERVAL);
        admission.observe(300, 30, overrun);
        assert!(!admission.is_open(overrun));
        admission.observe(600, 0, overrun + ADMISSION_WINDOW);
        assert!(!admission.is_open(overrun + ADMISSION_WINDOW));
        assert!(admission.is_open(overrun + RECOVERED_AFTER));
    }

    #[test]
    fn a_hiccup_of_a_single_room_changes_nothing() {
        let start = Instant::now();
        let mut admission = Admission::new(start);
        admission.observe(20, LATE_TICKS_MIN - 1, start + ADMISSION_WINDOW);
        assert!(admission.is_open(start + ADMISSION_WINDOW));
    }
}

//! The common beat of all rooms: ticks fall on multiples of an interval since
//! 1970, on every worker.
//!
//! Rooms that tick together cost less: their snapshots leave in one write, and
//! a gateway that is awake passes all of them on. A room that begins or comes
//! from a worker whose clock differs is drawn to the beat, by less than any
//! client notices.

use std::time::{Duration, Instant};

use crate::limits::{GRID_PULL_MAX, TICK_INTERVAL};

/// When ticks are to be computed.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// Some instant at which one is.
    origin: Instant,
}

impl Grid {
    /// `now`, it is `since_1970`.
    #[must_use]
    pub fn new(now: Instant, since_1970: Duration) -> Self {
        let past = since_1970.as_nanos() % TICK_INTERVAL.as_nanos();
        let past = u64::try_from(past).unwrap_or(0);
        Self {
            origin: now + TICK_INTERVAL - Duration::from_nanos(past),
        }
    }

    /// `due`, or an instant closer to the beat.
    #[must_use]
    pub fn draw(&self, due: Instant) -> Instant {
        let Some(since) = due.checked_duration_since(self.origin) else {
            return due;
        };
        let past = since.as_nanos() % TICK_INTERVAL.as_nanos();
        let past = Duration::from_nanos(u64::try_from(past).unwrap_or(0));
        let left = TICK_INTERVAL.saturating_sub(past);
        if past <= left {
            due - past.min(GRID_PULL_MAX)
        } else {
            due + left.min(GRID_PULL_MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_every_beat_to_the_nearest_one_by_a_little() {
        let now = Instant::now();
        let grid = Grid::new(now, TICK_INTERVAL * 1_000_000 + Duration::from_millis(5));
        let beat = now + TICK_INTERVAL * 100 - Duration::from_millis(5);
        assert_eq!(grid.draw(beat), beat);
        for (off, expected) in [(10, 0), (99, 0), (1_000, 900), (8_000, 7_900)] {
            let (off, expected) = (Duration::from_micros(off), Duration::from_micros(expected));
            assert_eq!(grid.draw(beat + off), beat + expected);
            assert_eq!(grid.draw(beat - off), beat - expected);
        }
        let before = now - Duration::from_secs(1);
        assert_eq!(grid.draw(before), before, "a time before the first beat");
    }

    #[test]
    fn all_workers_have_the_same_beat() {
        let now = Instant::now();
        let since = Duration::from_micros(1_795_395_915_458_123);
        let later = Duration::from_micros(777_777);
        let (one, other) = (Grid::new(now, since), Grid::new(now + later, since + later));
        let due = now + Duration::from_secs(9);
        assert_eq!(one.draw(due), other.draw(due));
    }
}

//! When the inputs of a room leave for its owner.
//!
//! The owner applies inputs once per snapshot, so that one which leaves earlier
//! only waits there. Here the inputs of all drivers wait for each other, and
//! leave as one message shortly before the tick that the next snapshot shows. A
//! gateway knows that time by itself: snapshots arrive at equal intervals, some
//! time after their tick. The earliest arrivals count, since a late one stood in
//! a queue. Rooms that flush at about the same time flush at the same instant of a
//! common grid: their messages leave in one write, and are read in one.

use std::time::{Duration, Instant};

use protocol::Tick;
use protocol::limits::{SNAPSHOT_INTERVAL, TICK_INTERVAL};

/// Flushes without an input after which the next input is waited for.
const EMPTY_FLUSHES_MAX: u32 = 4;

/// How far the expected arrival follows later ones with each snapshot: little
/// enough that a queue does not move it, and enough to follow an owner that moves
/// by half an interval within six seconds. Until then inputs only leave earlier.
const FOLLOW_LATER: Duration = Duration::from_micros(100);

/// The parameters of a gateway's flush schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlushOptions {
    /// How long before the expected snapshot inputs leave; zero: as they come.
    pub lead: Duration,
    /// The distance of the instants at which rooms flush, which makes inputs leave
    /// that much earlier at most; zero: every room at its own time.
    pub grid: Duration,
    /// One of those instants, the same for all rooms.
    pub origin: Instant,
}

impl FlushOptions {
    /// The last instant of the grid up to `due`.
    fn align(&self, due: Instant) -> Instant {
        let since = due.saturating_duration_since(self.origin).as_nanos();
        let past = since.checked_rem(self.grid.as_nanos()).unwrap_or(0);
        due - Duration::from_nanos(u64::try_from(past).unwrap_or(0))
    }
}

/// The flush times of one room: a state machine without I/O.
#[derive(Clone, Copy, Debug)]
pub struct FlushSchedule {
    options: FlushOptions,
    /// The tick of the last snapshot, and when it arrived or would have without a
    /// queue.
    arrival: Option<(Tick, Instant)>,
    due: Option<Instant>,
    empty_flushes: u32,
}

impl FlushSchedule {
    /// A schedule without an input. A lead of zero switches it off: every input
    /// leaves as it comes.
    #[must_use]
    pub fn new(options: FlushOptions) -> Self {
        Self {
            options,
            arrival: None,
            due: None,
            empty_flushes: 0,
        }
    }

    /// Follows the arrival of a snapshot.
    pub fn snapshot(&mut self, tick: Tick, now: Instant) {
        let expected = self.arrival.and_then(|(last, arrival)| {
            let ticks = tick.checked_sub(last)?;
            Some(arrival + TICK_INTERVAL * ticks)
        });
        // A room that was paused ticks at other times than before.
        let is_known = |expected: &Instant| now <= *expected + SNAPSHOT_INTERVAL;
        let arrival = expected
            .filter(is_known)
            .map_or(now, |expected| now.min(expected + FOLLOW_LATER));
        self.arrival = Some((tick, arrival));
    }

    /// Notes that an input waits.
    pub fn input(&mut self, now: Instant) {
        if self.due.is_none() {
            self.due = Some(self.next(now));
        }
    }

    /// When to flush; `None`: not before an input comes.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Notes a flush, with inputs or without.
    pub fn flushed(&mut self, had_inputs: bool, now: Instant) {
        self.empty_flushes = if had_inputs {
            0
        } else {
            self.empty_flushes + 1
        };
        let goes_on = !self.options.lead.is_zero() && self.empty_flushes < EMPTY_FLUSHES_MAX;
        self.due = goes_on.then(|| self.next(now));
    }

    /// The next flush after `now`; one interval later as long as no snapshot has
    /// arrived.
    fn next(&self, now: Instant) -> Instant {
        let FlushOptions { lead, grid, .. } = self.options;
        match self.arrival {
            _ if lead.is_zero() => now,
            None => now + SNAPSHOT_INTERVAL,
            Some((_, arrival)) => {
                // What is aligned is less than that earlier, and after `now`.
                let after = now + grid;
                let due = after + SNAPSHOT_INTERVAL - past_intervals(arrival, after + lead);
                self.options.align(due)
            }
        }
    }
}

/// The time since the last of the instants that lie whole intervals after
/// `start`.
fn past_intervals(start: Instant, at: Instant) -> Duration {
    let since = at.saturating_duration_since(start).as_nanos();
    let past = u64::try_from(since % SNAPSHOT_INTERVAL.as_nanos());
    Duration::from_nanos(past.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: Duration = Duration::from_millis(5);
    const GRID: Duration = Duration::from_millis(2);

    const fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    fn options(lead: Duration, grid: Duration) -> FlushOptions {
        FlushOptions {
            lead,
            grid,
            origin: Instant::now(),
        }
    }

    #[test]
    fn inputs_leave_together_until_none_come() {
        let start = Instant::now();
        let mut schedule = FlushSchedule::new(options(LEAD, Duration::ZERO));
        assert_eq!(schedule.due(), None);
        schedule.snapshot(2, start);
        schedule.input(start + us(100));
        let first = start + SNAPSHOT_INTERVAL - LEAD;
        assert_eq!(schedule.due(), Some(first));
        schedule.input(start + us(1_000));
        assert_eq!(schedule.due(), Some(first), "it waits for the others");
        schedule.flushed(true, first);
        for flush in 1..=EMPTY_FLUSHES_MAX {
            let due = schedule.due().unwrap();
            assert_eq!(due, first + SNAPSHOT_INTERVAL * flush);
            // Timers are late by a little.
            schedule.flushed(false, due + us(1_000));
        }
        assert_eq!(schedule.due(), None, "no inputs cost nothing");
    }

    #[test]
    fn the_earliest_arrivals_count() {
        let start = Instant::now();
        let mut schedule = FlushSchedule::new(options(LEAD, Duration::ZERO));
        // Delays of up to 4 ms, now and then of 20 ms.
        let delay = |number: u32| match number {
            number if number.is_multiple_of(17) => us(20_000),
            number => us(300 + u64::from(number * 7 % 10) * 400),
        };
        for number in 1..600 {
            let due = start + SNAPSHOT_INTERVAL * number;
            schedule.snapshot(2 * number, due + delay(number));
            if number > 100 {
                schedule.due = None;
                schedule.input(due + us(21_000));
                let ahead = due + SNAPSHOT_INTERVAL - schedule.due().unwrap();
                // 5 ms before the earliest arrival, or later by what it follows from
                // one of those to the next.
                let expected = LEAD - us(300) - FOLLOW_LATER * 20..=LEAD - us(300);
                assert!(expected.contains(&ahead), "{ahead:?}");
            }
        }
    }

    #[test]
    fn rooms_flush_at_common_instants_once_per_snapshot() {
        let options = options(LEAD, GRID);
        for offset in [0, 1, 700, 1_999, 2_000, 16_001, 33_000].map(us) {
            let start = options.origin + us(70_000) + offset;
            let mut schedule = FlushSchedule::new(options);
            schedule.snapshot(2, start);
            schedule.input(start);
            for number in 1..100 {
                let due = schedule.due().unwrap();
                let target = start + SNAPSHOT_INTERVAL * number - LEAD;
                assert!(due <= target && target - due < GRID, "{offset:?}");
                let since = due - options.origin;
                assert!(since.as_nanos().is_multiple_of(GRID.as_nanos()));
                schedule.snapshot(2 * number + 2, start + SNAPSHOT_INTERVAL * number);
                // Timers are late by a little.
                schedule.flushed(true, due + us(number.into()));
            }
        }
    }

    #[test]
    fn an_owner_that_ticks_later_is_followed() {
        for moved in [0, 1_000, 8_000, 16_000, 17_000, 32_000].map(us) {
            let start = Instant::now();
            let mut schedule = FlushSchedule::new(options(LEAD, Duration::ZERO));
            let mut snapshots = |first: u32, start: Instant, count: u32| {
                for number in 0..count {
                    let arrival = start + SNAPSHOT_INTERVAL * number;
                    schedule.snapshot(2 * (first + number), arrival);
                }
            };
            snapshots(0, start, 30);
            // Some snapshots are lost on the way.
            let again = start + SNAPSHOT_INTERVAL * 40 + moved;
            snapshots(40, again, 400);
            let last = again + SNAPSHOT_INTERVAL * 399;
            schedule.input(last);
            assert_eq!(schedule.due(), Some(last + SNAPSHOT_INTERVAL - LEAD));
        }
    }

    #[test]
    fn an_owner_that_was_paused_or_began_again_is_followed_at_once() {
        let start = Instant::now();
        let paused = start + Duration::from_secs(3) + us(12_345);
        for tick in [102, 2] {
            let mut schedule = FlushSchedule::new(options(LEAD, Duration::ZERO));
            schedule.snapshot(100, start);
            schedule.snapshot(tick, paused);
            schedule.input(paused);
            assert_eq!(schedule.due(), Some(paused + SNAPSHOT_INTERVAL - LEAD));
        }
    }

    #[test]
    fn switched_off_every_input_leaves_as_it_comes() {
        let start = Instant::now();
        let mut schedule = FlushSchedule::new(options(Duration::ZERO, GRID));
        schedule.snapshot(2, start);
        for ms in [1, 3, 40] {
            let now = start + us(ms * 1_000);
            schedule.input(now);
            assert_eq!(schedule.due(), Some(now));
            schedule.flushed(true, now);
            assert_eq!(schedule.due(), None);
        }
    }
}

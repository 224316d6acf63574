//! The common beat: ticks of all rooms fall on multiples of an interval since
//! 1970, on every worker.
//!
//! Rooms that tick together cost less: their snapshots leave in one write, and
//! a gateway that is awake passes all of them on. Gateways know without asking
//! when a tick will apply the inputs that they hold. Where the clocks of two
//! machines differ, nothing breaks: inputs wait for up to a tick longer.
//!
//! All rooms at once would have to wait for each other: the beat has
//! [`PHASES`], and each room one of them by its name.

use std::time::{Duration, Instant};

use crate::RoomId;
use crate::limits::TICK_RATE_HZ;

/// One step of the simulation.
pub const TICK_INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);

/// Parts of an interval in which ticks are computed. Every second tick is told,
/// so that there are twice as many times at which snapshots leave. With two, a
/// thousand players are two hundred and fifty snapshots at once: enough to save
/// the wake-ups, and written within two milliseconds.
pub const PHASES: u32 = 2;

/// When ticks are computed.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// Some instant at which one is.
    origin: Instant,
}

impl Beat {
    /// It is `now`, `since_1970` by the wall clock.
    #[must_use]
    pub fn new(now: Instant, since_1970: Duration) -> Self {
        Self {
            origin: now + TICK_INTERVAL - past(since_1970),
        }
    }

    /// The beat of one room.
    #[must_use]
    pub fn of_room(self, room: &RoomId) -> Self {
        let phase = hash(room.as_str().as_bytes()) % PHASES;
        Self {
            origin: self.origin + TICK_INTERVAL / PHASES * phase,
        }
    }

    /// `due`, or an instant closer to the nearest beat, by `pull_max` at the
    /// most.
    #[must_use]
    pub fn draw(&self, due: Instant, pull_max: Duration) -> Instant {
        let past = self.past(due);
        let left = TICK_INTERVAL - past;
        if past <= left {
            due - past.min(pull_max)
        } else {
            due + left.min(pull_max)
        }
    }

    /// The first instant after `now` that lies `lead` before a beat.
    #[must_use]
    pub fn before_next(&self, now: Instant, lead: Duration) -> Instant {
        now + (TICK_INTERVAL - self.past(now + lead))
    }

    /// The last beat before `at`.
    #[must_use]
    pub fn last(&self, at: Instant) -> Instant {
        at - self.past(at)
    }

    /// How long the last beat before `at` is past.
    fn past(&self, at: Instant) -> Duration {
        match at.checked_duration_since(self.origin) {
            Some(since) => past(since),
            None => {
                let left = past(self.origin - at);
                past(TICK_INTERVAL - left)
            }
        }
    }
}

/// FNV-1a: the same in every program and version.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// The part of `since` that is no whole interval.
fn past(since: Duration) -> Duration {
    let nanos = since.as_nanos() % TICK_INTERVAL.as_nanos();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULL_MAX: Duration = Duration::from_micros(100);

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn draws_every_time_to_the_nearest_beat_by_a_little() {
        let now = Instant::now();
        let beats = Beat::new(now, TICK_INTERVAL * 1_000_000 + us(5_000));
        for beat in [now + TICK_INTERVAL * 100, now - TICK_INTERVAL * 100] {
            let beat = beat - us(5_000);
            assert_eq!(beats.draw(beat, PULL_MAX), beat);
            for (off, expected) in [(10, 0), (99, 0), (1_000, 900), (8_000, 7_900)] {
                let (late, early) = (beat + us(off), beat - us(off));
                assert_eq!(beats.draw(late, PULL_MAX), beat + us(expected));
                assert_eq!(beats.draw(early, PULL_MAX), beat - us(expected));
            }
        }
    }

    #[test]
    fn finds_the_time_before_the_next_beat() {
        let now = Instant::now();
        let beats = Beat::new(now, TICK_INTERVAL * 7);
        let lead = us(4_000);
        let first = now + TICK_INTERVAL - lead;
        assert_eq!(beats.before_next(now, lead), first);
        assert_eq!(beats.before_next(first - us(1), lead), first);
        assert_eq!(beats.before_next(first, lead), first + TICK_INTERVAL);
        let beat = now + TICK_INTERVAL;
        assert_eq!(beats.last(beat), beat);
        assert_eq!(beats.last(beat + lead), beat);
        assert_eq!(beats.last(beat - us(1)), now);
    }

    #[test]
    fn rooms_are_spread_over_the_phases_by_their_names() {
        let now = Instant::now();
        let beats = Beat::new(now, Duration::ZERO);
        let mut rooms = [0; PHASES as usize];
        for number in 0..400 {
            let room = RoomId::parse(&format!("room-{number}")).unwrap();
            let due = beats.of_room(&room).before_next(now, Duration::ZERO) - now;
            let phase = (due.as_nanos() * u128::from(PHASES) + 1_000) / TICK_INTERVAL.as_nanos();
            rooms[phase as usize % rooms.len()] += 1;
        }
        assert!(
            rooms.iter().all(|rooms| (160..240).contains(rooms)),
            "{rooms:?}"
        );
    }

    #[test]
    fn all_machines_have_the_same_beat() {
        let now = Instant::now();
        let since = us(1_795_395_915_458_123);
        let later = us(777_777);
        let (one, other) = (Beat::new(now, since), Beat::new(now + later, since + later));
        let due = now + Duration::from_secs(9);
        assert_eq!(one.draw(due, PULL_MAX), other.draw(due, PULL_MAX));
    }
}

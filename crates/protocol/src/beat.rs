//! The common beat: snapshots of all rooms leave in slots of a period that is
//! counted from 1970, on every worker.
//!
//! Rooms that tick together cost less: their snapshots leave in one write, and
//! a gateway that is awake passes all of them on. All rooms at once would have
//! to wait for each other, so that there are more slots where there are many rooms,
//! and each room has one of its worker's by its name. Snapshots say which it was:
//! gateways know when a tick will apply the inputs that they hold. Where the clocks of
//! two machines differ, nothing breaks: inputs wait for longer.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::RoomId;

pub use crate::limits::{SNAPSHOT_INTERVAL as PERIOD, TICK_INTERVAL};

/// A part of the period, counted in 256ths from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot(u8);

impl Slot {
    /// As many as there can be.
    pub const ALL: u32 = 1 << u8::BITS;

    /// The slot of a room, by its name.
    #[must_use]
    pub fn of_room(room: &RoomId) -> Self {
        let [.., high] = hash(room.as_str().as_bytes()).to_le_bytes();
        Self(high)
    }

    /// The slot that holds it where there are only so many, a power of two.
    #[must_use]
    pub fn among(self, slots: u32) -> Self {
        let step = Self::ALL / slots.clamp(1, Self::ALL);
        Self((u32::from(self.0) / step * step) as u8)
    }

    /// The one after so many others of so many, a power of two.
    #[must_use]
    pub fn after_others(others: u32, slots: u32) -> Self {
        let step = Self::ALL / slots.clamp(1, Self::ALL);
        Self((others % slots.max(1) * step) as u8)
    }

    /// As long after `other` as this is after the beginning of the period; that begins
    /// again when it is over.
    #[must_use]
    pub fn later_by(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// In 256ths of the period. However many slots there are, each is one more than
    /// the one before it modulo three, or each is one less.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    fn time(self) -> Duration {
        // Up, so that the slot of this time is the same again.
        let nanos = (PERIOD.as_nanos() * u128::from(self.0)).div_ceil(u128::from(Self::ALL));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// When snapshots leave.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// Some instant at which one does, and which beat since 1970 that is.
    origin: Instant,
    number: u64,
}

impl Beat {
    /// The beat of the first slot. It is `now`, `since_1970` by the wall clock.
    #[must_use]
    pub fn new(now: Instant, since_1970: Duration) -> Self {
        Self {
            origin: now + PERIOD - past(since_1970),
            number: periods(since_1970) + 1,
        }
    }

    /// The beat of another slot, seen from that of the first.
    #[must_use]
    pub fn at(self, slot: Slot) -> Self {
        Self {
            origin: self.origin + slot.time(),
            ..self
        }
    }

    /// The last slot before `at`, seen from the beat of the first.
    #[must_use]
    pub fn slot(&self, at: Instant) -> Slot {
        let share = self.past(at).as_nanos() * u128::from(Slot::ALL) / PERIOD.as_nanos();
        Slot(u8::try_from(share).unwrap_or(u8::MAX))
    }

    /// `due`, or an instant closer to the nearest beat, by `pull_max` at the
    /// most.
    #[must_use]
    pub fn draw(&self, due: Instant, pull_max: Duration) -> Instant {
        let past = self.past(due);
        let left = PERIOD - past;
        if past <= left {
            due - past.min(pull_max)
        } else {
            due + left.min(pull_max)
        }
    }

    /// The first instant after `now` that lies `lead` before a beat.
    #[must_use]
    pub fn before_next(&self, now: Instant, lead: Duration) -> Instant {
        now + (PERIOD - self.past(now + lead))
    }

    /// The last beat before `at`.
    #[must_use]
    pub fn last(&self, at: Instant) -> Instant {
        at - self.past(at)
    }

    /// Which beat since 1970 is the nearest to `at`: the same on all machines.
    #[must_use]
    pub fn nearest(&self, at: Instant) -> u64 {
        let at = at + PERIOD / 2;
        match at.checked_duration_since(self.origin) {
            Some(since) => self.number + periods(since),
            None => self.number.saturating_sub(1 + periods(self.origin - at)),
        }
    }

    /// How long the last beat before `at` is past.
    fn past(&self, at: Instant) -> Duration {
        match at.checked_duration_since(self.origin) {
            Some(since) => past(since),
            None => {
                let left = past(self.origin - at);
                past(PERIOD - left)
            }
        }
    }
}

/// FNV-1a, and the last step of MurmurHash3 so that every bit depends on the last
/// letters: the same in every program and version.
fn hash(bytes: &[u8]) -> u32 {
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    let hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

fn periods(since: Duration) -> u64 {
    u64::try_from(since.as_nanos() / PERIOD.as_nanos()).unwrap_or(u64::MAX)
}

/// The part of `since` that is no whole period.
fn past(since: Duration) -> Duration {
    let nanos = since.as_nanos() % PERIOD.as_nanos();
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
        let beats = Beat::new(now, PERIOD * 1_000_000 + us(5_000));
        for beat in [now + PERIOD * 100, now - PERIOD * 100] {
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
        let beats = Beat::new(now, PERIOD * 7);
        let lead = us(4_000);
        let first = now + PERIOD - lead;
        assert_eq!(beats.before_next(now, lead), first);
        assert_eq!(beats.before_next(first - us(1), lead), first);
        assert_eq!(beats.before_next(first, lead), first + PERIOD);
        let beat = now + PERIOD;
        assert_eq!(beats.last(beat), beat);
        assert_eq!(beats.last(beat + lead), beat);
        assert_eq!(beats.last(beat - us(1)), now);
    }

    #[test]
    fn rooms_are_spread_over_the_slots_by_their_names() {
        for slots in [2, 4, 16] {
            let mut rooms = vec![0; slots as usize];
            for number in 0..400 {
                let room = RoomId::parse(&format!("room-{number}")).unwrap();
                let Slot(slot) = Slot::of_room(&room).among(slots);
                rooms[(u32::from(slot) * slots / Slot::ALL) as usize] += 1;
            }
            let even = 400 / slots;
            let bounds = even * 3 / 5..=even * 7 / 5;
            assert!(
                rooms.iter().all(|rooms| bounds.contains(rooms)),
                "{rooms:?}"
            );
        }
    }

    #[test]
    fn where_there_are_twice_as_many_slots_no_room_goes_far() {
        for slot in (0..=u8::MAX).map(Slot) {
            assert_eq!(slot.among(1), Slot(0));
            assert_eq!(slot.among(256), slot);
            for slots in [1, 2, 4, 8] {
                let (few, many) = (slot.among(slots), slot.among(2 * slots));
                assert!(u32::from(many.0 - few.0) <= 128 / slots);
            }
        }
    }

    #[test]
    fn slots_are_counted_from_the_beginning_of_the_period() {
        let quarters = [0, 1, 2, 3, 4].map(|others| Slot::after_others(others, 4).number());
        assert_eq!(quarters, [0, 64, 128, 192, 0]);
        assert_eq!(Slot::after_others(7, 1), Slot(0));
        assert_eq!(Slot(192).later_by(Slot(32)), Slot(224));
        assert_eq!(Slot(192).later_by(Slot(64)), Slot(0));
    }

    #[test]
    fn slots_take_turns_by_three_however_many_there_are() {
        for slots in [2, 4, 8, 16_u32] {
            let numbers = (0..slots).map(|index| index * (Slot::ALL / slots));
            let numbers: Vec<u8> = numbers.map(|raw| Slot(raw as u8).number() % 3).collect();
            let threes = numbers.windows(3);
            let mut threes = threes.map(|three| three.iter().map(|turn| 1 << turn).sum::<u32>());
            assert!(threes.all(|turns| turns == 0b111), "{numbers:?}");
        }
    }

    #[test]
    fn a_slot_is_found_where_it_is() {
        let now = Instant::now();
        let beats = Beat::new(now, PERIOD * 9 + us(777));
        for slot in (0..=u8::MAX).map(Slot) {
            let beat = beats.at(slot).before_next(now, Duration::ZERO);
            assert_eq!(beats.slot(beat), slot);
            assert_eq!(beats.slot(beat + us(130)), slot);
            assert_eq!(beats.at(slot).last(beat + us(1)), beat);
        }
    }

    #[test]
    fn beats_are_counted() {
        let now = Instant::now();
        let beats = Beat::new(now, PERIOD * 9 + us(777)).at(Slot(64));
        let tenth = beats.before_next(now + PERIOD / 2, Duration::ZERO);
        assert_eq!(beats.nearest(tenth), 10);
        assert_eq!(beats.nearest(tenth - us(16_000)), 10);
        assert_eq!(beats.nearest(tenth - us(17_000)), 9);
        assert_eq!(beats.nearest(tenth + us(16_000)), 10);
        assert_eq!(beats.nearest(tenth + PERIOD * 7), 17);
        assert_eq!(beats.nearest(tenth - PERIOD * 7), 3);
        assert_eq!(beats.nearest(tenth - PERIOD * 20), 0);
    }

    #[test]
    fn all_machines_have_the_same_beat() {
        let now = Instant::now();
        let since = us(1_795_395_915_458_123);
        let later = us(777_777);
        let (one, other) = (Beat::new(now, since), Beat::new(now + later, since + later));
        let due = now + Duration::from_secs(9);
        assert_eq!(one.draw(due, PULL_MAX), other.draw(due, PULL_MAX));
        assert_eq!(one.nearest(due), other.nearest(due));
    }
}

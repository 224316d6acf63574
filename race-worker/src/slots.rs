//! In how many slots of the period a worker's rooms tick.

use crate::limits::{SEATS_PER_SLOT, SLOTS_MAX};

/// The slots for rooms with so many seats, where there are `slots` now; a power of
/// two. Rooms that come and go at a limit move no others.
#[must_use]
pub fn slots_for(seats: u32, slots: u32) -> u32 {
    let is_few = |slots| seats > slots * SEATS_PER_SLOT;
    // A quarter less than half the slots could hold.
    let is_many = |slots| seats * 8 < slots * SEATS_PER_SLOT * 3;
    let mut slots = slots.clamp(1, SLOTS_MAX);
    while slots < SLOTS_MAX && is_few(slots) {
        slots *= 2;
    }
    while slots > 1 && is_many(slots) {
        slots /= 2;
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_enough_for_the_seats() {
        for (seats, slots) in [(0, 1), (100, 1), (101, 2), (250, 4), (500, 8), (99_999, 8)] {
            assert_eq!(slots_for(seats, 1), slots, "{seats} seats");
        }
    }

    #[test]
    fn a_room_more_or_less_changes_nothing_soon() {
        let (mut slots, mut changes) = (1, 0);
        for rooms in (0..200).flat_map(|rooms| [rooms, rooms + 1, rooms]) {
            let next = slots_for(4 * rooms, slots);
            changes += u32::from(next != slots);
            slots = next;
        }
        assert_eq!((slots, changes), (8, 3));
        let slots = [300, 299, 149, 74, 0].map(|seats| slots_for(seats, 8));
        assert_eq!(slots, [8, 4, 2, 1, 1]);
    }
}

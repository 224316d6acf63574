//! In how many slots of the period a worker's rooms tick.

use crate::limits::{ROOMS_PER_SLOT, SLOTS_MAX};

/// The slots for so many rooms, where there are `slots` now; a power of two. Rooms
/// that come and go at a limit move no others.
#[must_use]
pub fn slots_for(rooms: u32, slots: u32) -> u32 {
    let is_few = |slots| rooms > slots * ROOMS_PER_SLOT;
    // A quarter less than half the slots could hold.
    let is_many = |slots| rooms * 8 < slots * ROOMS_PER_SLOT * 3;
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
    fn there_are_enough_for_the_rooms() {
        for (rooms, slots) in [(0, 1), (32, 1), (33, 2), (65, 4), (250, 8), (9_999, 8)] {
            assert_eq!(slots_for(rooms, 1), slots, "{rooms} rooms");
        }
    }

    #[test]
    fn a_room_more_or_less_changes_nothing_soon() {
        let (mut slots, mut changes) = (1, 0);
        for rooms in (0..200).flat_map(|rooms| [rooms, rooms + 1, rooms]) {
            let next = slots_for(rooms, slots);
            changes += u32::from(next != slots);
            slots = next;
        }
        assert_eq!((slots, changes), (8, 3));
        let slots = [96, 95, 47, 23, 0].map(|rooms| slots_for(rooms, 8));
        assert_eq!(slots, [8, 4, 2, 1, 1]);
    }
}

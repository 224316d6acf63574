//! When in the period a worker's rooms tick: state machines without I/O.
//!
//! All workers together have as many slots as their rooms need, and take turns: each
//! wakes up for its own, and NATS and the gateways hear of one worker at a time. Nobody
//! hands the slots out. Each worker finds its own from who is there and how much all
//! have to do, which everybody tells everybody; where two do not agree for a while,
//! both tick in the same slot and nothing else happens.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use protocol::WorkerId;
use protocol::beat::Slot;
use protocol::room::WorkerLoad;

use crate::limits::{PEER_EXPIRY, SEATS_AT_ONCE, SEATS_PER_SLOT, SLOTS_MAX};

/// The slots of one worker, at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// A power of two, up to 256.
    count: u32,
    first: Slot,
}

impl Slots {
    /// So many, a power of two; the first comes after `others` of `all` that there are,
    /// a power of two as well.
    #[must_use]
    pub fn new(count: u32, others: u32, all: u32) -> Self {
        let count = count.clamp(1, Slot::ALL);
        let first = Slot::after_others(others, all);
        Self { count, first }
    }

    /// The one in which a room ticks whose slot by its name is `slot`.
    #[must_use]
    pub fn of(self, slot: Slot) -> Slot {
        slot.among(self.count).later_by(self.first)
    }
}

/// Slots that all tasks of a worker read.
#[derive(Debug)]
pub struct SharedSlots {
    /// The count and the first in one number.
    bits: AtomicU32,
}

impl Default for SharedSlots {
    fn default() -> Self {
        let shared = Self { bits: 0.into() };
        shared.store(Slots::new(1, 0, 1));
        shared
    }
}

impl SharedSlots {
    /// What was stored last.
    #[must_use]
    pub fn load(&self) -> Slots {
        let bits = self.bits.load(Ordering::Relaxed);
        Slots {
            count: bits >> u8::BITS,
            first: Slot::after_others(bits % Slot::ALL, Slot::ALL),
        }
    }

    /// For everybody from now on.
    pub fn store(&self, slots: Slots) {
        let bits = slots.count << u8::BITS | u32::from(slots.first.number());
        self.bits.store(bits, Ordering::Relaxed);
    }
}

/// Who is there, and which slots are this worker's.
#[derive(Debug)]
pub struct Rota {
    own: WorkerId,
    peers: BTreeMap<WorkerId, Peer>,
    /// Slots that the rooms of all workers need, and those of this one.
    all: u32,
    count: u32,
}

#[derive(Debug)]
struct Peer {
    seats: u32,
    heard_at: Instant,
}

impl Rota {
    /// Nobody else.
    #[must_use]
    pub fn new(own: WorkerId) -> Self {
        Self {
            own,
            peers: BTreeMap::new(),
            all: 1,
            count: 1,
        }
    }

    /// A worker has said how much it has to do; perhaps this one.
    pub fn heard(&mut self, load: WorkerLoad, now: Instant) {
        if load.worker != self.own {
            let peer = Peer {
                seats: load.seats,
                heard_at: now,
            };
            self.peers.insert(load.worker, peer);
        }
    }

    /// The slots of this worker, whose rooms have so many seats.
    pub fn slots(&mut self, seats: u32, now: Instant) -> Slots {
        let is_there = |peer: &Peer| now.saturating_duration_since(peer.heard_at) < PEER_EXPIRY;
        self.peers.retain(|_, peer| is_there(peer));
        let others = self.peers.values().map(|peer| peer.seats);
        let all_seats = others.fold(seats, u32::saturating_add);
        self.all = slots_for(all_seats, self.all, SEATS_PER_SLOT);
        // Its share of them, rounded; half as many again is as close as half.
        let usual = all_seats / self.all;
        let seats_per_slot = (usual + usual / 2).clamp(1, SEATS_AT_ONCE);
        let count = slots_for(seats, self.count, seats_per_slot);
        self.count = count.min(self.all);
        let before = self.peers.range(..self.own).count() as u32;
        Slots::new(self.count, before % (self.all / self.count), self.all)
    }
}

/// Slots for so many seats, where there are `slots` now; a power of two. Rooms that
/// come and go at a limit change nothing.
fn slots_for(seats: u32, slots: u32, seats_per_slot: u32) -> u32 {
    let is_few = |slots| seats > slots * seats_per_slot;
    // An eighth less than half the slots could hold.
    let is_many = |slots| seats.saturating_mul(16) < slots * seats_per_slot * 7;
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
    use std::time::Duration;

    use super::*;
    use crate::limits::LOAD_INTERVAL;

    /// What each of some workers comes to that have so many seats.
    fn rotas(seats: &[u32]) -> Vec<Slots> {
        let now = Instant::now();
        let load = |(number, &seats): (usize, _)| WorkerLoad {
            worker: WorkerId::new(number as u32 * 1_000_003 + 7),
            seats,
        };
        let loads: Vec<_> = seats.iter().enumerate().map(load).collect();
        let slots = |own: &WorkerLoad| {
            let mut rota = Rota::new(own.worker);
            loads.iter().for_each(|load| rota.heard(*load, now));
            rota.slots(own.seats, now)
        };
        loads.iter().map(slots).collect()
    }

    /// In eighths of the period.
    fn eighths(slots: Slots) -> Vec<u8> {
        let slot = |number| slots.of(Slot::after_others(number, Slot::ALL)).number() / 32;
        let mut eighths: Vec<_> = (0..Slot::ALL).map(slot).collect();
        eighths.dedup();
        eighths
    }

    #[test]
    fn a_worker_alone_has_all_slots_that_its_rooms_need() {
        for (seats, slots) in [(0, 1), (130, 1), (131, 2), (500, 4), (521, 8)] {
            assert_eq!(rotas(&[seats]), [Slots::new(slots, 0, 8)], "{seats} seats");
        }
    }

    #[test]
    fn workers_take_turns() {
        let turns = |seats: &[u32]| rotas(seats).into_iter().map(eighths).collect::<Vec<_>>();
        // Few rooms tick together, whose they may be.
        assert_eq!(turns(&[50, 50]), [[0], [0]]);
        assert_eq!(turns(&[100, 100]), [[0], [4]]);
        assert_eq!(turns(&[200, 200]), [[0, 4], [2, 6]]);
        assert_eq!(turns(&[500, 500]), [[0, 2, 4, 6], [1, 3, 5, 7]]);
        assert_eq!(turns(&[250; 4]), [[0, 4], [1, 5], [2, 6], [3, 7]]);
        assert_eq!(turns(&[300; 3]), [[0, 4], [1, 5], [2, 6]]);
        assert_eq!(
            turns(&[125; 8]),
            [0, 1, 2, 3, 4, 5, 6, 7].map(|turn| [turn])
        );
        // Not exactly as many each.
        let uneven = turns(&[540, 460]);
        assert_eq!(uneven, [[0, 2, 4, 6], [1, 3, 5, 7]]);
        // Whoever has many rooms has more slots.
        let uneven = turns(&[990, 10]);
        assert_eq!(uneven, [vec![0, 1, 2, 3, 4, 5, 6, 7], vec![1]]);
        // No worker has too much to do at once.
        assert_eq!(turns(&[500; 16])[5..7], [[1, 5], [2, 6]]);
    }

    #[test]
    fn who_is_not_heard_of_any_more_has_no_turn() {
        let start = Instant::now();
        let load = |number| WorkerLoad {
            worker: WorkerId::new(number),
            seats: 300,
        };
        let mut rota = Rota::new(WorkerId::new(2));
        assert_eq!(rota.slots(300, start), Slots::new(4, 0, 4));
        rota.heard(load(1), start);
        rota.heard(load(2), start);
        assert_eq!(rota.slots(300, start), Slots::new(4, 1, 8));
        let twice_unheard = start + LOAD_INTERVAL * 3;
        assert_eq!(rota.slots(300, twice_unheard), Slots::new(4, 1, 8));
        let late = twice_unheard + Duration::from_secs(1);
        assert_eq!(rota.slots(300, late), Slots::new(4, 0, 4));
    }

    #[test]
    fn a_room_more_or_less_changes_nothing_soon() {
        let (mut slots, mut changes) = (1, 0);
        for rooms in (0..400).flat_map(|rooms| [rooms, rooms + 1, rooms]) {
            let next = slots_for(4 * rooms, slots, SEATS_PER_SLOT);
            changes += u32::from(next != slots);
            slots = next;
        }
        assert_eq!((slots, changes), (8, 3));
        let slots = [455, 454, 227, 113, 0].map(|seats| slots_for(seats, 8, SEATS_PER_SLOT));
        assert_eq!(slots, [8, 4, 2, 1, 1]);
    }

    #[test]
    fn slots_are_read_as_they_were_stored() {
        let shared = SharedSlots::default();
        assert_eq!(shared.load(), Slots::new(1, 0, 1));
        for slots in [
            Slots::new(4, 1, 8),
            Slots::new(256, 255, 256),
            Slots::new(2, 0, 2),
        ] {
            shared.store(slots);
            assert_eq!(shared.load(), slots);
        }
    }
}

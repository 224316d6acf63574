//! In which rooms a player has a seat: the values of the bucket `seats`.

use serde::{Deserialize, Serialize};

use crate::ids::SessionNonce;
use crate::names::RoomId;

/// The seats of one player: one, and while the player moves from one room to another
/// those that are about to be given back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSeats {
    /// The newest last.
    pub seats: Vec<HeldSeat>,
}

/// A seat that a player has taken or is about to take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSeat {
    /// The room.
    pub room: RoomId,
    /// The connection that took it last.
    pub session: SessionNonce,
}

impl HeldSeats {
    /// Adds a seat that is about to be taken; in a room where the player has one, the
    /// new connection takes it over.
    pub fn take(&mut self, seat: HeldSeat) {
        self.give_back(&seat.room);
        self.seats.push(seat);
    }

    /// Removes the seat in a room.
    pub fn give_back(&mut self, room: &RoomId) {
        self.seats.retain(|held| held.room != *room);
    }

    /// The seats in other rooms than this.
    pub fn elsewhere(&self, room: &RoomId) -> impl Iterator<Item = &HeldSeat> {
        self.seats.iter().filter(move |held| held.room != *room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(room: &str, session: u32) -> HeldSeat {
        HeldSeat {
            room: RoomId::parse(room).unwrap(),
            session: SessionNonce::new(session),
        }
    }

    #[test]
    fn a_room_is_in_it_once_with_its_last_connection() {
        let mut held = HeldSeats::default();
        for taken in [seat("a", 1), seat("b", 2), seat("a", 3)] {
            held.take(taken);
        }
        assert_eq!(held.seats, [seat("b", 2), seat("a", 3)]);
        let elsewhere: Vec<_> = held.elsewhere(&seat("a", 3).room).collect();
        assert_eq!(elsewhere, [&seat("b", 2)]);
        held.give_back(&seat("b", 2).room);
        assert_eq!(held.seats, [seat("a", 3)]);
    }
}

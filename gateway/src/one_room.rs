//! One room for each player.
//!
//! A gateway writes into the bucket `seats` which seat a player is about to take, before
//! it asks the room. Once the player has it, the seats in other rooms are given back: a
//! player who has moved on holds up no other race. What a gateway that died left behind,
//! the next one to seat the player clears away.

use protocol::room::CtlRequest;
use protocol::seats::{HeldSeat, HeldSeats};
use protocol::{PlayerName, RejectionCode, Reply, RoomId, SessionNonce};

use crate::backend::Backend;

impl Backend {
    /// Notes that a player is about to take a seat.
    ///
    /// # Errors
    /// When it cannot be noted.
    pub async fn claim_seat(
        &self,
        player: &PlayerName,
        room: &RoomId,
        session: SessionNonce,
    ) -> Reply<()> {
        let seat = HeldSeat {
            room: room.clone(),
            session,
        };
        let claim = |held: &mut HeldSeats| held.take(seat.clone());
        self.seats.change(player, claim).await.map(drop)
    }

    /// Gives the player's seats in other rooms back, once there is one in `room`. What
    /// cannot be given back now stays noted.
    pub async fn leave_other_rooms(&self, player: &PlayerName, room: &RoomId) {
        let Ok(held) = self.seats.change(player, |_| ()).await else {
            return;
        };
        for seat in held.elsewhere(room) {
            let moved = CtlRequest::Moved {
                player: player.clone(),
                session: seat.session,
            };
            match self.ctl(&seat.room, &moved).await {
                Err(rejection) if rejection.code == RejectionCode::Unavailable => {
                    tracing::debug!(%rejection, room = %seat.room, "a seat stays taken");
                }
                Ok(_) | Err(_) => self.forget_seat(player, &seat.room).await,
            }
        }
    }

    /// Notes that a player has no seat in a room.
    pub async fn forget_seat(&self, player: &PlayerName, room: &RoomId) {
        let forget = |held: &mut HeldSeats| held.give_back(room);
        if let Err(rejection) = self.seats.change(player, forget).await {
            tracing::debug!(%rejection, %room, "a seat stays noted");
        }
    }
}

//! One room for each player: the bucket `seats`.
//!
//! A gateway writes into it which seat a player is about to take, before it asks the
//! room. Once the player has it, the seats in other rooms are given back: a player who
//! has moved on holds up no other race. What a gateway that died left behind, the next
//! one to seat the player clears away.

use bus::{Bucket, CasError};
use protocol::room::CtlRequest;
use protocol::seats::{HeldSeat, HeldSeats};
use protocol::version::{self, SEATS};
use protocol::{PlayerName, Rejection, RejectionCode, Reply, RoomId, SessionNonce, subject};

use crate::backend::Backend;
use crate::limits::SEATS_ATTEMPTS;
use crate::stored::read_stored;

/// The bucket `seats`.
#[derive(Clone, Debug)]
pub struct SeatRegister(Bucket);

impl SeatRegister {
    /// Takes the bucket.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }

    /// Changes what is known of a player by compare-and-set; returns what is known
    /// then.
    async fn change(
        &self,
        player: &PlayerName,
        change: impl Fn(&mut HeldSeats),
    ) -> Reply<HeldSeats> {
        let id = player.id();
        let key = subject::seats_key(&id);
        for _ in 0..SEATS_ATTEMPTS {
            let Ok(found) = self.0.get(key).await else {
                continue;
            };
            let known = found
                .as_ref()
                .and_then(|(value, _)| read_stored::<HeldSeats>(&SEATS, value));
            let before = known.unwrap_or_default();
            let mut held = before.clone();
            change(&mut held);
            if held == before {
                return Ok(held);
            }
            let value = version::to_json(&SEATS, &held);
            let written = match found {
                Some((_, revision)) => self.0.update(key, value, revision).await,
                None => self.0.create(key, value).await,
            };
            match written {
                Ok(_revision) => return Ok(held),
                Err(error @ (CasError::Conflict { .. } | CasError::Unknown { .. })) => {
                    tracing::debug!(%error, "writing the seats of a player again");
                }
            }
        }
        let message = "your seat cannot be kept just now, try again in a moment";
        Err(Rejection::new(RejectionCode::Unavailable, message))
    }
}

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
            let leave = CtlRequest::Leave {
                player: player.clone(),
                session: seat.session,
            };
            match self.ctl(&seat.room, &leave).await {
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

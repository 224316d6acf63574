//! Who sits where.

use protocol::lobby::Phase;
use protocol::room::CloseReason;
use protocol::room::{RoomEventBody, SeatView};
use protocol::{
    GatewayId, PlayerId, PlayerName, Rejection, RejectionCode, Reply, Seat, SessionNonce,
};
use serde::{Deserialize, Serialize};

use super::{Output, Room};

/// A seat that somebody has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupant {
    /// Who.
    pub player: PlayerName,
    /// Where the connection is, or was.
    pub gateway: GatewayId,
    /// Which connection it is, or was.
    pub session: SessionNonce,
    /// What became of the player.
    pub presence: Presence,
}

/// What became of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// There is a connection.
    Connected,
    /// The connection is lost; the seat stays.
    Lost,
    /// Gave up during the race: the car stays, the player does not come back.
    Left,
}

/// The seats of a room, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats(Vec<Option<Occupant>>);

impl Seats {
    /// All free.
    #[must_use]
    pub fn new(seats: u8) -> Self {
        Self(vec![None; usize::from(seats)])
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The seats that are taken.
    pub fn taken(&self) -> impl Iterator<Item = (Seat, &Occupant)> {
        let numbered = self.0.iter().enumerate();
        numbered.filter_map(|(seat, occupant)| Some((seat as Seat, occupant.as_ref()?)))
    }

    /// Who sits there.
    #[must_use]
    pub fn get(&self, seat: Seat) -> Option<&Occupant> {
        self.0.get(usize::from(seat))?.as_ref()
    }

    /// Whether somebody has a connection.
    #[must_use]
    pub fn is_anybody_connected(&self) -> bool {
        self.taken()
            .any(|(_, occupant)| occupant.presence == Presence::Connected)
    }

    /// Whether nobody has a seat that they may come back to.
    #[must_use]
    pub fn is_deserted(&self) -> bool {
        self.taken()
            .all(|(_, occupant)| occupant.presence == Presence::Left)
    }

    /// The gateways with connected players, each once.
    pub fn gateways(&self) -> impl Iterator<Item = GatewayId> {
        let mut gateways: Vec<GatewayId> = self
            .taken()
            .filter(|(_, occupant)| occupant.presence == Presence::Connected)
            .map(|(_, occupant)| occupant.gateway)
            .collect();
        gateways.sort_unstable();
        gateways.dedup();
        gateways.into_iter()
    }

    pub(super) fn views(&self) -> Vec<SeatView> {
        let view = |(seat, occupant): (Seat, &Occupant)| SeatView {
            seat,
            player: occupant.player.clone(),
            connected: occupant.presence == Presence::Connected,
        };
        self.taken().map(view).collect()
    }

    fn of(&self, player: &PlayerId) -> Option<Seat> {
        self.taken()
            .find(|(_, occupant)| occupant.player.id() == *player)
            .map(|(seat, _)| seat)
    }

    fn get_mut(&mut self, seat: Seat) -> Option<&mut Occupant> {
        self.0.get_mut(usize::from(seat))?.as_mut()
    }

    fn take_free(&mut self, occupant: Occupant) -> Option<Seat> {
        let free = self.0.iter().position(Option::is_none)?;
        self.0[free] = Some(occupant);
        Some(free as Seat)
    }
}

impl Room {
    /// Who sits where.
    #[must_use]
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    pub(super) fn join(
        &mut self,
        player: PlayerName,
        gateway: GatewayId,
        session: SessionNonce,
    ) -> Reply<Seat> {
        if let Some(seat) = self.seats.of(&player.id()) {
            return self.come_back(seat, player, gateway, session);
        }
        let name = &self.identity.name;
        match self.phase {
            // Full is what starts the countdown: there is no seat to be had.
            Phase::Waiting | Phase::Countdown => {}
            Phase::Racing | Phase::Finished | Phase::Closed => {
                let message = format!("the race in room {name} has started, watch it instead");
                return Err(Rejection::new(RejectionCode::RaceStarted, message));
            }
        }
        let presence = Presence::Connected;
        let occupant = Occupant {
            player: player.clone(),
            gateway,
            session,
            presence,
        };
        let Some(seat) = self.seats.take_free(occupant) else {
            let message = format!("room {name} is full");
            return Err(Rejection::new(RejectionCode::RoomFull, message));
        };
        let (players, seats) = (self.seats.taken().count() as u8, self.seats.len() as u8);
        self.event(RoomEventBody::Joined {
            player,
            seat,
            players,
            seats,
        });
        self.changed();
        if players == seats {
            self.start_countdown();
        }
        self.record_player(seat);
        Ok(seat)
    }

    fn come_back(
        &mut self,
        seat: Seat,
        player: PlayerName,
        gateway: GatewayId,
        session: SessionNonce,
    ) -> Reply<Seat> {
        let Some(occupant) = self.seats.get_mut(seat) else {
            return Ok(seat);
        };
        if occupant.presence == Presence::Left {
            let message = "you have left this race, it goes on without you";
            return Err(Rejection::new(RejectionCode::RaceStarted, message));
        }
        let was_lost = occupant.presence == Presence::Lost;
        occupant.gateway = gateway;
        occupant.session = session;
        occupant.presence = Presence::Connected;
        if was_lost {
            self.event(RoomEventBody::Returned { player, seat });
        }
        self.forget_inputs(seat);
        self.record_player(seat);
        self.outputs.push(Output::Checkpoint);
        Ok(seat)
    }

    pub(super) fn leave(&mut self, player: &PlayerName, session: SessionNonce) {
        let Some(seat) = self.seats.of(&player.id()) else {
            return;
        };
        // A connection that was replaced cannot give its successor's seat back.
        if self
            .seats
            .get(seat)
            .is_some_and(|occupant| occupant.session != session)
        {
            return;
        }
        if self.race.is_some() {
            if let Some(occupant) = self.seats.get_mut(seat) {
                if occupant.presence == Presence::Left {
                    return;
                }
                occupant.presence = Presence::Left;
            }
            self.forget_inputs(seat);
        }
        self.event(RoomEventBody::Left {
            player: player.clone(),
            seat,
        });
        self.record_player(seat);
        if self.race.is_none() {
            self.seats.0[usize::from(seat)] = None;
        }
        self.changed();
        // A race that is won ends with its result, at the next tick.
        let is_won = self
            .race
            .as_ref()
            .is_some_and(|race| race.state.winner.is_some());
        if self.seats.is_deserted() && !is_won {
            self.end(CloseReason::Empty, None);
        }
    }

    pub(super) fn lost(&mut self, player: &PlayerName, session: SessionNonce) {
        let Some(seat) = self.seats.of(&player.id()) else {
            return;
        };
        let Some(occupant) = self.seats.get_mut(seat) else {
            return;
        };
        // Another connection of the same player may be here already.
        if occupant.session != session || occupant.presence != Presence::Connected {
            return;
        }
        occupant.presence = Presence::Lost;
        self.forget_inputs(seat);
        self.event(RoomEventBody::Lost {
            player: player.clone(),
            seat,
        });
        self.record_player(seat);
        self.outputs.push(Output::Checkpoint);
    }
}

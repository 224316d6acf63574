//! Who sits where.

use protocol::car::{CarClass, Skill};
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
    /// What is driven.
    pub class: CarClass,
    /// Who is at the wheel.
    pub driver: Driver,
}

/// Who is at the wheel of a car.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Driver {
    /// A player at a gateway.
    Person(Person),
    /// This worker, which drives so well.
    Ai(Skill),
}

/// A player with a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The present connection, or the last.
    pub connection: Connection,
    /// What became of the player.
    pub presence: Presence,
    /// Counts those who came: a lower one has been here for longer.
    pub arrival: u32,
}

/// A player's connection to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Where it is.
    pub gateway: GatewayId,
    /// Which one it is.
    pub session: SessionNonce,
}

impl Occupant {
    /// The person in the seat, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match &self.driver {
            Driver::Person(person) => Some(person),
            Driver::Ai(_) => None,
        }
    }

    /// Whether an AI drives.
    #[must_use]
    pub fn is_ai(&self) -> bool {
        self.person().is_none()
    }

    /// Whether this is a person with a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let presence = self.person().map(|person| person.presence);
        presence == Some(Presence::Connected)
    }

    /// Whether this is a person who has given up.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.person()
            .is_some_and(|person| person.presence == Presence::Left)
    }
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

    /// Whether some person has a connection.
    #[must_use]
    pub fn is_anybody_connected(&self) -> bool {
        self.taken().any(|(_, occupant)| occupant.is_connected())
    }

    /// Whether no person has a seat to come back to: AI drivers do not race
    /// for themselves.
    #[must_use]
    pub fn is_deserted(&self) -> bool {
        self.taken()
            .all(|(_, occupant)| occupant.is_ai() || occupant.has_left())
    }

    /// The gateways with connected players, each once.
    pub fn gateways(&self) -> impl Iterator<Item = GatewayId> {
        let mut gateways: Vec<GatewayId> = self
            .taken()
            .filter_map(|(_, occupant)| occupant.person())
            .filter(|person| person.presence == Presence::Connected)
            .map(|person| person.connection.gateway)
            .collect();
        gateways.sort_unstable();
        gateways.dedup();
        gateways.into_iter()
    }

    pub(super) fn views(&self) -> Vec<SeatView> {
        let view = |(seat, occupant): (Seat, &Occupant)| SeatView {
            seat,
            player: occupant.player.clone(),
            connected: occupant.is_ai() || occupant.is_connected(),
            class: occupant.class,
            ai: occupant.is_ai(),
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

    fn person_mut(&mut self, seat: Seat) -> Option<&mut Person> {
        match &mut self.get_mut(seat)?.driver {
            Driver::Person(person) => Some(person),
            Driver::Ai(_) => None,
        }
    }

    pub(super) fn first_free(&self) -> Option<Seat> {
        let free = self.0.iter().position(Option::is_none)?;
        Some(free as Seat)
    }

    /// Seats somebody, or nobody when the room has no such seat.
    pub(super) fn take(&mut self, seat: Seat, player: PlayerName, class: CarClass, driver: Driver) {
        if let Some(place) = self.0.get_mut(usize::from(seat)) {
            *place = Some(Occupant {
                player,
                class,
                driver,
            });
        }
    }

    /// The number of whoever comes next.
    fn next_arrival(&self) -> u32 {
        let people = self.taken().filter_map(|(_, occupant)| occupant.person());
        people.map(|person| person.arrival + 1).max().unwrap_or(0)
    }

    /// Who of the people connected has been here for longest.
    fn longest_seated(&self) -> Option<&PlayerName> {
        let connected = self.taken().filter(|(_, occupant)| occupant.is_connected());
        let arrival = |occupant: &Occupant| occupant.person().map(|person| person.arrival);
        connected
            .min_by_key(|(_, occupant)| arrival(occupant))
            .map(|(_, occupant)| &occupant.player)
    }
}

impl Room {
    /// Who sits where.
    #[must_use]
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Who may fill the free seats: the creator, or the longest-seated while
    /// the creator is not connected. Nobody in an empty room.
    #[must_use]
    pub fn host(&self) -> Option<PlayerName> {
        let creator = self.identity.creator.as_ref().and_then(|creator| {
            let seat = self.seats.of(&creator.id())?;
            self.seats
                .get(seat)
                .filter(|creator| creator.is_connected())
        });
        let creator = creator.map(|occupant| &occupant.player);
        creator.or_else(|| self.seats.longest_seated()).cloned()
    }

    /// Tells a waiting room when its host is another than `before`. The first
    /// one learns it with the seat.
    pub(super) fn tell_host(&mut self, before: Option<&PlayerName>) {
        if let (Phase::Waiting, Some(before), Some(player)) = (self.phase, before, self.host())
            && player != *before
        {
            self.event(RoomEventBody::HostChanged { player });
        }
    }

    pub(super) fn join(
        &mut self,
        player: PlayerName,
        connection: Connection,
        class: CarClass,
    ) -> Reply<Seat> {
        player.expect_person()?;
        if let Some(seat) = self.seats.of(&player.id()) {
            return self.come_back(seat, player, connection);
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
        let Some(seat) = self.seats.first_free() else {
            let message = format!("room {name} is full");
            return Err(Rejection::new(RejectionCode::RoomFull, message));
        };
        let person = Person {
            connection,
            presence: Presence::Connected,
            arrival: self.seats.next_arrival(),
        };
        self.seats.take(seat, player, class, Driver::Person(person));
        self.tell_joined(seat);
        self.changed();
        if self.seats.first_free().is_none() {
            self.start_countdown();
        }
        self.record_player(seat);
        Ok(seat)
    }

    pub(super) fn tell_joined(&mut self, seat: Seat) {
        let (players, seats) = (self.seats.taken().count() as u8, self.seats.len() as u8);
        let Some(occupant) = self.seats.get(seat) else {
            return;
        };
        self.event(RoomEventBody::Joined {
            player: occupant.player.clone(),
            seat,
            players,
            seats,
            class: occupant.class,
            ai: occupant.is_ai(),
        });
    }

    /// Gives a player of a waiting room another car.
    pub(super) fn choose_class(
        &mut self,
        player: &PlayerName,
        session: SessionNonce,
        class: CarClass,
    ) -> Reply<Seat> {
        let seat = self.seat_of(player, session)?;
        if self.phase != Phase::Waiting {
            let message = "the cars are on the grid, choose another before the next race";
            return Err(Rejection::new(RejectionCode::RaceStarted, message));
        }
        if let Some(occupant) = self.seats.get_mut(seat)
            && occupant.class != class
        {
            occupant.class = class;
            let player = occupant.player.clone();
            self.event(RoomEventBody::ClassChosen {
                player,
                seat,
                class,
            });
            self.outputs.push(Output::Checkpoint);
        }
        Ok(seat)
    }

    /// The seat that a connection speaks for.
    pub(super) fn seat_of(&self, player: &PlayerName, session: SessionNonce) -> Reply<Seat> {
        let seat = self.seats.of(&player.id()).filter(|seat| {
            let person = self.seats.get(*seat).and_then(Occupant::person);
            person.is_some_and(|person| person.connection.session == session)
        });
        seat.ok_or_else(|| {
            let message = format!("you have no seat in room {}", self.identity.name);
            Rejection::new(RejectionCode::NotInRoom, message)
        })
    }

    fn come_back(&mut self, seat: Seat, player: PlayerName, connection: Connection) -> Reply<Seat> {
        let Some(person) = self.seats.person_mut(seat) else {
            return Ok(seat);
        };
        if person.presence == Presence::Left {
            let message = "you have left this race, it goes on without you";
            return Err(Rejection::new(RejectionCode::RaceStarted, message));
        }
        let was_lost = person.presence == Presence::Lost;
        person.connection = connection;
        person.presence = Presence::Connected;
        if was_lost {
            self.event(RoomEventBody::Returned { player, seat });
        }
        self.forget_inputs(seat);
        self.record_player(seat);
        self.outputs.push(Output::Checkpoint);
        Ok(seat)
    }

    pub(super) fn leave(&mut self, player: &PlayerName, session: SessionNonce) {
        // A connection that was replaced cannot give its successor's seat back.
        let Ok(seat) = self.seat_of(player, session) else {
            return;
        };
        if self.race.is_some() {
            if let Some(person) = self.seats.person_mut(seat) {
                if person.presence == Presence::Left {
                    return;
                }
                person.presence = Presence::Left;
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
        // Another connection of the same player may be here already.
        let Ok(seat) = self.seat_of(player, session) else {
            return;
        };
        let Some(person) = self.seats.person_mut(seat) else {
            return;
        };
        if person.presence != Presence::Connected {
            return;
        }
        person.presence = Presence::Lost;
        self.forget_inputs(seat);
        self.event(RoomEventBody::Lost {
            player: player.clone(),
            seat,
        });
        self.record_player(seat);
        self.outputs.push(Output::Checkpoint);
    }
}

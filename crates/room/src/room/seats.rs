//! Who sits where.

use domain::{CarClass, Skill};
use protocol::room::SeatView;
use protocol::{GatewayId, PlayerId, PlayerName, Seat, SessionNonce};
use serde::{Deserialize, Serialize};

/// The occupant of a seat.
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

    /// Whether the driver of that seat is connected to that gateway.
    #[must_use]
    pub fn is_driven_from(&self, seat: Seat, gateway: GatewayId) -> bool {
        let person = self.get(seat).and_then(Occupant::person);
        person.is_some_and(|person| {
            person.presence == Presence::Connected && person.connection.gateway == gateway
        })
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

    pub(super) fn of(&self, player: &PlayerId) -> Option<Seat> {
        self.taken()
            .find(|(_, occupant)| occupant.player.id() == *player)
            .map(|(seat, _)| seat)
    }

    pub(super) fn get_mut(&mut self, seat: Seat) -> Option<&mut Occupant> {
        self.0.get_mut(usize::from(seat))?.as_mut()
    }

    pub(super) fn person_mut(&mut self, seat: Seat) -> Option<&mut Person> {
        match &mut self.get_mut(seat)?.driver {
            Driver::Person(person) => Some(person),
            Driver::Ai(_) => None,
        }
    }

    /// Frees a seat.
    pub(super) fn free(&mut self, seat: Seat) {
        if let Some(seat) = self.0.get_mut(usize::from(seat)) {
            *seat = None;
        }
    }

    pub(super) fn first_free(&self) -> Option<Seat> {
        let free = self.0.iter().position(Option::is_none)?;
        Some(free as Seat)
    }

    /// Gives a seat to a player, if the room has such a seat.
    pub(super) fn take(&mut self, seat: Seat, player: PlayerName, class: CarClass, driver: Driver) {
        if let Some(seat) = self.0.get_mut(usize::from(seat)) {
            *seat = Some(Occupant {
                player,
                class,
                driver,
            });
        }
    }

    /// The number of the next occupant.
    pub(super) fn next_arrival(&self) -> u32 {
        let people = self.taken().filter_map(|(_, occupant)| occupant.person());
        people
            .map(|person| person.arrival.saturating_add(1))
            .max()
            .unwrap_or(0)
    }

    /// Who of the people connected has been here for longest.
    pub(super) fn longest_seated(&self) -> Option<&PlayerName> {
        let connected = self.taken().filter(|(_, occupant)| occupant.is_connected());
        let arrival = |occupant: &Occupant| occupant.person().map(|person| person.arrival);
        connected
            .min_by_key(|(_, occupant)| arrival(occupant))
            .map(|(_, occupant)| &occupant.player)
    }
}

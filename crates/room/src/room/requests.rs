//! What players ask of a room: to come in, to go, to be given another car.

use domain::CarClass;
use protocol::lobby::Phase;
use protocol::room::{CloseReason, LeaveReason, RoomEventBody};
use protocol::{PlayerName, Rejection, RejectionCode, Reply, Seat, SessionNonce};

use super::seats::{Connection, Driver, Occupant, Person, Presence, Seats};
use super::{Output, Room};

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

    /// Emits an event when the host of a waiting room is another than `before`. The first
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
        self.attendance.joined();
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
        self.attendance.vacated(seat);
        self.attendance.joined();
        self.forget_inputs(seat);
        self.record_player(seat);
        self.outputs.push(Output::Checkpoint);
        Ok(seat)
    }

    /// A connection shows that its player is there. Returns the seat.
    pub(super) fn sign_of_life(
        &mut self,
        player: &PlayerName,
        session: SessionNonce,
    ) -> Reply<Seat> {
        let seat = self.seat_of(player, session)?;
        self.attendance.sign_of_life(seat, &player.id());
        Ok(seat)
    }

    pub(super) fn leave(&mut self, player: &PlayerName, session: SessionNonce) {
        // A connection that was replaced cannot give its successor's seat back.
        if let Ok(seat) = self.seat_of(player, session) {
            self.vacate(seat, LeaveReason::OwnWish);
        }
    }

    /// The player has a seat in another room, by another connection: this one drives no
    /// car here, whoever gets the seat.
    pub(super) fn moved(&mut self, player: &PlayerName, session: SessionNonce) {
        if let Ok(seat) = self.seat_of(player, session) {
            self.vacate(seat, LeaveReason::Moved);
        }
    }

    /// A player leaves: a seat of a waiting room is free, a car of a race stays.
    pub(super) fn vacate(&mut self, seat: Seat, reason: LeaveReason) {
        let is_racing = self.race.is_some();
        let Some(person) = self.seats.person_mut(seat) else {
            return;
        };
        if person.presence == Presence::Left {
            return;
        }
        let session = match reason {
            LeaveReason::OwnWish => None,
            LeaveReason::Idle | LeaveReason::Lost | LeaveReason::Moved => {
                Some(person.connection.session)
            }
        };
        if is_racing {
            person.presence = Presence::Left;
            self.forget_inputs(seat);
        }
        let Some(player) = self.seats.get(seat).map(|it| it.player.clone()) else {
            return;
        };
        self.event(RoomEventBody::Left {
            player,
            seat,
            reason,
            session,
        });
        self.record_player(seat);
        if !is_racing {
            self.seats.free(seat);
        }
        self.attendance.vacated(seat);
        self.changed();
        // A room whose last player was only lost waits for it, or for others.
        let is_over = self.seats.is_deserted() && reason != LeaveReason::Lost;
        // A race that is won ends with its result, at the next tick.
        let is_won = self
            .race
            .as_ref()
            .is_some_and(|race| race.state.winner.is_some());
        if is_over && !is_won {
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

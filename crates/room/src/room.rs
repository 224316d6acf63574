//! A room: a state machine without I/O.
//!
//! Requests, inputs and ticks go in with the time; [`Output`]s come out, in
//! the order in which they must leave. [`seats`] is who sits where, [`requests`]
//! what they ask, [`attendance`] who does nothing, [`ai`] who drives where nobody came, [`race`] the ticks,
//! [`record`] what others keep of a room, [`replay`] of its inputs.

pub(crate) mod ai;
pub(crate) mod attendance;
pub(crate) mod catch_up;
pub(crate) mod presence;
pub(crate) mod race;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod requests;
pub(crate) mod seats;

use std::sync::Arc;
use std::time::Instant;

use arrayvec::ArrayVec;
use domain::SEATS_MAX;
use netcode::{SeatInputs, TrackCourse};
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::lobby::{Phase, RoomSettings};
use protocol::persist::PersistMessage;
use protocol::record::{PlayerRecord, ResultRecord, RoomClosed};
use protocol::room::{
    CloseReason, CtlReply, CtlRequest, RoomEvent, RoomEventBody, RoomView, Standing,
};
use protocol::snapshot::Applied;
use protocol::{Epoch, GatewayId, PlayerName, RaceId, Reply, RequestId, RoomName, Tick, WorkerId};
use simulation::{RaceState, Rules, Track};

use self::ai::AiSeat;
use self::attendance::Attendance;
use self::replay::InputLog;
use self::seats::Seats;
use crate::limits::ABANDONED_AFTER;

/// What a room wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Publish an event.
    Event(RoomEvent),
    /// Publish a snapshot.
    Snapshot(Vec<u8>),
    /// Write the lobby entry: it has changed.
    Lobby,
    /// Keep something in the database.
    Persist(PersistMessage),
    /// Where all players are just now, to be kept with the rows of other rooms.
    Players(Vec<PlayerRecord>),
    /// Checkpoint soon: something happened that a new owner must know.
    Checkpoint,
}

/// How a room ended, once it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// Why.
    pub reason: CloseReason,
    /// The result, when there was a race with a winner.
    pub result: Option<ResultRecord>,
}

/// What a room is, under any owner.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The race.
    pub race: RaceId,
    /// As its creator wrote it.
    pub name: RoomName,
    /// What its creator chose.
    pub settings: RoomSettings,
    /// Who that is: the host while connected.
    pub creator: Option<PlayerName>,
    /// The request that made it.
    pub request: Option<RequestId>,
}

/// Whose room it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The worker.
    pub owner: WorkerId,
    /// Which owner that is.
    pub epoch: Epoch,
}

/// A room.
#[derive(Debug)]
pub struct Room {
    identity: Identity,
    ownership: Ownership,
    track: Arc<Track>,
    phase: Phase,
    seats: Seats,
    /// When in the period the tick of the next snapshot is due.
    /// Boxed: sixteen seats' inputs are tens of kilobytes, and each tick takes it
    /// out and puts it back.
    race: Option<Box<Race>>,
    /// The tick of the last event, and how many it has had.
    events_emitted: (Tick, u32),
    /// The count of records for the database.
    revision: u32,
    /// Since when nobody is connected.
    deserted_since: Option<Instant>,
    attendance: Attendance,
    ending: Option<Ending>,
    outputs: Vec<Output>,
}

/// The part of a room that moves.
#[derive(Debug)]
struct Race {
    rules: Rules,
    course: TrackCourse,
    state: RaceState,
    inputs: ArrayVec<SeatInputs, SEATS_MAX>,
    /// The seats that an AI drives.
    ai: Vec<AiSeat>,
    applied: ArrayVec<Applied, SEATS_MAX>,
    events: simulation::Events,
    log: InputLog,
}

impl Race {
    fn new(track: &Track, rules: Rules, state: RaceState, ai: Vec<AiSeat>) -> Self {
        let seats = state.cars.len();
        Self {
            rules,
            course: TrackCourse::shared(track),
            state,
            inputs: std::iter::repeat_n(SeatInputs::default(), seats).collect(),
            ai,
            applied: std::iter::repeat_n(Default::default(), seats).collect(),
            events: simulation::Events::new(),
            log: InputLog::new(seats),
        }
    }
}

impl Room {
    /// A new room, empty and waiting.
    #[must_use]
    pub fn new(identity: Identity, ownership: Ownership, track: Arc<Track>, now: Instant) -> Self {
        let seats = Seats::new(identity.settings.seats);
        let mut room = Self {
            identity,
            ownership,
            track,
            phase: Phase::Waiting,
            seats,
            race: None,
            events_emitted: (0, 0),
            revision: 0,
            deserted_since: Some(now),
            attendance: Attendance::default(),
            ending: None,
            outputs: Vec::new(),
        };
        room.changed();
        room
    }

    /// What the room is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where the room is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether its time goes on tick by tick.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        matches!(self.phase, Phase::Countdown | Phase::Racing)
    }

    /// How it ended, once it has. Nothing moves after that.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// What there is to do, in order.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Whether something happened that a later owner must know.
    #[must_use]
    pub fn wants_checkpoint(&self) -> bool {
        self.outputs.contains(&Output::Checkpoint)
    }

    /// A request of a gateway.
    ///
    /// # Errors
    /// When there is no seat for the player, or it is not the player's to ask.
    pub fn ctl(&mut self, request: CtlRequest, now: Instant) -> Reply<CtlReply> {
        let host = self.host();
        let seat = match request {
            CtlRequest::Join {
                player,
                gateway,
                session,
                class,
            } => Some(self.join(player, seats::Connection { gateway, session }, class)?),
            CtlRequest::ChooseClass {
                player,
                session,
                class,
            } => {
                self.sign_of_life(&player, session)?;
                Some(self.choose_class(&player, session, class)?)
            }
            CtlRequest::FillSeats {
                player,
                session,
                skill,
            } => {
                self.sign_of_life(&player, session)?;
                Some(self.fill_seats(&player, session, skill)?)
            }
            CtlRequest::Moved { player, session } => {
                self.moved(&player, session);
                None
            }
            CtlRequest::Stay { player, session } => Some(self.sign_of_life(&player, session)?),
            CtlRequest::Leave { player, session } => {
                self.leave(&player, session);
                None
            }
            CtlRequest::Lost { player, session } => {
                self.lost(&player, session);
                None
            }
            CtlRequest::Spectate => None,
        };
        self.tell_host(host.as_ref());
        self.note_connections(now);
        Ok(CtlReply {
            seat,
            room: self.view(),
            epoch: self.ownership.epoch,
        })
    }

    /// The room as its players see it.
    #[must_use]
    pub fn view(&self) -> RoomView {
        RoomView {
            race: self.identity.race,
            name: self.identity.name.clone(),
            settings: self.identity.settings.clone(),
            phase: self.phase,
            start_tick: self.race.as_ref().map(|race| race.rules.start_tick),
            seats: self.seats.views(),
            host: self.host(),
        }
    }

    /// Closes a room that nobody has been connected to for long, and looks after
    /// people who do nothing.
    pub fn poll(&mut self, now: Instant) {
        let since = self.deserted_since;
        if since.is_some_and(|since| now.saturating_duration_since(since) >= ABANDONED_AFTER) {
            self.end(CloseReason::Abandoned, None);
        }
        self.attend(now);
    }

    /// The room's last words, once a checkpoint has its end.
    pub fn close(&mut self) {
        let Some(ending) = self.ending.clone() else {
            return;
        };
        self.phase = Phase::Closed;
        if ending.result.is_some() {
            self.send_replay_end();
        }
        let closed = RoomClosed {
            race: self.identity.race,
        };
        self.persist(PersistMessage::RoomClosed(closed));
        let leaderboard = ending
            .result
            .map_or_else(Vec::new, |result: ResultRecord| result.standings);
        self.event(RoomEventBody::Closed {
            reason: ending.reason,
            leaderboard,
        });
    }

    /// The order of the race at this moment.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        self.race
            .as_ref()
            .map_or_else(Vec::new, |race| race::standings(race, self))
    }

    pub(crate) fn end(&mut self, reason: CloseReason, result: Option<ResultRecord>) {
        if self.ending.is_some() {
            return;
        }
        self.phase = Phase::Finished;
        self.ending = Some(Ending { reason, result });
        self.outputs.push(Output::Checkpoint);
    }

    fn note_connections(&mut self, now: Instant) {
        if self.seats.is_anybody_connected() {
            self.deserted_since = None;
        } else {
            self.deserted_since.get_or_insert(now);
        }
    }

    /// The tick that is computed next; 0 before there is a race.
    #[must_use]
    pub fn tick_number(&self) -> Tick {
        self.race.as_ref().map_or(0, |race| race.state.tick)
    }

    /// The gateways with connected players, each once.
    pub(crate) fn gateways(&self) -> Vec<GatewayId> {
        self.seats.gateways().collect()
    }

    /// Ticks to compute until the next snapshot; 0 when time does not go on.
    #[must_use]
    pub fn ticks_to_tell(&self) -> u32 {
        if self.is_moving() {
            TICKS_PER_SNAPSHOT - self.tick_number() % TICKS_PER_SNAPSHOT
        } else {
            0
        }
    }

    fn event(&mut self, body: RoomEventBody) {
        let tick = self.tick_number();
        // Counted tick by tick, so that whoever computes a tick again gives
        // its events the same numbers.
        if self.events_emitted.0 != tick {
            self.events_emitted = (tick, 0);
        }
        let event = RoomEvent {
            race: self.identity.race,
            epoch: self.ownership.epoch,
            tick,
            index: self.events_emitted.1,
            body,
        };
        self.events_emitted.1 += 1;
        self.outputs.push(Output::Event(event));
    }

    /// The lobby, the database and a later owner must know.
    fn changed(&mut self) {
        self.revision += 1;
        // One that has ended is not put into the lobby again.
        if self.ending.is_none() {
            self.outputs.push(Output::Lobby);
        }
        self.persist(PersistMessage::Room(self.room_record()));
        self.outputs.push(Output::Checkpoint);
    }
}

#[cfg(test)]
mod tests;

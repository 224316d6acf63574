//! What others keep of a room: a new owner, the lobby, the database.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use domain::{SEATS_MAX, UnknownVersion};
use netcode::{SavedInputs, SeatInputs, wire};
use protocol::checkpoint::Checkpoint;
use protocol::lobby::{Phase, RoomEntry, RoomSettings};
use protocol::persist::PersistMessage;
use protocol::record::{PlayerRecord, ResultRecord, RoomRecord};
use protocol::room::CloseReason;
use protocol::snapshot::SnapshotBody;
use protocol::version::{self, ROOM_STATE};
use protocol::{PlayerName, RaceId, ReadError, RequestId, RoomName, Seat, Tick, WorkerId};
use serde::{Deserialize, Serialize};
use simulation::Track;

use super::attendance::Attendance;
use super::replay::{InputLog, SavedLog};
use super::seats::Seats;
use super::{Ending, Identity, Output, Ownership, Race, Room, ai};
use crate::limits::{COUNT_MAX, TICKS_MAX};

/// What the state of most rooms takes in a checkpoint, at most.
const STATE_BYTES: usize = 2_048;

/// All that a room is, in a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved<'a> {
    name: Cow<'a, RoomName>,
    settings: Cow<'a, RoomSettings>,
    creator: Option<Cow<'a, PlayerName>>,
    phase: Phase,
    seats: Cow<'a, Seats>,
    events_emitted: (Tick, u32),
    revision: u32,
    race: Option<SavedRace>,
    ending: Option<SavedEnding>,
    request: Option<RequestId>,
}

#[derive(Serialize, Deserialize)]
struct SavedRace {
    start_tick: Tick,
    tick: Tick,
    body: SnapshotBody,
    /// By seat: what is acknowledged is not sent again by anybody.
    inputs: Vec<SavedInputs>,
    log: SavedLog,
}

impl Saved<'_> {
    /// Whether its numbers are in their ranges and its parts fit together.
    fn check(&self) -> Result<(), RestoreError> {
        self.check_numbers()?;
        let seats = self.seats.len();
        if seats != usize::from(self.settings.seats) || seats > SEATS_MAX {
            return Err(RestoreError::Inconsistent(
                "not as many seats as were chosen",
            ));
        }
        let Some(race) = &self.race else {
            return match self.phase {
                Phase::Waiting | Phase::Finished | Phase::Closed => Ok(()),
                Phase::Countdown | Phase::Racing => {
                    Err(RestoreError::Inconsistent("a race without cars"))
                }
            };
        };
        let counts = [
            race.body.cars.len(),
            race.body.applied.len(),
            race.inputs.len(),
        ];
        if counts != [seats; 3] {
            return Err(RestoreError::Inconsistent("not as many cars as seats"));
        }
        Ok(())
    }

    /// Whether no number is near the end of its type: the room counts on from them.
    fn check_numbers(&self) -> Result<(), RestoreError> {
        if self.settings.check().is_err() {
            return Err(RestoreError::Inconsistent("settings that no room has"));
        }
        let (event_tick, events) = self.events_emitted;
        let race = self.race.as_ref();
        let ticks = race.map_or([0; 2], |race| [race.start_tick, race.tick]);
        if event_tick.max(ticks[0]).max(ticks[1]) > TICKS_MAX {
            return Err(RestoreError::Inconsistent("a tick that no race has"));
        }
        if events.max(self.revision) > COUNT_MAX {
            return Err(RestoreError::Inconsistent("a count that no room has"));
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct SavedEnding {
    reason: CloseReason,
    result: Option<ResultRecord>,
}

/// Why a checkpoint cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Bytes of another version, or damaged ones.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// The inputs so far.
    #[error("the checkpoint's inputs cannot be read")]
    Inputs(#[from] simulation::ReplayError),
    /// Parts that do not fit together.
    #[error("a damaged room state: {0}")]
    Inconsistent(&'static str),
    /// A track that this worker does not have.
    #[error("this worker does not have the track {0:?}")]
    TrackMissing(String),
}

impl RestoreError {
    /// The version that is not read, if that is the reason.
    #[must_use]
    pub fn unknown_version(&self) -> Option<UnknownVersion> {
        match self {
            Self::Unreadable(error) => error.unknown_version(),
            Self::Inputs(_) | Self::Inconsistent(_) | Self::TrackMissing(_) => None,
        }
    }

    /// Whether no worker can go on with the checkpoint: its bytes are damaged.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Unreadable(error) => error.unknown_version().is_none(),
            Self::Inputs(_) | Self::Inconsistent(_) => true,
            Self::TrackMissing(_) => false,
        }
    }
}

/// Who made a room, and with which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The race that its checkpoint is of.
    pub race: RaceId,
    /// The worker that owns it.
    pub owner: WorkerId,
    /// Who made it.
    pub creator: Option<PlayerName>,
    /// With which request.
    pub request: Option<RequestId>,
}

impl Origin {
    /// Reads it from a checkpoint's bytes.
    ///
    /// # Errors
    /// When they are of another version, or damaged.
    pub fn of(checkpoint: &[u8]) -> Result<Self, RestoreError> {
        let checkpoint = Checkpoint::decode(checkpoint)?;
        let saved: Saved = version::decode(&ROOM_STATE, &checkpoint.state)?;
        Ok(Self {
            race: checkpoint.race,
            owner: checkpoint.owner,
            creator: saved.creator.map(Cow::into_owned),
            request: saved.request,
        })
    }

    /// Whether it is a request's: the same creator's, with the same id.
    #[must_use]
    pub fn is_of(&self, creator: Option<&PlayerName>, request: Option<RequestId>) -> bool {
        let id = |player: &PlayerName| player.id();
        request.is_some()
            && request == self.request
            && creator.map(id) == self.creator.as_ref().map(id)
    }
}

impl Room {
    /// The room as a checkpoint under its present owner.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let race = self.race.as_ref().map(|race| SavedRace {
            start_tick: race.rules.start_tick,
            tick: race.state.tick,
            body: wire::body(&race.state, &race.applied),
            inputs: race
                .inputs
                .iter()
                .map(|inputs| inputs.save(race.state.tick))
                .collect(),
            log: race.log.save(),
        });
        let ending = self
            .ending
            .clone()
            .map(|Ending { reason, result }| SavedEnding { reason, result });
        let saved = Saved {
            name: Cow::Borrowed(&self.identity.name),
            settings: Cow::Borrowed(&self.identity.settings),
            creator: self.identity.creator.as_ref().map(Cow::Borrowed),
            phase: self.phase,
            seats: Cow::Borrowed(&self.seats),
            events_emitted: self.events_emitted,
            revision: self.revision,
            race,
            ending,
            request: self.identity.request,
        };
        Checkpoint {
            race: self.identity.race,
            owner: self.ownership.owner,
            epoch: self.ownership.epoch,
            tick: self.tick_number(),
            gateways: self.seats.gateways().collect(),
            state: version::encode(&ROOM_STATE, &saved, Vec::with_capacity(STATE_BYTES)).into(),
        }
    }

    /// A room from a checkpoint, under a new owner. It goes on where the
    /// checkpoint left off; what happened since, [`Room::catch_up`] adds.
    ///
    /// # Errors
    /// When the checkpoint is of another version or another set of tracks.
    pub fn restore(
        checkpoint: &Checkpoint,
        ownership: Ownership,
        find_track: impl FnOnce(&str) -> Option<Arc<Track>>,
        now: Instant,
    ) -> Result<Self, RestoreError> {
        let saved: Saved = version::decode(&ROOM_STATE, &checkpoint.state)?;
        saved.check()?;
        let missing = || RestoreError::TrackMissing(saved.settings.track.clone());
        let track = find_track(&saved.settings.track).ok_or_else(missing)?;
        let restore_race = |race: SavedRace| -> Result<Box<Race>, RestoreError> {
            let id = checkpoint.race;
            let rules = netcode::rules(&saved.settings, id, &track, race.start_tick);
            let log = InputLog::restore(&race.log)?;
            let ai = ai::drivers(&track, id, &saved.seats);
            let state = wire::state(&race.body, race.tick);
            let mut restored = Race::new(&track, rules, state, ai);
            restored.log = log;
            for (applied, saved) in restored.applied.iter_mut().zip(&race.body.applied) {
                *applied = *saved;
            }
            for (inputs, saved) in restored.inputs.iter_mut().zip(&race.inputs) {
                *inputs = SeatInputs::restore(saved, race.tick);
            }
            Ok(Box::new(restored))
        };
        let race = saved.race.map(restore_race).transpose()?;
        let mut room = Self {
            identity: Identity {
                race: checkpoint.race,
                name: saved.name.into_owned(),
                settings: saved.settings.into_owned(),
                creator: saved.creator.map(Cow::into_owned),
                request: saved.request,
            },
            ownership,
            track,
            phase: saved.phase,
            seats: saved.seats.into_owned(),
            race,
            events_emitted: saved.events_emitted,
            revision: saved.revision,
            deserted_since: None,
            attendance: Attendance::default(),
            ending: saved
                .ending
                .map(|SavedEnding { reason, result }| Ending { reason, result }),
            outputs: Vec::new(),
        };
        room.note_connections(now);
        room.changed();
        room.send_full_chunk();
        Ok(room)
    }

    /// The room as the lobby shows it.
    #[must_use]
    pub fn lobby_entry(&self) -> RoomEntry {
        RoomEntry {
            race: self.identity.race,
            name: self.identity.name.clone(),
            phase: self.phase,
            settings: self.identity.settings.clone(),
            players: self
                .seats
                .taken()
                .map(|(_, occupant)| occupant.player.clone())
                .collect(),
            creator: self.identity.creator.clone(),
            owner: self.ownership.owner,
            epoch: self.ownership.epoch,
        }
    }

    pub(super) fn room_record(&self) -> RoomRecord {
        RoomRecord {
            race: self.identity.race,
            name: self.identity.name.clone(),
            settings: self.identity.settings.clone(),
            phase: self.phase,
            players: self.seats.taken().count() as u8,
            owner: self.ownership.owner,
            epoch: self.ownership.epoch,
            revision: self.revision,
        }
    }

    /// Records in the database where all players are, at once.
    pub(super) fn record_players(&mut self) {
        let players = self.player_records();
        if !players.is_empty() {
            self.persist(PersistMessage::Players { players });
        }
    }

    /// As [`Room::record_players`], together with the players of other rooms.
    pub(super) fn share_players(&mut self) {
        let players = self.player_records();
        if !players.is_empty() {
            self.outputs.push(Output::Players(players));
        }
    }

    fn player_records(&mut self) -> Vec<PlayerRecord> {
        self.revision += 1;
        let seats = 0..self.seats.len() as Seat;
        seats.filter_map(|seat| self.player_record(seat)).collect()
    }

    /// Records in the database where a player is.
    pub(super) fn record_player(&mut self, seat: Seat) {
        self.revision += 1;
        if let Some(record) = self.player_record(seat) {
            let players = vec![record];
            self.persist(PersistMessage::Players { players });
        }
    }

    pub(super) fn persist(&mut self, message: PersistMessage) {
        self.outputs.push(Output::Persist(message));
    }

    /// Where a player is. AI drivers have no account: nobody will ask where they
    /// were.
    fn player_record(&self, seat: Seat) -> Option<PlayerRecord> {
        let occupant = self.seats.get(seat).filter(|occupant| !occupant.is_ai())?;
        let race = self.race.as_ref();
        let car = race.and_then(|race| race.state.cars.get(usize::from(seat)));
        let position = car.map(domain::Car::position_m).unwrap_or_default();
        Some(PlayerRecord {
            race: self.identity.race,
            room: self.identity.name.clone(),
            player: occupant.player.clone(),
            seat,
            x_m: position.x,
            y_m: position.y,
            heading_rad: car.map_or(0.0, domain::Car::heading_rad),
            lap: car.map_or(0, |car| self.track.laps_completed(car)),
            score: race.map_or(0, |race| race.state.score(usize::from(seat))),
            connected: occupant.is_connected(),
            epoch: self.ownership.epoch,
            revision: self.revision,
        })
    }
}

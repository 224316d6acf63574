//! What others keep of a room: a new owner, the lobby, the database.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use netcode::{SavedInputs, SeatInputs, wire};
use protocol::checkpoint::Checkpoint;
use protocol::lobby::{Phase, RoomEntry, RoomSettings};
use protocol::persist::PersistMessage;
use protocol::record::{PlayerRecord, ResultRecord, RoomRecord};
use protocol::room::CloseReason;
use protocol::snapshot::SnapshotBody;
use protocol::version::{self, ROOM_STATE};
use protocol::{PlayerName, ReadError, RoomName, Seat, Tick};
use serde::{Deserialize, Serialize};
use simulation::Track;

use super::replay::{InputLog, SavedLog};
use super::seats::Seats;
use super::{Ending, Identity, Output, Ownership, Race, Room, ai};

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
    /// A track that this worker does not have.
    #[error("this worker does not have the track {0:?}")]
    TrackMissing(String),
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
            },
            ownership,
            track,
            phase: saved.phase,
            seats: saved.seats.into_owned(),
            race,
            events_emitted: saved.events_emitted,
            revision: saved.revision,
            deserted_since: None,
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

    /// Records in the database where all players are.
    pub(super) fn record_players(&mut self) {
        self.revision += 1;
        let seats = 0..self.seats.len() as Seat;
        let players: Vec<_> = seats.filter_map(|seat| self.player_record(seat)).collect();
        if !players.is_empty() {
            self.persist(PersistMessage::Players { players });
        }
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

//! What was done in a room's race, chunk by chunk on its way to the database
//! (ADR 007).
//!
//! A checkpoint holds the chunk that grows, and the last full one until it is
//! known to be in the database's queue: a new owner sends that one again. Both
//! are of bounded size, however long the race.

use bytes::Bytes;
use domain::Drive;
use protocol::persist::PersistMessage;
use protocol::replay::{Base64, ReplayChunk, ReplayRecord};
use protocol::{Epoch, RaceId, Tick};
use serde::{Deserialize, Serialize};
use simulation::replay::{Chunk, Recorder};
use simulation::{ReplayError, ReplayHeader};

use super::{Output, Race, Room};

/// The inputs of a race, as far as its room still has to keep them.
#[derive(Debug)]
pub(super) struct InputLog {
    recorder: Recorder,
    /// Full, and not known to be in the queue.
    unsafe_chunk: Option<Chunk>,
}

/// An input log in a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedLog {
    growing: Bytes,
    unsafe_chunk: Option<Bytes>,
}

impl InputLog {
    pub(super) fn new(seats: usize) -> Self {
        Self {
            recorder: Recorder::new(seats),
            unsafe_chunk: None,
        }
    }

    /// Adds a tick. Returns whether a chunk is full and must be sent.
    pub(super) fn record(&mut self, drives: &[Drive]) -> bool {
        let full = self.recorder.record(drives);
        let is_full = full.is_some();
        // An older chunk that is still not safe goes: the room must not grow.
        self.unsafe_chunk = full.or(self.unsafe_chunk.take());
        is_full
    }

    /// Up to which tick all inputs are known.
    pub(super) fn end_tick(&self) -> Tick {
        self.recorder.chunk().end_tick()
    }

    pub(super) fn save(&self) -> SavedLog {
        SavedLog {
            growing: self.recorder.chunk().to_bytes().into(),
            unsafe_chunk: self
                .unsafe_chunk
                .as_ref()
                .map(|chunk| chunk.to_bytes().into()),
        }
    }

    pub(super) fn restore(saved: &SavedLog) -> Result<Self, ReplayError> {
        let unsafe_chunk = saved.unsafe_chunk.as_deref().map(Chunk::from_bytes);
        Ok(Self {
            recorder: Recorder::resume(Chunk::from_bytes(&saved.growing)?),
            unsafe_chunk: unsafe_chunk.transpose()?,
        })
    }
}

impl Room {
    /// All chunks that end at or before `tick` are in the database's queue.
    pub fn replay_is_safe(&mut self, tick: Tick) {
        if let Some(race) = &mut self.race {
            let log = &mut race.log;
            log.unsafe_chunk = log.unsafe_chunk.take().filter(|it| it.end_tick() > tick);
        }
    }

    /// Sends the full chunk that is not known to be safe, if there is one.
    pub(super) fn send_full_chunk(&mut self) {
        let chunk = self
            .race
            .as_ref()
            .and_then(|race| race.log.unsafe_chunk.as_ref());
        if let Some(chunk) = chunk {
            let message = message(self.identity.race, self.ownership.epoch, chunk);
            self.persist(message);
        }
    }

    /// Sends the rest of the inputs and what they belong to. For the end of a
    /// race with a result, once a checkpoint says so.
    pub(super) fn send_replay_end(&mut self) {
        let Some(race) = self.race.as_ref().filter(|race| is_whole(race)) else {
            return;
        };
        let header = ReplayHeader::new(&self.track, &race.rules, &race.state);
        let record = ReplayRecord {
            race: self.identity.race,
            ticks: header.ticks,
            epoch: self.ownership.epoch,
            header: Base64(header.to_bytes()),
        };
        let last = Some(race.log.recorder.chunk()).filter(|chunk| chunk.ticks() > 0);
        let last = last.map(|chunk| message(record.race, record.epoch, chunk));
        // The header last: with it the replay is complete.
        let messages = last.into_iter().chain([PersistMessage::Replay(record)]);
        self.outputs.extend(messages.map(Output::Persist));
    }
}

/// Whether the log goes up to the state: of a race of more than six hours it
/// does not.
fn is_whole(race: &Race) -> bool {
    race.log.end_tick() == race.state.tick
}

fn message(race: RaceId, epoch: Epoch, chunk: &Chunk) -> PersistMessage {
    PersistMessage::ReplayChunk(ReplayChunk {
        race,
        first_tick: chunk.first_tick(),
        ticks: chunk.ticks(),
        epoch,
        bytes: Base64(chunk.pack()),
    })
}

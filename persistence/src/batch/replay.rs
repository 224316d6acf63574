//! The rows of replays.

use protocol::limits::{REPLAY_CHUNK_BYTES_MAX, REPLAY_HEADER_BYTES_MAX};
use protocol::replay::{Base64, ReplayChunk, ReplayRecord};

use super::version;
use crate::entity::{replay, replay_chunk};
use crate::error::RecordError;

pub(super) fn replay_row(record: ReplayRecord) -> Result<replay::Model, RecordError> {
    Ok(replay::Model {
        race: record.race.to_string(),
        ticks: record.ticks.into(),
        header: bytes("header", record.header, REPLAY_HEADER_BYTES_MAX)?,
        version: version(record.epoch, record.ticks)?,
    })
}

pub(super) fn chunk_row(record: ReplayChunk) -> Result<replay_chunk::Model, RecordError> {
    Ok(replay_chunk::Model {
        race: record.race.to_string(),
        first_tick: record.first_tick.into(),
        ticks: record.ticks.into(),
        bytes: bytes("bytes", record.bytes, REPLAY_CHUNK_BYTES_MAX)?,
        version: version(record.epoch, record.ticks)?,
    })
}

fn bytes(field: &'static str, bytes: Base64, bytes_max: usize) -> Result<Vec<u8>, RecordError> {
    let Base64(bytes) = bytes;
    if bytes.len() > bytes_max {
        let bytes = bytes.len();
        return Err(RecordError::TooManyBytes {
            field,
            bytes,
            bytes_max,
        });
    }
    Ok(bytes)
}

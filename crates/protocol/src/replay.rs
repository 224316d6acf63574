//! The inputs of a race on their way into the database, and back from it with
//! the `result.replay` endpoint (ADR 007).
//!
//! What is in headers and chunks is the simulation's own encoding; here they
//! are bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::{Epoch, RaceId, Tick};
use crate::record::ResultRecord;

/// Bytes that are base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A row of `replay_chunk`: some seconds of a race's inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayChunk {
    /// The race, and with the first tick the key.
    pub race: RaceId,
    /// Where it begins.
    pub first_tick: Tick,
    /// How many ticks it has.
    pub ticks: u32,
    /// Of which owner: who computes a tick again under a higher one is right.
    pub epoch: Epoch,
    /// The inputs, packed; at most
    /// [`REPLAY_CHUNK_BYTES_MAX`](crate::limits::REPLAY_CHUNK_BYTES_MAX).
    pub bytes: Base64,
}

/// A row of `replay`: written at the end of a race with a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// The race: the key.
    pub race: RaceId,
    /// Its length: that of the chunks from tick 0 on.
    pub ticks: u32,
    /// Of which owner.
    pub epoch: Epoch,
    /// Track, rules, cars and the hash of the end; at most
    /// [`REPLAY_HEADER_BYTES_MAX`](crate::limits::REPLAY_HEADER_BYTES_MAX).
    pub header: Base64,
}

/// The request of `result.replay`: a part of a race's replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRequest {
    /// Which race.
    pub race: RaceId,
    /// The first tick that is wanted: 0, or what the last page says is next.
    #[serde(default)]
    pub from_tick: Tick,
}

/// The answer of `result.replay`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayPage {
    /// The same on every page.
    pub replay: ReplayRecord,
    /// The race's result as it was published, once it is in the database.
    pub result: Option<ResultRecord>,
    /// The chunks from the wanted tick on without a gap, at most
    /// [`REPLAY_PAGE_CHUNKS_MAX`](crate::limits::REPLAY_PAGE_CHUNKS_MAX).
    pub chunks: Vec<ReplayChunk>,
    /// With which tick the next page begins; `None` on the last.
    pub next_tick: Option<Tick>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_base64_in_json() {
        let bytes = Base64(vec![0, 1, 0xff]);
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json, r#""AAH/""#);
        assert_eq!(serde_json::from_str::<Base64>(&json).unwrap(), bytes);
        for bad in [r#""A""#, r#""AAH_""#, "7"] {
            assert!(serde_json::from_str::<Base64>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_largest_page_fits_a_message_of_nats() {
        use crate::limits::{REPLAY_CHUNK_BYTES_MAX, REPLAY_PAGE_CHUNKS_MAX};
        const NATS_PAYLOAD_MAX: usize = 1 << 20;
        let chunk = ReplayChunk {
            race: RaceId::first_of(u64::MAX),
            first_tick: u32::MAX,
            ticks: u32::MAX,
            epoch: Epoch::MAX,
            bytes: Base64(vec![0xff; REPLAY_CHUNK_BYTES_MAX]),
        };
        let bytes = serde_json::to_vec(&vec![chunk; REPLAY_PAGE_CHUNKS_MAX]).unwrap();
        assert!(bytes.len() < NATS_PAYLOAD_MAX * 3 / 4, "{}", bytes.len());
    }
}

//! The record that makes a worker the owner of a room.

use arrayvec::ArrayVec;
use bytes::Bytes;
use domain::SEATS_MAX;
use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, GatewayId, RaceId, Tick, WorkerId};
use crate::version::{self, ReadError};

/// What a checkpoint has besides the state, at most.
const HEAD_BYTES: usize = 256;

/// A value of the bucket `checkpoints`: who owns a room, and all that the room
/// is. Written by compare-and-set only (docs/design.md, Ownership).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The race.
    pub race: RaceId,
    /// Who owns it.
    pub owner: WorkerId,
    /// How many owners it has had.
    pub epoch: Epoch,
    /// The tick of `state`.
    pub tick: Tick,
    /// The gateways with players in the room.
    pub gateways: ArrayVec<GatewayId, SEATS_MAX>,
    /// The room, in the race worker's own encoding.
    pub state: Bytes,
}

impl Checkpoint {
    /// The bytes of the bucket's value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = Vec::with_capacity(HEAD_BYTES + self.state.len());
        version::encode(&version::CHECKPOINT, self, bytes)
    }

    /// Reads the bucket's value.
    ///
    /// # Errors
    /// When the bytes are of another version, or not a checkpoint.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReadError> {
        version::decode(&version::CHECKPOINT, bytes)
    }
}

/// The request of `race.claim`: take over a room whose owner is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// Which room.
    pub room: crate::names::RoomId,
    /// The highest epoch that the caller has seen. A room that has gone on to
    /// a higher one needs no taking over.
    pub seen_epoch: Epoch,
    /// Why.
    #[serde(default)]
    pub cause: ClaimCause,
}

/// Why a room is claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimCause {
    /// A gateway with players in it misses its owner.
    #[default]
    OwnerGone,
    /// Its owner ends, and hands it over.
    HandOver,
    /// Nobody has written its checkpoint for long, and nobody was there to miss
    /// its owner.
    Orphan,
}

/// The answer of `race.claim`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The race.
    pub race: RaceId,
    /// Who owns it now.
    pub owner: WorkerId,
    /// Under which epoch.
    pub epoch: Epoch,
}

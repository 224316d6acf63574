//! What goes to the database through the stream PERSIST.

use serde::{Deserialize, Serialize};

use crate::record::{PlayerRecord, ResultRecord, RoomClosed, RoomRecord};
use crate::replay::{ReplayChunk, ReplayRecord};

/// A message of `persist.>`. Rows are guarded by race, epoch, and tick or
/// revision, so that a late or repeated message changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PersistMessage {
    /// A room came to be, or changed.
    Room(RoomRecord),
    /// A room is gone; nothing of its race may bring it back.
    RoomClosed(RoomClosed),
    /// Where players of a room were at the same time.
    Players {
        /// One each.
        players: Vec<PlayerRecord>,
    },
    /// A race ended.
    Result(ResultRecord),
    /// Some seconds of a race's inputs.
    ReplayChunk(ReplayChunk),
    /// What the chunks of a race belong to, once it has ended.
    Replay(ReplayRecord),
}

impl PersistMessage {
    /// The subject it is published on.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Room(_) | Self::RoomClosed(_) => crate::subject::PERSIST_ROOM,
            Self::Players { .. } => crate::subject::PERSIST_PLAYERS,
            Self::Result(_) => crate::subject::PERSIST_RESULT,
            Self::ReplayChunk(_) | Self::Replay(_) => crate::subject::PERSIST_REPLAY,
        }
    }
}

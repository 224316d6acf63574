//! What could not be read or stored, kept with its reason until an operator has
//! decided: the values of the bucket `quarantine`.

use serde::{Deserialize, Serialize};

use crate::ids::UnixMillis;
use crate::replay::Base64;

/// Something that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Why, for a person.
    pub reason: String,
    /// When it was set aside.
    pub at: UnixMillis,
    /// What it was.
    pub origin: Origin,
    /// Its bytes.
    pub payload: Base64,
}

/// Where something that was set aside came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A message for the database.
    Record {
        /// The subject that it was published on; a retry publishes it there again.
        subject: String,
        /// Its message id, if it had one.
        #[serde(default)]
        message_id: Option<String>,
    },
    /// The checkpoint of a room.
    Checkpoint {
        /// The key that it had in the bucket `checkpoints`.
        room: String,
    },
}

/// The key of a message of a stream.
#[must_use]
pub fn record_key(stream: &str, sequence: u64) -> String {
    format!("{RECORD_PREFIX}{}.{sequence}", stream.to_lowercase())
}

/// The key of a room's checkpoint of a revision.
#[must_use]
pub fn checkpoint_key(room: &str, revision: u64) -> String {
    format!("{CHECKPOINT_PREFIX}{room}.{revision}")
}

/// What the keys of messages begin with.
pub const RECORD_PREFIX: &str = "record.";

/// What the keys of checkpoints begin with.
pub const CHECKPOINT_PREFIX: &str = "checkpoint.";

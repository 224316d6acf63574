//! How a request is refused: a code for programs, a sentence for people.

use serde::{Deserialize, Serialize};

use crate::names::NameError;

/// The answer to a request: `{"Ok": …}` or `{"Err": {"code", "message"}}`.
pub type Reply<T> = Result<T, Rejection>;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// What a program may decide by.
    pub code: RejectionCode,
    /// What was wrong and what is allowed, as one sentence.
    pub message: String,
}

impl Rejection {
    /// A rejection with its sentence.
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<NameError> for Rejection {
    fn from(error: NameError) -> Self {
        Self::new(RejectionCode::BadName, error.to_string())
    }
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// A message that cannot be read, or that does not fit here.
    BadMessage,
    /// A name outside the alphabet or its length.
    BadName,
    /// Another player has this name.
    NameTaken,
    /// A password that is too short or too long.
    BadPassword,
    /// No such player, or not the password.
    WrongCredentials,
    /// A token that is forged, expired or meant for another port.
    BadToken,
    /// Log in first.
    NotLoggedIn,
    /// This connection has logged in already.
    AlreadyLoggedIn,
    /// Room settings outside their limits.
    BadSettings,
    /// A room of this name exists.
    RoomExists,
    /// No room of this name exists.
    RoomMissing,
    /// Every seat of the room is taken.
    RoomFull,
    /// The race has started without this player.
    RaceStarted,
    /// This connection is in a room already.
    AlreadyInRoom,
    /// This connection is in no room.
    NotInRoom,
    /// Only the host of the room may do this.
    NotHost,
    /// The message belongs to the other port.
    WrongPort,
    /// Too many requests in a short time.
    TooFast,
    /// A chat text that is empty, too long, or has control characters.
    BadText,
    /// There is no replay of this race, or not all of it.
    ReplayMissing,
    /// Nobody could take the request just now; trying again is right.
    Unavailable,
}

//! How a request is refused: a code for programs, a sentence for people.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::SENTENCE_CHARS_MAX;
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
    /// Milliseconds after which the same request may succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Rejection {
    /// A rejection with its sentence, of which at most [`SENTENCE_CHARS_MAX`] characters
    /// are kept.
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: sentence(message.into()),
            retry_after_ms: None,
        }
    }

    /// The rejection with the time after which the same request may succeed, rounded up.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        let ms = wait.as_nanos().div_ceil(1_000_000);
        self.retry_after_ms = Some(u64::try_from(ms).unwrap_or(u64::MAX));
        self
    }

    /// The time after which the same request may succeed, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_ms.map(Duration::from_millis)
    }
}

/// A sentence for a person, cut where it is too long.
pub(crate) fn sentence(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SENTENCE_CHARS_MAX) {
        text.truncate(end);
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{GoodbyeCode, ServerMessage};

    #[test]
    fn says_when_to_try_again_only_where_that_is_known() {
        let plain = Rejection::new(RejectionCode::TooFast, "slow down");
        let json = r#"{"code":"too_fast","message":"slow down"}"#;
        assert_eq!(serde_json::to_string(&plain).unwrap(), json);
        assert_eq!(serde_json::from_str::<Rejection>(json).unwrap(), plain);
        let timed = plain.with_retry_after(Duration::from_micros(1_500));
        assert_eq!(timed.retry_after(), Some(Duration::from_millis(2)));
        let json = serde_json::to_string(&timed).unwrap();
        assert_eq!(serde_json::from_str::<Rejection>(&json).unwrap(), timed);
    }

    #[test]
    fn a_sentence_that_quotes_a_client_is_cut() {
        let long = "\u{1f3c1}".repeat(SENTENCE_CHARS_MAX + 1);
        let rejection = Rejection::new(RejectionCode::BadMessage, long.clone());
        assert_eq!(rejection.message.chars().count(), SENTENCE_CHARS_MAX);
        let goodbye = ServerMessage::goodbye(GoodbyeCode::BadFrame, long);
        let ServerMessage::Goodbye { reason, .. } = goodbye else {
            panic!("{goodbye:?}")
        };
        assert_eq!(reason, rejection.message);
    }
}

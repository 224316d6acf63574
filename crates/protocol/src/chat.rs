//! The conversation of the chat: `chat.*` endpoints and the stream CHAT.

pub mod message_id;

use serde::{Deserialize, Serialize};

use crate::ids::{GatewayId, SessionNonce, UnixMillis};
use crate::limits::CHAT_TEXT_CHARS_MAX;
use crate::names::PlayerName;
use crate::rejection::{Rejection, RejectionCode};

/// The text of a message: 1–500 characters without control characters, and
/// something to see in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChatText(String);

impl ChatText {
    /// Trims the ends and checks the rest.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let bad = |message| Err(Rejection::new(RejectionCode::BadText, message));
        let text = text.trim();
        let chars = text.chars().count();
        if !(1..=CHAT_TEXT_CHARS_MAX).contains(&chars) {
            return bad(format!(
                "a message has 1 to {CHAT_TEXT_CHARS_MAX} characters, this one has {chars}"
            ));
        }
        if text.chars().any(is_forbidden) {
            return bad("a message has no control characters and no line breaks".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and the marks that turn the direction of what follows:
/// with them a line could pretend to be another player's.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl TryFrom<String> for ChatText {
    type Error = Rejection;
    fn try_from(text: String) -> Result<Self, Rejection> {
        Self::parse(&text)
    }
}

impl From<ChatText> for String {
    fn from(text: ChatText) -> Self {
        text.0
    }
}

/// One connection of one player to the chat.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatSession {
    /// Who.
    pub player: PlayerName,
    /// Which log-in of theirs.
    pub nonce: SessionNonce,
    /// The gateway that holds the connection.
    pub gateway: GatewayId,
}

/// The request of `chat.say`. The text is checked by the chat worker, so it is
/// a plain string here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SayRequest {
    /// Who says it.
    pub session: ChatSession,
    /// The sender's own count, so that a retry is not a second message.
    pub sequence: u64,
    /// What is said.
    pub text: String,
}

/// The request of `chat.join` and of `chat.leave`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRequest {
    /// Who comes or goes.
    pub session: ChatSession,
}

/// The answer of `chat.say`, `chat.join` and `chat.leave`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Where it stands in this life of the stream; 0 for a departure without a
    /// notice.
    pub sequence: u64,
}

/// A message of the stream CHAT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// When a chat worker accepted it.
    pub at: UnixMillis,
    /// What it is.
    #[serde(flatten)]
    pub body: ChatBody,
}

/// The kinds of chat message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatBody {
    /// A player said something.
    Said {
        /// Who.
        from: PlayerName,
        /// What.
        text: ChatText,
    },
    /// "X just joined the chat!"
    Joined {
        /// Who.
        player: PlayerName,
    },
    /// "X disconnected"
    Left {
        /// Who.
        player: PlayerName,
    },
}

impl ChatBody {
    /// The sentence that a notice shows; `None` for what a player said.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        match self {
            Self::Said { .. } => None,
            Self::Joined { player } => Some(format!("{player} just joined the chat!")),
            Self::Left { player } => Some(format!("{player} disconnected")),
        }
    }
}

/// A value of the bucket `presence`: a connection of a player in the chat. Its key is
/// [`crate::subject::presence_key`]; a player is present while one of theirs is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The connection.
    #[serde(flatten)]
    pub session: ChatSession,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_and_accepts_what_people_write() {
        let longest = "ö".repeat(500);
        for (text, clean) in [
            (" hi ", "hi"),
            ("Grüße 👋🏽", "Grüße 👋🏽"),
            (&*longest, &*longest),
        ] {
            assert_eq!(ChatText::parse(text).unwrap().as_str(), clean);
        }
    }

    #[test]
    fn rejects_empty_long_and_deceptive_texts() {
        let too_long = "x".repeat(501);
        for text in ["", "   ", "a\nb", "a\u{7}b", "\u{202e}evil", &*too_long] {
            assert_eq!(
                ChatText::parse(text).unwrap_err().code,
                RejectionCode::BadText,
                "{text:?}"
            );
        }
    }
}

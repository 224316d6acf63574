//! What the person is told about the connection.

use client_core::chat::ChatClientState;
use client_core::protocol::PlayerName;

use crate::options::GatewayAddress;

/// How a status looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// On its way.
    Busy,
    /// Something is wrong.
    Bad,
}

/// The line at the bottom of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How it looks.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    /// Whether the person is offered to connect again.
    pub can_reconnect: bool,
}

/// The status of a client. `is_logging_in`: whether the gateway has, or will
/// have, something to answer.
#[must_use]
pub fn status(
    state: &ChatClientState,
    player: Option<&PlayerName>,
    address: &GatewayAddress,
    is_logging_in: bool,
) -> Status {
    let (tone, text) = match state {
        ChatClientState::Offline(None) => (Tone::Busy, format!("Connecting to {address} …")),
        ChatClientState::Offline(Some(reason)) => (Tone::Bad, format!("Reconnecting: {reason}")),
        ChatClientState::Unauthenticated if is_logging_in => {
            (Tone::Busy, "Logging in …".to_owned())
        }
        ChatClientState::Unauthenticated => (Tone::Good, format!("Connected to {address}")),
        ChatClientState::Joined => match player {
            Some(player) => (Tone::Good, format!("Connected as {player}")),
            None => (Tone::Good, format!("Connected to {address}")),
        },
        ChatClientState::Ended(reason) => (Tone::Bad, format!("Connection ended: {reason}")),
    };
    Status {
        tone,
        text,
        can_reconnect: matches!(state, ChatClientState::Ended(_)),
    }
}

/// Makes a rejection's message a sentence to look at: a capital first, a full
/// stop last.
#[must_use]
pub fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let stop = if message.ends_with(['.', '!', '?', '…']) {
        ""
    } else {
        "."
    };
    format!("{}{}{stop}", first.to_uppercase(), chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_the_connection_is() {
        let ada = PlayerName::parse("Ada").unwrap();
        let address: GatewayAddress = "localhost:1".parse().unwrap();
        let cases = [
            (
                ChatClientState::Offline(None),
                false,
                "Connecting to localhost:1 …",
            ),
            (
                ChatClientState::Offline(Some("refused".into())),
                true,
                "Reconnecting: refused",
            ),
            (
                ChatClientState::Unauthenticated,
                false,
                "Connected to localhost:1",
            ),
            (ChatClientState::Unauthenticated, true, "Logging in …"),
            (ChatClientState::Joined, false, "Connected as Ada"),
            (
                ChatClientState::Ended("replaced".into()),
                false,
                "Connection ended: replaced",
            ),
        ];
        for (state, is_logging_in, expected) in cases {
            let status = status(&state, Some(&ada), &address, is_logging_in);
            assert_eq!(status.text, expected);
            assert_eq!(
                status.can_reconnect,
                matches!(state, ChatClientState::Ended(_))
            );
        }
    }

    #[test]
    fn makes_sentences() {
        for (message, expected) in [
            ("too fast", "Too fast."),
            ("Why?", "Why?"),
            ("", ""),
            ("österreich", "Österreich."),
        ] {
            assert_eq!(sentence(message), expected);
        }
    }
}

//! The status of the connection, as it is shown.

use client_core::chat::ChatClientState;
use client_core::protocol::PlayerName;

/// The tone of a status, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Connected.
    Good,
    /// Connecting or logging in.
    Busy,
    /// Broken or ended.
    Bad,
}

/// The line at the bottom of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The tone.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
    /// Whether the user is offered to reconnect.
    pub can_reconnect: bool,
}

/// Returns the status of a client. `is_logging_in` says whether a log-in is in
/// flight, or is sent as soon as there is a connection.
#[must_use]
pub fn status(
    state: &ChatClientState,
    player: Option<&PlayerName>,
    gateways: &str,
    is_logging_in: bool,
) -> Status {
    let (tone, text) = match state {
        ChatClientState::Offline(None) => (Tone::Busy, format!("Connecting to {gateways} …")),
        ChatClientState::Offline(Some(reason)) => (Tone::Bad, format!("Reconnecting: {reason}")),
        ChatClientState::Unauthenticated if is_logging_in => {
            (Tone::Busy, "Logging in …".to_owned())
        }
        ChatClientState::Unauthenticated => (Tone::Good, "Connected".to_owned()),
        ChatClientState::Joined => match player {
            Some(player) => (Tone::Good, format!("Connected as {player}")),
            None => (Tone::Good, "Connected".to_owned()),
        },
        ChatClientState::Ended(reason) => (Tone::Bad, format!("Connection ended: {reason}")),
    };
    Status {
        tone,
        text,
        can_reconnect: matches!(state, ChatClientState::Ended(_)),
    }
}

/// Makes a sentence of a rejection's message: a capital first, a full stop last.
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
    fn describes_the_state_of_the_connection() {
        let ada = PlayerName::parse("Ada").unwrap();
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
            (ChatClientState::Unauthenticated, false, "Connected"),
            (ChatClientState::Unauthenticated, true, "Logging in …"),
            (ChatClientState::Joined, false, "Connected as Ada"),
            (
                ChatClientState::Ended("replaced".into()),
                false,
                "Connection ended: replaced",
            ),
        ];
        for (state, is_logging_in, expected) in cases {
            let status = status(&state, Some(&ada), "localhost:1", is_logging_in);
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

//! What the person is told about the connection.

use client_core::chat::ChatStage;
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
    stage: &ChatStage,
    player: Option<&PlayerName>,
    address: &GatewayAddress,
    is_logging_in: bool,
) -> Status {
    let (tone, text) = match stage {
        ChatStage::Offline(None) => (Tone::Busy, format!("Connecting to {address} …")),
        ChatStage::Offline(Some(reason)) => (Tone::Bad, format!("Reconnecting: {reason}")),
        ChatStage::Stranger if is_logging_in => (Tone::Busy, "Logging in …".to_owned()),
        ChatStage::Stranger => (Tone::Good, format!("Connected to {address}")),
        ChatStage::In => match player {
            Some(player) => (Tone::Good, format!("Connected as {player}")),
            None => (Tone::Good, format!("Connected to {address}")),
        },
        ChatStage::Ended(reason) => (Tone::Bad, format!("Connection ended: {reason}")),
    };
    Status {
        tone,
        text,
        can_reconnect: matches!(stage, ChatStage::Ended(_)),
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
                ChatStage::Offline(None),
                false,
                "Connecting to localhost:1 …",
            ),
            (
                ChatStage::Offline(Some("refused".into())),
                true,
                "Reconnecting: refused",
            ),
            (ChatStage::Stranger, false, "Connected to localhost:1"),
            (ChatStage::Stranger, true, "Logging in …"),
            (ChatStage::In, false, "Connected as Ada"),
            (
                ChatStage::Ended("replaced".into()),
                false,
                "Connection ended: replaced",
            ),
        ];
        for (stage, is_logging_in, expected) in cases {
            let status = status(&stage, Some(&ada), &address, is_logging_in);
            assert_eq!(status.text, expected);
            assert_eq!(status.can_reconnect, matches!(stage, ChatStage::Ended(_)));
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

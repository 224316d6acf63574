//! Entries of the stream: pure functions of the request and the time.

use protocol::chat::{ChatBody, ChatMessage, ChatSession, ChatText, SayRequest, message_id};
use protocol::{PlayerName, Reply, SessionNonce, UnixMillis};

/// A message with its message id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The message to append.
    pub message: ChatMessage,
    /// Message id, which makes repeats recognisable.
    pub id: String,
}

/// Returns the entry for a player's message.
///
/// # Errors
/// When the text is empty, too long, or has control characters.
pub fn said(request: &SayRequest, at: UnixMillis) -> Reply<Entry> {
    let text = ChatText::parse(&request.text)?;
    let body = ChatBody::Said {
        from: request.session.player.clone(),
        text,
    };
    let id = message_id::said(&request.session, request.sequence);
    Ok(Entry {
        message: ChatMessage { at, body },
        id,
    })
}

/// Returns the notice that a player joined.
#[must_use]
pub fn joined(session: &ChatSession, at: UnixMillis) -> Entry {
    let body = ChatBody::Joined {
        player: session.player.clone(),
    };
    Entry {
        message: ChatMessage { at, body },
        id: message_id::joined(session),
    }
}

/// Returns the notice that a player left, with the session that went last.
#[must_use]
pub fn left(player: &PlayerName, last: SessionNonce, at: UnixMillis) -> Entry {
    let body = ChatBody::Left {
        player: player.clone(),
    };
    Entry {
        message: ChatMessage { at, body },
        id: message_id::left(&player.id(), last),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{GatewayId, RejectionCode};

    use super::*;

    fn session() -> ChatSession {
        ChatSession {
            player: PlayerName::parse("Ada").unwrap(),
            nonce: SessionNonce::new(1),
            gateway: GatewayId::new(1),
        }
    }

    fn request(text: &str) -> SayRequest {
        SayRequest {
            session: session(),
            sequence: 5,
            text: text.into(),
        }
    }

    #[test]
    fn a_retry_has_the_same_id() {
        let first = said(&request("hi"), 10).unwrap();
        assert_eq!(first.id, said(&request("hi"), 11).unwrap().id);
    }

    #[test]
    fn notices_say_what_happened_and_are_single() {
        let notice = |entry: &Entry| entry.message.body.notice().unwrap();
        let joined = |at| joined(&session(), at);
        assert_eq!(notice(&joined(1)), "Ada just joined the chat!");
        assert_eq!(joined(1).id, joined(2).id);
        let ada = session().player;
        let left = |at| left(&ada, SessionNonce::new(1), at);
        assert_eq!(notice(&left(1)), "Ada disconnected");
        assert_eq!(left(1).id, left(2).id);
        assert_ne!(left(1).id, joined(1).id);
    }

    #[test]
    fn refuses_what_must_not_be_said() {
        let refused = said(&request("a\u{1b}[2Jb"), 1).unwrap_err();
        assert_eq!(refused.code, RejectionCode::BadText);
    }
}

//! Entries of the stream: pure functions of the request and the time.

use protocol::chat::{ChatBody, ChatMessage, ChatSession, ChatText, SayRequest};
use protocol::{Reply, UnixMillis};

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
    let ChatSession { player, nonce, .. } = &request.session;
    let body = ChatBody::Said {
        from: player.clone(),
        text,
    };
    let id = format!("said:{}:{nonce}:{}", player.id(), request.sequence);
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
    notice("joined", session, ChatMessage { at, body })
}

/// Returns the notice that a player left.
#[must_use]
pub fn left(session: &ChatSession, at: UnixMillis) -> Entry {
    let body = ChatBody::Left {
        player: session.player.clone(),
    };
    notice("left", session, ChatMessage { at, body })
}

fn notice(kind: &str, session: &ChatSession, message: ChatMessage) -> Entry {
    let id = format!("{kind}:{}:{}", session.player.id(), session.nonce);
    Entry { message, id }
}

#[cfg(test)]
mod tests {
    use protocol::{GatewayId, PlayerName, RejectionCode, SessionNonce};

    use super::*;

    fn session(nonce: u32) -> ChatSession {
        ChatSession {
            player: PlayerName::parse("Ada").unwrap(),
            nonce: SessionNonce::new(nonce),
            gateway: GatewayId::new(1),
        }
    }

    fn request(nonce: u32, sequence: u64, text: &str) -> SayRequest {
        SayRequest {
            session: session(nonce),
            sequence,
            text: text.into(),
        }
    }

    #[test]
    fn a_retry_has_the_same_id_and_a_new_session_another() {
        let first = said(&request(1, 5, "hi"), 10).unwrap();
        assert_eq!(first.id, said(&request(1, 5, "hi"), 11).unwrap().id);
        assert_ne!(first.id, said(&request(1, 6, "hi"), 10).unwrap().id);
        assert_ne!(first.id, said(&request(2, 5, "hi"), 10).unwrap().id);
    }

    #[test]
    fn notices_are_single_per_session_and_kind() {
        assert_eq!(joined(&session(1), 1).id, joined(&session(1), 2).id);
        assert_ne!(joined(&session(1), 1).id, left(&session(1), 1).id);
        assert_ne!(joined(&session(1), 1).id, joined(&session(2), 1).id);
        let notice = joined(&session(1), 1).message.body.notice().unwrap();
        assert_eq!(notice, "Ada just joined the chat!");
        assert_eq!(
            left(&session(1), 1).message.body.notice().unwrap(),
            "Ada disconnected"
        );
    }

    #[test]
    fn refuses_what_must_not_be_said() {
        let refused = said(&request(1, 1, "a\u{1b}[2Jb"), 1).unwrap_err();
        assert_eq!(refused.code, RejectionCode::BadText);
    }
}

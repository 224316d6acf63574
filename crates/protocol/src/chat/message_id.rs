//! The message ids of the stream CHAT.
//!
//! A chat worker appends under them, so that a repeat is not appended again; a gateway
//! recognises by them what its own clients have said, and a repeat that a stream which
//! was created again has taken.

use super::ChatSession;
use crate::ids::SessionNonce;
use crate::names::PlayerId;

/// The id of a line: sender, session and the sender's own count.
#[must_use]
pub fn said(session: &ChatSession, sequence: u64) -> String {
    let ChatSession { player, nonce, .. } = session;
    format!("said:{}:{nonce}:{sequence}", player.id())
}

/// The id of the notice that a session has joined.
#[must_use]
pub fn joined(session: &ChatSession) -> String {
    let ChatSession { player, nonce, .. } = session;
    format!("joined:{}:{nonce}", player.id())
}

/// The id of the notice that a player has disconnected: by the session that went last,
/// so that all who report it append one.
#[must_use]
pub fn left(player: &PlayerId, last: SessionNonce) -> String {
    format!("left:{player}:{last}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::GatewayId;
    use crate::names::PlayerName;

    #[test]
    fn a_repeat_has_the_same_id_and_nothing_else_has() {
        let session = |nonce| ChatSession {
            player: PlayerName::parse("Ada").unwrap(),
            nonce: SessionNonce::new(nonce),
            gateway: GatewayId::new(1),
        };
        let player = session(1).player.id();
        let ids = [
            said(&session(1), 5),
            said(&session(1), 6),
            said(&session(2), 5),
            joined(&session(1)),
            joined(&session(2)),
            left(&player, SessionNonce::new(1)),
            left(&player, SessionNonce::new(2)),
        ];
        let different: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        let moved = ChatSession {
            gateway: GatewayId::new(2),
            ..session(1)
        };
        assert_eq!(said(&moved, 5), ids[0]);
    }
}

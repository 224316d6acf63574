//! Who is logged in here, so that a new log-in ends the old connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::{PlayerId, SessionNonce};

use crate::send_queue::SendQueue;
use crate::token::Port;

/// By player and port: which log-in it is, and the way to its client.
type Open = HashMap<(PlayerId, Port), (SessionNonce, Arc<SendQueue>)>;

/// The sessions of this gateway, one per player and port.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<Open>,
}

impl Sessions {
    /// Opens a session, and dismisses an older one.
    pub fn open(
        &self,
        player: PlayerId,
        port: Port,
        nonce: SessionNonce,
        send_queue: Arc<SendQueue>,
    ) {
        let replaced = self.lock().insert((player, port), (nonce, send_queue));
        if let Some((_, old)) = replaced {
            old.close(&ServerMessage::goodbye(
                GoodbyeCode::Replaced,
                "you logged in somewhere else",
            ));
        }
    }

    /// Ends a session, unless a later one has replaced it.
    pub fn close(&self, player: PlayerId, port: Port, nonce: SessionNonce) {
        let mut open = self.lock();
        let key = (player, port);
        if open.get(&key).is_some_and(|(current, _)| *current == nonce) {
            open.remove(&key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The chat: one reader of the stream, many listeners.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bus::{
    Bucket, BucketFollower, BucketUpdate, Change, StreamFollower, StreamMessage, StreamUpdate,
};
use bytes::Bytes;
use protocol::chat::{ChatSession, Presence};
use protocol::frame::{self, FrameKind};
use protocol::version::PRESENCE;
use protocol::{PlayerName, subject, version};
use service::Shutdown;

use crate::limits::{CHAT_RING_MAX, PRESENCE_RENEWAL};
use crate::metrics;
use crate::send_queue::SendQueue;
use crate::stored::read_stored;

/// A connection, as the chat knows it.
pub type ListenerId = u64;

/// What this gateway knows of the chat.
#[derive(Debug, Default)]
pub struct ChatHub {
    state: Mutex<HubState>,
}

#[derive(Debug, Default)]
struct HubState {
    /// The latest messages with their places in the stream.
    ring: VecDeque<(u64, Bytes)>,
    listeners: HashMap<ListenerId, Listener>,
    present: HashMap<String, PlayerName>,
    read_to: u64,
}

#[derive(Debug)]
struct Listener {
    session: ChatSession,
    from: u64,
    send_queue: Arc<SendQueue>,
}

impl ChatHub {
    /// Adds a listener from a sequence of the stream on: what is here of it
    /// already comes at once, in order, the rest as it comes.
    pub fn listen(
        &self,
        id: ListenerId,
        session: ChatSession,
        from: u64,
        send_queue: Arc<SendQueue>,
    ) {
        let mut state = self.lock();
        for (_, frame) in state.ring.iter().filter(|(sequence, _)| *sequence >= from) {
            send_queue.push(frame.clone());
        }
        state.listeners.insert(
            id,
            Listener {
                session,
                from,
                send_queue,
            },
        );
    }

    /// Removes a listener.
    pub fn leave(&self, id: ListenerId) {
        self.lock().listeners.remove(&id);
    }

    /// Who is in the chat, in the order of names.
    #[must_use]
    pub fn present(&self) -> Vec<PlayerName> {
        let mut names: Vec<PlayerName> = self.lock().present.values().cloned().collect();
        names.sort_by_key(PlayerName::id);
        names
    }

    fn deliver(&self, message: &StreamMessage) {
        let frame = frame::binary(FrameKind::Chat, &message.payload);
        let mut state = self.lock();
        if message.sequence <= state.read_to {
            return;
        }
        state.read_to = message.sequence;
        let mut receivers = 0;
        for listener in state.listeners.values() {
            if message.sequence >= listener.from {
                listener.send_queue.push(frame.clone());
                receivers += 1;
            }
        }
        metrics::chat_delivered(receivers);
        if state.ring.len() == CHAT_RING_MAX {
            state.ring.pop_front();
        }
        state.ring.push_back((message.sequence, frame));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the stream until shutdown; after a break it goes on where it was.
    pub async fn follow_stream(&self, mut stream: StreamFollower, shutdown: &Shutdown) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = stream.next() => update,
            };
            match update {
                StreamUpdate::Message(message) => self.deliver(&message),
                StreamUpdate::Replaced => self.replaced(),
            }
        }
    }

    /// All that comes is later than what any listener has asked for.
    fn replaced(&self) {
        let mut state = self.lock();
        state.ring.clear();
        state.read_to = 0;
        for listener in state.listeners.values_mut() {
            listener.from = 0;
        }
    }

    /// Follows who is present until shutdown.
    pub async fn follow_presence(&self, mut bucket: BucketFollower, shutdown: &Shutdown) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = bucket.next() => update,
            };
            let mut state = self.lock();
            match update {
                BucketUpdate::All(entries) => {
                    state.present = entries.into_iter().filter_map(read_presence).collect();
                }
                BucketUpdate::Changed(change) => {
                    let key = change.key.clone();
                    match read_presence(change) {
                        Some((key, player)) => state.present.insert(key, player),
                        None => state.present.remove(&key),
                    };
                }
            }
        }
    }

    /// Renews the presence of those who are connected here, until shutdown.
    pub async fn renew_presence(&self, bucket: &Bucket, shutdown: &Shutdown) {
        let mut interval = tokio::time::interval(PRESENCE_RENEWAL);
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                _ = interval.tick() => {}
            }
            let sessions: Vec<(ListenerId, ChatSession)> = self
                .lock()
                .listeners
                .iter()
                .map(|(id, listener)| (*id, listener.session.clone()))
                .collect();
            for (id, session) in sessions {
                // Who has left meanwhile must not come back as a ghost.
                if !self.lock().listeners.contains_key(&id) {
                    continue;
                }
                let player = session.player.id();
                let value = version::to_json(&PRESENCE, &Presence { session });
                if let Err(error) = bucket.put(subject::presence_key(&player), value).await {
                    tracing::debug!(%error, "could not renew a presence");
                }
            }
        }
    }
}

/// The player of a key; `None` for one that is gone or cannot be read.
fn read_presence(change: Change) -> Option<(String, PlayerName)> {
    let presence: Presence = read_stored(&PRESENCE, &change.value?)?;
    Some((change.key, presence.session.player))
}

#[cfg(test)]
mod tests {
    use protocol::frame::LENGTH_BYTES;
    use protocol::{GatewayId, SessionNonce};
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};

    use super::*;

    fn session() -> ChatSession {
        ChatSession {
            player: PlayerName::parse("Ada").unwrap(),
            nonce: SessionNonce::new(1),
            gateway: GatewayId::new(1),
        }
    }

    fn message(sequence: u64) -> StreamMessage {
        let payload = Bytes::from(sequence.to_string());
        StreamMessage {
            sequence,
            subject: subject::CHAT_CHANNEL_GLOBAL.into(),
            id: String::new(),
            payload,
        }
    }

    fn connected() -> (Arc<SendQueue>, DuplexStream) {
        let (near, far) = duplex(1 << 10);
        (Arc::new(SendQueue::new(near)), far)
    }

    /// The bodies of all frames, one byte each, once the queue is gone.
    async fn bodies(client: &mut DuplexStream) -> Vec<u8> {
        let mut read = Vec::new();
        client.read_to_end(&mut read).await.unwrap();
        let frames = read.chunks(LENGTH_BYTES + 2);
        frames.map(|frame| frame[LENGTH_BYTES + 1]).collect()
    }

    #[tokio::test]
    async fn a_listener_gets_what_comes_from_the_own_notice_on_once_and_in_order() {
        let hub = ChatHub::default();
        for sequence in 1..=5 {
            hub.deliver(&message(sequence));
        }
        let (send_queue, mut client) = connected();
        hub.listen(1, session(), 4, send_queue);
        hub.deliver(&message(5));
        hub.deliver(&message(6));
        drop(hub);
        assert_eq!(bodies(&mut client).await, b"456");
    }

    #[tokio::test]
    async fn a_notice_that_comes_after_listening_began_is_not_missed() {
        let hub = ChatHub::default();
        let (send_queue, mut client) = connected();
        hub.listen(1, session(), 2, send_queue);
        hub.deliver(&message(1));
        hub.deliver(&message(2));
        drop(hub);
        assert_eq!(bodies(&mut client).await, b"2");
    }
}

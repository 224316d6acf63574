//! The chat: one reader of the stream, many listeners.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bus::{Bucket, Bus, OrderedMessage};
use bytes::Bytes;
use futures::StreamExt;
use protocol::chat::{ChatSession, Presence};
use protocol::frame::{self, FrameKind};
use protocol::version::PRESENCE;
use protocol::{PlayerName, subject, version};
use service::Shutdown;

use crate::limits::{CHAT_RING_MAX, PRESENCE_RENEWAL, REOPEN_DELAY};
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

    fn deliver(&self, message: &OrderedMessage) {
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
    pub async fn follow_stream(&self, bus: &Bus, shutdown: &Shutdown) {
        while !shutdown.is_set() {
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.follow_stream_once(bus) => {}
            }
            tokio::time::sleep(REOPEN_DELAY).await;
        }
    }

    async fn follow_stream_once(&self, bus: &Bus) {
        let from = match self.lock().read_to {
            0 => None,
            read_to => Some(read_to + 1),
        };
        let mut stream = match bus.read_chat(from).await {
            Ok(stream) => stream,
            Err(error) => return tracing::warn!(%error, "cannot read the chat"),
        };
        while let Some(message) = stream.next().await {
            self.deliver(&message);
        }
    }

    /// Follows who is present until shutdown.
    pub async fn follow_presence(&self, bucket: &Bucket, shutdown: &Shutdown) {
        while !shutdown.is_set() {
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.follow_presence_once(bucket) => {}
            }
            tokio::time::sleep(REOPEN_DELAY).await;
        }
    }

    async fn follow_presence_once(&self, bucket: &Bucket) {
        let mut changes = match bucket.watch().await {
            Ok(changes) => changes,
            Err(error) => return tracing::warn!(%error, "cannot watch presence"),
        };
        while let Some(change) = changes.next().await {
            let value = change.value.as_deref();
            let presence = value.and_then(|value| read_stored::<Presence>(&PRESENCE, value));
            let mut state = self.lock();
            match presence {
                Some(presence) => state.present.insert(change.key, presence.session.player),
                None => state.present.remove(&change.key),
            };
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

    fn message(sequence: u64) -> OrderedMessage {
        let payload = Bytes::from(sequence.to_string());
        OrderedMessage {
            sequence,
            subject: subject::CHAT_CHANNEL_GLOBAL.into(),
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

//! The chat: one reader of the stream, many listeners, and who is present.
//!
//! [`hub`] decides who gets a message, [`presence`] who is present and which notices
//! are missing; both are state machines without I/O behind one lock, so that a list of
//! those who are present agrees with the notices around it.

mod hub;
mod presence;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bus::{BucketFollower, BucketUpdate, Change, StreamFollower, StreamMessage, StreamUpdate};
use protocol::chat::{self, ChatBody, ChatMessage, ChatSession, message_id};
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame::{self, FrameKind};
use protocol::version::PRESENCE;
use protocol::{PlayerId, subject};
use service::Shutdown;
use tokio::sync::oneshot;

use self::hub::HubCore;
use self::presence::PresenceCore;
use crate::metrics;
use crate::send_queue::SendQueue;
use crate::stored::read_stored;

pub use self::hub::ListenerId;
pub(crate) use self::presence::Missing;

/// What this gateway knows of the chat.
#[derive(Debug)]
pub struct ChatHub {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    hub: HubCore<Arc<SendQueue>>,
    presence: PresenceCore,
    /// By message ids: who waits until a message was read.
    awaited: HashMap<String, oneshot::Sender<()>>,
}

impl ChatHub {
    /// A chat that nobody listens to. The seed spreads what gateways do at the same
    /// moment.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(State {
                hub: HubCore::default(),
                presence: PresenceCore::new(seed),
                awaited: HashMap::new(),
            }),
        }
    }

    /// Adds a listener that hears everything from the notice of its session on, before
    /// that notice is asked for.
    pub fn expect(&self, id: ListenerId, session: &ChatSession, send_queue: &Arc<SendQueue>) {
        let own_notice = message_id::joined(session);
        let mut state = self.lock();
        state.hub.expect(id, own_notice, Arc::clone(send_queue));
    }

    /// Delivers to a listener, whose client knows that it is in the chat.
    pub fn begin(&self, id: ListenerId, session: &ChatSession, send_queue: &SendQueue) {
        let now = Instant::now();
        let mut state = self.lock();
        state.presence.connected(id, session.clone(), now);
        match state.hub.begin(id, now) {
            Ok(held) => held.into_iter().for_each(|frame| send_queue.push(frame)),
            Err(hub::Overfull) => send_queue.close(&ServerMessage::goodbye(
                GoodbyeCode::SlowReader,
                "more was said than could be kept while you joined",
            )),
        }
    }

    /// Removes a listener that came with `session`.
    pub(crate) fn leave(&self, id: ListenerId, session: ChatSession) -> Gone {
        let mut state = self.lock();
        Gone {
            session: state.presence.disconnected(id).unwrap_or(session),
            was_noticed: state.hub.remove(id),
        }
    }

    /// Sends the page of those in the chat who come after a player, or the first page.
    pub fn send_present(&self, after: Option<&PlayerId>, send_queue: &SendQueue) {
        // No notice may come between the look at the list and its way to the client.
        let mut state = self.lock();
        send_queue.push(state.presence.page(after));
    }

    /// Waits until a message was read from the stream, now or lately.
    pub(crate) fn read(&self, id: String) -> Awaited<'_> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.hub.has_read(&id) {
            // Whether it is awaited yet makes no difference.
            let _ = sender.send(());
        } else {
            state.awaited.insert(id.clone(), sender);
        }
        Awaited {
            chat: self,
            id,
            receiver,
        }
    }

    /// The connections of this gateway whose presence is due to be written.
    pub(crate) fn due_renewals(&self, now: Instant) -> Vec<ChatSession> {
        self.lock().presence.due_renewals(now)
    }

    /// Whether a connection of this gateway is still there.
    pub(crate) fn is_connected(&self, session: &ChatSession) -> bool {
        self.lock().presence.is_connected(session)
    }

    /// The notices to ask for.
    pub(crate) fn due_notices(&self, now: Instant) -> Vec<Missing> {
        self.lock().presence.due_notices(now)
    }

    /// Notes that a notice about a player is in the stream.
    pub(crate) fn answered(&self, player: &PlayerId) {
        self.lock().presence.answered(player);
    }

    /// Reads the stream until shutdown; after a break it goes on where it was.
    pub async fn follow_stream(&self, mut stream: StreamFollower, shutdown: &Shutdown) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = stream.next() => update,
            };
            match update {
                StreamUpdate::Message(message) => self.deliver(&message, Instant::now()),
                StreamUpdate::Replaced => self.lock().hub.replaced(),
            }
        }
    }

    /// Follows the bucket `presence` until shutdown.
    pub async fn follow_presence(&self, mut bucket: BucketFollower, shutdown: &Shutdown) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = bucket.next() => update,
            };
            let now = Instant::now();
            match update {
                BucketUpdate::All(entries) => {
                    let sessions = entries.into_iter().filter_map(|change| {
                        let session = read_session(&change)?;
                        Some((change.key, session))
                    });
                    self.lock().presence.picture(sessions.collect(), now);
                }
                BucketUpdate::Changed(change) => {
                    let session = read_session(&change);
                    self.lock().presence.changed(change.key, session, now);
                }
            }
        }
    }

    fn deliver(&self, message: &StreamMessage, now: Instant) {
        if message.subject != subject::CHAT_CHANNEL_GLOBAL {
            return;
        }
        let frame = frame::binary(FrameKind::Chat, &message.payload);
        let mut state = self.lock();
        let Some(receivers) = state.hub.deliver(&message.id, &frame, now) else {
            metrics::chat_repeated();
            return;
        };
        metrics::chat_delivered(receivers.len() as u64);
        receivers.iter().for_each(|to| to.push(frame.clone()));
        if let Some(waiting) = state.awaited.remove(&message.id) {
            // Its connection may have gone meanwhile.
            let _ = waiting.send(());
        }
        // A message that cannot be read here is for clients to judge.
        let Ok(message) = serde_json::from_slice::<ChatMessage>(&message.payload) else {
            return;
        };
        match &message.body {
            ChatBody::Said { .. } => {}
            ChatBody::Joined { player } => state.presence.noticed(player, true, now),
            ChatBody::Left { player } => state.presence.noticed(player, false, now),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that has left.
pub(crate) struct Gone {
    /// Its session in the chat, at last.
    pub(crate) session: ChatSession,
    /// Whether the notice that it joined was read.
    pub(crate) was_noticed: bool,
}

/// A message of the stream that is waited for.
pub(crate) struct Awaited<'a> {
    chat: &'a ChatHub,
    id: String,
    receiver: oneshot::Receiver<()>,
}

impl Awaited<'_> {
    /// Waits. May be dropped and called again until it returns.
    pub(crate) async fn read(&mut self) {
        // A sender that is gone was replaced by a repeat of the same request.
        if (&mut self.receiver).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.chat.lock().awaited.remove(&self.id);
    }
}

/// The connection of a key; `None` for one that is gone or cannot be read.
fn read_session(change: &Change) -> Option<ChatSession> {
    let presence: chat::Presence = read_stored(&PRESENCE, change.value.as_ref()?)?;
    Some(presence.session)
}

#[cfg(test)]
mod tests;

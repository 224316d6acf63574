//! Appends entries to the stream and keeps the bucket `presence`.

use bus::{Bucket, Bus, CasError, store};
use protocol::chat::{ChatSession, Posted, Presence, PresenceRequest, SayRequest};
use protocol::version::{self, PRESENCE};
use protocol::{Rejection, RejectionCode, Reply, UnixMillis, subject};

use crate::departure;
use crate::limits::APPEND_ATTEMPTS;
use crate::message::{self, Entry};

/// The handler of chat requests. Clones share the connection.
#[derive(Clone, Debug)]
pub struct ChatService {
    /// Connection to the stream.
    pub bus: Bus,
    /// The bucket of players in the chat.
    pub presence: Bucket,
}

impl ChatService {
    /// Serves `chat.say`.
    ///
    /// # Errors
    /// When the text is bad, or the stream cannot be reached.
    pub async fn say(&self, request: SayRequest, at: UnixMillis) -> Reply<Posted> {
        self.append(&message::said(&request, at)?).await
    }

    /// Serves `chat.join`.
    ///
    /// # Errors
    /// When the stream cannot be reached.
    pub async fn join(&self, request: PresenceRequest, at: UnixMillis) -> Reply<Posted> {
        let session = request.session;
        let key = subject::presence_key(&session.player.id(), session.nonce);
        let entry = message::joined(&session, at);
        let value = version::to_json(&PRESENCE, &Presence { session });
        // Before the notice: a client that reads the notice and asks for the list
        // of players finds the player in it.
        self.presence
            .put(&key, value)
            .await
            .map_err(|error| unavailable(&error))?;
        self.append(&entry).await
    }

    /// Serves `chat.leave`: removes the presence of the session, if it is still there.
    /// A player that has another session stays present, and there is no notice.
    /// Otherwise there is one for the session that went last, however many ask.
    ///
    /// # Errors
    /// When the bucket or the stream cannot be reached.
    pub async fn leave(&self, request: PresenceRequest, at: UnixMillis) -> Reply<Posted> {
        let ChatSession { player, nonce, .. } = request.session;
        let id = player.id();
        let gone = async {
            let is_removed = self.remove(&subject::presence_key(&id, nonce)).await?;
            let keys = subject::presence_keys(&id);
            let writes = self.presence.last_writes(&keys).await?;
            Ok::<_, CasError>(departure::gone_last(nonce, is_removed, &writes))
        };
        match gone.await.map_err(|error| unavailable(&error))? {
            Some(last) => self.append(&message::left(&player, last, at)).await,
            None => Ok(Posted { sequence: 0 }),
        }
    }

    /// Removes a key; returns whether it was there. A deletion of one that is gone would
    /// look like the last that happened.
    async fn remove(&self, key: &str) -> Result<bool, CasError> {
        if self.presence.get(key).await?.is_none() {
            return Ok(false);
        }
        self.presence.remove(key).await?;
        Ok(true)
    }

    async fn append(&self, entry: &Entry) -> Reply<Posted> {
        let payload = serde_json::to_vec(&entry.message).expect("a message serialises to JSON");
        let mut attempt = 1;
        loop {
            let subject = subject::CHAT_CHANNEL_GLOBAL;
            match self
                .bus
                .append(&store::CHAT, subject, &entry.id, payload.clone())
                .await
            {
                Ok(sequence) => return Ok(Posted { sequence }),
                Err(error) if attempt == APPEND_ATTEMPTS => return Err(unavailable(&error)),
                Err(error) => tracing::debug!(%error, "trying again"),
            }
            attempt += 1;
        }
    }
}

fn unavailable(error: &dyn std::error::Error) -> Rejection {
    tracing::debug!(%error, "the chat cannot be reached");
    let message = "the chat cannot be reached just now, try again in a moment";
    Rejection::new(RejectionCode::Unavailable, message)
}

//! Appends entries to the stream and keeps the bucket `presence`.

use bus::{Bucket, Bus, store};
use protocol::chat::{ChatSession, Posted, Presence, PresenceRequest, SayRequest};
use protocol::version::{self, PRESENCE};
use protocol::{Rejection, RejectionCode, Reply, UnixMillis, subject};

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
        let key = session.player.id();
        let value = version::to_json(
            &PRESENCE,
            &Presence {
                session: session.clone(),
            },
        );
        // Before the notice: a client that reads the notice and asks for the list
        // of players finds the player in it.
        self.presence
            .put(subject::presence_key(&key), value)
            .await
            .map_err(|error| unavailable(&error))?;
        self.append(&message::joined(&session, at)).await
    }

    /// Serves `chat.leave`. A player that has joined again in another session stays
    /// present, and there is no notice.
    ///
    /// # Errors
    /// When the stream cannot be reached.
    pub async fn leave(&self, request: PresenceRequest, at: UnixMillis) -> Reply<Posted> {
        let session = request.session;
        if !self.forget(&session).await? {
            return Ok(Posted { sequence: 0 });
        }
        self.append(&message::left(&session, at)).await
    }

    /// Removes a presence unless it belongs to another session; returns whether the
    /// player is gone.
    async fn forget(&self, session: &ChatSession) -> Reply<bool> {
        let id = session.player.id();
        let key = subject::presence_key(&id);
        let found = self
            .presence
            .get(key)
            .await
            .map_err(|error| unavailable(&error))?;
        let Some((value, revision)) = found else {
            return Ok(true);
        };
        match version::from_json::<Presence>(&PRESENCE, &value) {
            Ok(presence) if presence.session.nonce == session.nonce => {}
            Ok(_) => return Ok(false),
            Err(error) => {
                if let Some(unknown) = error.unknown_version() {
                    service::report_unknown_version(&unknown);
                    // Another program's: it expires unless that program renews it.
                    return Ok(false);
                }
            }
        }
        // A player that joins again at this moment has written a new revision.
        Ok(self.presence.delete(key, revision).await.is_ok())
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

//! The identities of requests that must not be done twice.
//!
//! A client that has had no answer cannot know whether a request was done. It
//! sends the same one again, under the same id, and gets the first answer.

use domain::CarClass;
use protocol::RequestId;
use protocol::client::ClientMessage;
use protocol::lobby::RoomSettings;

/// Mints the id of a request that was not sent before.
pub(crate) fn new_id() -> RequestId {
    RequestId::new(ulid::Ulid::generate())
}

/// The request for a room, until its answer is final.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    name: String,
    settings: RoomSettings,
    class: CarClass,
    request: RequestId,
}

impl Creation {
    /// Makes the request: `before` again if it asks for the same, else a new one.
    pub(crate) fn new(
        before: Option<Self>,
        name: &str,
        settings: RoomSettings,
        class: CarClass,
    ) -> Self {
        let again = before.filter(|before| {
            before.name == name && before.settings == settings && before.class == class
        });
        again.unwrap_or_else(|| Self {
            name: name.to_owned(),
            settings,
            class,
            request: new_id(),
        })
    }

    /// Returns the message that asks for the room.
    pub(crate) fn message(&self) -> ClientMessage {
        let Self {
            name,
            settings,
            class,
            request,
        } = self.clone();
        ClientMessage::CreateRoom {
            name,
            settings,
            class,
            request: Some(request),
        }
    }
}

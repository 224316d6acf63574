//! The lobby: the bucket `rooms`, watched.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use bus::Bucket;
use futures::StreamExt;
use protocol::limits::LOBBY_ROOMS_MAX;
use protocol::lobby::RoomEntry;
use protocol::version::ROOM_ENTRY;
use protocol::{RoomId, subject};
use service::Shutdown;

use crate::limits::REOPEN_DELAY;
use crate::stored::read_stored;

/// All rooms, as of the last change.
#[derive(Debug, Default)]
pub struct Lobby {
    rooms: RwLock<BTreeMap<String, RoomEntry>>,
}

impl Lobby {
    /// The first hundred rooms in the order of names.
    #[must_use]
    pub fn list(&self) -> Vec<RoomEntry> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.values().take(LOBBY_ROOMS_MAX).cloned().collect()
    }

    /// Whether there is such a room.
    #[must_use]
    pub fn has(&self, room: &RoomId) -> bool {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.contains_key(subject::room_key(room))
    }

    /// Follows the bucket until shutdown.
    pub async fn follow(&self, bucket: &Bucket, shutdown: &Shutdown) {
        while !shutdown.is_set() {
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.follow_once(bucket) => {}
            }
            tokio::time::sleep(REOPEN_DELAY).await;
        }
    }

    async fn follow_once(&self, bucket: &Bucket) {
        let mut changes = match bucket.watch().await {
            Ok(changes) => changes,
            Err(error) => return tracing::warn!(%error, "cannot watch the lobby"),
        };
        while let Some(change) = changes.next().await {
            let value = change.value.as_deref();
            let entry = value.and_then(|value| read_stored(&ROOM_ENTRY, value));
            let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
            match entry {
                Some(entry) => rooms.insert(change.key, entry),
                None => rooms.remove(&change.key),
            };
        }
    }
}

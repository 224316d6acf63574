//! How a room ends, and its task with it.

use std::sync::Arc;

use protocol::persist::PersistMessage;
use tracing::info;

use super::Owner;
use crate::clerk;
use crate::metrics;

impl Owner {
    /// The room has ended, and its checkpoint says so: publish, then remove.
    pub(super) async fn end(mut self) {
        let worker = Arc::clone(&self.worker);
        self.clerk.hold_for_good();
        let race = self.room.identity().race;
        if let Some(result) = self.room.ending().and_then(|ending| ending.result.clone()) {
            let message = PersistMessage::Result(result);
            clerk::append(&worker.bus, &message, &format!("{race}:result")).await;
            metrics::finished();
        }
        self.room.close();
        self.emit();
        self.clerk.finish().await;
        clerk::remove_entry(&worker.rooms, &self.id).await;
        clerk::delete_checkpoint(&worker.checkpoints, &self.id, self.chain.revision()).await;
        info!(room = %self.id, %race, "room closed");
    }
}

//! How a room's task ends: with its room, or without it.

use std::sync::Arc;

use bus::{Bus, RequestError};
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::checkpoint::{ClaimCause, ClaimRequest, Claimed};
use protocol::persist::PersistMessage;
use protocol::subject;
use tracing::info;

use super::Owner;
use crate::clerk;
use crate::limits::HAND_OVER_TIMEOUT;
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

    /// Asks the others to take the room. It goes on here until one has it: its
    /// compare-and-set ends our ownership, as it would that of a dead worker.
    pub(super) fn offer(&self) -> BoxFuture<'static, Result<Claimed, RequestError>> {
        let bus: Bus = self.worker.bus.clone();
        let claim = ClaimRequest {
            room: self.id.clone(),
            seen_epoch: self.chain.epoch(),
            cause: ClaimCause::HandOver,
        };
        async move {
            bus.request(subject::RACE_CLAIM, &claim, HAND_OVER_TIMEOUT)
                .await
        }
        .boxed()
    }
}

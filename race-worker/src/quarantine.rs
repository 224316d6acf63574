//! Checkpoints that nobody can go on with: set aside, so that their names are free.

use bus::CasError;
use protocol::quarantine::{Origin, Quarantined, checkpoint_key};
use protocol::replay::Base64;
use protocol::version::{self, QUARANTINE};
use protocol::{RoomId, subject};
use room::claim::Damage;
use service::unix_ms;
use tracing::{debug, error};

use crate::metrics;
use crate::worker::Worker;

impl Worker {
    /// Puts a damaged checkpoint into the bucket `quarantine`, deletes it, and takes
    /// its room out of the lobby. Nothing is deleted before it is set aside.
    ///
    /// # Errors
    /// When NATS did not do so.
    pub(crate) async fn quarantine(&self, room: &RoomId, damage: Damage) -> Result<(), CasError> {
        let Damage {
            payload,
            revision,
            reason,
        } = damage;
        let key = subject::room_key(room);
        let bytes = payload.len();
        let quarantined = Quarantined {
            reason: reason.clone(),
            at: unix_ms(),
            origin: Origin::Checkpoint {
                room: key.to_owned(),
            },
            payload: Base64(payload),
        };
        let value = version::to_json(&QUARANTINE, &quarantined);
        let quarantine_key = checkpoint_key(key, revision);
        self.quarantine.put(&quarantine_key, value).await?;
        // Looked at while the name is taken: a later room's entry is another write.
        let entry = self.rooms.get(key).await?;
        match self.checkpoints.delete(key, revision).await {
            Err(CasError::Conflict { .. }) => {
                debug!(%room, "the checkpoint is gone already");
                return Ok(());
            }
            deleted => deleted?,
        }
        metrics::quarantined();
        error!(
            %room, revision, bytes, reason,
            "set a damaged checkpoint aside, its room is lost: see `racectl rooms quarantined`"
        );
        if let Some((_, written)) = entry
            && let Err(error) = self.rooms.delete(key, written).await
        {
            debug!(%error, %room, "its entry is left in the lobby for the sweep");
        }
        Ok(())
    }
}

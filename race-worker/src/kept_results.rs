//! Results that their stream did not take when their rooms ended: from the bucket
//! `results` into the stream.
//!
//! Every worker does so with its sweep. A result has the message id that its room's
//! owner would have given it, so that the stream drops a repeat.

use bus::store::RESULTS;
use bus::{CasError, Listing};
use protocol::persist::PersistMessage;
use protocol::quarantine::{Origin, Quarantined, record_key};
use protocol::replay::Base64;
use protocol::version::{self, PERSIST, QUARANTINE};
use protocol::{Revision, subject};
use room::ownership::result_id;
use service::unix_ms;
use tracing::{debug, error, info};

use crate::limits::RESULTS_MOVED_MAX;
use crate::metrics;
use crate::worker::Worker;

/// What the keys of damaged results begin with in the bucket `quarantine`.
const QUARANTINE_STREAM: &str = "kept";

impl Worker {
    /// Moves what there is, until the stream refuses.
    pub(crate) async fn move_results(&self, listing: &mut Listing) {
        if let Err(error) = self.results.look(listing).await {
            debug!(%error, "could not look for results");
            return;
        }
        let mut moved = 0;
        for (key, revision) in listing.revisions().iter().take(RESULTS_MOVED_MAX) {
            match self.move_result(key, *revision).await {
                Ok(is_moved) => moved += u32::from(is_moved),
                Err(error) => {
                    debug!(%error, "results stay where they are");
                    break;
                }
            }
        }
        if moved > 0 {
            info!(moved, "results that had been kept are in their stream");
        }
    }

    async fn move_result(&self, key: &str, revision: Revision) -> Result<bool, CasError> {
        let Some((value, _)) = self.results.get(key).await? else {
            return Ok(false);
        };
        let message = match version::from_json::<PersistMessage>(&PERSIST, &value) {
            Ok(message @ PersistMessage::Result(_)) => message,
            Ok(_) => {
                return self
                    .set_aside(key, revision, &value, "it is no result")
                    .await;
            }
            Err(error) => match error.unknown_version() {
                Some(unknown) => {
                    service::report_unknown_version(&unknown);
                    return Ok(false);
                }
                None => {
                    let reason = error.to_string();
                    return self.set_aside(key, revision, &value, &reason).await;
                }
            },
        };
        let PersistMessage::Result(result) = &message else {
            return Ok(false);
        };
        let id = result_id(result.race);
        let subject = message.subject();
        self.bus.append(&RESULTS, &subject, &id, value).await?;
        self.forget_result(key, revision).await?;
        metrics::result_moved();
        Ok(true)
    }

    async fn set_aside(
        &self,
        key: &str,
        revision: Revision,
        value: &[u8],
        reason: &str,
    ) -> Result<bool, CasError> {
        let quarantined = Quarantined {
            reason: reason.to_owned(),
            at: unix_ms(),
            origin: Origin::Record {
                subject: key
                    .parse()
                    .map_or_else(|_| key.to_owned(), subject::record_result),
                message_id: Some(format!("{key}:result")),
            },
            payload: Base64(value.to_vec()),
        };
        let quarantine_key = record_key(QUARANTINE_STREAM, revision);
        let quarantined = version::to_json(&QUARANTINE, &quarantined);
        self.quarantine.put(&quarantine_key, quarantined).await?;
        error!(key, reason, "set a damaged result aside");
        self.forget_result(key, revision).await?;
        Ok(false)
    }

    async fn forget_result(&self, key: &str, revision: Revision) -> Result<(), CasError> {
        match self.results.delete(key, revision).await {
            // Another worker was faster.
            Err(CasError::Conflict { .. }) => Ok(()),
            deleted => deleted,
        }
    }
}

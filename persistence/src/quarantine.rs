//! Setting messages aside that cannot be read or stored.

use bus::{Bucket, Bus, BusError, CasError, Delivery};
use protocol::persist::RecordStream;
use protocol::quarantine::{Origin, Quarantined, record_key};
use protocol::replay::Base64;
use protocol::version::{self, QUARANTINE};
use tracing::{debug, warn};

use crate::{metrics, now};

/// The reason why a message was not set aside.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The bucket cannot be opened.
    #[error(transparent)]
    Bucket(#[from] BusError),
    /// The bucket did not take it.
    #[error(transparent)]
    Write(#[from] CasError),
}

/// The bucket, opened when something is set aside.
#[derive(Debug)]
pub struct Quarantine {
    bus: Bus,
    stream: RecordStream,
    bucket: Option<Bucket>,
}

impl Quarantine {
    /// Of the messages of a stream.
    #[must_use]
    pub fn new(bus: Bus, stream: RecordStream) -> Self {
        Self {
            bus,
            stream,
            bucket: None,
        }
    }

    /// Sets a message aside. It can be ended in its stream afterwards.
    ///
    /// # Errors
    /// When the bucket does not have it.
    pub async fn set_aside(
        &mut self,
        delivery: &Delivery,
        reason: String,
    ) -> Result<(), QuarantineError> {
        let sequence = delivery.position().sequence;
        let key = record_key(self.stream.name(), sequence);
        let aside = Quarantined {
            reason,
            at: now(),
            origin: Origin::Record {
                subject: delivery.subject().to_owned(),
                message_id: delivery.message_id().map(str::to_owned),
            },
            payload: Base64(delivery.payload().to_vec()),
        };
        let outcome = self.store(key, &aside).await;
        if outcome.is_err() {
            // The bucket may be gone: the next time it is made again.
            self.bucket = None;
        }
        let key = outcome?;
        metrics::quarantined(self.stream);
        let reason = &aside.reason;
        warn!(reason, key, "set a message aside: see `racectl persist`");
        Ok(())
    }

    /// Returns the key. One that has another message, of a stream that was made anew
    /// since, is not overwritten.
    async fn store(&mut self, key: String, aside: &Quarantined) -> Result<String, QuarantineError> {
        if self.bucket.is_none() {
            self.bucket = Some(self.bus.bucket(&bus::store::QUARANTINE).await?);
        }
        let Some(bucket) = &self.bucket else {
            unreachable!("the bucket has just been opened");
        };
        let value = version::to_json(&QUARANTINE, aside);
        match bucket.create(&key, value.clone()).await {
            Ok(_revision) => return Ok(key),
            Err(CasError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let found = bucket.get(&key).await?;
        let is_same = found.is_some_and(|(bytes, _revision)| {
            let found: Result<Quarantined, _> = version::from_json(&QUARANTINE, &bytes);
            found.is_ok_and(|found| found.payload == aside.payload)
        });
        if is_same {
            debug!(key, "the message has been set aside before");
            return Ok(key);
        }
        let key = format!("{key}.{}", aside.at);
        bucket.put(&key, value).await?;
        Ok(key)
    }
}

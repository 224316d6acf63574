//! Buckets: keys with values, revisions and compare-and-set.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{Consumer, DeliverPolicy, push};
use async_nats::jetstream::kv::{
    self, CreateErrorKind, DeleteErrorKind, Operation, UpdateErrorKind,
};
use bytes::Bytes;
use futures::StreamExt;
use protocol::Revision;
use tokio::time::Instant;

use crate::connection::{Bus, SETUP_TIMEOUT};
use crate::error::{BusError, CasError};
use crate::store::Store;

/// How long a listing of all keys may take: hundreds of rooms are some
/// milliseconds.
const LISTING_TIMEOUT: Duration = Duration::from_secs(1);
/// The header of a write that is no put.
const KV_OPERATION: &str = "KV-Operation";
/// The header of what the server writes when a key has expired.
const MARKER_REASON: &str = "Nats-Marker-Reason";

/// A bucket. Clones share it.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Shared: it holds a configuration of many strings.
    pub(crate) store: Arc<kv::Store>,
    name: &'static str,
    pub(crate) bus: Bus,
}

/// The keys of a bucket, as they were when it was last looked at.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The last write of all then; `None` before the first look.
    last: Option<Revision>,
    revisions: Vec<(String, Revision)>,
}

impl Listing {
    /// All keys that had a value, with their revisions.
    #[must_use]
    pub fn revisions(&self) -> &[(String, Revision)] {
        &self.revisions
    }
}

impl Bus {
    /// Opens a bucket, and creates it when it is missing.
    ///
    /// # Errors
    /// When JetStream is off or refuses.
    pub async fn bucket(&self, store: &Store) -> Result<Bucket, BusError> {
        self.provide(store).await?;
        // Opened with the short timeouts of an owner, on a server that may just
        // be busy creating files for all programs.
        let deadline = Instant::now() + SETUP_TIMEOUT;
        loop {
            match self.open(self.jetstream(), store).await {
                Err(error) if Instant::now() < deadline => {
                    tracing::debug!(%error, name = store.name(), "opening the bucket again");
                }
                outcome => return outcome,
            }
        }
    }

    /// Opens a bucket that another program has created, to look into it: nothing
    /// depends on how soon an answer comes.
    ///
    /// # Errors
    /// When there is none.
    pub async fn existing_bucket(&self, store: &Store) -> Result<Bucket, BusError> {
        self.open(self.setup(), store).await
    }

    async fn open(&self, context: &jetstream::Context, store: &Store) -> Result<Bucket, BusError> {
        let opened = context.get_key_value(store.name()).await;
        let opened = opened.map_err(|error| BusError::JetStream {
            what: store.what(),
            source: error.into(),
        })?;
        Ok(Bucket {
            store: Arc::new(opened),
            name: store.name(),
            bus: self.clone(),
        })
    }
}

impl Bucket {
    /// Writes a key that must not exist.
    ///
    /// # Errors
    /// [`CasError::Conflict`] when it does.
    pub async fn create(&self, key: &str, value: impl Into<Bytes>) -> Result<Revision, CasError> {
        let created = self.store.create(key, value.into()).await;
        self.wrote(created.map_err(|error| match error.kind() {
            CreateErrorKind::AlreadyExists => conflict(key),
            CreateErrorKind::InvalidKey
            | CreateErrorKind::Publish
            | CreateErrorKind::Ack
            | CreateErrorKind::Other => unknown(key, error),
        }))
    }

    /// Writes a key whose last write must be `revision`.
    ///
    /// # Errors
    /// [`CasError::Conflict`] when it is not.
    pub async fn update(
        &self,
        key: &str,
        value: impl Into<Bytes>,
        revision: Revision,
    ) -> Result<Revision, CasError> {
        let updated = self.store.update(key, value.into(), revision).await;
        self.wrote(updated.map_err(|error| match error.kind() {
            UpdateErrorKind::WrongLastRevision => conflict(key),
            UpdateErrorKind::InvalidKey | UpdateErrorKind::TimedOut | UpdateErrorKind::Other => {
                unknown(key, error)
            }
        }))
    }

    /// Deletes a key whose last write must be `revision`.
    ///
    /// # Errors
    /// [`CasError::Conflict`] when it is not.
    pub async fn delete(&self, key: &str, revision: Revision) -> Result<(), CasError> {
        let deleted = self.store.delete_expect_revision(key, Some(revision)).await;
        self.wrote(deleted.map_err(|error| match error.kind() {
            DeleteErrorKind::WrongLastRevision => conflict(key),
            DeleteErrorKind::TimedOut | DeleteErrorKind::InvalidKey | DeleteErrorKind::Other => {
                unknown(key, error)
            }
        }))
    }

    /// Writes a key whatever it was.
    ///
    /// # Errors
    /// When it is not known whether it was written.
    pub async fn put(&self, key: &str, value: impl Into<Bytes>) -> Result<Revision, CasError> {
        let put = self.store.put(key, value.into()).await;
        self.wrote(put.map_err(|error| unknown(key, error)))
    }

    /// Deletes a key whatever it was.
    ///
    /// # Errors
    /// When it is not known whether it was deleted.
    pub async fn remove(&self, key: &str) -> Result<(), CasError> {
        let deleted = self.store.delete(key).await;
        self.wrote(deleted.map_err(|error| unknown(key, error)))
    }

    /// A key's value and revision; `None` when there is none.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, key: &str) -> Result<Option<(Bytes, Revision)>, CasError> {
        let entry = self
            .store
            .entry(key)
            .await
            .map_err(|error| unknown(key, error))?;
        Ok(entry
            .filter(|entry| entry.operation == Operation::Put)
            .map(|entry| (entry.value, entry.revision)))
    }

    /// All keys that have a value.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn keys(&self) -> Result<Vec<String>, CasError> {
        let keys = self
            .store
            .keys()
            .await
            .map_err(|error| unknown("keys", error))?;
        Ok(keys.filter_map(async |key| key.ok()).collect().await)
    }

    /// Looks which keys have a value, without the values. While nothing was
    /// written since the last look that costs one question.
    ///
    /// # Errors
    /// When the server does not answer; the listing stays as it was.
    pub async fn look(&self, listing: &mut Listing) -> Result<(), CasError> {
        let look = async {
            // Before the keys: what is written meanwhile is seen the next time.
            let last = Some(self.store.stream.get_info().await?.state.last_sequence);
            if last != listing.last {
                let revisions = self.list().await?;
                *listing = Listing { last, revisions };
            }
            Ok::<(), async_nats::Error>(())
        };
        let looked = tokio::time::timeout(LISTING_TIMEOUT, look).await;
        let looked = looked.map_err(|elapsed| unknown("keys", elapsed))?;
        looked.map_err(|error| unknown("keys", error))
    }

    /// Notes how a write ended, for the readiness of this program.
    fn wrote<T>(&self, outcome: Result<T, CasError>) -> Result<T, CasError> {
        self.bus.stores().wrote(self.name, &outcome);
        outcome
    }

    async fn list(&self) -> Result<Vec<(String, Revision)>, async_nats::Error> {
        let config = push::OrderedConfig {
            deliver_subject: self.bus.client().new_inbox(),
            filter_subject: format!("{}>", self.store.prefix),
            headers_only: true,
            deliver_policy: DeliverPolicy::LastPerSubject,
            ..Default::default()
        };
        let consumer = self.store.stream.create_consumer(config).await?;
        let name = consumer.cached_info().name.clone();
        let listed = self.listed_by(consumer).await;
        // The server would look at each write for it for half a minute; if it
        // does not hear of this, it will.
        let _ = self.store.stream.delete_consumer(&name).await;
        listed
    }

    async fn listed_by(
        &self,
        consumer: Consumer<push::OrderedConfig>,
    ) -> Result<Vec<(String, Revision)>, async_nats::Error> {
        let mut revisions = Vec::new();
        if consumer.cached_info().num_pending == 0 {
            return Ok(revisions);
        }
        let mut messages = consumer.messages().await?;
        while let Some(message) = messages.next().await {
            let message = message?;
            let info = message.info()?;
            let key = message.subject.strip_prefix(&self.store.prefix);
            if let (Some(key), true) = (key, is_put(message.headers.as_ref())) {
                revisions.push((key.to_owned(), info.stream_sequence));
            }
            if info.pending == 0 {
                break;
            }
        }
        Ok(revisions)
    }
}

fn conflict(key: &str) -> CasError {
    CasError::Conflict {
        key: key.to_owned(),
    }
}

pub(crate) fn unknown(key: &str, error: impl Into<async_nats::Error>) -> CasError {
    CasError::Unknown {
        key: key.to_owned(),
        source: error.into(),
    }
}

/// Whether the headers of a message in a bucket's stream are those of a value: deletes
/// have an operation, and what the server writes for an expired key has its reason.
pub(crate) fn is_put(headers: Option<&HeaderMap>) -> bool {
    headers.is_none_or(|headers| {
        headers.get(KV_OPERATION).is_none() && headers.get(MARKER_REASON).is_none()
    })
}

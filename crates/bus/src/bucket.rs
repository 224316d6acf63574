//! Buckets: keys with values, revisions and compare-and-set.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::{Consumer, DeliverPolicy, push};
use async_nats::jetstream::kv::{
    self, CreateErrorKind, DeleteErrorKind, Operation, UpdateErrorKind,
};
use async_nats::jetstream::stream::{self, StorageType};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use protocol::Revision;
use tokio::time::Instant;

use crate::connection::{Bus, SETUP_TIMEOUT};
use crate::error::{BusError, CasError};

/// How long the server remembers that a key of a bucket with expiry is gone.
const EXPIRY_MARKER: Duration = Duration::from_secs(60);

/// How long a listing of all keys may take: hundreds of rooms are some
/// milliseconds.
const LISTING_TIMEOUT: Duration = Duration::from_secs(1);
/// The header of what is no put.
const KV_OPERATION: &str = "KV-Operation";

/// A bucket. Clones share it.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Shared: it holds a configuration of many strings.
    store: Arc<kv::Store>,
    client: async_nats::Client,
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

/// A change of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which key.
    pub key: String,
    /// Its value; `None` when it was deleted or has expired.
    pub value: Option<Bytes>,
    /// The write.
    pub revision: Revision,
}

/// All keys as they are, then each change.
pub struct ChangeStream(kv::Watch);

impl Bus {
    /// Opens a bucket, and makes it when it is missing. Files, not memory: a
    /// bucket must outlive its server. With `expiry`, keys go when they were
    /// not written for so long.
    ///
    /// # Errors
    /// When JetStream is off or refuses.
    pub async fn bucket(
        &self,
        name: &str,
        description: &str,
        expiry: Option<Duration>,
    ) -> Result<Bucket, BusError> {
        let config = kv::Config {
            bucket: name.to_owned(),
            description: description.to_owned(),
            history: 1,
            storage: StorageType::File,
            max_age: expiry.unwrap_or_default(),
            limit_markers: expiry.map(|_| EXPIRY_MARKER),
            ..Default::default()
        };
        // All that is set above.
        let set = |found| stream::Config {
            description: Some(config.description.clone()),
            max_messages_per_subject: config.history,
            storage: config.storage,
            max_age: config.max_age,
            subject_delete_marker_ttl: config.limit_markers,
            ..found
        };
        if !self.has_stream(&format!("KV_{name}"), set).await {
            self.setup()
                .create_or_update_key_value(config)
                .await
                .map_err(|error| BusError::JetStream {
                    what: format!("the bucket {name}"),
                    source: error.into(),
                })?;
        }
        // Opened with the short timeouts of an owner, on a server that may just
        // be busy creating files for everybody.
        let deadline = Instant::now() + SETUP_TIMEOUT;
        loop {
            match open(self.jetstream(), name).await {
                Err(error) if Instant::now() < deadline => {
                    tracing::debug!(%error, name, "opening the bucket again");
                }
                outcome => return outcome,
            }
        }
    }

    /// Opens a bucket that somebody else has made, to look into it: nothing
    /// depends on how soon an answer comes.
    ///
    /// # Errors
    /// When there is none.
    pub async fn existing_bucket(&self, name: &str) -> Result<Bucket, BusError> {
        open(self.setup(), name).await
    }
}

async fn open(context: &jetstream::Context, name: &str) -> Result<Bucket, BusError> {
    let store = context
        .get_key_value(name)
        .await
        .map_err(|error| BusError::JetStream {
            what: format!("the bucket {name}"),
            source: error.into(),
        })?;
    let client = context.client();
    Ok(Bucket {
        store: Arc::new(store),
        client,
    })
}

impl Bucket {
    /// Writes a key that must not exist.
    ///
    /// # Errors
    /// [`CasError::Conflict`] when it does.
    pub async fn create(&self, key: &str, value: impl Into<Bytes>) -> Result<Revision, CasError> {
        self.store
            .create(key, value.into())
            .await
            .map_err(|error| match error.kind() {
                CreateErrorKind::AlreadyExists => CasError::Conflict {
                    key: key.to_owned(),
                },
                CreateErrorKind::InvalidKey
                | CreateErrorKind::Publish
                | CreateErrorKind::Ack
                | CreateErrorKind::Other => unknown(key, error),
            })
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
        self.store
            .update(key, value.into(), revision)
            .await
            .map_err(|error| match error.kind() {
                UpdateErrorKind::WrongLastRevision => CasError::Conflict {
                    key: key.to_owned(),
                },
                UpdateErrorKind::InvalidKey
                | UpdateErrorKind::TimedOut
                | UpdateErrorKind::Other => unknown(key, error),
            })
    }

    /// Deletes a key whose last write must be `revision`.
    ///
    /// # Errors
    /// [`CasError::Conflict`] when it is not.
    pub async fn delete(&self, key: &str, revision: Revision) -> Result<(), CasError> {
        let deleted = self.store.delete_expect_revision(key, Some(revision)).await;
        deleted.map_err(|error| match error.kind() {
            DeleteErrorKind::WrongLastRevision => CasError::Conflict {
                key: key.to_owned(),
            },
            DeleteErrorKind::TimedOut | DeleteErrorKind::InvalidKey | DeleteErrorKind::Other => {
                unknown(key, error)
            }
        })
    }

    /// Writes a key whatever it was.
    ///
    /// # Errors
    /// When it is not known whether it was written.
    pub async fn put(&self, key: &str, value: impl Into<Bytes>) -> Result<Revision, CasError> {
        self.store
            .put(key, value.into())
            .await
            .map_err(|error| unknown(key, error))
    }

    /// Deletes a key whatever it was.
    ///
    /// # Errors
    /// When it is not known whether it was deleted.
    pub async fn remove(&self, key: &str) -> Result<(), CasError> {
        self.store
            .delete(key)
            .await
            .map_err(|error| unknown(key, error))
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

    async fn list(&self) -> Result<Vec<(String, Revision)>, async_nats::Error> {
        let config = push::OrderedConfig {
            deliver_subject: self.client.new_inbox(),
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
            let headers = message.headers.as_ref();
            // Puts have no operation in their headers, deletes have.
            let is_deleted = headers.is_some_and(|headers| headers.get(KV_OPERATION).is_some());
            if let (Some(key), false) = (key, is_deleted) {
                revisions.push((key.to_owned(), info.stream_sequence));
            }
            if info.pending == 0 {
                break;
            }
        }
        Ok(revisions)
    }

    /// Watches all keys: first as they are, then each change.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn watch(&self) -> Result<ChangeStream, BusError> {
        let watch =
            self.store
                .watch_with_history(">")
                .await
                .map_err(|error| BusError::JetStream {
                    what: format!("a watch of {}", self.store.name),
                    source: error.into(),
                })?;
        Ok(ChangeStream(watch))
    }
}

fn unknown(key: &str, error: impl Into<async_nats::Error>) -> CasError {
    CasError::Unknown {
        key: key.to_owned(),
        source: error.into(),
    }
}

impl Stream for ChangeStream {
    /// An error ends the watch: open a new one.
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        self.0.poll_next_unpin(cx).map(|next| {
            let entry = next?.ok()?;
            let value = (entry.operation == Operation::Put).then_some(entry.value);
            Some(Change {
                key: entry.key,
                value,
                revision: entry.revision,
            })
        })
    }
}

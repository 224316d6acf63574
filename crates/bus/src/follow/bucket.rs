//! A follower of a bucket.

use std::collections::BTreeMap;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{DeliverPolicy, push};
use bytes::Bytes;
use protocol::Revision;

use super::Reading;
use crate::bucket::is_put;
use crate::connection::Bus;
use crate::store::Store;

/// A key of a bucket, as it is after a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// Its value; `None` when it was deleted or has expired.
    pub value: Option<Bytes>,
    /// Revision of the write.
    pub revision: Revision,
}

/// What a follower of a bucket yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BucketUpdate {
    /// All keys with a value, in their order: the bucket has no other.
    All(Vec<Change>),
    /// One write.
    Changed(Change),
}

/// A bucket as it is, then each change.
pub struct BucketFollower {
    reading: Reading,
    prefix: String,
    /// The keys read since the reader was opened, until there are all of them.
    picture: Option<BTreeMap<String, Change>>,
}

impl Bus {
    /// Follows a bucket.
    #[must_use]
    pub fn follow_bucket(&self, store: &Store) -> BucketFollower {
        BucketFollower {
            reading: Reading::new(self, store),
            prefix: format!("$KV.{}.", store.name()),
            picture: None,
        }
    }
}

impl BucketFollower {
    /// Waits for the next update. May be dropped and called again.
    pub async fn next(&mut self) -> BucketUpdate {
        loop {
            if !self.reading.is_open() {
                match self.open().await {
                    Ok(0) => return self.all(BTreeMap::new()),
                    Ok(_pending) => {}
                    Err(error) => self.reading.failed(&error).await,
                }
                continue;
            }
            let Some(message) = self.reading.next().await else {
                continue;
            };
            let Some((change, pending)) = self.read(&message) else {
                continue;
            };
            let Some(mut picture) = self.picture.take() else {
                return BucketUpdate::Changed(change);
            };
            // A key may change while the picture is read.
            if change.value.is_some() {
                picture.insert(change.key.clone(), change);
            } else {
                picture.remove(&change.key);
            }
            if pending == 0 {
                return self.all(picture);
            }
            self.picture = Some(picture);
        }
    }

    /// Returns how many messages make the picture.
    async fn open(&mut self) -> Result<u64, async_nats::Error> {
        // Before anything else: what happens from here on opens it again.
        self.reading.generations.mark_unchanged();
        let Reading { bus, store, .. } = &self.reading;
        bus.provide_once(store).await?;
        let stream = bus.setup().get_stream_no_info(store.stream_name()).await?;
        let config = push::OrderedConfig {
            deliver_subject: bus.client().new_inbox(),
            filter_subject: format!("{}>", self.prefix),
            deliver_policy: DeliverPolicy::LastPerSubject,
            ..Default::default()
        };
        let consumer = stream.create_consumer(config).await?;
        let pending = consumer.cached_info().num_pending;
        self.reading.messages = Some(consumer.messages().await?);
        self.picture = Some(BTreeMap::new());
        Ok(pending)
    }

    fn all(&mut self, picture: BTreeMap<String, Change>) -> BucketUpdate {
        self.picture = None;
        self.reading.is_current();
        BucketUpdate::All(picture.into_values().collect())
    }

    /// A message as a change, and how many more there are at this moment.
    fn read(&self, message: &Message) -> Option<(Change, u64)> {
        let info = message.info().ok()?;
        let key = message.subject.strip_prefix(&self.prefix)?.to_owned();
        let value = is_put(message.headers.as_ref()).then(|| message.payload.clone());
        let revision = info.stream_sequence;
        let change = Change {
            key,
            value,
            revision,
        };
        Some((change, info.pending))
    }
}

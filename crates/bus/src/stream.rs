//! Streams: messages that must not be lost, or must be read in order.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use futures::StreamExt;
use protocol::subject;

use crate::connection::Bus;
use crate::error::{BusError, CasError};

/// A message with an id seen within this time is a repeat.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// Age at which chat messages are removed: they are read on the same day.
const CHAT_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Size of a busy day of chat.
const CHAT_BYTES_MAX: i64 = 256 << 20;
/// Size of hours of messages without a database.
const PERSIST_BYTES_MAX: i64 = 512 << 20;
/// Time after which an unacknowledged batch is delivered to another process.
const PERSIST_ACK_WAIT: Duration = Duration::from_secs(10);
/// Timeout of a fetch.
const TAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Most unacknowledged messages of all persistence processes together.
const PERSIST_ACK_PENDING_MAX: i64 = 4096;

/// The work queue of the database.
pub struct WorkQueue(consumer::Consumer<pull::Config>);

/// A message of the work queue, to be acknowledged once it is stored.
pub struct Delivery(Message);

/// A stream read in order from a given sequence number.
pub struct OrderedStream(pull::Ordered);

/// A message of an [`OrderedStream`].
#[derive(Clone, Debug)]
pub struct OrderedMessage {
    /// Sequence number of the message in the stream.
    pub sequence: u64,
    /// Subject of the message.
    pub subject: String,
    /// Payload of the message.
    pub payload: Bytes,
}

impl Bus {
    /// Creates the stream CHAT if it is missing.
    ///
    /// # Errors
    /// When JetStream is off or refuses.
    pub async fn ensure_chat_stream(&self) -> Result<(), BusError> {
        self.ensure(subject::STREAM_CHAT, |config| Config {
            subjects: vec![subject::CHAT_CHANNELS.to_owned()],
            max_age: CHAT_AGE_MAX,
            max_bytes: CHAT_BYTES_MAX,
            discard: DiscardPolicy::Old,
            ..config
        })
        .await
    }

    /// Creates the stream PERSIST if it is missing.
    ///
    /// # Errors
    /// When JetStream is off or refuses.
    pub async fn ensure_persist_stream(&self) -> Result<(), BusError> {
        self.ensure(subject::STREAM_PERSIST, |config| Config {
            subjects: vec![subject::PERSIST_ALL.to_owned()],
            retention: RetentionPolicy::WorkQueue,
            max_bytes: PERSIST_BYTES_MAX,
            // A result must not push out an older one that has not been read.
            discard: DiscardPolicy::New,
            ..config
        })
        .await
    }

    /// Creates or updates a stream with the options of `set`; all others stay as the
    /// server has them.
    async fn ensure(&self, name: &str, set: impl Fn(Config) -> Config) -> Result<(), BusError> {
        let set = |config| Config {
            storage: StorageType::File,
            duplicate_window: DUPLICATE_WINDOW,
            ..set(config)
        };
        if self.has_stream(name, set).await {
            return Ok(());
        }
        let config = set(Config {
            name: name.to_owned(),
            ..Default::default()
        });
        self.setup()
            .create_or_update_stream(config)
            .await
            .map(drop)
            .map_err(|error| BusError::JetStream {
                what: format!("the stream {name}"),
                source: error.into(),
            })
    }

    /// Whether a stream exists that `set` would not change. It is then left alone: the
    /// server replaces the files of a stream that is updated, and until a busy disk
    /// has done so, up to a second, writes to it fail.
    pub(crate) async fn has_stream(&self, name: &str, set: impl FnOnce(Config) -> Config) -> bool {
        let found = self.setup().get_stream(name).await;
        found.is_ok_and(|found| {
            let found = &found.cached_info().config;
            set(found.clone()) == *found
        })
    }

    /// Appends a message to a stream and waits for the acknowledgement. A message with
    /// a known id is not appended again; the sequence number of the first is returned.
    ///
    /// # Errors
    /// When it is unknown whether the message was appended: try again with the same
    /// id.
    pub async fn append(
        &self,
        subject: &str,
        message_id: &str,
        payload: impl Into<Bytes>,
    ) -> Result<u64, CasError> {
        let unknown = |error: async_nats::Error| CasError::Unknown {
            key: message_id.to_owned(),
            source: error,
        };
        let message = PublishMessage::build()
            .payload(payload.into())
            .message_id(message_id);
        let sent = self
            .jetstream()
            .send_publish(subject.to_owned(), message)
            .await;
        let ack = sent.map_err(|error| unknown(error.into()))?.await;
        Ok(ack.map_err(|error| unknown(error.into()))?.sequence)
    }

    /// Reads the stream CHAT from sequence number `from`, or after its current end.
    ///
    /// # Errors
    /// When the stream is missing or the server does not answer.
    pub async fn read_chat(&self, from: Option<u64>) -> Result<OrderedStream, BusError> {
        let failed = |source| BusError::JetStream {
            what: "the stream CHAT".to_owned(),
            source,
        };
        let deliver_policy = match from {
            Some(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
            None => DeliverPolicy::New,
        };
        let stream = self.setup().get_stream(subject::STREAM_CHAT).await;
        let consumer = stream
            .map_err(|error| failed(error.into()))?
            .create_consumer(pull::OrderedConfig {
                deliver_policy,
                ..Default::default()
            })
            .await
            .map_err(|error| failed(error.into()))?;
        let messages = consumer
            .messages()
            .await
            .map_err(|error| failed(error.into()))?;
        Ok(OrderedStream(messages))
    }

    /// Joins the consumers of the stream PERSIST.
    ///
    /// # Errors
    /// When the stream is missing or the server does not answer.
    pub async fn work_queue(&self) -> Result<WorkQueue, BusError> {
        let failed = |source| BusError::JetStream {
            what: "the stream PERSIST".to_owned(),
            source,
        };
        let config = pull::Config {
            durable_name: Some(subject::CONSUMER_PERSIST.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: PERSIST_ACK_WAIT,
            max_ack_pending: PERSIST_ACK_PENDING_MAX,
            // The stream holds the messages that are not acknowledged. On disk, NATS
            // would replace files for each batch and wait for it (docs/adr/018).
            memory_storage: true,
            ..Default::default()
        };
        let stream = self.setup().get_stream(subject::STREAM_PERSIST).await;
        let stream = stream.map_err(|error| failed(error.into()))?;
        let create = || stream.create_consumer(config.clone());
        let consumer = match create().await {
            Err(_refused) if has_reader_on_disk(&stream).await => {
                let deleted = stream.delete_consumer(subject::CONSUMER_PERSIST).await;
                deleted.map_err(|error| failed(error.into()))?;
                create().await
            }
            created => created,
        };
        let consumer = consumer.map_err(|error| failed(error.into()))?;
        Ok(WorkQueue(consumer))
    }
}

/// Whether the consumer of the work queue was created on disk by an earlier
/// version; it cannot be changed to memory storage.
async fn has_reader_on_disk(stream: &Stream) -> bool {
    let reader = stream.consumer_info(subject::CONSUMER_PERSIST).await;
    reader.is_ok_and(|reader| !reader.config.memory_storage)
}

impl OrderedStream {
    /// Waits for the next message; `None` when reading was interrupted and must be
    /// reopened after the last sequence number seen.
    pub async fn next(&mut self) -> Option<OrderedMessage> {
        let message = self.0.next().await?.ok()?;
        let sequence = message.info().ok()?.stream_sequence;
        Some(OrderedMessage {
            sequence,
            subject: message.subject.to_string(),
            payload: message.payload.clone(),
        })
    }
}

impl WorkQueue {
    /// Fetches up to `most` of the messages present, without waiting for more.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn take(&self, most: usize) -> Result<Vec<Delivery>, BusError> {
        let take = async {
            let mut messages = self.0.fetch().max_messages(most).messages().await?;
            let mut batch = Vec::new();
            while let Some(message) = messages.next().await {
                batch.push(Delivery(message?));
            }
            Ok(batch)
        };
        let batch = tokio::time::timeout(TAKE_TIMEOUT, take).await;
        let batch = batch.unwrap_or_else(|elapsed| Err(elapsed.into()));
        batch.map_err(|source: async_nats::Error| BusError::JetStream {
            what: "the stream PERSIST".to_owned(),
            source,
        })
    }
}

impl Delivery {
    /// Payload of the message.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// Acknowledges the message, which removes it from the queue.
    pub async fn done(&self) {
        if let Err(error) = self.0.ack().await {
            tracing::debug!(%error, "could not acknowledge; it will come again");
        }
    }

    /// Requests another delivery after `delay`.
    pub async fn again(&self, delay: Duration) {
        if let Err(error) = self.0.ack_with(AckKind::Nak(Some(delay))).await {
            tracing::debug!(%error, "could not refuse; it will come again");
        }
    }

    /// Ends delivery of a message that cannot be decoded.
    pub async fn give_up(&self) {
        if let Err(error) = self.0.ack_with(AckKind::Term).await {
            tracing::debug!(%error, "could not end a message");
        }
    }
}

//! Streams: messages that must not be lost.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use futures::StreamExt;
use protocol::persist::RecordStream;
use protocol::subject;

use crate::connection::Bus;
use crate::error::{BusError, CasError};
use crate::store::{Store, store_of};

/// Time after which an unacknowledged batch is delivered to another process.
const QUEUE_ACK_WAIT: Duration = Duration::from_secs(10);
/// Timeout of a fetch.
const TAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Most unacknowledged messages of a stream, of all persistence processes together:
/// messages that another release must read wait among them, and hold up nothing.
const QUEUE_ACK_PENDING_MAX: i64 = 65_536;

/// A work queue of the database.
pub struct WorkQueue {
    consumer: consumer::Consumer<pull::Config>,
    stream: RecordStream,
}

/// How far a work queue has been delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueuePosition {
    /// Number of deliveries, repeated ones included.
    pub deliveries: u64,
    /// Highest sequence number delivered.
    pub sequence: u64,
}

/// A message of a work queue, to be acknowledged once it is stored.
pub struct Delivery {
    message: Message,
    position: QueuePosition,
    attempt: u64,
}

impl Bus {
    /// Appends a message to a stream and waits for the acknowledgement. A message with
    /// a known id is not appended again; the sequence number of the first is returned.
    ///
    /// # Errors
    /// When it is unknown whether the message was appended: try again with the same
    /// id.
    pub async fn append(
        &self,
        store: &Store,
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
        let appended = match sent {
            Ok(ack) => ack.await.map_err(async_nats::Error::from),
            Err(error) => Err(error.into()),
        };
        let appended = appended.map(|ack| ack.sequence).map_err(unknown);
        self.stores().wrote(store.name(), &appended);
        appended
    }

    /// Joins the consumers of a stream of records, which is created when it is missing.
    ///
    /// # Errors
    /// When JetStream is off, or the server does not answer.
    pub async fn work_queue(&self, stream: RecordStream) -> Result<WorkQueue, BusError> {
        let failed = |source| queue_error(stream, source);
        let config = pull::Config {
            durable_name: Some(subject::CONSUMER_PERSISTENCE.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: QUEUE_ACK_WAIT,
            max_ack_pending: QUEUE_ACK_PENDING_MAX,
            // The stream holds the messages that are not acknowledged. On disk, NATS
            // would replace files for each batch and wait for it (docs/adr/018).
            memory_storage: true,
            ..Default::default()
        };
        self.provide(store_of(stream)).await?;
        let found = self.setup().get_stream_no_info(stream.name()).await;
        let found = found.map_err(|error| failed(error.into()))?;
        let consumer = found.create_consumer(config).await;
        let consumer = consumer.map_err(|error| failed(error.into()))?;
        Ok(WorkQueue { consumer, stream })
    }
}

fn queue_error(stream: RecordStream, source: async_nats::Error) -> BusError {
    BusError::JetStream {
        what: format!("the stream {stream}"),
        source,
    }
}

impl WorkQueue {
    /// How far the queue had been delivered when it was opened.
    #[must_use]
    pub fn position(&self) -> QueuePosition {
        let delivered = &self.consumer.cached_info().delivered;
        QueuePosition {
            deliveries: delivered.consumer_sequence,
            sequence: delivered.stream_sequence,
        }
    }

    /// Fetches up to `most` of the messages present, without waiting for more.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn take(&self, most: usize) -> Result<Vec<Delivery>, BusError> {
        let take = async {
            let mut messages = self.consumer.fetch().max_messages(most).messages().await?;
            let mut batch = Vec::new();
            while let Some(message) = messages.next().await {
                batch.push(Delivery::new(message?)?);
            }
            Ok(batch)
        };
        let batch = tokio::time::timeout(TAKE_TIMEOUT, take).await;
        let batch = batch.unwrap_or_else(|elapsed| Err(elapsed.into()));
        batch.map_err(|source: async_nats::Error| queue_error(self.stream, source))
    }
}

impl Delivery {
    fn new(message: Message) -> Result<Self, async_nats::Error> {
        let info = message.info()?;
        let (position, attempt) = (
            QueuePosition {
                deliveries: info.consumer_sequence,
                sequence: info.stream_sequence,
            },
            u64::try_from(info.delivered).unwrap_or_default(),
        );
        Ok(Self {
            message,
            position,
            attempt,
        })
    }

    /// Subject of the message.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.message.subject
    }

    /// Id of the message, if it was published with one.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        let headers = self.message.headers.as_ref()?;
        let id = headers.get(async_nats::header::NATS_MESSAGE_ID)?;
        Some(id.as_str())
    }

    /// Where in the queue the message is.
    #[must_use]
    pub fn position(&self) -> QueuePosition {
        self.position
    }

    /// How often the message has been delivered, this time included.
    #[must_use]
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Payload of the message.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.message.payload
    }

    /// Acknowledges the message, which removes it from the queue.
    pub async fn done(&self) {
        if let Err(error) = self.message.ack().await {
            tracing::debug!(%error, "could not acknowledge; it will come again");
        }
    }

    /// Requests another delivery after `delay`.
    pub async fn again(&self, delay: Duration) {
        if let Err(error) = self.message.ack_with(AckKind::Nak(Some(delay))).await {
            tracing::debug!(%error, "could not refuse; it will come again");
        }
    }

    /// Ends delivery of a message that has been set aside.
    pub async fn end(&self) {
        if let Err(error) = self.message.ack_with(AckKind::Term).await {
            tracing::debug!(%error, "could not end a message");
        }
    }
}

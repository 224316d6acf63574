//! Streams: messages that must not be lost.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use futures::StreamExt;
use protocol::subject;

use crate::connection::Bus;
use crate::error::{BusError, CasError};
use crate::store::Store;

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

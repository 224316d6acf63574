//! The connection: connect, publish, request, subscribe, drain.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::NATS_STREAM;
use async_nats::jetstream;
use async_nats::{
    ConnectError, ConnectErrorKind, ConnectOptions, Event, Message, RequestErrorKind, StatusCode,
};
use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt};
use protocol::Reply;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use crate::error::{BusError, RequestError};
use crate::seed::Seed;
use crate::stores::Stores;
use crate::subject::Subject;
use crate::user::User;

/// The first reconnect delay; each attempt adds the same again.
const RECONNECT_DELAY_STEP: Duration = Duration::from_millis(5);
/// The longest reconnect delay: a server that restarts is noticed at once.
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(50);
/// A dead connection is detected after two of these.
const PING_INTERVAL: Duration = Duration::from_secs(2);
/// Timeout of a request without its own deadline.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_millis(500);
/// Timeout of JetStream calls and acknowledgements: a checkpoint whose write is in
/// doubt must be read back before the lease expires.
const JETSTREAM_TIMEOUT: Duration = Duration::from_millis(300);
/// Setting up streams and buckets may take longer: file stores are created.
pub(crate) const SETUP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a drain waits for the connection to close.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// What the reply subjects of messages begin with that a consumer delivers.
const DELIVERY_PREFIX: &str = "$JS.ACK.";

/// How a program connects.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The server, or several separated by commas. `tls://` asks for TLS.
    pub url: String,
    /// What the server calls the connection in its logs and reports.
    pub name: String,
    /// The user of the program.
    pub user: User,
    /// The file with the user's seed; by default [`User::default_seed`].
    pub seed: Option<PathBuf>,
    /// The file with the authorities that may have signed the server's certificate, in
    /// PEM. With one there is no connection without TLS; by default a certificate is
    /// checked with those of the system.
    pub ca: Option<PathBuf>,
}

/// A connection to NATS. Clones share it.
#[derive(Clone, Debug)]
pub struct Bus {
    client: async_nats::Client,
    user: User,
    jetstream: jetstream::Context,
    setup: jetstream::Context,
    closed: watch::Receiver<bool>,
    stores: Stores,
}

/// A received message.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Subject of the message.
    pub subject: Subject,
    /// Payload of the message.
    pub payload: Bytes,
    /// Subject for the reply, if one is expected.
    pub reply: Option<Subject>,
}

/// Messages of a subscription, in order. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription(async_nats::Subscriber);

/// The replies to [`Bus::ask_all`], in the order received.
#[derive(Debug)]
pub struct Answers(pub(crate) async_nats::Subscriber);

impl Answers {
    /// Waits for the next reply; `None` when the subject has no subscribers. How many
    /// replies there will be is unknown.
    pub async fn next(&mut self) -> Option<Bytes> {
        let message = self.0.next().await?;
        (message.status != Some(StatusCode::NO_RESPONDERS)).then_some(message.payload)
    }
}

impl Bus {
    /// Connects and checks the server's version.
    ///
    /// # Errors
    /// When the seed cannot be used, no server answers, it does not know the user, or it
    /// is too old.
    pub async fn connect(connection: Connection) -> Result<Self, BusError> {
        let Connection {
            url,
            name,
            user,
            seed,
            ca,
        } = connection;
        let seed = Seed::read(&seed.unwrap_or_else(|| user.default_seed()))?;
        let (closing, closed) = watch::channel(false);
        let generation = watch::Sender::new(0_u64);
        let stores = Stores::new(generation.clone());
        let mut options = ConnectOptions::with_nkey(seed.as_str().to_owned())
            .name(name)
            .custom_inbox_prefix(user.inbox_prefix())
            .ping_interval(PING_INTERVAL)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .reconnect_delay_callback(|attempt| {
                RECONNECT_DELAY_STEP
                    .saturating_mul(u32::try_from(attempt).unwrap_or(u32::MAX))
                    .min(RECONNECT_DELAY_MAX)
            })
            .event_callback(move |event| {
                log(&event);
                match event {
                    Event::Connected => generation.send_modify(|count| *count += 1),
                    Event::Closed => drop(closing.send_replace(true)),
                    Event::Disconnected
                    | Event::LameDuckMode
                    | Event::Draining
                    | Event::SlowConsumer(_)
                    | Event::ServerError(_)
                    | Event::ClientError(_) => {}
                }
                std::future::ready(())
            });
        if let Some(ca) = ca.clone() {
            options = options.require_tls(true).add_root_certificates(ca);
        }
        let connected = options.connect(&url).await;
        let client = connected.map_err(|source| match source.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                BusError::NotAuthorized {
                    url,
                    user,
                    public_key: seed.public_key(),
                    source,
                }
            }
            ConnectErrorKind::Tls => BusError::Tls { url, ca, source },
            ConnectErrorKind::Io if is_of_tls(&source) => BusError::Tls { url, ca, source },
            ConnectErrorKind::ServerParse
            | ConnectErrorKind::Dns
            | ConnectErrorKind::TimedOut
            | ConnectErrorKind::Io
            | ConnectErrorKind::MaxReconnects => BusError::Connect { url, source },
        })?;
        if !client.is_server_compatible(2, 12, 0) {
            return Err(BusError::ServerTooOld {
                found: client.server_info().version,
            });
        }
        let context = |timeout| {
            jetstream::context::ContextBuilder::new()
                .timeout(timeout)
                .ack_timeout(timeout)
                .build(client.clone())
        };
        Ok(Self {
            jetstream: context(JETSTREAM_TIMEOUT),
            setup: context(SETUP_TIMEOUT),
            client,
            user,
            closed,
            stores,
        })
    }

    /// Whether the connection is up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Publishes without ever waiting, so that a tick may call it. Returns whether the
    /// message was queued: while the connection is down or its queue is full, the
    /// message is dropped.
    pub fn publish(&self, subject: impl Into<Subject>, payload: impl Into<Bytes>) -> bool {
        if !self.is_connected() {
            return false;
        }
        let sent = self
            .client
            .publish(subject.into().0, payload.into())
            .now_or_never();
        matches!(sent, Some(Ok(())))
    }

    /// Publishes a message in JSON, like [`Bus::publish`].
    pub fn publish_json(&self, subject: impl Into<Subject>, message: &impl Serialize) -> bool {
        self.publish(subject, to_json(message))
    }

    /// Sends a request to a Slipstream service and decodes its reply.
    ///
    /// # Errors
    /// When there is no reply in time, or the reply is a rejection.
    pub async fn request<T: DeserializeOwned>(
        &self,
        subject: impl Into<String>,
        message: &impl Serialize,
        timeout: Duration,
    ) -> Result<T, RequestError> {
        let subject = subject.into();
        let payload = self
            .request_bytes(&subject, to_json(message), timeout)
            .await?;
        serde_json::from_slice::<Reply<T>>(&payload)
            .map_err(|source| RequestError::Unreadable { subject, source })?
            .map_err(RequestError::Rejected)
    }

    /// Sends a request and returns the bytes of its reply.
    ///
    /// # Errors
    /// When there is no reply in time.
    pub async fn request_bytes(
        &self,
        subject: &str,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, RequestError> {
        let request = async_nats::Request::new()
            .payload(payload)
            .timeout(Some(timeout));
        // The library's own timeout does not cover a full command queue.
        let sent = self.client.send_request(subject.to_owned(), request);
        let subject = subject.to_owned();
        match tokio::time::timeout(timeout, sent).await {
            Ok(Ok(message)) => Ok(message.payload),
            Ok(Err(error)) => Err(match error.kind() {
                RequestErrorKind::NoResponders => RequestError::NoResponders { subject },
                RequestErrorKind::TimedOut => RequestError::TimedOut { subject },
                RequestErrorKind::InvalidSubject
                | RequestErrorKind::MaxPayloadExceeded
                | RequestErrorKind::Other => RequestError::Failed {
                    subject,
                    source: error.into(),
                },
            }),
            Err(_elapsed) => Err(RequestError::TimedOut { subject }),
        }
    }

    /// Sends a request to all subscribers of `subject`; each may reply.
    ///
    /// # Errors
    /// When the connection is down.
    pub async fn ask_all(
        &self,
        subject: impl Into<String>,
        payload: impl Into<Bytes>,
    ) -> Result<Answers, BusError> {
        let subject = subject.into();
        let refused = |source: async_nats::Error| BusError::Refused {
            what: subject.clone(),
            source,
        };
        let inbox = self.client.new_inbox();
        let answers = self.client.subscribe(inbox.clone()).await;
        let answers = answers.map_err(|error| refused(error.into()))?;
        self.client
            .publish_with_reply(subject.clone(), inbox, payload.into())
            .await
            .map_err(|error| refused(error.into()))?;
        Ok(Answers(answers))
    }

    /// Subscribes, and returns once the server has registered the subscription: any
    /// message published afterwards is received.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn subscribe(&self, subject: impl Into<String>) -> Result<Subscription, BusError> {
        let subject = subject.into();
        let refused = |source: async_nats::Error| BusError::Refused {
            what: subject.clone(),
            source,
        };
        let subscriber = self
            .client
            .subscribe(subject.clone())
            .await
            .map_err(|error| refused(error.into()))?;
        self.round_trip().await.map_err(refused)?;
        Ok(Subscription(subscriber))
    }

    /// Waits until the server has read all that was sent before: the library's `flush`
    /// only empties the socket's buffer.
    async fn round_trip(&self) -> Result<(), async_nats::Error> {
        let inbox = self.client.new_inbox();
        let mut echo = self.client.subscribe(inbox.clone()).await?;
        self.client.publish(inbox, Bytes::new()).await?;
        tokio::time::timeout(REQUEST_TIMEOUT, echo.next()).await?;
        Ok(())
    }

    /// Sends queued messages, ends subscriptions and closes the connection.
    pub async fn drain(mut self) {
        if self.client.drain().await.is_err() {
            return;
        }
        let closed = self.closed.wait_for(|closed| *closed);
        if tokio::time::timeout(DRAIN_TIMEOUT, closed).await.is_err() {
            warn!("the bus did not close in time");
        }
    }

    pub(crate) fn client(&self) -> &async_nats::Client {
        &self.client
    }

    pub(crate) fn user(&self) -> User {
        self.user
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    pub(crate) fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// JetStream with the longer timeout for creating streams and buckets.
    pub(crate) fn setup(&self) -> &jetstream::Context {
        &self.setup
    }
}

impl Inbound {
    /// Decodes the payload; `None` when it is something else.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.payload).ok()
    }
}

impl Subscription {
    /// Returns the next message already received, without waiting.
    pub fn next_now(&mut self) -> Option<Inbound> {
        self.next().now_or_never().flatten()
    }
}

impl Stream for Subscription {
    type Item = Inbound;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Inbound>> {
        loop {
            let Some(message) = ready!(self.0.poll_next_unpin(cx)) else {
                return Poll::Ready(None);
            };
            if is_from_jetstream(&message) {
                warn!(subject = %message.subject, "refused what JetStream was made to send");
                continue;
            }
            return Poll::Ready(Some(Inbound {
                subject: Subject(message.subject),
                payload: message.payload,
                reply: message.reply.map(Subject),
            }));
        }
    }
}

/// Whether JetStream has sent a message, and no program: it answers onto any reply subject
/// and delivers to any subject of a consumer, whatever the user who asks for it may publish
/// there (ADR 029). A heartbeat of a consumer has a status. What JetStream answers by itself
/// has no mark: it is JSON that no program takes for a request.
pub(crate) fn is_from_jetstream(message: &Message) -> bool {
    let headers = message.headers.as_ref();
    let is_stored = headers.is_some_and(|headers| headers.get(NATS_STREAM).is_some());
    let reply = message.reply.as_ref();
    is_stored
        || message.status.is_some()
        || reply.is_some_and(|reply| reply.starts_with(DELIVERY_PREFIX))
}

/// Whether a handshake failed: the client library reports it as any other I/O error.
fn is_of_tls(error: &ConnectError) -> bool {
    let source = error.source().and_then(<dyn Error>::downcast_ref);
    let inner = source.and_then(io::Error::get_ref);
    inner.is_some_and(|inner| inner.is::<async_nats::rustls::Error>())
}

pub(crate) fn to_json(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message)
        .expect("wire types serialise to JSON")
        .into()
}

fn log(event: &Event) {
    match event {
        Event::Connected => info!("connected to the bus"),
        Event::Disconnected => warn!("lost the bus, reconnecting"),
        Event::ServerError(problem) => error!(%problem, "the bus refused something"),
        Event::SlowConsumer(subscription) => warn!(subscription, "dropping messages"),
        Event::ClientError(problem) => warn!(%problem, "the bus client reports an error"),
        Event::LameDuckMode | Event::Draining | Event::Closed => debug!(%event, "bus"),
    }
}

#[cfg(test)]
mod tests {
    use async_nats::HeaderMap;

    use super::*;

    fn message(reply: Option<&str>) -> Message {
        Message {
            subject: "race.worker.0000002a.drain".into(),
            reply: reply.map(Into::into),
            payload: Bytes::new(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        }
    }

    fn header(name: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, "7");
        headers
    }

    #[test]
    fn what_jetstream_sends_is_told_from_what_programs_send() {
        assert!(!is_from_jetstream(&message(None)));
        assert!(!is_from_jetstream(&message(Some("_INBOX_operator.x"))));
        // A write to a bucket, on its way there.
        let mut written = message(Some("_INBOX_race-worker.x"));
        written.headers = Some(header("Nats-Expected-Last-Subject-Sequence"));
        assert!(!is_from_jetstream(&written));

        let mut read = message(None);
        read.headers = Some(header("Nats-Stream"));
        assert!(is_from_jetstream(&read));
        let delivered = message(Some("$JS.ACK.CHAT.mine.1.1.1.1.0"));
        assert!(is_from_jetstream(&delivered));
        let mut heartbeat = message(None);
        heartbeat.status = Some(StatusCode::IDLE_HEARTBEAT);
        assert!(is_from_jetstream(&heartbeat));
    }
}

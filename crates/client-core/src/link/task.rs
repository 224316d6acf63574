//! The task that owns a link's socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use protocol::client::{ClientMessage, GoodbyeCode, Hello, ServerMessage};
use protocol::frame::{self, LENGTH_BYTES};
use protocol::limits::SERVER_FRAME_BYTES_MAX;
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::backoff::{Attempt, Backoff};
use super::connect::connect;
use super::secure::{SecureError, Stream, secure};
use super::{Counters, LinkEvent, count};
use crate::address::GatewayAddress;
use crate::security::Security;

/// Interval between pings, from the welcome on. A gateway answers each, and closes a
/// connection that is silent for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Bound on the time that a gateway can ask a link to stay away.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// Time without a frame after which a connection counts as broken, though TCP
/// still holds it: three unanswered pings, or a log-in without an answer.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(16);

/// The reason of a connection's end without a goodbye.
const CLOSED: &str = "the server closed the connection";

pub(super) struct LinkTask {
    gateways: Vec<GatewayAddress>,
    /// The place of the gateway to which the next connection goes if it answers.
    preferred: usize,
    security: Security,
    /// Whether there has been a connection to a gateway that may be talked to: what is
    /// wrong with a later one is a matter of time.
    was_secured: bool,
    backoff: Backoff,
    /// When the gateway of this connection welcomed the player.
    welcomed_at: Option<Instant>,
    /// The time before which a gateway would refuse the log-in again.
    retry_at: Option<Instant>,
    traffic: Arc<Counters>,
    hello: Bytes,
    to_send: mpsc::Receiver<Bytes>,
    events: mpsc::Sender<LinkEvent>,
}

/// How a connection ended.
enum End {
    /// The link was dropped.
    Dropped,
    /// The gateway said goodbye and asked the client not to retry, or is not one that the
    /// client may talk to.
    Dismissed(String),
    /// The gateway has too many connections or messages.
    Crowded(String),
    /// The gateway closed a connection that nobody had logged in on for a minute. The
    /// next one can wait until there is something to send.
    Unused,
    /// The connection broke for any other reason, or was not established.
    Broken(String),
}

/// What a gateway owes this client.
struct Due {
    /// Whether a message of this connection has no answer.
    is_answer_due: bool,
    /// The last frame, or the first message without an answer.
    since: Instant,
}

impl Due {
    /// Returns when the connection counts as broken. Before the welcome a gateway is
    /// silent until it is asked.
    fn broken_at(&self, is_welcome: bool) -> Option<Instant> {
        (is_welcome || self.is_answer_due).then(|| self.since + RECEIVE_TIMEOUT)
    }

    fn received(&mut self) {
        self.since = Instant::now();
        self.is_answer_due = false;
    }

    fn sent(&mut self) {
        if !std::mem::replace(&mut self.is_answer_due, true) {
            self.since = self.since.max(Instant::now());
        }
    }
}

type Frames = Framed<Stream, LengthDelimitedCodec>;

impl LinkTask {
    pub(super) fn new(
        gateways: Vec<GatewayAddress>,
        security: Security,
        client: &str,
        to_send: mpsc::Receiver<Bytes>,
        events: mpsc::Sender<LinkEvent>,
        traffic: Arc<Counters>,
    ) -> Self {
        Self {
            gateways,
            preferred: 0,
            security,
            was_secured: false,
            backoff: Backoff::default(),
            welcomed_at: None,
            retry_at: None,
            traffic,
            hello: frame::hello(&Hello {
                client: client.to_owned(),
            }),
            to_send,
            events,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let end = self.connection().await;
            let (attempt, event) = match end {
                End::Dropped => return,
                End::Dismissed(reason) => {
                    let _ = self.events.send(LinkEvent::Ended { reason }).await;
                    return;
                }
                End::Unused => {
                    if self.something_to_send().await {
                        continue;
                    }
                    return;
                }
                End::Crowded(reason) => (Attempt::Crowded, LinkEvent::Lost { reason }),
                End::Broken(reason) => {
                    let attempt = match self.welcomed_at {
                        Some(at) => Attempt::Welcomed(at.elapsed()),
                        None => Attempt::Failed,
                    };
                    (attempt, LinkEvent::Lost { reason })
                }
            };
            if self.events.send(event).await.is_err() {
                return;
            }
            let due = Instant::now() + self.backoff.wait(attempt, rand::random());
            tokio::time::sleep_until(self.retry_at.map_or(due, |at| at.max(due))).await;
            while self.to_send.try_recv().is_ok() {}
            if self.events.is_closed() {
                return;
            }
        }
    }

    /// Waits until there is something to send. It is not sent: the client repeats it
    /// once it is connected. Returns false when the link is dropped.
    async fn something_to_send(&mut self) -> bool {
        let is_something = self.to_send.recv().await.is_some();
        while self.to_send.try_recv().is_ok() {}
        is_something
    }

    /// One connection, from its first attempt to its end.
    async fn connection(&mut self) -> End {
        self.welcomed_at = None;
        // A link that is dropped meanwhile leaves no attempt behind.
        let connected = tokio::select! {
            connected = connect(&self.gateways, self.preferred) => connected,
            () = self.events.closed() => return End::Dropped,
        };
        let (stream, place) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                let list = GatewayAddress::list(&self.gateways);
                self.prefer_after(self.preferred);
                return End::Broken(format!("cannot reach {list}: {error}"));
            }
        };
        self.prefer_after(place);
        let secured = tokio::select! {
            secured = secure(stream, &self.security, &self.gateways[place]) => secured,
            () = self.events.closed() => return End::Dropped,
        };
        let stream = match secured {
            Ok(stream) => stream,
            Err(SecureError::Refused(reason)) if !self.was_secured => {
                return End::Dismissed(reason);
            }
            Err(SecureError::Refused(reason) | SecureError::Broken(reason)) => {
                return End::Broken(reason);
            }
            Err(SecureError::Crowded(reason)) => return End::Crowded(reason),
        };
        self.was_secured = true;
        let codec = LengthDelimitedCodec::builder()
            .length_field_length(LENGTH_BYTES)
            .max_frame_length(SERVER_FRAME_BYTES_MAX)
            .new_codec();
        let mut frames = Framed::new(stream, codec);
        match frames.send(self.hello.clone()).await {
            Ok(()) => self.converse(&mut frames).await,
            Err(error) => broken(error),
        }
    }

    fn prefer_after(&mut self, place: usize) {
        self.preferred = (place + 1) % self.gateways.len();
    }

    async fn converse(&mut self, frames: &mut Frames) -> End {
        if self.events.send(LinkEvent::Connected).await.is_err() {
            return End::Dropped;
        }
        let mut ping = tokio::time::interval(PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due = Due {
            is_answer_due: false,
            since: Instant::now(),
        };
        let mut goodbye = None;
        loop {
            let is_welcome = self.welcomed_at.is_some();
            let outcome = tokio::select! {
                frame = receive(frames, due.broken_at(is_welcome)) => {
                    let outcome = self.received(frame, &due, &mut goodbye).await;
                    // A goodbye answers nothing.
                    if goodbye.is_none() {
                        due.received();
                    }
                    outcome
                }
                frame = self.to_send.recv() => match frame {
                    Some(frame) => {
                        if !is_welcome {
                            due.sent();
                            // It crosses with the goodbye, and is sent again.
                            if matches!(goodbye, Some(End::Unused)) {
                                goodbye = None;
                            }
                        }
                        self.write(frames, frame).await.map_err(broken)
                    }
                    None => Err(End::Dropped),
                },
                _ = ping.tick(), if is_welcome => {
                    let message = frame::from_client(&ClientMessage::Ping { nonce: 0 });
                    frames.send(message).await.map_err(broken)
                }
            };
            match outcome {
                Ok(()) => {}
                // A goodbye explains the break that follows it.
                Err(End::Broken(reason)) => return goodbye.unwrap_or(End::Broken(reason)),
                Err(end) => return end,
            }
        }
    }

    async fn received(
        &mut self,
        frame: Result<Option<io::Result<BytesMut>>, Elapsed>,
        due: &Due,
        goodbye: &mut Option<End>,
    ) -> Result<(), End> {
        let broken_by = |reason: &str| Err(End::Broken(reason.to_owned()));
        let frame = match frame {
            Ok(Some(Ok(frame))) => {
                count(&self.traffic.bytes_down, &frame);
                frame.freeze()
            }
            Ok(Some(Err(error))) => return Err(broken(error)),
            Ok(None) => return broken_by(CLOSED),
            Err(_elapsed) => return broken_by("the server has fallen silent"),
        };
        let Some(event) = LinkEvent::read(&frame) else {
            return Ok(());
        };
        if let LinkEvent::Message(message) = &event {
            self.note(message, due, goodbye);
        }
        self.events.send(event).await.map_err(|_| End::Dropped)
    }

    /// Writes a frame and all others that wait, with one flush.
    async fn write(&mut self, frames: &mut Frames, frame: Bytes) -> io::Result<()> {
        count(&self.traffic.bytes_up, &frame);
        frames.feed(frame).await?;
        while let Ok(frame) = self.to_send.try_recv() {
            count(&self.traffic.bytes_up, &frame);
            frames.feed(frame).await?;
        }
        SinkExt::<Bytes>::flush(frames).await
    }

    /// Notes what decides about the next connection.
    fn note(&mut self, message: &ServerMessage, due: &Due, goodbye: &mut Option<End>) {
        match message {
            ServerMessage::Welcome { .. } => {
                self.welcomed_at = Some(Instant::now());
                self.retry_at = None;
            }
            ServerMessage::Rejected(rejection) if self.welcomed_at.is_none() => {
                let wait = rejection.retry_after();
                self.retry_at = wait.map(|wait| Instant::now() + wait.min(RETRY_AFTER_MAX));
            }
            ServerMessage::Goodbye {
                code: GoodbyeCode::Idle,
                ..
            } if self.welcomed_at.is_none() && !due.is_answer_due => *goodbye = Some(End::Unused),
            ServerMessage::Goodbye {
                code,
                reason,
                retry,
            } => *goodbye = Some(dismissal(*code, reason, *retry)),
            ServerMessage::Rooms { .. }
            | ServerMessage::Entered { .. }
            | ServerMessage::LeftRoom
            | ServerMessage::Profile(_)
            | ServerMessage::Leaderboard(_)
            | ServerMessage::ChatToken { .. }
            | ServerMessage::ChatJoined { .. }
            | ServerMessage::Said { .. }
            | ServerMessage::Present { .. }
            | ServerMessage::PasswordChanged { .. }
            | ServerMessage::AccountDeleted { .. }
            | ServerMessage::Pong { .. }
            | ServerMessage::Rejected(_) => {}
        }
    }
}

/// Receives a frame, until some time if there is one.
async fn receive(
    frames: &mut Frames,
    until: Option<Instant>,
) -> Result<Option<io::Result<BytesMut>>, Elapsed> {
    match until {
        Some(until) => tokio::time::timeout_at(until, frames.next()).await,
        None => Ok(frames.next().await),
    }
}

/// Takes the error by value so that `map_err(broken)` compiles.
#[expect(clippy::needless_pass_by_value)]
fn broken(error: io::Error) -> End {
    End::Broken(match error.kind() {
        // TLS says the same at length: a process that is killed says no goodbye.
        io::ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        _ => error.to_string(),
    })
}

fn dismissal(code: GoodbyeCode, reason: &str, retry: bool) -> End {
    tracing::debug!(?code, reason, retry, "goodbye");
    let reason = reason.to_owned();
    match code {
        _ if !retry => End::Dismissed(reason),
        GoodbyeCode::TooMany => End::Crowded(reason),
        GoodbyeCode::Version
        | GoodbyeCode::TlsRequired
        | GoodbyeCode::BadFrame
        | GoodbyeCode::Idle
        | GoodbyeCode::SlowReader
        | GoodbyeCode::Replaced
        | GoodbyeCode::AccountDeleted
        | GoodbyeCode::Draining
        | GoodbyeCode::SessionEnded => End::Broken(reason),
    }
}

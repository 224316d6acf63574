//! The task that owns a link's socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use protocol::client::{ClientMessage, GoodbyeCode, Hello, ServerMessage};
use protocol::frame::{self, LENGTH_BYTES};
use protocol::limits::SERVER_FRAME_BYTES_MAX;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::error::Elapsed;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::backoff::{Attempt, Backoff};
use super::connect::connect;
use super::{Counters, LinkEvent, count};
use crate::address::GatewayAddress;

/// Interval between pings. A gateway answers each, and closes a connection that
/// is silent for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Time without a frame after which a connection counts as broken, though TCP
/// still holds it: three unanswered pings.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(16);

pub(super) struct LinkTask {
    gateways: Vec<GatewayAddress>,
    /// The place of the gateway to which the next connection goes if it answers.
    preferred: usize,
    backoff: Backoff,
    /// When the gateway of this connection welcomed the player.
    welcomed_at: Option<Instant>,
    traffic: Arc<Counters>,
    hello: Bytes,
    to_send: mpsc::Receiver<Bytes>,
    events: mpsc::Sender<LinkEvent>,
}

/// How a connection ended.
enum End {
    /// The link was dropped.
    Dropped,
    /// The gateway said goodbye and asked the client not to retry.
    Dismissed(String),
    /// The gateway has too many connections or messages.
    Crowded(String),
    /// The connection broke for any other reason, or was not established.
    Broken(String),
}

type Frames = Framed<TcpStream, LengthDelimitedCodec>;

impl LinkTask {
    pub(super) fn new(
        gateways: Vec<GatewayAddress>,
        client: &str,
        to_send: mpsc::Receiver<Bytes>,
        events: mpsc::Sender<LinkEvent>,
        traffic: Arc<Counters>,
    ) -> Self {
        Self {
            gateways,
            preferred: 0,
            backoff: Backoff::default(),
            welcomed_at: None,
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
            let wait = self.backoff.wait(attempt, rand::random());
            tokio::time::sleep(wait).await;
            while self.to_send.try_recv().is_ok() {}
            if self.events.is_closed() {
                return;
            }
        }
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
        let mut received_at = Instant::now();
        let mut goodbye = None;
        loop {
            let outcome = tokio::select! {
                frame = tokio::time::timeout_at(received_at + RECEIVE_TIMEOUT, frames.next()) => {
                    received_at = Instant::now();
                    self.received(frame, &mut goodbye).await
                }
                frame = self.to_send.recv() => match frame {
                    Some(frame) => self.write(frames, frame).await.map_err(broken),
                    None => Err(End::Dropped),
                },
                _ = ping.tick() => {
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
        goodbye: &mut Option<End>,
    ) -> Result<(), End> {
        let broken_by = |reason: &str| Err(End::Broken(reason.to_owned()));
        let frame = match frame {
            Ok(Some(Ok(frame))) => {
                count(&self.traffic.bytes_down, &frame);
                frame.freeze()
            }
            Ok(Some(Err(error))) => return Err(broken(error)),
            Ok(None) => return broken_by("the server closed the connection"),
            Err(_elapsed) => return broken_by("the server has fallen silent"),
        };
        let Some(event) = LinkEvent::read(&frame) else {
            return Ok(());
        };
        if let LinkEvent::Message(message) = &event {
            self.note(message, goodbye);
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
    fn note(&mut self, message: &ServerMessage, goodbye: &mut Option<End>) {
        match message {
            ServerMessage::Welcome { .. } => self.welcomed_at = Some(Instant::now()),
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
            | ServerMessage::Pong { .. }
            | ServerMessage::Rejected(_) => {}
        }
    }
}

/// Takes the error by value so that `map_err(broken)` compiles.
#[expect(clippy::needless_pass_by_value)]
fn broken(error: io::Error) -> End {
    End::Broken(error.to_string())
}

fn dismissal(code: GoodbyeCode, reason: &str, retry: bool) -> End {
    tracing::debug!(?code, reason, retry, "goodbye");
    let reason = reason.to_owned();
    match code {
        _ if !retry => End::Dismissed(reason),
        GoodbyeCode::TooMany => End::Crowded(reason),
        GoodbyeCode::Version
        | GoodbyeCode::BadFrame
        | GoodbyeCode::Idle
        | GoodbyeCode::SlowReader
        | GoodbyeCode::Replaced
        | GoodbyeCode::Draining
        | GoodbyeCode::SessionEnded => End::Broken(reason),
    }
}

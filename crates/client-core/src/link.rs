//! The connection to a gateway: frames out, events in.
//!
//! A task owns the socket. It sends the hello and pings. After a break it
//! reconnects with exponential backoff and full jitter, until a gateway's
//! goodbye says that reconnecting is pointless.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use protocol::chat::ChatMessage;
use protocol::client::{ClientMessage, GoodbyeCode, Hello, ServerMessage};
use protocol::frame::{self, FrameKind, LENGTH_BYTES};
use protocol::limits::SERVER_FRAME_BYTES_MAX;
use protocol::room::RoomEvent;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::error::Elapsed;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// Bound on frames that wait to be sent: a second of inputs and some requests.
const OUTGOING_MAX: usize = 256;
/// Bound on events that wait for a client that polls 60 times a second.
const INCOMING_MAX: usize = 1024;
/// Interval between pings. A gateway answers each, and closes a connection that
/// is silent for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Time without a frame after which a connection counts as broken, though TCP
/// still holds it: three unanswered pings.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(16);
/// Time that a gateway has to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Upper bound of the first wait before reconnecting; each failure doubles it.
const BACKOFF_START: Duration = Duration::from_millis(100);
/// Upper bound of every wait before reconnecting.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// A message from the gateway, or a change of the connection.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEvent {
    /// A connection is established and the hello is sent.
    Connected,
    /// A control message.
    Message(ServerMessage),
    /// A snapshot of the race, encoded; decoding it needs the track.
    Snapshot(Bytes),
    /// An event of the room.
    Event(RoomEvent),
    /// A chat line, or a notice that a player joined or left.
    Chat(ChatMessage),
    /// The connection broke; the link is reconnecting.
    Lost {
        /// The reason, as a phrase for people.
        reason: String,
    },
    /// The connection ended and the link does not reconnect.
    Ended {
        /// The reason, as a phrase for people.
        reason: String,
    },
}

/// A connection that reconnects by itself. Dropping it closes it.
#[derive(Debug)]
pub struct Link {
    outgoing: mpsc::Sender<Bytes>,
    incoming: mpsc::Receiver<LinkEvent>,
    traffic: Arc<Counters>,
}

/// The traffic of a link so far: frames with their length prefixes, without
/// the overhead of TCP and IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes from the gateway.
    pub bytes_down: u64,
    /// Bytes to the gateway.
    pub bytes_up: u64,
}

#[derive(Debug, Default)]
struct Counters {
    bytes_down: AtomicU64,
    bytes_up: AtomicU64,
}

fn count(counter: &AtomicU64, frame: &[u8]) {
    counter.fetch_add((LENGTH_BYTES + frame.len()) as u64, Ordering::Relaxed);
}

impl Link {
    /// Starts connecting to `address` (host and port) on a runtime. The gateway
    /// logs `client` as the name of this program.
    #[must_use]
    pub fn open(runtime: &Handle, address: &str, client: &str) -> Self {
        Self::open_any(runtime, &[address.to_owned()], client)
    }

    /// Like [`Link::open`] with several gateways: starts with the first and goes
    /// on to the next after each break.
    ///
    /// # Panics
    /// If `addresses` is empty.
    #[must_use]
    pub fn open_any(runtime: &Handle, addresses: &[String], client: &str) -> Self {
        assert!(!addresses.is_empty(), "a link needs an address");
        let traffic = Arc::new(Counters::default());
        let (outgoing, to_send) = mpsc::channel(OUTGOING_MAX);
        let (events, incoming) = mpsc::channel(INCOMING_MAX);
        let task = LinkTask {
            addresses: addresses.to_vec(),
            breaks: 0,
            traffic: Arc::clone(&traffic),
            hello: frame::hello(&Hello {
                client: client.to_owned(),
            }),
            to_send,
            events,
        };
        runtime.spawn(task.run());
        Self {
            outgoing,
            incoming,
            traffic,
        }
    }

    /// Returns the traffic so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            bytes_down: self.traffic.bytes_down.load(Ordering::Relaxed),
            bytes_up: self.traffic.bytes_up.load(Ordering::Relaxed),
        }
    }

    /// Sends a frame. Without a connection the frame is dropped: inputs and
    /// requests are stale by the time the link has reconnected.
    pub fn send(&self, frame: Bytes) {
        if self.outgoing.try_send(frame).is_err() {
            tracing::debug!("a frame was dropped");
        }
    }

    /// Returns the next event that has already arrived.
    pub fn poll(&mut self) -> Option<LinkEvent> {
        self.incoming.try_recv().ok()
    }

    /// Waits for the next event. Returns `None` after the last one.
    pub async fn next(&mut self) -> Option<LinkEvent> {
        self.incoming.recv().await
    }
}

struct LinkTask {
    addresses: Vec<String>,
    /// The number of connections that broke or were not established.
    breaks: usize,
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
    /// The connection broke for any other reason.
    Broken(String),
}

type Frames = Framed<TcpStream, LengthDelimitedCodec>;

impl LinkTask {
    async fn run(mut self) {
        let mut failures = 0;
        loop {
            let end = match self.connect().await {
                Ok(mut frames) => {
                    failures = 0;
                    self.converse(&mut frames).await
                }
                Err(error) => End::Broken(format!("cannot reach {}: {error}", self.address())),
            };
            let event = match end {
                End::Dropped => return,
                End::Dismissed(reason) => {
                    let _ = self.events.send(LinkEvent::Ended { reason }).await;
                    return;
                }
                End::Broken(reason) => LinkEvent::Lost { reason },
            };
            if self.events.send(event).await.is_err() {
                return;
            }
            tokio::time::sleep(backoff(failures)).await;
            failures += 1;
            self.breaks += 1;
            while self.to_send.try_recv().is_ok() {}
            if self.events.is_closed() {
                return;
            }
        }
    }

    fn address(&self) -> &str {
        &self.addresses[self.breaks % self.addresses.len()]
    }

    async fn connect(&self) -> io::Result<Frames> {
        let connecting = TcpStream::connect(self.address());
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))??;
        stream.set_nodelay(true)?;
        let codec = LengthDelimitedCodec::builder()
            .length_field_length(LENGTH_BYTES)
            .max_frame_length(SERVER_FRAME_BYTES_MAX)
            .new_codec();
        let mut frames = Framed::new(stream, codec);
        frames.send(self.hello.clone()).await?;
        Ok(frames)
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
        &self,
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
        if let LinkEvent::Message(ServerMessage::Goodbye {
            code,
            reason,
            retry,
        }) = &event
        {
            *goodbye = Some(dismissal(*code, reason, *retry));
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
}

/// Takes the error by value so that `map_err(broken)` compiles.
#[expect(clippy::needless_pass_by_value)]
fn broken(error: io::Error) -> End {
    End::Broken(error.to_string())
}

fn dismissal(code: GoodbyeCode, reason: &str, retry: bool) -> End {
    tracing::debug!(?code, reason, retry, "goodbye");
    if retry {
        End::Broken(reason.to_owned())
    } else {
        End::Dismissed(reason.to_owned())
    }
}

/// Returns the wait before reconnecting after `failures` failures in a row.
/// Full jitter: uniform between zero and a bound that each failure doubles.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    let bound = BACKOFF_START
        .saturating_mul(1 << failures.min(10))
        .min(BACKOFF_MAX);
    bound.mul_f64(rand::random())
}

impl LinkEvent {
    /// Decodes a frame of the gateway. Returns `None` for a message that this
    /// client does not know, which a newer gateway may send.
    #[must_use]
    pub fn read(frame: &Bytes) -> Option<Self> {
        let (kind, body) = frame::split(frame).ok()?;
        let event = match kind {
            FrameKind::Control => Self::Message(serde_json::from_slice(body).ok()?),
            FrameKind::Snapshot => Self::Snapshot(frame.slice_ref(body)),
            FrameKind::Event => Self::Event(serde_json::from_slice(body).ok()?),
            FrameKind::Chat => Self::Chat(serde_json::from_slice(body).ok()?),
            FrameKind::Hello | FrameKind::Input => return None,
        };
        Some(event)
    }
}

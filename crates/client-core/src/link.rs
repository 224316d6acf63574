//! The connection to a gateway: frames out, events in.
//!
//! A task owns the socket. It says hello, pings, and when the connection
//! breaks it comes back with full jitter, until a gateway says that coming
//! back makes no sense.

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

/// Frames that wait to be sent: a second of inputs and some requests.
const OUTGOING_MAX: usize = 256;
/// Events that wait for a client which draws 60 times a second.
const INCOMING_MAX: usize = 1024;
/// A gateway lets go of who is silent for a minute, and answers each ping.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// A gateway that has answered none of three pings is gone, whatever TCP hopes.
const SILENCE_MAX: Duration = Duration::from_secs(16);
/// A gateway that takes longer to accept is as good as none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest first wait before connecting again; each failure doubles it.
const BACKOFF_START: Duration = Duration::from_millis(100);
/// The longest wait of all.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Something that came from the gateway, or happened to the connection.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEvent {
    /// A connection is there, and hello was said.
    Connected,
    /// A control message.
    Message(ServerMessage),
    /// A snapshot of the race, to be read by who knows the track.
    Snapshot(Bytes),
    /// Something happened in the room.
    Event(RoomEvent),
    /// Somebody said something, came or went.
    Chat(ChatMessage),
    /// The connection is gone; another one is being made.
    Lost {
        /// A sentence for a person.
        reason: String,
    },
    /// The connection is gone for good.
    Ended {
        /// A sentence for a person.
        reason: String,
    },
}

/// A connection that mends itself. Dropping it ends it.
#[derive(Debug)]
pub struct Link {
    outgoing: mpsc::Sender<Bytes>,
    incoming: mpsc::Receiver<LinkEvent>,
    traffic: Arc<Counters>,
}

/// What has gone over a link so far: frames with their lengths, without what
/// TCP and IP add.
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
    /// Starts connecting to `address` (host and port) on a runtime; `client`
    /// names this program to the operator.
    #[must_use]
    pub fn open(runtime: &Handle, address: &str, client: &str) -> Self {
        Self::open_any(runtime, &[address.to_owned()], client)
    }

    /// As [`Link::open`], with several gateways: the first is taken, and after
    /// each break the next one.
    ///
    /// # Panics
    /// When there is no address.
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

    /// What has gone over it so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            bytes_down: self.traffic.bytes_down.load(Ordering::Relaxed),
            bytes_up: self.traffic.bytes_up.load(Ordering::Relaxed),
        }
    }

    /// Sends a frame. While the connection is away it is dropped: nothing of
    /// it would make sense later.
    pub fn send(&self, frame: Bytes) {
        if self.outgoing.try_send(frame).is_err() {
            tracing::debug!("a frame was dropped");
        }
    }

    /// The next event that is here already.
    pub fn poll(&mut self) -> Option<LinkEvent> {
        self.incoming.try_recv().ok()
    }

    /// Waits for the next event; `None` after the end.
    pub async fn next(&mut self) -> Option<LinkEvent> {
        self.incoming.recv().await
    }
}

struct LinkTask {
    addresses: Vec<String>,
    /// How often a connection broke or did not come about.
    breaks: usize,
    traffic: Arc<Counters>,
    hello: Bytes,
    to_send: mpsc::Receiver<Bytes>,
    events: mpsc::Sender<LinkEvent>,
}

/// How a connection ended.
enum End {
    /// Nobody listens any more: the link was dropped.
    Dropped,
    /// The gateway said goodbye, and that coming back makes no sense.
    Dismissed(String),
    /// Anything else.
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
        let mut heard_at = Instant::now();
        let mut farewell = None;
        loop {
            let outcome = tokio::select! {
                frame = tokio::time::timeout_at(heard_at + SILENCE_MAX, frames.next()) => {
                    heard_at = Instant::now();
                    self.received(frame, &mut farewell).await
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
                Err(End::Broken(reason)) => return farewell.unwrap_or(End::Broken(reason)),
                Err(end) => return end,
            }
        }
    }

    async fn received(
        &self,
        frame: Result<Option<io::Result<BytesMut>>, Elapsed>,
        farewell: &mut Option<End>,
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
            *farewell = Some(dismissal(*code, reason, *retry));
        }
        self.events.send(event).await.map_err(|_| End::Dropped)
    }

    /// Writes a frame and whatever else waits, with one flush.
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

/// Taken by value, so that it can be named where an error is mapped.
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

/// How long to wait before connecting again after so many failures in a row.
/// Full jitter: anything between nothing and a bound that doubles.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    let bound = BACKOFF_START
        .saturating_mul(1 << failures.min(10))
        .min(BACKOFF_MAX);
    bound.mul_f64(rand::random())
}

impl LinkEvent {
    /// A frame of the gateway as an event; `None` for what this client does not
    /// know, which a newer gateway may send.
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

//! The connection to a gateway: frames out, events in.
//!
//! A task owns the socket. It sends the hello and pings. After a break it
//! reconnects, to the next gateway of the list if that answers, until a gateway's
//! goodbye says that reconnecting is pointless.
//!
//! - [`attempts`] says which address is tried when, and [`backoff`] how long the
//!   link waits between two connections; both are pure.
//! - [`connect`] resolves names and races the addresses, [`secure`] makes a TLS
//!   connection of the first that answers; [`task`] owns the socket.

mod attempts;
mod backoff;
mod connect;
mod secure;
mod task;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use protocol::chat::ChatMessage;
use protocol::client::ServerMessage;
use protocol::frame::{self, FrameKind, LENGTH_BYTES};
use protocol::room::RoomEvent;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

pub use self::backoff::{Attempt, Backoff};

use self::task::LinkTask;
use crate::address::GatewayAddress;
use crate::security::Security;

/// Bound on frames that wait to be sent: a second of inputs and some requests.
const OUTGOING_MAX: usize = 256;
/// Bound on events that wait for a client that polls 60 times a second.
const INCOMING_MAX: usize = 1024;

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
    /// Starts connecting to one of the gateways on a runtime: to the first one
    /// that answers, in the order of the list. The gateway logs `client` as the
    /// name of this program. A first gateway whose certificate does not hold ends
    /// the link; once a gateway's certificate held, the link goes on trying.
    ///
    /// # Panics
    /// If there is no gateway.
    #[must_use]
    pub fn open(
        runtime: &Handle,
        gateways: &[GatewayAddress],
        security: &Security,
        client: &str,
    ) -> Self {
        assert!(!gateways.is_empty(), "a link needs an address");
        let traffic = Arc::new(Counters::default());
        let (outgoing, to_send) = mpsc::channel(OUTGOING_MAX);
        let (events, incoming) = mpsc::channel(INCOMING_MAX);
        let task = LinkTask::new(
            gateways.to_vec(),
            security.clone(),
            client,
            to_send,
            events,
            Arc::clone(&traffic),
        );
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

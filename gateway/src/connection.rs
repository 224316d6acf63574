//! One client's connection: frames in, frames out, and the questions between.
//!
//! This module reads; [`writer`] writes, and [`requests`] carries out what the
//! conversation asks.

mod requests;
mod writer;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use protocol::SessionNonce;
use protocol::chat::ChatSession;
use protocol::client::GoodbyeCode;
use protocol::frame::LENGTH_BYTES;
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use service::{Deadline, Shutdown};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio_util::codec::{FramedRead, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;

use crate::accept::Address;
use crate::conversation::{Conversation, Step, reject};
use crate::desk::Desk;
use crate::metrics;
use crate::outbox::{Outbox, goodbye};
use crate::relay::RelayHandle;
use crate::relay::core::MemberId;
use crate::token::Port;

/// How long a client may go on sending after its goodbye, and how much.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);
const FAREWELL_BYTES_MAX: usize = 4 << 20;

/// Serves one client until either side ends it.
pub async fn serve(
    desk: Arc<Desk>,
    stream: TcpStream,
    port: Port,
    address: Address,
    shutdown: Shutdown,
) {
    // Without it a snapshot would wait for the acknowledgement of the last.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (reader, socket) = stream.into_split();
    let socket = Arc::new(socket);
    let outbox = Arc::new(Outbox::to(Arc::clone(&socket)));
    let gone = CancellationToken::new();
    let writing = tokio::spawn(writer::write(socket, Arc::clone(&outbox), gone.clone()));
    let mut connection = Connection {
        conversation: Conversation::new(port, Instant::now()),
        desk,
        port,
        address,
        outbox,
        member: rand::random(),
        nonce: SessionNonce::new(rand::random()),
        relay: None,
        in_chat: None,
    };
    let reader = connection.read(reader, &gone, &shutdown).await;
    // A goodbye, if there is one, is written within the writer's timeout.
    connection.outbox.end();
    let discarding = tokio::time::timeout(FAREWELL_TIMEOUT, discard(reader));
    let _ = tokio::join!(connection.leave(), writing, discarding);
}

/// Reads what a client still sends, until it closes too: closing with unread
/// bytes would reset the connection, and the goodbye with it.
async fn discard(mut reader: OwnedReadHalf) {
    let mut buffer = [0; 4 * 1024];
    let mut left = FAREWELL_BYTES_MAX;
    while let Ok(bytes @ 1..) = reader.read(&mut buffer).await {
        left = left.saturating_sub(bytes);
        if left == 0 {
            return;
        }
    }
}

struct Connection {
    conversation: Conversation,
    desk: Arc<Desk>,
    port: Port,
    address: Address,
    outbox: Arc<Outbox>,
    /// Who this connection is among the members of a relay and of the chat.
    member: MemberId,
    /// Who this connection is among the log-ins of its player.
    nonce: SessionNonce,
    relay: Option<RelayHandle>,
    in_chat: Option<ChatSession>,
}

enum Event {
    Frame(Bytes),
    /// The client sent what is no frame.
    Broken(std::io::Error),
    /// The client closed, or cannot be written to.
    Gone,
    Silent,
    Shutdown,
}

impl Connection {
    /// Converses until either side ends it; gives the reader back.
    async fn read(
        &mut self,
        reader: OwnedReadHalf,
        gone: &CancellationToken,
        shutdown: &Shutdown,
    ) -> OwnedReadHalf {
        let codec = LengthDelimitedCodec::builder()
            .length_field_length(LENGTH_BYTES)
            .max_frame_length(CLIENT_FRAME_BYTES_MAX)
            .new_codec();
        let mut frames = FramedRead::new(reader, codec);
        let mut ended = pin!(async {
            tokio::select! {
                () = gone.cancelled() => Event::Gone,
                () = shutdown.wait() => Event::Shutdown,
            }
        });
        let mut silence = Deadline::default();
        let farewell = loop {
            let silent_at = Instant::now() + self.conversation.patience();
            let silent = silence.reached(Some(silent_at));
            match Self::next(&mut frames, ended.as_mut(), silent).await {
                Event::Frame(frame) => {
                    metrics::frame_received(frame.len() as u64);
                    self.notice_closed_room();
                    if !self.frame(&frame).await {
                        break None;
                    }
                }
                Event::Gone => break None,
                Event::Broken(error) => {
                    let reason =
                        format!("a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes ({error})");
                    break Some(goodbye(GoodbyeCode::BadFrame, reason));
                }
                Event::Silent => {
                    let reason = "nothing was heard of you for too long";
                    break Some(goodbye(GoodbyeCode::Idle, reason));
                }
                Event::Shutdown => {
                    let reason = "this server is being restarted";
                    break Some(goodbye(GoodbyeCode::Draining, reason));
                }
            }
        };
        if let Some(message) = farewell {
            self.outbox.close(&message);
        }
        frames.into_inner()
    }

    async fn next(
        frames: &mut FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
        ended: Pin<&mut impl Future<Output = Event>>,
        silent: impl Future<Output = ()>,
    ) -> Event {
        tokio::select! {
            // Frames come all the time: the others are asked when there is none.
            biased;
            frame = frames.next() => match frame {
                Some(Ok(frame)) => Event::Frame(frame.freeze()),
                Some(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                    Event::Broken(error)
                }
                Some(Err(_)) | None => Event::Gone,
            },
            event = ended => event,
            () = silent => Event::Silent,
        }
    }

    /// Takes a frame; `false` ends the connection.
    async fn frame(&mut self, frame: &Bytes) -> bool {
        match self.conversation.frame(frame, Instant::now()) {
            Step::Nothing => {}
            Step::Send(message) => self.outbox.send(&message),
            Step::Input(seat, input) => {
                if let Some(relay) = &self.relay {
                    relay.input(seat, &input);
                }
            }
            Step::Ask(ask) => {
                if let Err(rejection) = self.carry_out(ask).await
                    && let Step::Send(message) = reject(rejection)
                {
                    self.outbox.send(&message);
                }
            }
            Step::Close(message) => {
                self.outbox.close(&message);
                return false;
            }
        }
        true
    }
}

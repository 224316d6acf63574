//! One client's connection: frames in, frames out, and the questions between.
//!
//! This module converses with what the [`reader`] finds; the [`keeper`] writes
//! and watches, and [`requests`] carries out what the conversation asks.

mod keeper;
mod reader;
mod requests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::SessionNonce;
use protocol::chat::ChatSession;
use protocol::client::GoodbyeCode;
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use service::Shutdown;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::oneshot;

use self::keeper::{Silence, Speaker};
use self::reader::FrameReader;
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
    let now = Instant::now();
    let conversation = Conversation::new(port, now);
    let (mut speaker, silence) = Silence::new(now);
    speaker.speaks(now, conversation.patience());
    let (keeps, gone) = oneshot::channel();
    let kept = Arc::clone(&outbox);
    let keeping = tokio::spawn(keeper::keep(socket, kept, silence, shutdown, keeps));
    let mut connection = Connection {
        conversation,
        desk,
        port,
        address,
        outbox,
        member: rand::random(),
        nonce: SessionNonce::new(rand::random()),
        relay: None,
        in_chat: None,
    };
    let reader = connection.read(reader, speaker, gone).await;
    // A goodbye, if there is one, is written within the keeper's timeout.
    connection.outbox.end();
    let discarding = tokio::time::timeout(FAREWELL_TIMEOUT, discard(reader));
    let _ = tokio::join!(connection.leave(), keeping, discarding);
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

impl Connection {
    /// Converses until either side ends it; gives the reader back.
    async fn read(
        &mut self,
        reader: OwnedReadHalf,
        mut speaker: Speaker,
        mut gone: oneshot::Receiver<()>,
    ) -> OwnedReadHalf {
        let mut frames = FrameReader::new(reader);
        loop {
            speaker.speaks(Instant::now(), self.conversation.patience());
            let frame = tokio::select! {
                // Frames come all the time: the other is asked when there is none.
                biased;
                frame = frames.next() => frame,
                _ = &mut gone => break,
            };
            match frame {
                Ok(Some(frame)) => {
                    metrics::frame_received(frame.len() as u64);
                    self.notice_closed_room();
                    if !self.frame(frame).await {
                        break;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    let reason =
                        format!("a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes ({error})");
                    self.outbox.close(&goodbye(GoodbyeCode::BadFrame, reason));
                    break;
                }
                Ok(None) | Err(_) => break,
            }
        }
        frames.into_inner()
    }

    /// Takes a frame; `false` ends the connection.
    async fn frame(&mut self, frame: &[u8]) -> bool {
        match self.conversation.frame(frame, Instant::now()) {
            Step::Nothing => {}
            Step::Send(message) => self.outbox.send(&message),
            Step::Input(seat, input) => {
                if let Some(relay) = &self.relay {
                    relay.input(seat, input);
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

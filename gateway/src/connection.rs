//! One client's connection: frames in, frames out, and the requests between.
//!
//! [`serve`] takes any byte stream. One task reads frames, asks the
//! [conversation](crate::conversation) what to do and [carries it
//! out](requests); beside it the writer of the [`SendQueue`] runs.

mod idle;
mod requests;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use protocol::SessionNonce;
use protocol::chat::ChatSession;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame::LENGTH_BYTES;
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use relay::MemberId;
use service::Shutdown;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio_util::codec::{FramedRead, LengthDelimitedCodec};

use self::idle::IdleTimer;
use crate::addresses::Address;
use crate::backend::Backend;
use crate::conversation::{Conversation, Step, reject};
use crate::metrics;
use crate::relays::RelayHandle;
use crate::send_queue::SendQueue;
use crate::token::Port;

/// First size of the buffer that frames are read into: some inputs fit.
const READ_BUFFER_BYTES: usize = 1024;

/// How long a client may go on sending after its goodbye, and how much.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: u64 = 4 << 20;

/// Serves one client until either side ends the connection.
pub async fn serve(
    backend: Arc<Backend>,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    port: Port,
    address: Address,
    shutdown: Shutdown,
) {
    let (reader, writer) = tokio::io::split(stream);
    let mut frames = FramedRead::with_capacity(reader, codec(), READ_BUFFER_BYTES);
    let send_queue = Arc::new(SendQueue::new(writer));
    let mut connection = Connection {
        conversation: Conversation::new(port, Instant::now()),
        backend,
        port,
        address,
        send_queue: Arc::clone(&send_queue),
        member: rand::random(),
        nonce: SessionNonce::new(rand::random()),
        relay: None,
        chat: ChatMembership::Outside,
    };
    let conversing = async {
        connection.converse(&mut frames, &shutdown).await;
        // A goodbye, if there is one, is written first.
        connection.send_queue.end();
        tokio::join!(connection.leave(), linger(frames.into_inner()));
    };
    tokio::join!(conversing, send_queue.write());
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .length_field_length(LENGTH_BYTES)
        .max_frame_length(CLIENT_FRAME_BYTES_MAX)
        .new_codec()
}

/// Reads what a client still sends until it closes too: closing with unread
/// bytes would reset the connection, and lose the goodbye.
async fn linger(reader: impl AsyncRead + Unpin) {
    let (mut rest, mut nowhere) = (reader.take(LINGER_BYTES_MAX), tokio::io::sink());
    let discarding = tokio::io::copy(&mut rest, &mut nowhere);
    // Whether it ends in time, too late or broken, the connection is over.
    let _ = tokio::time::timeout(LINGER_TIMEOUT, discarding).await;
}

struct Connection {
    conversation: Conversation,
    backend: Arc<Backend>,
    port: Port,
    address: Address,
    send_queue: Arc<SendQueue>,
    /// Identifies this connection among the members of a relay and of the chat.
    member: MemberId,
    /// Identifies this connection among the log-ins of its player.
    nonce: SessionNonce,
    relay: Option<RelayHandle>,
    chat: ChatMembership,
}

/// Whether this connection is in the chat.
enum ChatMembership {
    Outside,
    /// It has asked, and has no answer.
    Joining(ChatSession),
    Joined(ChatSession),
}

impl Connection {
    /// Converses until either side ends the connection.
    async fn converse<R>(
        &mut self,
        frames: &mut FramedRead<R, LengthDelimitedCodec>,
        shutdown: &Shutdown,
    ) where
        R: AsyncRead + Unpin,
    {
        let closed = self.send_queue.closed();
        let mut closed = std::pin::pin!(closed.cancelled());
        let mut ending = std::pin::pin!(shutdown.wait());
        let mut idle = IdleTimer::new(self.silent_until());
        loop {
            // A client that floods must let others go first.
            tokio::task::coop::consume_budget().await;
            let frame = tokio::select! {
                biased;
                () = &mut closed => return,
                () = &mut ending => {
                    let reason = "this server is being restarted";
                    return self.goodbye(GoodbyeCode::Draining, reason);
                }
                frame = frames.next() => frame,
                () = idle.expired() => {
                    return self.goodbye(GoodbyeCode::Idle, "nothing was heard of you for too long");
                }
            };
            match frame {
                Some(Ok(frame)) => {
                    metrics::frame_received(frame.len() as u64);
                    self.notice_closed_room();
                    if !self.frame(&frame).await {
                        return;
                    }
                }
                Some(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    let reason = format!("a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes");
                    return self.goodbye(GoodbyeCode::BadFrame, reason);
                }
                Some(Err(_)) | None => return,
            }
            idle.touch(self.silent_until());
        }
    }

    /// Until when the client may be silent.
    fn silent_until(&self) -> tokio::time::Instant {
        tokio::time::Instant::now() + self.conversation.idle_timeout()
    }

    fn goodbye(&self, code: GoodbyeCode, reason: impl Into<String>) {
        self.send_queue.close(&ServerMessage::goodbye(code, reason));
    }

    /// Takes a frame; `false` ends the connection.
    async fn frame(&mut self, frame: &[u8]) -> bool {
        match self.conversation.frame(frame, Instant::now()) {
            Step::Nothing => {}
            Step::Send(message) => self.send_queue.send(&message),
            Step::Input(seat, input) => {
                if let Some(relay) = &self.relay {
                    relay.input(seat, input);
                }
            }
            Step::Ask(ask) => {
                if let Err(rejection) = self.carry_out(ask).await
                    && let Step::Send(message) = reject(rejection)
                {
                    self.send_queue.send(&message);
                }
            }
            Step::Close(message) => {
                self.send_queue.close(&message);
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use protocol::frame;
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// The frames in `bytes`, which come in pieces of `length`.
    async fn read(bytes: &[u8], length: usize) -> Vec<io::Result<BytesMut>> {
        let (near, mut far) = tokio::io::duplex(length);
        let frames = FramedRead::with_capacity(near, codec(), READ_BUFFER_BYTES);
        let sending = async {
            far.write_all(bytes).await.unwrap();
            drop(far);
        };
        tokio::join!(frames.collect(), sending).0
    }

    #[tokio::test]
    async fn reads_every_frame_in_whatever_pieces_its_bytes_come() {
        let max = CLIENT_FRAME_BYTES_MAX;
        let lengths = [3, 0, max, 1, 2, max, max, 700, max - 1, 5];
        let expected: Vec<Vec<u8>> = (0..).zip(lengths).map(|(i, n)| vec![i; n]).collect();
        let mut bytes = Vec::new();
        expected.iter().for_each(|it| frame::append(it, &mut bytes));
        for length in [1, 2, 3, 7, 100, max, max + 1, max + 2, max + 3, 1 << 20] {
            let read: Vec<BytesMut> = read(&bytes, length)
                .await
                .into_iter()
                .collect::<io::Result<_>>()
                .unwrap();
            assert_eq!(read, expected, "in pieces of {length}");
        }
    }

    #[tokio::test]
    async fn refuses_a_frame_that_is_too_long_before_it_is_there() {
        let mut bytes = vec![0, 1, 7];
        bytes.extend((CLIENT_FRAME_BYTES_MAX as u16 + 1).to_be_bytes());
        let read = read(&bytes, 1 << 20).await;
        assert_eq!(read[0].as_ref().unwrap(), &[7][..]);
        let error = read[1].as_ref().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn lingers_until_the_client_closes_or_has_sent_enough() {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let flooding = async {
            let piece = vec![0; 1 << 16];
            while far.write_all(&piece).await.is_ok() {}
        };
        let both = async { tokio::join!(linger(near), flooding) };
        let ended = tokio::time::timeout(Duration::from_secs(30), both);
        assert!(ended.await.is_ok());
    }
}

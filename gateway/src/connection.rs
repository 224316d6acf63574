//! One client's connection: frames in, frames out, and the requests between.
//!
//! [`serve`] takes any byte stream. One task reads frames, asks the
//! [conversation](crate::conversation) what to do and [carries it
//! out](requests); beside it the writer of the [`SendQueue`] runs.

mod budget;
mod idle;
mod linger;
mod reader;
mod requests;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use protocol::SessionNonce;
use protocol::chat::ChatSession;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use relay::MemberId;
use service::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::LengthDelimitedCodecError;
use tokio_util::sync::CancellationToken;

pub(crate) use self::linger::linger;
pub use self::reader::codec;

use self::idle::IdleTimer;
use self::reader::Reader;
use crate::addresses::Address;
use crate::backend::Backend;
use crate::conversation::{Conversation, Step, reject};
use crate::metrics;
use crate::relays::RelayHandle;
use crate::send_queue::SendQueue;
use crate::tls;
use crate::token::Port;

/// Serves one client until either side ends the connection.
pub async fn serve(
    backend: Arc<Backend>,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    port: Port,
    address: Address,
    shutdown: Shutdown,
) {
    let (reader, writer) = tokio::io::split(stream);
    let now = Instant::now();
    let mut reader = Reader::new(reader, now);
    let send_queue = Arc::new(SendQueue::new(writer));
    let mut connection = Connection {
        conversation: Conversation::new(port, now),
        backend,
        port,
        address,
        send_queue: Arc::clone(&send_queue),
        member: rand::random(),
        nonce: SessionNonce::new(rand::random()),
        relay: None,
        chat: ChatMembership::Outside,
    };
    let is_written = CancellationToken::new();
    let conversing = async {
        connection.converse(&mut reader, &shutdown).await;
        // A goodbye, if there is one, is written first.
        connection.send_queue.end();
        // In a box, as what a client asks for: a connection that is idle has no use for
        // the space that these futures take.
        let leaving = Box::pin(async {
            let lingering = linger(reader.into_stream(), is_written.cancelled());
            tokio::join!(connection.leave(), lingering);
        });
        leaving.await;
    };
    let writing = async {
        send_queue.write().await;
        is_written.cancel();
    };
    tokio::join!(conversing, writing);
}

/// Whether reading failed since a frame is longer than a client's may be, and not by the
/// stream itself: TLS calls damaged records invalid too.
fn is_too_long(error: &io::Error) -> bool {
    let source = error.get_ref();
    source.is_some_and(|source| source.is::<LengthDelimitedCodecError>())
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
    async fn converse<R>(&mut self, reader: &mut Reader<R>, shutdown: &Shutdown)
    where
        R: AsyncRead + Unpin,
    {
        let closed = self.send_queue.closed();
        let mut closed = std::pin::pin!(closed.cancelled());
        let mut ending = std::pin::pin!(shutdown.wait());
        let mut idle = IdleTimer::new(self.silent_until());
        loop {
            let frame = tokio::select! {
                biased;
                () = &mut closed => return,
                () = &mut ending => {
                    // The client may be at another gateway as soon as it is told.
                    Box::pin(self.close_session()).await;
                    let reason = "this server is being restarted";
                    return self.goodbye(GoodbyeCode::Draining, reason);
                }
                frame = reader.next(&self.send_queue) => frame,
                () = idle.expired() => return self.send_queue.close(&self.conversation.expired()),
            };
            match frame {
                Some(Ok(frame)) => {
                    self.notice_closed_room();
                    if !self.frame(&frame).await {
                        return;
                    }
                }
                Some(Err(error)) if is_too_long(&error) => {
                    if tls::begins_handshake(reader.unread()) {
                        tracing::debug!("a client speaks TLS to a port without");
                        metrics::handshake("no_tls_here");
                    }
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
        self.conversation.silent_until(Instant::now()).into()
    }

    fn goodbye(&self, code: GoodbyeCode, reason: impl Into<String>) {
        self.send_queue.close(&ServerMessage::goodbye(code, reason));
    }

    /// Takes a frame; `false` ends the connection.
    async fn frame(&mut self, frame: &[u8]) -> bool {
        let step = self.conversation.frame(frame, Instant::now());
        if self.conversation.has_said_hello() {
            self.address.greeted();
        }
        match step {
            Step::Nothing => {}
            Step::Send(message) => self.send_queue.send(&message),
            Step::Input(seat, input) => {
                if let Some(relay) = &self.relay {
                    relay.input(seat, input);
                }
            }
            Step::Ask(ask) => {
                if let Err(rejection) = Box::pin(self.carry_out(ask)).await
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
    use tokio::net::TcpStream;

    use super::*;

    /// What the task of an idle connection takes; the buffers are beside it.
    const TASK_BYTES_MAX: usize = 2 * 1024;

    #[test]
    fn the_task_of_a_connection_is_small() {
        fn size<F>(_: impl FnOnce(Arc<Backend>, TcpStream, Address, Shutdown) -> F) -> usize {
            size_of::<F>()
        }
        let bytes = size(|backend, stream, address, shutdown| {
            serve(backend, stream, Port::Race, address, shutdown)
        });
        assert!(bytes <= TASK_BYTES_MAX, "{bytes} bytes");
    }
}

//! Accepting clients, and what happens before their conversation.

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame;
use service::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::addresses::{Address, Addresses, Refused};
use crate::backend::Backend;
use crate::connection;
use crate::metrics;
use crate::tls::{ACCESS_DENIED_ALERT, HandshakeError, Secured, Tls};
use crate::token::Port;

/// When accepting fails for want of file descriptors, some must be closed first.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// One of the two ports for clients.
pub(crate) struct ClientPort {
    pub(crate) port: Port,
    pub(crate) backend: Arc<Backend>,
    pub(crate) addresses: Arc<Addresses>,
    /// `None`: the port speaks plain text.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) shutdown: Shutdown,
}

impl ClientPort {
    /// Accepts clients until shutdown, each served by a task of its own.
    pub(crate) async fn accept(self, listener: TcpListener, tasks: TaskTracker) {
        let this = Arc::new(self);
        loop {
            let accepted = tokio::select! {
                () = this.shutdown.wait() => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                    continue;
                }
            };
            metrics::accepted(this.port);
            // Otherwise a snapshot would wait for the acknowledgement of the last one.
            if stream.set_nodelay(true).is_err() {
                // The client has gone already.
                continue;
            }
            tasks.spawn(Arc::clone(&this).serve(stream, peer));
        }
    }

    /// Serves one client: admission by its address, then TLS, then the conversation.
    async fn serve(self: Arc<Self>, mut stream: TcpStream, peer: SocketAddr) {
        let address = match self.addresses.admit(&mut stream, peer.ip()).await {
            Ok(address) => address,
            Err(Refused::Silently) => return,
            Err(refused) => return self.refuse(stream, &refused).await,
        };
        metrics::connections(self.port, 1.0);
        match &self.tls {
            None => self.converse(stream, address).await,
            Some(tls) => {
                if let Some(secured) = self.secure(tls, stream).await {
                    self.converse(secured, address).await;
                }
            }
        }
        metrics::connections(self.port, -1.0);
    }

    /// Serves a client whose stream is ready for frames.
    fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        address: Address,
    ) -> impl Future<Output = ()> + Send {
        let (backend, shutdown) = (Arc::clone(&self.backend), self.shutdown.clone());
        connection::serve(backend, stream, self.port, address, shutdown)
    }

    /// Makes an encrypted connection. A client that speaks plain text is told so.
    async fn secure(&self, tls: &Tls, stream: TcpStream) -> Option<Secured> {
        let outcome = tokio::select! {
            outcome = tls.handshake(stream) => outcome,
            () = self.shutdown.wait() => return None,
        };
        let error = match outcome {
            Ok(secured) => {
                metrics::handshake("done");
                return Some(secured);
            }
            Err(error) => error,
        };
        tracing::debug!(%error, "no TLS handshake");
        metrics::handshake(error.outcome());
        match error {
            HandshakeError::PlainText(stream) => dismiss_plain_text(stream).await,
            HandshakeError::Timeout | HandshakeError::Closed | HandshakeError::Failed(_) => {}
        }
        None
    }

    /// Turns away a client that its address does not admit. With TLS that is an alert,
    /// which costs no handshake.
    async fn refuse(&self, mut stream: TcpStream, refused: &Refused) {
        let code = GoodbyeCode::TooMany;
        let refusal = match &self.tls {
            None => goodbye(code, &refused.to_string()),
            Some(_) => Bytes::from_static(&ACCESS_DENIED_ALERT),
        };
        metrics::goodbye(code);
        // A client that does not read its refusal is gone all the same.
        let _ = stream.write_all(&refusal).await;
        let _ = stream.shutdown().await;
        connection::linger(stream, ready(())).await;
    }
}

/// Tells a client that speaks plain text to a port with TLS.
async fn dismiss_plain_text(mut stream: TcpStream) {
    let code = GoodbyeCode::TlsRequired;
    metrics::goodbye(code);
    let goodbye = goodbye(code, "this gateway speaks TLS: connect with TLS");
    // A client that does not read its goodbye is gone all the same.
    let _ = stream.write_all(&goodbye).await;
    let _ = stream.shutdown().await;
    connection::linger(stream, ready(())).await;
}

/// The bytes of a goodbye in plain text.
fn goodbye(code: GoodbyeCode, reason: &str) -> Bytes {
    let body = frame::from_server(&ServerMessage::goodbye(code, reason));
    let mut bytes = BytesMut::with_capacity(body.len() + frame::LENGTH_BYTES);
    frame::append(&body, &mut bytes);
    bytes.freeze()
}

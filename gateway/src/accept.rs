//! Accepting clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame;
use service::Shutdown;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::addresses::{Addresses, Refused};
use crate::backend::Backend;
use crate::connection;
use crate::metrics;
use crate::token::Port;

/// When accepting fails for want of file descriptors, some must be closed first.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Accepts clients of one port until shutdown.
pub(crate) async fn accept(
    listener: TcpListener,
    port: Port,
    backend: Arc<Backend>,
    addresses: Arc<Addresses>,
    tasks: TaskTracker,
    shutdown: Shutdown,
) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.wait() => return,
            accepted = listener.accept() => accepted,
        };
        let (mut stream, peer): (TcpStream, SocketAddr) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        metrics::accepted(port);
        // Otherwise a snapshot would wait for the acknowledgement of the last one.
        if stream.set_nodelay(true).is_err() {
            // The client has gone already.
            continue;
        }
        let (backend, shutdown) = (Arc::clone(&backend), shutdown.clone());
        let addresses = Arc::clone(&addresses);
        tasks.spawn(async move {
            let address = match addresses.admit(&mut stream, peer.ip()).await {
                Ok(address) => address,
                Err(refused) => return refuse(stream, &refused).await,
            };
            metrics::connections(port, 1.0);
            connection::serve(backend, stream, port, address, shutdown).await;
            metrics::connections(port, -1.0);
        });
    }
}

async fn refuse(mut stream: TcpStream, refused: &Refused) {
    metrics::goodbye(GoodbyeCode::TooMany);
    let goodbye = ServerMessage::goodbye(GoodbyeCode::TooMany, refused.to_string());
    let body = frame::from_server(&goodbye);
    let mut bytes = BytesMut::with_capacity(body.len() + frame::LENGTH_BYTES);
    frame::append(&body, &mut bytes);
    // A client that does not read its refusal is gone all the same.
    let _ = stream.write_all(&bytes).await;
}

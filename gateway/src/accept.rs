//! Listening, and what one address may do.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::{Rejection, RejectionCode, Reply, frame};
use service::Shutdown;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::backend::Backend;
use crate::connection;
use crate::limits::WRONG_PASSWORD_RATE;
use crate::metrics;
use crate::rate::Rate;
use crate::token::Port;

/// When accepting fails for want of file descriptors, some must be closed first.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// So many remembered addresses are gone through for those to forget.
const ADDRESSES_TIDY: usize = 10_000;

/// Addresses with connections or recent wrong passwords.
#[derive(Debug)]
pub(crate) struct Addresses {
    connections_max: usize,
    known: Mutex<HashMap<IpAddr, Record>>,
}

#[derive(Debug)]
struct Record {
    connections: usize,
    wrong_passwords: Rate,
}

/// One connection's claim on its address; dropping it gives it back.
#[derive(Debug)]
pub struct Address {
    all: Arc<Addresses>,
    ip: IpAddr,
}

impl Addresses {
    pub(crate) fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            connections_max,
            known: Mutex::default(),
        })
    }

    /// Counts a connection; `None` when there are too many from there.
    fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Address> {
        let mut known = self.lock();
        if known.len() >= ADDRESSES_TIDY {
            let now = Instant::now();
            known
                .retain(|_, record| record.connections > 0 || !record.wrong_passwords.is_full(now));
        }
        let record = known.entry(ip).or_insert_with(|| Record {
            connections: 0,
            wrong_passwords: Rate::new(WRONG_PASSWORD_RATE, Instant::now()),
        });
        if record.connections >= self.connections_max {
            return None;
        }
        record.connections += 1;
        drop(known);
        Some(Address {
            all: Arc::clone(self),
            ip,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Record>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Address {
    /// Refuses a log-in while there were too many wrong passwords.
    pub(crate) fn expect_few_wrong_passwords(&self) -> Reply<()> {
        let mut known = self.all.lock();
        let patient = known
            .get_mut(&self.ip)
            .is_none_or(|record| record.wrong_passwords.has_room(Instant::now()));
        if patient {
            return Ok(());
        }
        let message = "too many wrong passwords from your address, wait a minute";
        Err(Rejection::new(RejectionCode::TooFast, message))
    }

    /// Counts a wrong password.
    pub(crate) fn note<T>(&self, outcome: &Reply<T>) {
        let is_wrong = outcome
            .as_ref()
            .is_err_and(|error| error.code == RejectionCode::WrongCredentials);
        if is_wrong && let Some(record) = self.all.lock().get_mut(&self.ip) {
            record.wrong_passwords.allow(Instant::now());
        }
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let mut known = self.all.lock();
        if let Some(record) = known.get_mut(&self.ip) {
            record.connections -= 1;
            if record.connections == 0 && record.wrong_passwords.is_full(Instant::now()) {
                known.remove(&self.ip);
            }
        }
    }
}

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
        let (stream, peer): (TcpStream, SocketAddr) = match accepted {
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
        let Some(address) = addresses.admit(peer.ip()) else {
            tasks.spawn(refuse(stream));
            continue;
        };
        let (backend, shutdown) = (Arc::clone(&backend), shutdown.clone());
        tasks.spawn(async move {
            metrics::connections(port, 1.0);
            connection::serve(backend, stream, port, address, shutdown).await;
            metrics::connections(port, -1.0);
        });
    }
}

async fn refuse(mut stream: TcpStream) {
    metrics::goodbye(GoodbyeCode::TooMany);
    let body = frame::from_server(&ServerMessage::goodbye(
        GoodbyeCode::TooMany,
        "too many connections from your address",
    ));
    let mut bytes = BytesMut::with_capacity(body.len() + frame::LENGTH_BYTES);
    frame::append(&body, &mut bytes);
    // A stranger that does not read its refusal is gone all the same.
    let _ = stream.write_all(&bytes).await;
}

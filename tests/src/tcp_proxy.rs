//! A TCP proxy between a client and a gateway whose connections can be cut, or
//! that has the delay and the stalls of a modelled network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use client_core::netcode::network_model::{Conditions, NetworkPath};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often a proxy with a modelled network looks what has arrived.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// Forwards connections to an address until it is cut.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// A proxy to `target`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn to(target: String) -> Result<Self> {
        Self::start(target, None).await
    }

    /// A proxy to `target` over a network with these conditions in each
    /// direction.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn with_conditions(
        target: String,
        conditions: Conditions,
        seed: u64,
    ) -> Result<Self> {
        Self::start(target, Some((conditions, seed))).await
    }

    async fn start(target: String, path: Option<(Conditions, u64)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (is_cut, cut) = watch::channel(false);
        let task = tokio::spawn(forward(listener, target, cut, path));
        Ok(Self {
            address,
            is_cut,
            task,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Ends all connections, and every later one until [`TcpProxy::restore`].
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Forwards connections again.
    pub fn restore(&self) {
        self.is_cut.send_replace(false);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn forward(
    listener: TcpListener,
    target: String,
    cut: watch::Receiver<bool>,
    path: Option<(Conditions, u64)>,
) {
    while let Ok((mut client, _)) = listener.accept().await {
        if *cut.borrow() {
            continue;
        }
        let (target, mut cut) = (target.clone(), cut.clone());
        tokio::spawn(async move {
            let Ok(mut server) = TcpStream::connect(target).await else {
                return;
            };
            let forwarding = async {
                match path {
                    None => drop(copy_bidirectional(&mut client, &mut server).await),
                    Some((conditions, seed)) => {
                        // What is delayed here must not be delayed again.
                        let _ = (client.set_nodelay(true), server.set_nodelay(true));
                        let (from_client, to_client) = client.into_split();
                        let (from_server, to_server) = server.into_split();
                        tokio::select! {
                            () = carry(from_client, to_server, NetworkPath::new(conditions, seed)) => {}
                            () = carry(from_server, to_client, NetworkPath::new(conditions, !seed)) => {}
                        }
                    }
                }
            };
            tokio::select! {
                biased;
                _ = cut.wait_for(|is_cut| *is_cut) => {}
                () = forwarding => {}
            }
        });
    }
}

/// Carries bytes in one direction with the delays of `path`.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut path: NetworkPath<Bytes>) {
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(len) if len > 0 => {
                    path.send(Bytes::copy_from_slice(&buffer[..len]), Instant::now());
                }
                Ok(_) | Err(_) => return,
            },
            _ = looks.tick() => {
                while let Some(bytes) = path.receive(Instant::now()) {
                    if to.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

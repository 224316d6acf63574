//! A TCP proxy between a client and a gateway whose connections can be cut, or
//! that has the delay and the stalls of a modelled network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use client_core::netcode::network_model::{Conditions, NetworkPath};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often a proxy with a modelled network looks what has arrived.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// Forwards connections to an address until it is cut.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct State {
    /// Where new connections go.
    target: String,
    /// Whether new connections are ended at once.
    is_cut: bool,
    /// How often connections were broken.
    breaks: u64,
    how: Break,
}

/// How connections are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Both sides see the end of the stream.
    Close,
    /// Both sides see a reset.
    Reset,
    /// Neither side hears anything again.
    Silence,
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
        let (state, states) = watch::channel(State {
            target,
            is_cut: false,
            breaks: 0,
            how: Break::Close,
        });
        let task = tokio::spawn(forward(listener, states, path));
        Ok(Self {
            address,
            state,
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
        self.state.send_modify(|state| state.is_cut = true);
        self.break_connections(Break::Close);
    }

    /// Forwards connections again.
    pub fn restore(&self) {
        self.state.send_modify(|state| state.is_cut = false);
    }

    /// Breaks the connections there are; later ones are forwarded.
    pub fn break_connections(&self, how: Break) {
        self.state.send_modify(|state| {
            state.breaks += 1;
            state.how = how;
        });
    }

    /// Forwards later connections to another address.
    pub fn forward_to(&self, target: &str) {
        self.state
            .send_modify(|state| target.clone_into(&mut state.target));
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
    states: watch::Receiver<State>,
    path: Option<(Conditions, u64)>,
) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (mut states, now) = (states.clone(), states.borrow().clone());
        if now.is_cut {
            continue;
        }
        tokio::spawn(async move {
            let Ok(mut server) = TcpStream::connect(&now.target).await else {
                return;
            };
            tokio::select! {
                biased;
                _ = states.wait_for(|state| state.breaks > now.breaks) => {}
                () = carry_both(&mut client, &mut server, path) => return,
            }
            let how = states.borrow().how;
            match how {
                Break::Close => {}
                Break::Reset => {
                    // Closing sends a reset then.
                    let _ = (client.set_zero_linger(), server.set_zero_linger());
                }
                // Until the proxy is dropped.
                Break::Silence => while states.changed().await.is_ok() {},
            }
        });
    }
}

async fn carry_both(
    client: &mut TcpStream,
    server: &mut TcpStream,
    path: Option<(Conditions, u64)>,
) {
    let Some((conditions, seed)) = path else {
        let _ = copy_bidirectional(client, server).await;
        return;
    };
    // What is delayed here must not be delayed again.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::select! {
        () = carry(from_client, to_server, NetworkPath::new(conditions, seed)) => {}
        () = carry(from_server, to_client, NetworkPath::new(conditions, !seed)) => {}
    }
}

/// Carries bytes in one direction with the delays of `path`.
async fn carry(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut path: NetworkPath<Bytes>) {
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

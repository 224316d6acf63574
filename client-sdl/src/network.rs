//! The connection and its threads.

use anyhow::Context;
use client_core::{GatewayAddress, Link, LinkEvent, Security};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::app::App;

/// The number of threads: one for the link, one for the state socket.
const THREADS: usize = 2;
/// The program's name in its hello to the gateway.
const CLIENT: &str = "client-sdl";

/// The connection to a gateway. Dropping it closes it.
pub struct Network {
    link: Link,
    runtime: Runtime,
}

impl Network {
    /// Starts connecting.
    ///
    /// # Errors
    /// Returns an error if the threads cannot be started.
    pub fn open(gateways: &[GatewayAddress], security: &Security) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .context("cannot start the threads of the network")?;
        let link = Link::open(runtime.handle(), gateways, security, CLIENT);
        Ok(Self { link, runtime })
    }

    /// Starts connecting anew, in the place of the connection before.
    pub fn reopen(&mut self, gateways: &[GatewayAddress], security: &Security) {
        self.link = Link::open(self.runtime.handle(), gateways, security, CLIENT);
    }

    /// Returns a handle to the runtime, for other tasks.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Returns the next event that has already arrived.
    pub fn poll(&mut self) -> Option<LinkEvent> {
        self.link.poll()
    }

    /// Sends the client's frames.
    pub fn send(&self, app: &mut App) {
        for frame in app.client_mut().take_outgoing() {
            self.link.send(frame);
        }
    }
}

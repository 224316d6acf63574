//! The connection and its threads.

use anyhow::Context;
use client_core::{Link, LinkEvent};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::app::App;

/// One for the link, one for who looks at the state.
const THREADS: usize = 2;
/// How this program is called in a gateway's log.
const CLIENT: &str = "client-sdl";

/// The connection to the gateway. Dropping it ends it.
pub struct Network {
    link: Link,
    runtime: Runtime,
}

impl Network {
    /// Starts connecting.
    ///
    /// # Errors
    /// When no threads can be started.
    pub fn open(gateway: &str) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .context("cannot start the threads of the network")?;
        let link = Link::open(runtime.handle(), gateway, CLIENT);
        Ok(Self { link, runtime })
    }

    /// Where other tasks may run.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// The next event that is here already.
    pub fn poll(&mut self) -> Option<LinkEvent> {
        self.link.poll()
    }

    /// Sends what the client wants to send.
    pub fn send(&self, app: &mut App) {
        for frame in app.client_mut().take_outgoing() {
            self.link.send(frame);
        }
    }
}

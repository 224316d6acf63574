//! A client that lives by itself, as a window does: it takes what comes, draws
//! sixty frames a second and sends what is due, while the test looks on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use client_core::{GatewayAddress, Link, LinkEvent, Security};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use fleet::wait::{TIMEOUT, eventually_within};

/// Between two frames that a window draws.
const FRAME: Duration = Duration::from_micros(16_667);

/// What lives: a state machine of `client_core` with a memory.
pub trait Client: Send + 'static {
    /// Takes what came.
    fn event(&mut self, event: LinkEvent);
    /// A frame is due.
    fn frame(&mut self);
    /// The frames to send.
    fn take_outgoing(&mut self) -> Vec<Bytes>;
    /// Its state, for the message of a failed test.
    fn summary(&self) -> String;
}

/// A client that lives by itself. Dropping it cuts its connection without a
/// word, as a crash does.
#[derive(Debug)]
pub struct Live<C> {
    name: String,
    client: Arc<Mutex<C>>,
    task: JoinHandle<()>,
}

impl<C: Client> Live<C> {
    /// Starts connecting.
    #[must_use]
    pub fn connect(client: C, name: &str, address: &str, security: &Security) -> Self {
        let client = Arc::new(Mutex::new(client));
        let gateway = GatewayAddress::parse(address).expect("a fleet announces addresses");
        let link = Link::open(
            &Handle::current(),
            &[gateway],
            security,
            "integration-tests",
        );
        let task = tokio::spawn(live(Arc::clone(&client), link));
        Self {
            name: name.to_owned(),
            client,
            task,
        }
    }

    /// Looks at the client.
    pub fn look<T>(&self, look: impl FnOnce(&C) -> T) -> T {
        look(&lock(&self.client))
    }

    /// Does something with the client.
    pub fn act<T>(&self, act: impl FnOnce(&mut C) -> T) -> T {
        act(&mut lock(&self.client))
    }

    /// Waits until something is true of the client.
    ///
    /// # Errors
    /// When it does not come true.
    pub async fn until(&self, what: &str, mut is_true: impl FnMut(&C) -> bool) -> Result<()> {
        self.find(what, |client| is_true(client).then_some(()))
            .await
    }

    /// Waits until there is something to find.
    ///
    /// # Errors
    /// When there is not.
    pub async fn find<T>(&self, what: &str, look: impl FnMut(&C) -> Option<T>) -> Result<T> {
        self.find_within(TIMEOUT, what, look).await
    }

    /// Waits until there is something to find, for so long at most.
    ///
    /// # Errors
    /// When there is not.
    pub async fn find_within<T>(
        &self,
        timeout: Duration,
        what: &str,
        mut look: impl FnMut(&C) -> Option<T>,
    ) -> Result<T> {
        let found = eventually_within(timeout, what, async || Ok(self.look(&mut look))).await;
        found.map_err(|error| {
            let summary = self.look(Client::summary);
            error.context(format!("{}, who is: {summary}", self.name))
        })
    }
}

impl<C> Drop for Live<C> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<C>(client: &Mutex<C>) -> MutexGuard<'_, C> {
    client.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn live<C: Client>(client: Arc<Mutex<C>>, mut link: Link) {
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let event = tokio::select! {
            event = link.next() => match event {
                Some(event) => Some(event),
                None => return,
            },
            _ = frames.tick() => None,
        };
        let outgoing = {
            let mut client = lock(&client);
            match event {
                Some(event) => client.event(event),
                None => client.frame(),
            }
            client.take_outgoing()
        };
        outgoing.into_iter().for_each(|frame| link.send(frame));
    }
}

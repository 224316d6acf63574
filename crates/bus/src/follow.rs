//! Followers: a bucket or stream as it is, then what changes in it, without a gap.
//!
//! A follower never ends. It begins again at once when the connection is back or the
//! stream was created again, and creates what is missing. A follower of a bucket then
//! yields all keys first, so that what went away meanwhile goes away; one of a stream
//! goes on after the last message that it yielded.

mod bucket;
mod stream;

use std::time::{Duration, Instant};

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push;
use futures::StreamExt;
use tokio::sync::watch;

use crate::connection::Bus;
use crate::store::Store;

pub use self::bucket::{BucketFollower, BucketUpdate, Change};
pub use self::stream::{StreamFollower, StreamMessage, StreamUpdate};

/// Between two attempts to open a reader.
const REOPEN_DELAY: Duration = Duration::from_millis(100);

/// What followers of buckets and of streams have in common: a reader that is open or
/// not.
struct Reading {
    bus: Bus,
    store: Store,
    generations: watch::Receiver<u64>,
    messages: Option<push::Ordered>,
    /// Whether the break has been logged.
    is_told: bool,
}

impl Reading {
    fn new(bus: &Bus, store: &Store) -> Self {
        Self {
            bus: bus.clone(),
            store: *store,
            generations: bus.stores().generations(),
            messages: None,
            is_told: false,
        }
    }

    fn is_open(&self) -> bool {
        self.messages.is_some()
    }

    /// Notes that everything up to this moment has been yielded.
    fn is_current(&mut self) {
        self.note(true);
        if std::mem::take(&mut self.is_told) {
            tracing::info!(store = self.store.name(), "following again");
        }
    }

    /// Ends the reader; waits before the next attempt.
    async fn failed(&mut self, error: &async_nats::Error) {
        self.messages = None;
        self.note(false);
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(%error, store = self.store.name(), "cannot follow, trying again");
        }
        tokio::time::sleep(REOPEN_DELAY).await;
    }

    /// The next message; `None` when the reader has to be opened again.
    async fn next(&mut self) -> Option<Message> {
        let messages = self.messages.as_mut()?;
        let failure: async_nats::Error = tokio::select! {
            biased;
            // The sender lives as long as the bus.
            _ = self.generations.changed() => {
                self.messages = None;
                self.note(false);
                return None;
            }
            message = messages.next() => match message {
                Some(Ok(message)) => return Some(message),
                Some(Err(error)) => error.into(),
                None => "the reader ended".into(),
            },
        };
        self.failed(&failure).await;
        None
    }

    fn note(&self, is_current: bool) {
        let mut status = self.bus.stores().status();
        status.follows(self.store.name(), is_current, Instant::now());
    }
}

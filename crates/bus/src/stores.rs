//! What a program knows of its streams and buckets, shared by all that use them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::error::CasError;
use crate::status::Status;

/// What a program knows of its streams and buckets. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    status: Arc<Mutex<Status>>,
    /// Counts what makes followers begin again: connections, and stores that were
    /// replaced.
    generation: watch::Sender<u64>,
}

impl Stores {
    pub(crate) fn new(generation: watch::Sender<u64>) -> Self {
        Self {
            status: Arc::default(),
            generation,
        }
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Yields a value after each connection, and after a store was replaced.
    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Makes all followers begin again.
    pub(crate) fn begin_again(&self) {
        self.generation.send_modify(|count| *count += 1);
    }

    /// Notes how a write ended.
    pub(crate) fn wrote<T>(&self, store: &'static str, outcome: &Result<T, CasError>) {
        match outcome {
            Ok(_) | Err(CasError::Conflict { .. }) => self.status().wrote(store),
            Err(CasError::Unknown { source, .. }) => {
                let reason = source.to_string();
                self.status().write_failed(store, reason, Instant::now());
            }
        }
    }
}

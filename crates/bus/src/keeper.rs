//! Keeps the streams and buckets of a program: creates those that are missing, at
//! the start, after every reconnection and at intervals, and notes what it finds.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::connection::Bus;
use crate::error::BusError;
use crate::store::Store;

/// Between two looks at the streams and buckets: one that an operator has deleted
/// is back soon, and a program asks a few times a second at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// The task that keeps the streams and buckets of a program. Dropping it ends it.
#[derive(Debug)]
pub struct Keeper {
    _task: AbortOnDropHandle<()>,
}

impl Bus {
    /// Creates what is missing of the streams and buckets that a program needs, and
    /// keeps doing so.
    ///
    /// # Errors
    /// When one cannot be created at the start.
    pub async fn keep(&self, stores: &'static [Store]) -> Result<Keeper, BusError> {
        let generations = self.stores().generations();
        for store in stores {
            let identity = self.provide(store).await?;
            self.stores().status().found(store.name(), identity);
        }
        let task = tokio::spawn(keep(self.clone(), stores, generations));
        Ok(Keeper {
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// What this program lacks of NATS at the moment, a sentence for each; empty when
    /// it can work.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let is_connected = self.is_connected();
        self.stores()
            .status()
            .problems(is_connected, Instant::now())
    }
}

async fn keep(bus: Bus, stores: &'static [Store], mut generations: watch::Receiver<u64>) {
    loop {
        // The sender lives as long as the bus.
        let _ = tokio::time::timeout(LOOK_INTERVAL, generations.changed()).await;
        if !bus.is_connected() {
            continue;
        }
        for store in stores {
            bus.look_after(store).await;
        }
    }
}

impl Bus {
    async fn look_after(&self, store: &Store) {
        let found = match self.identity(store).await {
            Ok(identity) => Ok(identity),
            Err(_missing_or_silent) => self.provide_once(store).await,
        };
        match found {
            Ok(identity) => {
                let is_another = self.stores().status().found(store.name(), identity);
                if is_another {
                    tracing::warn!(store = store.name(), "it was created again, empty");
                    self.stores().begin_again();
                }
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                let error = format!("{error}: {}", source.unwrap_or_default());
                self.stores().status().missing(store.name(), error);
            }
        }
        let is_failing = self
            .stores()
            .status()
            .failing()
            .any(|failing| failing == store.name());
        if is_failing && self.probe(store).await == Some(true) {
            self.stores().status().wrote(store.name());
        }
    }
}

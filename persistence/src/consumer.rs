//! Empties the work queue PERSIST into the database.

use std::time::{Duration, Instant};

use bus::{Bus, BusError, Delivery, WorkQueue};
use protocol::ReadError;
use service::{Condition, Shutdown};
use tracing::{debug, error, info, warn};

use crate::batch::Batch;
use crate::error::{RecordError, StoreError, chain};
use crate::store::Store;
use crate::{Backoff, metrics, now, rest};

/// Messages in one transaction: beyond this the rows a second hardly grow.
const BATCH_MESSAGES_MAX: usize = 500;
/// How long a batch fills, in the stream: this process does not wake up for each
/// message. Each batch is two writes of the consumer's state for NATS and a
/// transaction for the database, however little is in it (docs/adr/016).
const BATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How often closed rooms are tidied up and an idle database is looked after.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);
/// Another process may get on with what this one could not write.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Another process may be of the release that reads it.
const OTHER_VERSION_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// What the database refuses will be refused again, until somebody has seen
/// to it.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The loop that writes.
pub struct Consumer {
    bus: Bus,
    store: Store,
    database: Condition,
    shutdown: Shutdown,
}

impl Consumer {
    /// A consumer that reports the state of the database.
    #[must_use]
    pub fn new(bus: Bus, store: Store, database: Condition, shutdown: Shutdown) -> Self {
        Self {
            bus,
            store,
            database,
            shutdown,
        }
    }

    /// Writes until shutdown; the batch in hand is finished.
    pub async fn run(&self, mut queue: WorkQueue) {
        let mut backoff = Backoff::default();
        let mut swept = Instant::now();
        while !self.shutdown.is_set() {
            // What is asked for while the bus is away would arrive when nobody
            // waits for it any more.
            let taken = if self.bus.is_connected() {
                queue.take(BATCH_MESSAGES_MAX).await.map(Some)
            } else {
                Ok(None)
            };
            match taken {
                Ok(Some(deliveries)) => {
                    backoff = Backoff::default();
                    let was_all = deliveries.len() < BATCH_MESSAGES_MAX;
                    self.write(deliveries).await;
                    if was_all {
                        rest(BATCH_INTERVAL, &self.shutdown).await;
                    }
                }
                Ok(None) => drop(backoff.wait(&self.shutdown).await),
                Err(error) => {
                    metrics::failed("queue");
                    warn!(%error, "cannot read the queue, opening it again");
                    backoff.wait(&self.shutdown).await;
                    queue = self.reopen().await.unwrap_or(queue);
                }
            }
            if swept.elapsed() >= SWEEP_INTERVAL {
                swept = Instant::now();
                if let Err(error) = self.store.sweep(now()).await {
                    self.await_database(&error).await;
                }
            }
        }
    }

    /// The queue may be gone with the server's disk; the bus creates it again.
    async fn reopen(&self) -> Result<WorkQueue, BusError> {
        self.bus.work_queue().await
    }

    async fn write(&self, deliveries: Vec<Delivery>) {
        let mut batch = Batch::default();
        let mut readable = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            match batch.add_bytes(delivery.payload()) {
                Ok(()) => readable.push(delivery),
                Err(RecordError::Unreadable(ReadError::Version(unknown))) => {
                    service::report_unknown_version(&unknown);
                    delivery.again(OTHER_VERSION_AGAIN_AFTER).await;
                }
                Err(error) => {
                    metrics::unreadable();
                    warn!(
                        error = chain(&error),
                        "threw away a message that fits no table"
                    );
                    delivery.give_up().await;
                }
            }
        }
        if readable.is_empty() {
            return;
        }
        match self.apply(&batch).await {
            Ok(()) => acknowledge(&readable).await,
            Err(error) if error.is_refusal() => self.write_one_by_one(readable).await,
            Err(error) => {
                again(&readable, AGAIN_AFTER).await;
                self.await_database(&error).await;
            }
        }
    }

    /// Finds the message that the database refuses: the others must not wait
    /// for it.
    async fn write_one_by_one(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let mut batch = Batch::default();
            let outcome = match batch.add_bytes(delivery.payload()) {
                Ok(()) => self.apply(&batch).await,
                Err(_seen_before) => continue,
            };
            match outcome {
                Ok(()) => delivery.done().await,
                Err(refusal) => {
                    error!(
                        error = chain(&refusal),
                        "the database refuses a message, keeping it"
                    );
                    delivery.again(REFUSED_AGAIN_AFTER).await;
                }
            }
        }
    }

    async fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let started = Instant::now();
        let written = self.store.apply(batch, now()).await?;
        metrics::batch_written(started.elapsed());
        metrics::rows_written("room", written.rooms);
        metrics::rows_written("snapshot", written.snapshots);
        metrics::rows_written("race_result", written.results);
        metrics::rows_written("closed_race", written.closed);
        metrics::rows_written("replay", written.replays);
        metrics::rows_written("replay_chunk", written.replay_chunks);
        let now = now();
        for ended_at in batch.results_ended_at() {
            metrics::result_written(*ended_at, now);
        }
        debug!(?written, "wrote a batch");
        Ok(())
    }

    /// Waits until the database answers again, or shutdown. Meanwhile the
    /// queue keeps everything.
    async fn await_database(&self, error: &StoreError) {
        metrics::failed("database");
        self.database.fail(chain(error));
        warn!(error = chain(error), "the database is away, waiting for it");
        let mut backoff = Backoff::default();
        while backoff.wait(&self.shutdown).await {
            match self.store.ping().await {
                Ok(()) => {
                    info!("the database is back");
                    self.database.ok();
                    return;
                }
                Err(error) => debug!(error = chain(&error), "the database is still away"),
            }
        }
    }
}

async fn acknowledge(deliveries: &[Delivery]) {
    for delivery in deliveries {
        delivery.done().await;
    }
}

async fn again(deliveries: &[Delivery], delay: Duration) {
    for delivery in deliveries {
        delivery.again(delay).await;
    }
}

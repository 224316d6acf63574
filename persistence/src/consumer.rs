//! Empties one of the work queues into the database.
//!
//! Each stream has a consumer of its own, so that a slow or broken replay delays no
//! result.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bus::{Bus, BusError, Delivery, WorkQueue};
use protocol::ReadError;
use protocol::persist::{RecordReadError, RecordStream};
use service::Shutdown;
use tracing::{debug, warn};

use crate::batch::Batch;
use crate::conditions::{Conditions, Part};
use crate::discards::Discards;
use crate::error::{RecordError, StoreError, chain};
use crate::quarantine::Quarantine;
use crate::store::{Writer, Written};
use crate::{Backoff, metrics, now, rest};

/// Messages in one transaction: beyond this the rows a second hardly grow.
const BATCH_MESSAGES_MAX: usize = 500;
/// Replays in one transaction: a megabyte, which a slow disk writes in its time limit.
const BATCH_REPLAYS_MAX: usize = 64;
/// How long a batch fills, in the stream: this process does not wake up for each
/// message. Each batch is two writes of the consumer's state for NATS and a
/// transaction for the database, however little is in it (docs/adr/016).
const BATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Another process may get on with what this one leaves at its end.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Another process may be of the release that reads it.
const OTHER_RELEASE_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// What could not be written alone, or set aside, is tried again at leisure.
const HOPELESS_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Deliveries after which what no process reads or writes is set aside: a quarter of an
/// hour for another release, more than an hour for what cannot be written.
const DELIVERIES_MAX: u64 = 100;
/// Failures after which the messages of a batch are written one by one, if the database
/// takes other writes: one of them may be the reason.
const FAILURES_TOGETHER_MAX: u32 = 5;
/// Kinds of records that the log names once each.
const KINDS_REPORTED_MAX: usize = 16;
/// Between two lines about discarded replays.
const DISCARDS_REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// The reader of one stream.
pub struct Consumer {
    stream: RecordStream,
    bus: Bus,
    writer: Writer,
    conditions: Conditions,
    quarantine: Quarantine,
    shutdown: Shutdown,
    kinds_reported: BTreeSet<String>,
    discards_reported: Option<Instant>,
}

/// What became of a batch.
enum Outcome {
    Written,
    /// The database does not take the data.
    Refused(StoreError),
    /// It cannot be written, but other writes can.
    Hopeless(StoreError),
    /// Shutdown came first.
    Interrupted,
}

impl Consumer {
    /// A reader of `stream` that reports the state of database and bus to
    /// `conditions`.
    #[must_use]
    pub fn new(
        stream: RecordStream,
        bus: Bus,
        writer: Writer,
        conditions: Conditions,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            stream,
            quarantine: Quarantine::new(bus.clone(), stream),
            bus,
            writer,
            conditions,
            shutdown,
            kinds_reported: BTreeSet::new(),
            discards_reported: None,
        }
    }

    /// Writes until shutdown; the batch in hand is finished.
    pub async fn run(mut self, mut queue: WorkQueue) {
        let mut backoff = Backoff::for_bus();
        let mut discards = Discards::since(queue.position());
        let most = match self.stream {
            RecordStream::Results | RecordStream::Records => BATCH_MESSAGES_MAX,
            RecordStream::Replays => BATCH_REPLAYS_MAX,
        };
        while !self.shutdown.is_set() {
            // A request made while the bus is away would be answered when its time is
            // up.
            let taken = if self.bus.is_connected() {
                queue.take(most).await.map(Some)
            } else {
                Ok(None)
            };
            match taken {
                Ok(Some(deliveries)) => {
                    backoff = Backoff::for_bus();
                    self.conditions.queue_works(self.part());
                    self.count_discards(&mut discards, &deliveries);
                    let was_all = deliveries.len() < most;
                    self.write(deliveries).await;
                    if was_all {
                        rest(BATCH_INTERVAL, &self.shutdown).await;
                    }
                }
                Ok(None) => {
                    self.conditions
                        .queue_failed(self.part(), "no connection to NATS");
                    backoff.wait(&self.shutdown).await;
                }
                Err(error) => {
                    self.conditions.queue_failed(self.part(), &chain(&error));
                    backoff.wait(&self.shutdown).await;
                    if let Ok(opened) = self.reopen().await {
                        discards = Discards::since(opened.position());
                        queue = opened;
                    }
                }
            }
        }
    }

    fn part(&self) -> Part {
        Part::Stream(self.stream.name())
    }

    /// The queue may be gone with the server's disk; the bus creates it again.
    async fn reopen(&self) -> Result<WorkQueue, BusError> {
        self.bus.work_queue(self.stream).await
    }

    /// Says what a full stream has discarded: only replays may be.
    fn count_discards(&mut self, discards: &mut Discards, deliveries: &[Delivery]) {
        let see = |delivery: &Delivery| discards.see(delivery.position(), delivery.attempt() == 1);
        let discarded: u64 = deliveries.iter().map(see).sum();
        // Elsewhere a gap is a record that a later one has superseded.
        if discarded == 0 || self.stream != RecordStream::Replays {
            return;
        }
        metrics::replays_discarded(discarded);
        let is_due = |at: Instant| at.elapsed() >= DISCARDS_REPORT_INTERVAL;
        if self.discards_reported.is_none_or(is_due) {
            self.discards_reported = Some(Instant::now());
            warn!(
                discarded,
                "the stream REPLAYS was full: the oldest parts of replays are lost"
            );
        }
    }

    async fn write(&mut self, deliveries: Vec<Delivery>) {
        let (batch, readable) = self.read(deliveries).await;
        if readable.is_empty() {
            return;
        }
        match self.persist(&batch).await {
            Outcome::Written => acknowledge(&readable).await,
            Outcome::Refused(_) | Outcome::Hopeless(_) => self.write_one_by_one(readable).await,
            Outcome::Interrupted => again(&readable, AGAIN_AFTER).await,
        }
    }

    async fn read(&mut self, deliveries: Vec<Delivery>) -> (Batch, Vec<Delivery>) {
        let mut batch = Batch::default();
        let mut readable = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            match batch.add_bytes(delivery.payload()) {
                Ok(()) => readable.push(delivery),
                Err(RecordError::Unreadable(RecordReadError::Unreadable(ReadError::Version(
                    unknown,
                )))) => {
                    service::report_unknown_version(&unknown);
                    let reason = unknown.to_string();
                    self.leave(&delivery, reason, OTHER_RELEASE_AGAIN_AFTER)
                        .await;
                }
                Err(RecordError::Unreadable(RecordReadError::UnknownKind(kind))) => {
                    let reason = format!("a record of the unknown kind {kind:?}");
                    self.report_kind(&kind);
                    self.leave(&delivery, reason, OTHER_RELEASE_AGAIN_AFTER)
                        .await;
                }
                Err(error) => self.set_aside(&delivery, chain(&error)).await,
            }
        }
        (batch, readable)
    }

    fn report_kind(&mut self, kind: &str) {
        metrics::unknown_kind();
        if self.kinds_reported.len() < KINDS_REPORTED_MAX
            && self.kinds_reported.insert(kind.to_owned())
        {
            warn!(
                kind,
                "left alone what another release wrote; see docs/compatibility.md"
            );
        }
    }

    /// Finds the messages that are the reason: the others must not wait for them.
    async fn write_one_by_one(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let mut batch = Batch::default();
            if batch.add_bytes(delivery.payload()).is_err() {
                continue;
            }
            match self.persist(&batch).await {
                Outcome::Written => delivery.done().await,
                Outcome::Refused(error) => {
                    let reason = format!("the database refuses it: {}", chain(&error));
                    self.set_aside(&delivery, reason).await;
                }
                Outcome::Hopeless(error) => {
                    let reason = format!("it cannot be written: {}", chain(&error));
                    self.leave(&delivery, reason, HOPELESS_AGAIN_AFTER).await;
                }
                Outcome::Interrupted => delivery.again(AGAIN_AFTER).await,
            }
        }
    }

    /// Writes a batch until it is seen in the database, however long that takes:
    /// meanwhile the stream keeps everything.
    async fn persist(&mut self, batch: &Batch) -> Outcome {
        let mut backoff = Backoff::for_database();
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let error = match self.writer.apply(batch, now()).await {
                Ok(written) => {
                    note(batch, written, started.elapsed());
                    self.conditions.database_works(&[self.part()]);
                    return Outcome::Written;
                }
                Err(error) if error.is_refusal() => return Outcome::Refused(error),
                Err(error) => error,
            };
            self.conditions.database_failed(self.part(), &chain(&error));
            failures += 1;
            if failures >= FAILURES_TOGETHER_MAX
                && !error.is_passing()
                && self.writer.apply(&Batch::default(), now()).await.is_ok()
            {
                self.conditions.database_works(&[self.part()]);
                return Outcome::Hopeless(error);
            }
            if !backoff.wait(&self.shutdown).await {
                return Outcome::Interrupted;
            }
        }
    }

    /// Leaves a message in the stream for another process or another time, but not for
    /// ever.
    async fn leave(&mut self, delivery: &Delivery, reason: String, again_after: Duration) {
        if delivery.attempt() >= DELIVERIES_MAX {
            self.set_aside(delivery, reason).await;
        } else {
            delivery.again(again_after).await;
        }
    }

    async fn set_aside(&mut self, delivery: &Delivery, reason: String) {
        match self.quarantine.set_aside(delivery, reason).await {
            Ok(()) => delivery.end().await,
            Err(error) => {
                warn!(
                    error = chain(&error),
                    "could not set a message aside, it stays"
                );
                delivery.again(HOPELESS_AGAIN_AFTER).await;
            }
        }
    }
}

fn note(batch: &Batch, written: Written, took: Duration) {
    metrics::batch_written(took);
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

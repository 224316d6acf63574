//! The persistence program, the only one with access to the database.
//!
//! It serves requests ([`endpoints`]: accounts, profile, leaderboard, last race, replays)
//! and writes three work queues into tables ([`consumer`]): results, the latest of rooms
//! and players, replays. Both use the [`store`], which has the tables ([`entity`],
//! [`migration`]) and is independent of NATS. [`batch`] is the pure part of writing,
//! [`discards`] that of noticing what a full stream has discarded, [`quarantine`] keeps
//! what cannot be read or stored, [`conditions`] is why the process is not ready,
//! [`hash_queue`] the order in which [`password`]s are hashed, [`database`] the
//! connections, [`report`] the output for scripts.
//!
//! Invariants:
//! - A message is acknowledged, and a sign-up answered, only after another connection
//!   has seen it in the database. While the database is unavailable nothing is
//!   acknowledged, and nothing is given up.
//! - No message is thrown away: what cannot be read or stored is kept in the bucket
//!   `quarantine` before it is ended in its stream.
//! - Every write can be repeated, in any order and by several processes at
//!   once: a row changes only for a newer (epoch, tick), and a closed race
//!   leaves a tombstone that keeps its room from coming back.
//! - All statements have the same effect on SQLite, MySQL and MariaDB.
//! - A password never leaves this process, not even into its own log.
//! - Only what needs a password hash waits for one: an account that is asked for
//!   otherwise, and all other calls, are answered while hashes are computed.

pub mod batch;
pub mod conditions;
pub mod consumer;
pub mod database;
pub mod discards;
pub mod endpoints;
pub mod entity;
pub mod error;
pub mod hash_queue;
mod metrics;
pub mod migration;
pub mod options;
pub mod password;
pub mod quarantine;
pub mod report;
pub mod store;

use std::time::Duration;

use bus::store::{CHAT, PRESENCE, QUARANTINE, RECORDS, REPLAYS, RESULTS, ROOMS, SEATS, SESSIONS};
use bus::{Bus, Connection, User};
use protocol::persist::RecordStream;
use service::{BoxError, Context, Shutdown};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

pub use crate::options::Options;

use crate::conditions::{Conditions, Part};
pub(crate) use service::unix_ms as now;

use crate::consumer::Consumer;
use crate::endpoints::Endpoints;
use crate::error::{StoreError, chain};
use crate::store::Store;

/// The name of the program and of its NATS service.
pub const PROGRAM: &str = "persistence";
/// Attempts to prepare a database that settings do not fit: a server that has just
/// started may not know its users yet.
const PREPARE_ATTEMPTS: u32 = 10;
/// How often expired rows are removed and an idle database is looked after.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// What it reads and writes, and what gateways follow and write: they create nothing
/// themselves (ADR 029).
const STORES: [bus::Store; 9] = [
    RESULTS, RECORDS, REPLAYS, QUARANTINE, ROOMS, SEATS, SESSIONS, PRESENCE, CHAT,
];

/// Runs until shutdown.
///
/// # Errors
/// When NATS or the database cannot be used at all. A database that is not available
/// yet is waited for.
pub async fn run(options: Options, mut context: Context) -> Result<(), BoxError> {
    metrics::describe();
    let bus = Bus::connect(Connection {
        url: options.service.nats.clone(),
        name: PROGRAM.to_owned(),
        user: User::Persistence,
        seed: options.service.nats_seed.clone(),
        ca: options.service.nats_ca.clone(),
    })
    .await?;
    let _keeper = bus.keep(&STORES).await?;
    let needs = bus.clone();
    context.health().check(move || needs.problems());
    let store = Store::new(&options.database);
    info!(database = %options.database, "using");
    if !prepare(&store, &context.shutdown).await? {
        bus.drain().await;
        return Ok(());
    }

    let conditions = Conditions::new(&context.health());
    let mut queues = Vec::new();
    for stream in RecordStream::ALL {
        queues.push((stream, bus.work_queue(stream).await?));
    }
    let endpoints = Endpoints::start(&bus, &store, &conditions).await?;
    context.serving(&[])?;
    let mut tasks = JoinSet::new();
    for (stream, queue) in queues {
        let (bus, writer) = (bus.clone(), store.writer());
        let (conditions, shutdown) = (conditions.clone(), context.shutdown.clone());
        tasks.spawn(Consumer::new(stream, bus, writer, conditions, shutdown).run(queue));
    }
    tasks.spawn(sweep(
        store.clone(),
        conditions.clone(),
        context.shutdown.clone(),
    ));
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    context.health().set_serving(false);
    endpoints.stop().await;
    bus.drain().await;
    store.close().await;
    Ok(())
}

/// Removes what is expired, until shutdown. This is a write: while nothing else is
/// written, it shows whether the database works.
async fn sweep(store: Store, conditions: Conditions, shutdown: Shutdown) {
    let mut writer = store.writer();
    let mut backoff = Backoff::for_database();
    while !shutdown.is_set() {
        match writer.sweep(now()).await {
            Ok(()) => {
                conditions.database_works(&[Part::Sweep, Part::Calls]);
                backoff = Backoff::for_database();
                rest(SWEEP_INTERVAL, &shutdown).await;
            }
            Err(error) => {
                conditions.database_failed(Part::Sweep, &chain(&error));
                backoff.wait(&shutdown).await;
            }
        }
    }
}

/// Waits for the database and brings its tables up to date. Returns whether that was
/// completed before shutdown.
async fn prepare(store: &Store, shutdown: &Shutdown) -> Result<bool, StoreError> {
    let mut backoff = Backoff::for_database();
    let (mut failures, mut misconfigured) = (0, 0);
    while let Err(error) = store.prepare().await {
        misconfigured += u32::from(error.is_misconfigured());
        if misconfigured >= PREPARE_ATTEMPTS {
            return Err(error);
        }
        if failures == 0 {
            warn!(
                error = chain(&error),
                "cannot prepare the database, trying again until it works"
            );
        } else {
            debug!(error = chain(&error), "still cannot prepare the database");
        }
        failures += 1;
        if !backoff.wait(shutdown).await {
            return Ok(false);
        }
    }
    if failures > 0 {
        info!(failures, "prepared the database");
    }
    Ok(true)
}

/// Increasing pauses between attempts.
struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Short enough that a restart of the database goes unnoticed.
    const FIRST: Duration = Duration::from_millis(100);
    /// Long enough to leave a struggling database alone.
    const DATABASE_LONGEST: Duration = Duration::from_secs(5);
    /// Short, since a look whether there is a connection costs nothing.
    const BUS_LONGEST: Duration = Duration::from_millis(500);

    fn for_database() -> Self {
        Self {
            next: Self::FIRST,
            longest: Self::DATABASE_LONGEST,
        }
    }

    fn for_bus() -> Self {
        Self {
            next: Self::FIRST,
            longest: Self::BUS_LONGEST,
        }
    }

    /// Pauses; returns false on shutdown.
    async fn wait(&mut self, shutdown: &Shutdown) -> bool {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        rest(pause, shutdown).await
    }
}

/// Waits for `pause`; returns false on shutdown.
async fn rest(pause: Duration, shutdown: &Shutdown) -> bool {
    tokio::select! {
        () = shutdown.wait() => false,
        () = tokio::time::sleep(pause) => true,
    }
}

//! The persistence program, the only one with access to the database.
//!
//! It serves requests ([`endpoints`]: sign-up, log-in, profile, leaderboard,
//! replays) and writes the work queue PERSIST into tables ([`consumer`]). Both use
//! the [`store`], which has the tables ([`entity`], [`migration`]) and is
//! independent of NATS. [`batch`] is the pure part of writing, [`password`] the
//! hashing, [`database`] the connections, [`report`] the output for scripts.
//!
//! Invariants:
//! - A message is acknowledged only after its transaction has been committed. While
//!   the database is unavailable nothing is acknowledged.
//! - Every write can be repeated, in any order and by several processes at
//!   once: a row changes only for a newer (epoch, tick), and a closed race
//!   leaves a tombstone that keeps its room from coming back.
//! - All statements have the same effect on SQLite, MySQL and MariaDB.
//! - A password never leaves this process, not even into its own log.

pub mod batch;
pub mod consumer;
pub mod database;
pub mod endpoints;
pub mod entity;
pub mod error;
mod metrics;
pub mod migration;
pub mod options;
pub mod password;
pub mod report;
pub mod store;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bus::Bus;
use protocol::UnixMillis;
use service::{BoxError, Context, Shutdown};
use tracing::{info, warn};

pub use crate::options::Options;

use crate::consumer::Consumer;
use crate::endpoints::Endpoints;
use crate::error::{StoreError, chain};
use crate::store::Store;

/// The name of the program and of its NATS service.
pub const PROGRAM: &str = "persistence";
/// Attempts to prepare a database that answers but refuses: another process that
/// prepares it at the same time is done by then.
const PREPARE_ATTEMPTS: u32 = 10;

/// What it reads.
const STREAMS: [bus::Store; 1] = [bus::store::PERSIST];

/// Runs until shutdown.
///
/// # Errors
/// When NATS or the database cannot be used at all. A database that is not available
/// yet is waited for.
pub async fn run(options: Options, mut context: Context) -> Result<(), BoxError> {
    metrics::describe();
    let bus = Bus::connect(&options.service.nats, PROGRAM).await?;
    let _keeper = bus.keep(&STREAMS).await?;
    let needs = bus.clone();
    context.health().check(move || needs.problems());
    let store = Store::new(&options.database)?;
    info!(database = %options.database, "using");
    if !prepare(&store, &context.shutdown).await? {
        bus.drain().await;
        return Ok(());
    }

    let queue = bus.work_queue().await?;
    let endpoints = Endpoints::start(&bus, &store).await?;
    context.serving(&[])?;
    Consumer::new(
        bus.clone(),
        store.clone(),
        context.health().condition("database"),
        context.shutdown.clone(),
    )
    .run(queue)
    .await;
    context.health().set_serving(false);
    endpoints.stop().await;
    bus.drain().await;
    store.close().await;
    Ok(())
}

/// Waits for the database and brings its tables up to date. Returns whether that was
/// completed before shutdown.
async fn prepare(store: &Store, shutdown: &Shutdown) -> Result<bool, StoreError> {
    let mut backoff = Backoff::default();
    let mut refusals = 0;
    while let Err(error) = store.prepare().await {
        refusals += u32::from(!error.is_unreachable());
        if refusals >= PREPARE_ATTEMPTS {
            return Err(error);
        }
        warn!(
            error = chain(&error),
            "cannot prepare the database, trying again"
        );
        if !backoff.wait(shutdown).await {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Increasing pauses between attempts.
struct Backoff(Duration);

impl Backoff {
    /// Short enough that a restart of the database goes unnoticed.
    const FIRST: Duration = Duration::from_millis(100);
    /// Long enough to leave a struggling database alone.
    const LONGEST: Duration = Duration::from_secs(5);

    /// Pauses; returns false on shutdown.
    async fn wait(&mut self, shutdown: &Shutdown) -> bool {
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
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

impl Default for Backoff {
    fn default() -> Self {
        Self(Self::FIRST)
    }
}

/// The current time.
fn now() -> UnixMillis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis::try_from(since.as_millis()).unwrap_or(UnixMillis::MAX)
}

//! The store: all operations on the tables. Independent of NATS.
//!
//! What is written is looked for on another connection before it counts as written
//! (`connections`, `writer`). Every operation ends within a time limit, whatever the database does: a statement
//! that hangs is cancelled and its transaction rolled back.

mod accounts;
mod anonymous;
mod changes;
mod connections;
mod last_race;
mod leaderboard;
mod read;
mod replays;
#[cfg(any(test, feature = "test-suite"))]
pub mod suite;
#[cfg(test)]
mod tests;
mod upsert;
mod write;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::database::DatabaseUrl;
use crate::error::StoreError;
use crate::password::Passwords;

use connections::Pool;

pub use write::Written;
pub use writer::Writer;

/// Timeout of a read: a person waits for it and can try again.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Timeout of a write: a batch must be done before the queue delivers it to another
/// process after ten seconds.
const WRITE_TIMEOUT: Duration = Duration::from_secs(8);
/// Timeout of creating the tables, which is slow on a slow disk.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(60);
/// Accounts that are written at once: SQLite writes one thing at a time, and a
/// write that waits holds a connection that others could read with. An account is written in
/// a fraction of the time that its hash takes.
const ACCOUNT_WRITES_AT_ONCE: usize = 2;

/// The database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    passwords: Passwords,
    account_writes: Arc<Semaphore>,
}

impl Store {
    /// Creates a store whose connections are opened on demand.
    #[must_use]
    pub fn new(url: &DatabaseUrl) -> Self {
        Self {
            pool: Pool::new(url),
            passwords: Passwords::default(),
            account_writes: Arc::new(Semaphore::new(ACCOUNT_WRITES_AT_ONCE)),
        }
    }

    /// Brings the tables up to date. May be called by several processes at once; one
    /// that loses the race gets an error and succeeds at the next attempt.
    ///
    /// # Errors
    /// When the database is unavailable or refuses, or the folder of its file cannot
    /// be created.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        self.pool.prepared().await.map(drop)
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        bounded("answer", READ_TIMEOUT, self.database().ping()).await
    }

    /// A writer of batches.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(self.clone())
    }

    /// Closes the connections.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// The permission to write an account.
    async fn account_write(&self) -> SemaphorePermit<'_> {
        let permit = self.account_writes.acquire().await;
        permit.expect("the semaphore is never closed")
    }

    /// The connections in use, for reading.
    fn database(&self) -> DatabaseConnection {
        self.pool.current().database
    }
}

/// Runs a database operation with a time limit.
async fn bounded<T>(
    operation: &'static str,
    limit: Duration,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome.map_err(|source| StoreError::Database { operation, source }),
        Err(_elapsed) => Err(StoreError::TimedOut { operation }),
    }
}

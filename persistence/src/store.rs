//! The store: all operations on the tables. Independent of NATS.
//!
//! Every operation ends within a time limit, whatever the database does: a statement
//! that hangs is cancelled and its transaction rolled back.

mod accounts;
mod read;
mod replays;
#[cfg(any(test, feature = "test-suite"))]
pub mod suite;
#[cfg(test)]
mod tests;
mod upsert;
mod write;

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTrait;

use crate::database::DatabaseUrl;
use crate::error::StoreError;
use crate::migration::Migrator;
use crate::password::Passwords;

pub use write::Written;

/// Timeout of a read: a person waits for it and can try again.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Timeout of a write: a batch must be done before the queue delivers it to another
/// process after ten seconds.
const WRITE_TIMEOUT: Duration = Duration::from_secs(8);
/// Timeout of creating the tables, which is slow on a slow disk.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(60);

/// The database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    database: DatabaseConnection,
    passwords: Passwords,
}

impl Store {
    /// Creates a store whose connections are opened on demand.
    ///
    /// # Errors
    /// When the folder of a database file cannot be created.
    pub fn new(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let database = url.connect().map_err(|source| StoreError::Folder {
            url: url.to_string(),
            source,
        })?;
        Ok(Self {
            database,
            passwords: Passwords::default(),
        })
    }

    /// Brings the tables up to date. May be called by several processes at once; one
    /// that loses the race gets an error and succeeds at the next attempt.
    ///
    /// # Errors
    /// When the database is unavailable or refuses.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        bounded(
            "make tables",
            PREPARE_TIMEOUT,
            Migrator::up(&self.database, None),
        )
        .await
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        bounded("answer", READ_TIMEOUT, self.database.ping()).await
    }

    /// Closes the connections.
    pub async fn close(self) {
        if let Err(error) = self.database.close().await {
            tracing::debug!(%error, "the database did not close cleanly");
        }
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

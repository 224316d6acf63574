//! The connections of a store, which are replaced after a failure.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::DatabaseConnection;

use super::{PREPARE_TIMEOUT, WRITE_TIMEOUT, bounded};
use crate::database::{DatabaseUrl, FileId};
use crate::error::StoreError;
use crate::migration;

/// Connections from their opening until something fails on one of them.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    /// Reads and writes.
    pub(super) database: DatabaseConnection,
    /// Of a server: connections on which nothing is written.
    checks: Option<DatabaseConnection>,
    /// The file that was opened.
    file: Option<FileId>,
    is_prepared: bool,
    generation: u64,
}

/// The connections in use. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    url: Arc<DatabaseUrl>,
    current: Arc<Mutex<Connections>>,
    /// Held while connections are replaced or the tables are brought up to date.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// A connection on which nothing has been written.
#[derive(Debug)]
pub(super) struct Check {
    /// The connection.
    pub(super) database: DatabaseConnection,
    is_own: bool,
}

impl Pool {
    pub(super) fn new(url: &DatabaseUrl) -> Self {
        Self {
            url: Arc::new(url.clone()),
            current: Arc::new(Mutex::new(Connections::open(url, 0))),
            changing: Arc::default(),
        }
    }

    /// The connections in use, whose tables may be missing.
    pub(super) fn current(&self) -> Connections {
        self.lock().clone()
    }

    /// The connections in use, with all tables.
    pub(super) async fn prepared(&self) -> Result<Connections, StoreError> {
        let connections = self.current();
        if connections.is_prepared {
            return Ok(connections);
        }
        let _changing = self.changing.lock().await;
        let mut connections = self.current();
        if connections.is_prepared {
            return Ok(connections);
        }
        let migrated = async {
            self.url.make_file().map_err(|source| StoreError::Folder {
                url: self.url.to_string(),
                source,
            })?;
            let up = migration::up(&connections.database);
            bounded("make tables", PREPARE_TIMEOUT, up).await
        };
        if let Err(error) = migrated.await {
            self.swap(&connections).await;
            return Err(error);
        }
        connections.file = self.url.file_id();
        connections.is_prepared = true;
        *self.lock() = connections.clone();
        Ok(connections)
    }

    /// Passes an outcome on. After a failure of the database the connections on which
    /// it happened are closed, and the next call opens others.
    pub(super) async fn watched<T>(
        &self,
        connections: &Connections,
        outcome: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Err(error) = &outcome
            && error.is_failure()
        {
            let _changing = self.changing.lock().await;
            self.swap(connections).await;
        }
        outcome
    }

    /// Refuses connections whose file is no longer at its path: what they read may be
    /// gone for everybody else, and a new one of them would read another file.
    pub(super) fn expect_file(&self, connections: &Connections) -> Result<(), StoreError> {
        if connections.file == self.url.file_id() {
            return Ok(());
        }
        Err(StoreError::FileChanged(self.url.to_string()))
    }

    /// A connection on which nothing has been written, for a look whether what was
    /// written is there.
    pub(super) fn check(&self, connections: &Connections) -> Result<Check, StoreError> {
        // Before it is opened: SQLite must not open two files of one path at a time.
        self.expect_file(connections)?;
        Ok(match &connections.checks {
            Some(shared) => Check {
                database: shared.clone(),
                is_own: false,
            },
            None => Check {
                database: self.url.connect_for_checks(),
                is_own: true,
            },
        })
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.current().close().await;
    }

    async fn swap(&self, failed: &Connections) {
        let generation = failed.generation;
        if self.current().generation != generation {
            return;
        }
        if self.url.is_file() {
            // SQLite's locks are those of a process: the file is closed before the one
            // that is at its path is opened.
            failed.close().await;
        } else {
            let failed = failed.clone();
            tokio::spawn(async move { failed.close().await });
        }
        *self.lock() = Connections::open(&self.url, generation + 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    fn open(url: &DatabaseUrl, generation: u64) -> Self {
        Self {
            database: url.connect(),
            checks: (!url.is_file()).then(|| url.connect_for_checks()),
            file: None,
            is_prepared: false,
            generation,
        }
    }

    /// Closes them once what is in flight has ended, which every operation does within
    /// its time limit.
    async fn close(&self) {
        let close = async {
            if let Some(checks) = &self.checks {
                report(checks.close_by_ref().await);
            }
            report(self.database.close_by_ref().await);
        };
        if tokio::time::timeout(WRITE_TIMEOUT, close).await.is_err() {
            tracing::debug!("the database did not close in time");
        }
    }
}

impl Check {
    /// Closes the connection, unless it is shared.
    pub(super) async fn end(self) {
        if self.is_own {
            report(self.database.close().await);
        }
    }
}

fn report(closed: Result<(), sea_orm::DbErr>) {
    if let Err(error) = closed {
        tracing::debug!(%error, "the database did not close cleanly");
    }
}

//! Batches that are seen to be in the database before they count as written.

use protocol::UnixMillis;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use ulid::Ulid;

use super::connections::Connections;
use super::write::{CONFLICT_ATTEMPTS, Written, forget_expired, millis, transact};
use super::{READ_TIMEOUT, Store, WRITE_TIMEOUT, bounded};
use crate::batch::Batch;
use crate::entity::written_batch;
use crate::error::StoreError;

/// A writer of batches, one at a time.
///
/// A row of its own in `written_batch` counts the batches. It is written in the same
/// transaction, and read on another connection afterwards: a commit that only the
/// driver believes in does not count.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    id: String,
    count: i64,
}

impl Writer {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            id: Ulid::generate().to_string(),
            count: 0,
        }
    }

    /// Writes a batch in one transaction. Idempotent.
    ///
    /// # Errors
    /// When the database is unavailable or refuses, or the batch is not seen there
    /// afterwards. It may have been written.
    pub async fn apply(&mut self, batch: &Batch, now: UnixMillis) -> Result<Written, StoreError> {
        let mut attempt = 1;
        loop {
            match self.attempt(batch, now).await {
                Err(error) if error.is_conflict() && attempt < CONFLICT_ATTEMPTS => attempt += 1,
                Ok(()) => return Ok(batch.written()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes rooms that were restored in spite of their tombstone, and what is kept
    /// for some time only: tombstones, marks of writers, snapshots and replays. Proves
    /// that the database can be written.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn sweep(&mut self, now: UnixMillis) -> Result<(), StoreError> {
        let connections = self.store.pool.prepared().await?;
        let swept = forget_expired(&connections.database, now);
        let swept = bounded("sweep", WRITE_TIMEOUT, swept).await;
        self.store.pool.watched(&connections, swept).await?;
        self.apply(&Batch::default(), now).await.map(drop)
    }

    async fn attempt(&mut self, batch: &Batch, now: UnixMillis) -> Result<(), StoreError> {
        let connections = self.store.pool.prepared().await?;
        self.count += 1;
        let written = async {
            let mark = self.mark(now);
            let transaction = transact(&connections.database, batch, mark, now);
            bounded("write a batch", WRITE_TIMEOUT, transaction).await?;
            self.see(&connections).await
        };
        let written = written.await;
        self.store.pool.watched(&connections, written).await
    }

    fn mark(&self, now: UnixMillis) -> written_batch::Model {
        written_batch::Model {
            writer: self.id.clone(),
            batch: self.count,
            written_at: millis(now),
        }
    }

    async fn see(&self, connections: &Connections) -> Result<(), StoreError> {
        let check = self.store.pool.check(connections)?;
        let found = written_batch::Entity::find_by_id(&self.id)
            .filter(written_batch::Column::Batch.eq(self.count))
            .one(&check.database);
        let found = bounded("see a batch", READ_TIMEOUT, found).await;
        check.end().await;
        match found? {
            Some(_mark) => Ok(()),
            None => Err(StoreError::NotSeen("a batch")),
        }
    }
}

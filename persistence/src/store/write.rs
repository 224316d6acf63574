//! The transaction of a batch, and the removal of expired rows.

use std::collections::BTreeSet;

use protocol::UnixMillis;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr,
    EntityTrait, QueryFilter, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use super::anonymous::{RESERVATION_MS, anonymous};
use super::replays::forget_old_races;
use super::upsert::upsert_newer;
use crate::batch::Batch;
use crate::entity::{
    closed_race, deleted_player, race_result, replay, replay_chunk, room, snapshot, written_batch,
};

/// How long a tombstone is kept: no message is that late.
const TOMBSTONE_AGE_MAX_MS: UnixMillis = 24 * 3600 * 1000;
/// How long the mark of a writer is kept after its last batch: longer than two clocks
/// differ.
const MARK_AGE_MAX_MS: UnixMillis = 24 * 3600 * 1000;

/// Attempts at a transaction that conflicts with another.
pub(super) const CONFLICT_ATTEMPTS: u32 = 5;

/// Numbers of rows written: each is stored, or a newer one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows of `room`.
    pub rooms: usize,
    /// Rows of `snapshot`.
    pub snapshots: usize,
    /// Rows of `race_result`.
    pub results: usize,
    /// Rows of `closed_race`.
    pub closed: usize,
    /// Rows of `replay`.
    pub replays: usize,
    /// Rows of `replay_chunk`.
    pub replay_chunks: usize,
}

/// Writes a batch and the mark of its writer in one transaction.
pub(super) async fn transact(
    database: &DatabaseConnection,
    batch: &Batch,
    mark: written_batch::Model,
    now: UnixMillis,
) -> Result<(), DbErr> {
    let transaction = database.begin_with_options(immediately()).await?;
    let renamed = anonymous(&transaction, batch).await?;
    let batch = renamed.as_ref().unwrap_or(batch);
    write_tombstones(&transaction, &batch.closed, now).await?;
    upsert_newer::<room::Entity, _>(&transaction, batch.rooms.values().cloned()).await?;
    upsert_newer::<snapshot::Entity, _>(&transaction, batch.snapshots.values().cloned()).await?;
    upsert_newer::<race_result::Entity, _>(&transaction, batch.results.values().cloned()).await?;
    upsert_newer::<replay::Entity, _>(&transaction, batch.replays.values().cloned()).await?;
    let chunks = batch.replay_chunks.values().cloned();
    upsert_newer::<replay_chunk::Entity, _>(&transaction, chunks).await?;
    let touched: BTreeSet<_> = batch.closed.iter().chain(batch.rooms.keys()).collect();
    if !touched.is_empty() {
        let touched = Condition::all().add(room::Column::Race.is_in(touched));
        remove_closed_rooms(&transaction, touched).await?;
    }
    write_mark(&transaction, mark).await?;
    transaction.commit().await
}

/// Options of a transaction that takes SQLite's lock at its start, where waiting for it
/// is possible.
pub(super) fn immediately() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}

/// Removes rooms that were restored in spite of their tombstone, and expired rows.
pub(super) async fn forget_expired(
    database: &DatabaseConnection,
    now: UnixMillis,
) -> Result<(), DbErr> {
    let before = |age_max_ms| millis(now.saturating_sub(age_max_ms));
    remove_closed_rooms(database, Condition::all()).await?;
    forget_old_races(database, now).await?;
    written_batch::Entity::delete_many()
        .filter(written_batch::Column::WrittenAt.lt(before(MARK_AGE_MAX_MS)))
        .exec(database)
        .await?;
    deleted_player::Entity::delete_many()
        .filter(deleted_player::Column::DeletedAt.lt(before(RESERVATION_MS)))
        .exec(database)
        .await?;
    closed_race::Entity::delete_many()
        .filter(closed_race::Column::ClosedAt.lt(before(TOMBSTONE_AGE_MAX_MS)))
        .exec(database)
        .await
        .map(drop)
}

impl Batch {
    pub(super) fn written(&self) -> Written {
        Written {
            rooms: self.rooms.len(),
            snapshots: self.snapshots.len(),
            results: self.results.len(),
            closed: self.closed.len(),
            replays: self.replays.len(),
            replay_chunks: self.replay_chunks.len(),
        }
    }
}

/// Writes tombstones; an existing one keeps its date.
async fn write_tombstones(
    database: &impl ConnectionTrait,
    races: &BTreeSet<String>,
    now: UnixMillis,
) -> Result<(), DbErr> {
    if races.is_empty() {
        return Ok(());
    }
    let rows = races.iter().map(|race| closed_race::ActiveModel {
        race: Set(race.clone()),
        closed_at: Set(millis(now)),
    });
    let standing = OnConflict::column(closed_race::Column::Race)
        .do_nothing_on([closed_race::Column::Race])
        .to_owned();
    closed_race::Entity::insert_many(rows)
        .on_conflict(standing)
        .exec_without_returning(database)
        .await
        .map(drop)
}

/// The tombstones are read after the rooms have been written: MySQL locks what
/// this reads, so that a close in another transaction either is seen or waits.
async fn remove_closed_rooms(
    database: &impl ConnectionTrait,
    which: Condition,
) -> Result<(), DbErr> {
    let closed = Query::select()
        .column(closed_race::Column::Race)
        .from(closed_race::Entity)
        .take();
    room::Entity::delete_many()
        .filter(which)
        .filter(room::Column::Race.in_subquery(closed))
        .exec(database)
        .await
        .map(drop)
}

pub(super) fn millis(time: UnixMillis) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// Writes the row by which a writer sees its batch.
async fn write_mark(
    database: &impl ConnectionTrait,
    mark: written_batch::Model,
) -> Result<(), DbErr> {
    let row = written_batch::ActiveModel {
        writer: Set(mark.writer),
        batch: Set(mark.batch),
        written_at: Set(mark.written_at),
    };
    let latest = OnConflict::column(written_batch::Column::Writer)
        .update_columns([
            written_batch::Column::Batch,
            written_batch::Column::WrittenAt,
        ])
        .to_owned();
    written_batch::Entity::insert(row)
        .on_conflict(latest)
        .exec_without_returning(database)
        .await
        .map(drop)
}

//! Replays: reading one by pages, and removing what is kept of races for some time.

use protocol::limits::REPLAY_PAGE_CHUNKS_MAX;
use protocol::replay::{Base64, ReplayChunk, ReplayPage, ReplayRecord, ReplayRequest};
use protocol::{Epoch, RaceId, Tick, UnixMillis};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{READ_TIMEOUT, Store, bounded};
use crate::batch::split_version;
use crate::entity::{replay, replay_chunk, snapshot};
use crate::error::StoreError;

/// How long replays and snapshots are kept from the creation of the room: a month of
/// disputes and highlights. Results are kept permanently. Chunks of an abandoned race
/// are removed, too.
const RACE_AGE_MAX_MS: UnixMillis = 30 * 24 * 3600 * 1000;

impl Store {
    /// Reads a page of a race's replay.
    ///
    /// # Errors
    /// When there is no replay of the race, its chunks have a gap within this
    /// page, or the database is unavailable.
    pub async fn replay(&self, request: ReplayRequest) -> Result<ReplayPage, StoreError> {
        let ReplayRequest { race, from_tick } = request;
        let database = self.database();
        let found = replay::Entity::find_by_id(race.to_string()).one(&database);
        let found = bounded("read a replay", READ_TIMEOUT, found).await?;
        let found = found.ok_or(StoreError::NoReplay(race))?;
        let rows = replay_chunk::Entity::find()
            .filter(replay_chunk::Column::Race.eq(race.to_string()))
            .filter(replay_chunk::Column::FirstTick.gte(i64::from(from_tick)))
            .filter(replay_chunk::Column::FirstTick.lt(found.ticks))
            .order_by_asc(replay_chunk::Column::FirstTick)
            .limit(REPLAY_PAGE_CHUNKS_MAX as u64)
            .all(&database);
        let rows = bounded("read a replay", READ_TIMEOUT, rows).await?;
        let next_tick = end_without_gap(&rows, from_tick, found.ticks)
            .map_err(|at| StoreError::ReplayIncomplete { race, at })?;
        Ok(ReplayPage {
            result: self.result(race).await?,
            next_tick: Some(next_tick).filter(|next| i64::from(*next) < found.ticks),
            chunks: rows.into_iter().map(|row| chunk(race, row)).collect(),
            replay: ReplayRecord {
                race,
                ticks: tick(found.ticks),
                epoch: epoch(found.version),
                header: Base64(found.header),
            },
        })
    }
}

/// Returns the end of a page's rows if they are contiguous, else the start of the
/// gap.
fn end_without_gap(
    rows: &[replay_chunk::Model],
    from_tick: Tick,
    ticks: i64,
) -> Result<Tick, Tick> {
    let mut next = i64::from(from_tick);
    for row in rows {
        let end = row.first_tick + row.ticks;
        if row.first_tick != next || end <= next || end > ticks {
            return Err(tick(next));
        }
        next = end;
    }
    if next < ticks && rows.len() < REPLAY_PAGE_CHUNKS_MAX {
        return Err(tick(next));
    }
    Ok(tick(next))
}

/// Removes the replays and snapshots of races older than [`RACE_AGE_MAX_MS`], by the
/// time in the race's id.
pub(super) async fn forget_old_races(
    database: &impl ConnectionTrait,
    now: UnixMillis,
) -> Result<(), DbErr> {
    let oldest = RaceId::first_of(now.saturating_sub(RACE_AGE_MAX_MS)).to_string();
    replay::Entity::delete_many()
        .filter(replay::Column::Race.lt(&oldest))
        .exec(database)
        .await?;
    snapshot::Entity::delete_many()
        .filter(snapshot::Column::Race.lt(&oldest))
        .exec(database)
        .await?;
    replay_chunk::Entity::delete_many()
        .filter(replay_chunk::Column::Race.lt(&oldest))
        .exec(database)
        .await
        .map(drop)
}

fn chunk(race: RaceId, row: replay_chunk::Model) -> ReplayChunk {
    ReplayChunk {
        race,
        first_tick: tick(row.first_tick),
        ticks: tick(row.ticks),
        epoch: epoch(row.version),
        bytes: Base64(row.bytes),
    }
}

fn epoch(version: i64) -> Epoch {
    Epoch(split_version(version).0)
}

fn tick(number: i64) -> Tick {
    Tick::try_from(number).unwrap_or(Tick::MAX)
}

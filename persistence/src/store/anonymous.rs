//! Records about players whose account was deleted meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use protocol::UnixMillis;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::batch::Batch;
use crate::entity::deleted_player;

/// How long the name of a deleted account is reserved. Its player is known by it for
/// that long: a session lasts days, the chat's lines a day, and replays and snapshots
/// thirty days. Until they are gone a next owner could speak for the one before, and
/// a thief who deletes an account cannot take its name.
pub(super) const RESERVATION_MS: UnixMillis = 30 * 24 * 3600 * 1000;

/// Names in one statement. SQLite takes 32,766 values.
const NAMES_PER_STATEMENT: usize = 500;

/// The batch with the anonymous names of deleted players, or `None` if it has none of
/// them. The rows that are read are locked: an account that is being deleted waits until
/// the batch is written, and finds its rows.
pub(super) async fn anonymous(
    database: &impl ConnectionTrait,
    batch: &Batch,
) -> Result<Option<Batch>, DbErr> {
    let results = batch.results.keys().map(|(_race, player)| player);
    let snapshots = batch.snapshots.keys().map(|(_race, player)| player);
    let players: BTreeSet<&str> = results.chain(snapshots).map(String::as_str).collect();
    let players: Vec<&str> = players.into_iter().collect();
    let mut deleted = BTreeMap::new();
    for some in players.chunks(NAMES_PER_STATEMENT) {
        let rows = deleted_player::Entity::find()
            .filter(deleted_player::Column::Id.is_in(some.iter().copied()))
            .lock_exclusive()
            .all(database)
            .await?;
        deleted.extend(rows.into_iter().map(|row| (row.id, row.anonymous)));
    }
    Ok((!deleted.is_empty()).then(|| renamed(batch, &deleted)))
}

/// A result gets the anonymous name. Where a player was last seen is not kept.
fn renamed(batch: &Batch, deleted: &BTreeMap<String, String>) -> Batch {
    let mut batch = batch.clone();
    batch
        .snapshots
        .retain(|(_race, player), _| !deleted.contains_key(player));
    let results = std::mem::take(&mut batch.results);
    batch.results = results
        .into_iter()
        .map(|((race, player), mut row)| {
            let player = deleted.get(&player).cloned().unwrap_or(player);
            if row.player != player {
                row.player.clone_from(&player);
                row.player_name.clone_from(&player);
            }
            ((race, player), row)
        })
        .collect();
    batch
}

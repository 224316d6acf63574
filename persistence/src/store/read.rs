//! Reading rows as the records of the protocol.

use domain::TARGET_METRES_DEFAULT;
use protocol::RaceId;
use protocol::record::{PlayerRecord, ResultRecord, RoomRecord};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{READ_TIMEOUT, Store, bounded};
use crate::batch::split_version;
use crate::entity::{race_result, room, snapshot};
use crate::error::StoreError;

impl Store {
    /// The result of a race, once there is one.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn result(&self, race: RaceId) -> Result<Option<ResultRecord>, StoreError> {
        let database = self.database();
        let rows = race_result::Entity::find()
            .filter(race_result::Column::Race.eq(race.to_string()))
            .order_by_asc(race_result::Column::Place)
            .order_by_asc(race_result::Column::Seat)
            .all(&database);
        let rows = bounded("read a result", READ_TIMEOUT, rows).await?;
        let Some(newest) = rows.iter().max_by_key(|row| row.version) else {
            return Ok(None);
        };
        let standings = rows
            .iter()
            .filter(|row| row.version == newest.version)
            .map(standing);
        let (epoch, tick) = split_version(newest.version);
        record(
            "race_result",
            json!({
                "race": newest.race,
                "room": newest.room,
                "mode": newest.mode,
                "track": newest.track,
                "laps": newest.race_laps,
                "target_metres": newest.target_metres,
                "ended_at": newest.ended_at,
                "epoch": epoch,
                "tick": tick,
                "standings": standings.collect::<Vec<_>>(),
            }),
        )
        .map(Some)
    }

    /// All open rooms, in the order of their races.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn rooms(&self) -> Result<Vec<RoomRecord>, StoreError> {
        let database = self.database();
        let rows = room::Entity::find()
            .order_by_asc(room::Column::Race)
            .all(&database);
        let rows = bounded("read rooms", READ_TIMEOUT, rows).await?;
        rows.iter().map(room_record).collect()
    }

    /// Where the players of a race were last seen, in the order of seats.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn snapshots(&self, race: RaceId) -> Result<Vec<PlayerRecord>, StoreError> {
        let database = self.database();
        let rows = snapshot::Entity::find()
            .filter(snapshot::Column::Race.eq(race.to_string()))
            .order_by_asc(snapshot::Column::Seat)
            .all(&database);
        let rows = bounded("read snapshots", READ_TIMEOUT, rows).await?;
        rows.iter().map(player_record).collect()
    }
}

fn standing(row: &race_result::Model) -> Value {
    json!({
        "place": row.place,
        "player": row.player_name,
        "seat": row.seat,
        "score": row.score,
        "laps": row.laps,
        "time_ms": row.time_ms,
        "best_lap_ms": row.best_lap_ms,
        "ai": row.ai,
    })
}

fn room_record(row: &room::Model) -> Result<RoomRecord, StoreError> {
    let (epoch, revision) = split_version(row.version);
    let target_metres = row
        .target_metres
        .map_or_else(|| i64::from(TARGET_METRES_DEFAULT), i64::from);
    record(
        "room",
        json!({
            "race": row.race,
            "name": row.name,
            "settings": {
                "seats": row.seats,
                "mode": row.mode,
                "track": row.track,
                "laps": row.laps,
                "target_metres": target_metres,
            },
            "phase": row.phase,
            "players": row.players,
            "owner": row.owner,
            "epoch": epoch,
            "revision": revision,
        }),
    )
}

fn player_record(row: &snapshot::Model) -> Result<PlayerRecord, StoreError> {
    let (epoch, revision) = split_version(row.version);
    record(
        "snapshot",
        json!({
            "race": row.race,
            "room": row.room,
            "player": row.player_name,
            "seat": row.seat,
            "x_m": row.x_m,
            "y_m": row.y_m,
            "heading_rad": row.heading_rad,
            "lap": row.lap,
            "score": row.score,
            "connected": row.connected,
            "epoch": epoch,
            "revision": revision,
        }),
    )
}

/// Decodes a row like a message of the wire, with the same validation.
fn record<T: DeserializeOwned>(table: &'static str, value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|source| StoreError::Row { table, source })
}

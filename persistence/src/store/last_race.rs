//! How a player's last race went.

use protocol::account::LastRace;
use protocol::{PlayerId, RaceId, RoomName};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};

use super::{READ_TIMEOUT, Store, bounded};
use crate::entity::{race_result, room, snapshot};
use crate::error::StoreError;

impl Store {
    /// The last race of a player: the one whose room was created last. `None` for a
    /// player without a race.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn last_race(&self, player: &PlayerId) -> Result<Option<LastRace>, StoreError> {
        let database = self.database();
        let found = find(&database, player.as_str());
        bounded("read a player's last race", READ_TIMEOUT, found).await
    }
}

async fn find(database: &DatabaseConnection, player: &str) -> Result<Option<LastRace>, DbErr> {
    // The ids of races are in the order of their creation.
    let result = race_result::Entity::find()
        .filter(race_result::Column::Player.eq(player))
        .order_by_desc(race_result::Column::Race)
        .one(database)
        .await?;
    let seen = snapshot::Entity::find()
        .filter(snapshot::Column::Player.eq(player))
        .order_by_desc(snapshot::Column::Race)
        .one(database)
        .await?;
    match (result, seen) {
        (Some(result), Some(seen)) if result.race == seen.race => {
            Ok(of_result(&result, Some(&seen)))
        }
        (Some(result), Some(seen)) if result.race > seen.race => Ok(of_result(&result, None)),
        (Some(result), None) => Ok(of_result(&result, None)),
        (_, Some(seen)) => without_result(database, &seen).await,
        (None, None) => Ok(None),
    }
}

/// `None` for values that this program did not write.
fn of_result(result: &race_result::Model, seen: Option<&snapshot::Model>) -> Option<LastRace> {
    Some(LastRace {
        race: race(&result.race)?,
        room: room_name(&result.room)?,
        track: Some(result.track.clone()),
        place: u8::try_from(result.place).ok(),
        score: result.score,
        lap: u16::try_from(result.laps).ok()?,
        x_m: seen.map(|seen| seen.x_m),
        y_m: seen.map(|seen| seen.y_m),
        ended_at: u64::try_from(result.ended_at).ok(),
    })
}

async fn without_result(
    database: &DatabaseConnection,
    seen: &snapshot::Model,
) -> Result<Option<LastRace>, DbErr> {
    let room = room::Entity::find_by_id(&seen.race).one(database).await?;
    let ahead = snapshot::Entity::find()
        .filter(snapshot::Column::Race.eq(&seen.race))
        .filter(snapshot::Column::Score.gt(seen.score))
        .count(database)
        .await?;
    let of_race = || {
        Some(LastRace {
            race: race(&seen.race)?,
            room: room_name(&seen.room)?,
            track: room.map(|room| room.track),
            place: u8::try_from(ahead + 1).ok(),
            score: seen.score,
            lap: u16::try_from(seen.lap).ok()?,
            x_m: Some(seen.x_m),
            y_m: Some(seen.y_m),
            ended_at: None,
        })
    };
    Ok(of_race())
}

fn race(text: &str) -> Option<RaceId> {
    text.parse().ok()
}

fn room_name(text: &str) -> Option<RoomName> {
    RoomName::parse(text).ok()
}

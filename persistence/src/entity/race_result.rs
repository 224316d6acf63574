//! Table `race_result`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// A player's line in the final order of a race.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "race_result")]
pub struct Model {
    /// Id of the race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// The player.
    #[sea_orm(primary_key, auto_increment = false)]
    pub player: String,
    /// Name of the room.
    pub room: String,
    /// Mode of the race, by its name on the wire.
    pub mode: String,
    /// Name of the track.
    pub track: String,
    /// Number of laps of the race; 0 on the highway.
    pub race_laps: i32,
    /// Target score on the highway, metres; none on a circuit.
    pub target_metres: Option<i32>,
    /// When the race ended, in milliseconds since 1970.
    pub ended_at: i64,
    /// Place in the result, 1 for the winner.
    pub place: i32,
    /// Name as chosen at sign-up.
    pub player_name: String,
    /// Seat of the player.
    pub seat: i32,
    /// Score: metres minus penalties.
    pub score: i64,
    /// Laps completed.
    pub laps: i32,
    /// Time since the start, for players that reached the target.
    pub time_ms: Option<i64>,
    /// Fastest lap, for players that completed one.
    pub best_lap_ms: Option<i64>,
    /// Whether the driver was an AI, whose name has no account.
    pub ai: bool,
    /// Epoch and tick.
    pub version: i64,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

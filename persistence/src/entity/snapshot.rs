//! Table `snapshot`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// The last known state of a player in a room.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshot")]
pub struct Model {
    /// Id of the race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// The player.
    #[sea_orm(primary_key, auto_increment = false)]
    pub player: String,
    /// Name of the room.
    pub room: String,
    /// Name as chosen at sign-up.
    pub player_name: String,
    /// Seat of the player.
    pub seat: i32,
    /// Position in metres.
    pub x_m: f64,
    /// Position in metres.
    pub y_m: f64,
    /// Heading counter-clockwise from the x axis.
    pub heading_rad: f64,
    /// Laps completed.
    pub lap: i32,
    /// Score: metres minus penalties.
    pub score: i64,
    /// Whether the player has a connection.
    pub connected: bool,
    /// Epoch and tick.
    pub version: i64,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

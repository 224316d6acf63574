//! Table `snapshot`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// Where a player was last seen in a room.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshot")]
pub struct Model {
    /// The race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub player: String,
    /// The room's name.
    pub room: String,
    /// As chosen at sign-up.
    pub player_name: String,
    /// In which seat.
    pub seat: i32,
    /// Position in metres.
    pub x_m: f64,
    /// Position in metres.
    pub y_m: f64,
    /// Counter-clockwise from the x axis.
    pub heading_rad: f64,
    /// Laps completed.
    pub lap: i32,
    /// Metres, penalties taken off.
    pub score: i64,
    /// Whether the player has a connection.
    pub connected: bool,
    /// Epoch and tick.
    pub version: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `room`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// An open room.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room")]
pub struct Model {
    /// Id of the race that the room runs or will run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// Name of the room.
    pub name: String,
    /// Number of seats.
    pub seats: i32,
    /// Mode of the race, by its name on the wire.
    pub mode: String,
    /// Name of the track.
    pub track: String,
    /// Number of laps.
    pub laps: i32,
    /// Target score on the highway, metres. Null in rows written before migration 2.
    pub target_metres: Option<i32>,
    /// Room phase, by its name on the wire.
    pub phase: String,
    /// Number of occupied seats.
    pub players: i32,
    /// Id of the worker that owns the room.
    pub owner: String,
    /// Epoch and revision.
    pub version: i64,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

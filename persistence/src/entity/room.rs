//! Table `room`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// A room that is open.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room")]
pub struct Model {
    /// The race that it will run or runs.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// The room's name.
    pub name: String,
    /// How many players the race waits for.
    pub seats: i32,
    /// The rules, in the word of the wire.
    pub mode: String,
    /// The track.
    pub track: String,
    /// How many laps.
    pub laps: i32,
    /// The score that wins on the highway, metres. None in rows of before.
    pub target_metres: Option<i32>,
    /// Where the room is in its life, in the word of the wire.
    pub phase: String,
    /// Seats taken.
    pub players: i32,
    /// The worker that runs it.
    pub owner: String,
    /// Epoch and revision.
    pub version: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

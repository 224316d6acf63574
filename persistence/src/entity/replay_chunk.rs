//! Table `replay_chunk`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// Some seconds of a race's inputs.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replay_chunk")]
pub struct Model {
    /// Id of the race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// First tick of the chunk.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_tick: i64,
    /// Number of ticks.
    pub ticks: i64,
    /// The inputs, packed by the simulation.
    pub bytes: Vec<u8>,
    /// Epoch and ticks.
    pub version: i64,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

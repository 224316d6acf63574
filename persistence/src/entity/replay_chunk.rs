//! Table `replay_chunk`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// Some seconds of a race's inputs.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replay_chunk")]
pub struct Model {
    /// The race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// Where the chunk begins.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_tick: i64,
    /// How many ticks it has.
    pub ticks: i64,
    /// The inputs, packed by the simulation.
    pub bytes: Vec<u8>,
    /// Epoch and ticks.
    pub version: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `replay`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// What the chunks of a race belong to.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replay")]
pub struct Model {
    /// The race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// Its length.
    pub ticks: i64,
    /// Track, rules, cars and the hash of the end, in the simulation's encoding.
    pub header: Vec<u8>,
    /// Epoch and ticks.
    pub version: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `replay`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// The header of a replay, to which the chunks of a race belong.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replay")]
pub struct Model {
    /// Id of the race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// Length of the race.
    pub ticks: i64,
    /// Track, rules, cars and the hash of the final state, in the simulation's
    /// encoding.
    pub header: Vec<u8>,
    /// Epoch and ticks.
    pub version: i64,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `closed_race`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// A tombstone: nothing may bring the room of this race back.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_race")]
pub struct Model {
    /// The race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// When, in milliseconds since 1970.
    pub closed_at: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

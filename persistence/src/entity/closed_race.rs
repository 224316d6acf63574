//! Table `closed_race`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// A tombstone: late messages must not restore the room of this race.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_race")]
pub struct Model {
    /// Id of the race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// When the race was closed, in milliseconds since 1970.
    pub closed_at: i64,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `deleted_player`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// A name that nobody can take for some time after its account was deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deleted_player")]
pub struct Model {
    /// The lower-case form of the name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What the name looks like.
    pub skeleton: String,
    /// The name under which the results of the account are kept.
    pub anonymous: String,
    /// When the account was deleted, in milliseconds since 1970.
    pub deleted_at: i64,
}

/// No foreign keys, as everywhere.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

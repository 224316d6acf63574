//! Table `player`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "player")]
pub struct Model {
    /// The lower-case form of the name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// As chosen at sign-up.
    pub name: String,
    /// Argon2id in PHC format.
    pub password_hash: String,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

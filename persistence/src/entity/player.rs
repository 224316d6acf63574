//! Table `player`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "player")]
pub struct Model {
    /// The lower-case form of the name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Name as chosen at sign-up.
    pub name: String,
    /// Argon2id hash in PHC format; empty for a deleted account.
    pub password_hash: String,
    /// When the account was created, in milliseconds since 1970.
    pub created_at: i64,
    /// The request that created it: a ULID. Null in rows written before migration 4,
    /// and for a client that states none.
    pub request: Option<String>,
    /// What the name looks like, unique. Null in rows of earlier releases whose name
    /// looks like an older one.
    pub skeleton: Option<String>,
}

/// No foreign keys: messages are received in any order, so that a row may refer to
/// one that does not exist yet.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

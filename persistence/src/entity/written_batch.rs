//! Table `written_batch`.

// The derive generates undocumented public items.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// The mark of a writer: its last batch, written in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "written_batch")]
pub struct Model {
    /// The writer: a ULID, new in each process.
    #[sea_orm(primary_key, auto_increment = false)]
    pub writer: String,
    /// A count of its batches.
    pub batch: i64,
    /// When it was written, in milliseconds since 1970.
    pub written_at: i64,
}

/// No foreign keys: a writer is in no other table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

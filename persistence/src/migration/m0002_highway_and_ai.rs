//! The target of a race on the highway, and which drivers are AI.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, integer_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Existing rows are of circuits, and of human players.
        add(manager, "room", "target_metres", integer_null).await?;
        add(manager, "race_result", "target_metres", integer_null).await?;
        let of_a_person = |name| boolean(name).default(false).take();
        add(manager, "race_result", "ai", of_a_person).await
    }
}

/// Adds a column unless it exists: neither MySQL nor SQLite has ADD COLUMN IF NOT
/// EXISTS.
async fn add(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
    column: impl FnOnce(&'static str) -> ColumnDef + Send,
) -> Result<(), DbErr> {
    if manager.has_column(table, name).await? {
        return Ok(());
    }
    let alter = Table::alter().table(table).add_column(column(name)).take();
    manager.alter_table(alter).await
}

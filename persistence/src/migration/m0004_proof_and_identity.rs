//! The marks of writers, the request that created an account, and the index of a
//! player's last race.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, char_len, char_len_null};

/// Length of a ULID.
const ULID_CHARS: u32 = 26;
/// Finds the races of a player among the snapshots.
const SNAPSHOT_INDEX: &str = "snapshot_player";

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let marks = Table::create()
            .table("written_batch")
            .if_not_exists()
            .col(char_len("writer", ULID_CHARS).primary_key())
            .col(big_integer("batch"))
            .col(big_integer("written_at"))
            .take();
        manager.create_table(marks).await?;
        // Neither MySQL nor SQLite has ADD COLUMN IF NOT EXISTS.
        if !manager.has_column("player", "request").await? {
            let request = char_len_null("request", ULID_CHARS);
            let alter = Table::alter().table("player").add_column(request).take();
            manager.alter_table(alter).await?;
        }
        if !manager.has_index("snapshot", SNAPSHOT_INDEX).await? {
            let index = Index::create()
                .name(SNAPSHOT_INDEX)
                .table("snapshot")
                .col("player")
                .col("race")
                .take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

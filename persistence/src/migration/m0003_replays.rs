//! Tables for replays.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, char_len};

/// Length of a ULID.
const RACE_CHARS: u32 = 26;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(replay()).await?;
        manager.create_table(replay_chunk()).await
    }
}

fn replay() -> TableCreateStatement {
    table("replay")
        .col(char_len("race", RACE_CHARS).primary_key())
        .col(big_integer("ticks"))
        .col(blob("header"))
        .col(big_integer("version"))
        .take()
}

/// Table of the chunks: a MySQL blob holds 64 KB, three times the largest chunk.
fn replay_chunk() -> TableCreateStatement {
    table("replay_chunk")
        .col(char_len("race", RACE_CHARS))
        .col(big_integer("first_tick"))
        .col(big_integer("ticks"))
        .col(blob("bytes"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("race").col("first_tick"))
        .take()
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).if_not_exists().take()
}

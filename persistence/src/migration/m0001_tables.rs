//! The first tables.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, char_len, double, integer, string_len,
};

/// Covering index of the leaderboard.
const STANDINGS_INDEX: &str = "race_result_standings";

/// Length of a ULID.
const RACE_CHARS: u32 = 26;
/// Longest player name.
const PLAYER_CHARS: u32 = 16;
/// Longest room name.
const ROOM_CHARS: u32 = 24;
/// Longest track name.
const TRACK_CHARS: u32 = 64;
/// Longest name of a mode or a phase.
const WORD_CHARS: u32 = 16;
/// Length of a worker id.
const WORKER_CHARS: u32 = 8;
/// Argon2id in PHC format takes 97 characters with the current parameters.
const HASH_CHARS: u32 = 255;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [player(), room(), snapshot(), race_result(), closed_race()] {
            manager.create_table(table).await?;
        }
        // MySQL has no CREATE INDEX IF NOT EXISTS.
        if !manager.has_index("race_result", STANDINGS_INDEX).await? {
            let index = Index::create()
                .name(STANDINGS_INDEX)
                .table("race_result")
                .col("player")
                .col("place")
                .col("score")
                .take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn player() -> TableCreateStatement {
    table("player")
        .col(string_len("id", PLAYER_CHARS).primary_key())
        .col(string_len("name", PLAYER_CHARS))
        .col(string_len("password_hash", HASH_CHARS))
        .col(big_integer("created_at"))
        .take()
}

fn room() -> TableCreateStatement {
    table("room")
        .col(char_len("race", RACE_CHARS).primary_key())
        .col(string_len("name", ROOM_CHARS))
        .col(integer("seats"))
        .col(string_len("mode", WORD_CHARS))
        .col(string_len("track", TRACK_CHARS))
        .col(integer("laps"))
        .col(string_len("phase", WORD_CHARS))
        .col(integer("players"))
        .col(char_len("owner", WORKER_CHARS))
        .col(big_integer("version"))
        .take()
}

fn snapshot() -> TableCreateStatement {
    table("snapshot")
        .col(char_len("race", RACE_CHARS))
        .col(string_len("player", PLAYER_CHARS))
        .col(string_len("room", ROOM_CHARS))
        .col(string_len("player_name", PLAYER_CHARS))
        .col(integer("seat"))
        .col(double("x_m"))
        .col(double("y_m"))
        .col(double("heading_rad"))
        .col(integer("lap"))
        .col(big_integer("score"))
        .col(boolean("connected"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("race").col("player"))
        .take()
}

fn race_result() -> TableCreateStatement {
    table("race_result")
        .col(char_len("race", RACE_CHARS))
        .col(string_len("player", PLAYER_CHARS))
        .col(string_len("room", ROOM_CHARS))
        .col(string_len("mode", WORD_CHARS))
        .col(string_len("track", TRACK_CHARS))
        .col(integer("race_laps"))
        .col(big_integer("ended_at"))
        .col(integer("place"))
        .col(string_len("player_name", PLAYER_CHARS))
        .col(integer("seat"))
        .col(big_integer("score"))
        .col(integer("laps"))
        .col(big_integer_null("time_ms"))
        .col(big_integer_null("best_lap_ms"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("race").col("player"))
        .take()
}

fn closed_race() -> TableCreateStatement {
    table("closed_race")
        .col(char_len("race", RACE_CHARS).primary_key())
        .col(big_integer("closed_at"))
        .take()
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).if_not_exists().take()
}

//! What names look like, which is unique, and the names of deleted accounts.

use protocol::PlayerName;
use sea_orm::{ConnectionTrait, DbErr, SqlErr};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len, string_len_null};

/// Longest player name.
const PLAYER_CHARS: u32 = 16;
/// Longest skeleton of one.
const SKELETON_CHARS: u32 = 32;
/// Lets one name of each skeleton have an account.
const SKELETON_INDEX: &str = "player_skeleton";
/// Finds the reserved names of a skeleton.
const DELETED_INDEX: &str = "deleted_player_skeleton";

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Neither MySQL nor SQLite has ADD COLUMN IF NOT EXISTS.
        if !manager.has_column("player", "skeleton").await? {
            let skeleton = string_len_null("skeleton", SKELETON_CHARS);
            let alter = Table::alter().table("player").add_column(skeleton).take();
            manager.alter_table(alter).await?;
        }
        if !manager.has_index("player", SKELETON_INDEX).await? {
            let index = Index::create()
                .name(SKELETON_INDEX)
                .table("player")
                .col("skeleton")
                .unique()
                .take();
            manager.create_index(index).await?;
        }
        let deleted = Table::create()
            .table("deleted_player")
            .if_not_exists()
            .col(string_len("id", PLAYER_CHARS).primary_key())
            .col(string_len("skeleton", SKELETON_CHARS))
            .col(string_len("anonymous", PLAYER_CHARS))
            .col(big_integer("deleted_at"))
            .take();
        manager.create_table(deleted).await?;
        if !manager.has_index("deleted_player", DELETED_INDEX).await? {
            let index = Index::create()
                .name(DELETED_INDEX)
                .table("deleted_player")
                .col("skeleton")
                .take();
            manager.create_index(index).await?;
        }
        fill_skeletons(manager).await
    }
}

/// Gives the accounts that are there their skeletons, the oldest first: of names that
/// look alike only the first has one, and the others stay as they are.
async fn fill_skeletons(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let database = manager.get_connection();
    let without = Query::select()
        .columns(["id", "name"])
        .from("player")
        .and_where(Expr::col("skeleton").is_null())
        .order_by("created_at", Order::Asc)
        .order_by("id", Order::Asc)
        .take();
    for row in database.query_all(&without).await? {
        let (id, name): (String, String) = (row.try_get("", "id")?, row.try_get("", "name")?);
        let Ok(name) = PlayerName::parse(&name) else {
            continue;
        };
        let fill = Query::update()
            .table("player")
            .value("skeleton", name.skeleton().as_str())
            .and_where(Expr::col("id").eq(id))
            .take();
        match database.execute(&fill).await {
            Ok(_filled) => {}
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

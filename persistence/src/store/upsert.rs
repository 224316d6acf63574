//! The guarded upsert: one statement that inserts rows and updates existing ones only
//! if the new rows are newer.

use std::mem;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, PrimaryKeyToColumn,
};

/// Rows in one statement. SQLite takes 32,766 values, the widest row has 17.
const ROWS_PER_STATEMENT: usize = 500;
/// The version column of all guarded tables.
const VERSION: &str = "version";

/// Writes the rows that are newer than the stored ones.
pub(super) async fn upsert_newer<E, C>(
    database: &C,
    rows: impl IntoIterator<Item = E::Model>,
) -> Result<(), DbErr>
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    C: ConnectionTrait,
{
    let on_conflict = newer_wins::<E>(database.get_database_backend());
    let mut rows = rows
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .peekable();
    while rows.peek().is_some() {
        let chunk: Vec<E::ActiveModel> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
        E::insert_many(chunk)
            .on_conflict(on_conflict.clone())
            .exec_without_returning(database)
            .await?;
    }
    Ok(())
}

fn newer_wins<E: EntityTrait>(backend: DbBackend) -> OnConflict {
    let keys: Vec<E::Column> = E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .collect();
    let names = |column: &E::Column| column.as_str();
    let key_names: Vec<_> = keys.iter().map(names).collect();
    let values = E::Column::iter()
        .filter(|column| !key_names.contains(&column.as_str()) && column.as_str() != VERSION);
    let mut on_conflict = OnConflict::columns(keys);
    match backend {
        DbBackend::Sqlite | DbBackend::Postgres => {
            let new = Expr::col(("excluded", VERSION));
            let old = Expr::col((E::default().table_name(), VERSION));
            on_conflict
                .update_columns(values)
                .update_column(VERSION)
                .action_and_where(new.gt(old));
        }
        DbBackend::MySql => {
            // Assigned from left to right, each seeing those before it: the
            // version comes last, so that all compare with the old one.
            on_conflict.values(values.map(|column| (column, mysql_newer(column.as_str()))));
            on_conflict.value(VERSION, mysql_newer(VERSION));
        }
        other => unreachable!("no connection to {other:?} can be configured"),
    }
    mem::take(&mut on_conflict)
}

/// `VALUES()` is deprecated in MySQL 9, but MariaDB does not have its replacement.
fn mysql_newer(column: &str) -> SimpleExpr {
    Expr::cust(format!(
        "IF(VALUES(`{VERSION}`) > `{VERSION}`, VALUES(`{column}`), `{column}`)"
    ))
}

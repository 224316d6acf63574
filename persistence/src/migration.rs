//! Creation of the tables: one module per step, never changed once released.
//!
//! Several processes may start on an empty database at once. Every step can
//! therefore be repeated, and a process that loses the race for the record of a
//! step finds it done when it tries again.

mod m0001_tables;
mod m0002_highway_and_ai;
mod m0003_replays;
mod m0004_proof_and_identity;
mod m0005_names;

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, DbErr, EntityTrait};
use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, async_trait};
use sea_orm_migration::seaql_migrations;

/// Takes the steps that are missing. Steps of a newer release are left as they are:
/// it runs beside this one.
pub(crate) async fn up(database: &DatabaseConnection) -> Result<(), DbErr> {
    if is_up_to_date(database).await {
        return Ok(());
    }
    Migrator::up(database, None).await
}

async fn is_up_to_date(database: &DatabaseConnection) -> bool {
    // An error means that the table is missing, or that the next statement fails, too.
    let Ok(taken) = seaql_migrations::Entity::find().all(database).await else {
        return false;
    };
    let taken: BTreeSet<String> = taken.into_iter().map(|step| step.version).collect();
    let steps = Migrator::migrations();
    steps.iter().all(|step| taken.contains(step.name()))
}

/// All steps in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tables::Migration),
            Box::new(m0002_highway_and_ai::Migration),
            Box::new(m0003_replays::Migration),
            Box::new(m0004_proof_and_identity::Migration),
            Box::new(m0005_names::Migration),
        ]
    }
}

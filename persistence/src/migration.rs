//! Creation of the tables: one module per step, never changed once released.
//!
//! Several processes may start on an empty database at once. Every step can
//! therefore be repeated, and a process that loses the race for the record of a
//! step finds it done when it tries again.

mod m0001_tables;
mod m0002_highway_and_ai;
mod m0003_replays;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, async_trait};

/// All steps in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tables::Migration),
            Box::new(m0002_highway_and_ai::Migration),
            Box::new(m0003_replays::Migration),
        ]
    }
}

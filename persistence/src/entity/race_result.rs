//! Table `race_result`.

// The derive makes public items of its own.
#![allow(missing_docs)]

use sea_orm::entity::prelude::*;

/// A player's line in the final order of a race.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "race_result")]
pub struct Model {
    /// The race.
    #[sea_orm(primary_key, auto_increment = false)]
    pub race: String,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub player: String,
    /// The room's name.
    pub room: String,
    /// The rules, in the word of the wire.
    pub mode: String,
    /// The track.
    pub track: String,
    /// How many laps the race had; 0 on the highway.
    pub race_laps: i32,
    /// The score that won on the highway, metres; none on a circuit.
    pub target_metres: Option<i32>,
    /// When the race ended, in milliseconds since 1970.
    pub ended_at: i64,
    /// 1 for the winner.
    pub place: i32,
    /// As chosen at sign-up.
    pub player_name: String,
    /// In which seat.
    pub seat: i32,
    /// Metres, penalties taken off.
    pub score: i64,
    /// Laps completed.
    pub laps: i32,
    /// Since the start, for who reached the target.
    pub time_ms: Option<i64>,
    /// The fastest lap, for who completed one.
    pub best_lap_ms: Option<i64>,
    /// Whether an AI drove: such a name has no account.
    pub ai: bool,
    /// Epoch and tick.
    pub version: i64,
}

/// Tables are joined by hand: messages come in any order, so that nothing
/// can be promised about what refers to what.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! The race worker: runs rooms.
//!
//! Any worker can own any room; all that a room is can be rebuilt from its
//! checkpoint and from what the gateways have seen since. What is decided, [`room`]
//! decides without I/O.
//!
//! Around it, `owner` is one task for each room, [`endpoints`] serves `race.create`,
//! `takeover` serves `race.claim` and adopts rooms without an owner, `quarantine` sets
//! checkpoints aside that nobody can go on with, `kept_results` moves results to their
//! stream, `player_rows` writes where all players are, [`admission`] says whether new rooms are accepted, and [`handover_limiter`] how
//! many leave at once when the worker ends.
//!
//! Invariants, beside those of [`room`]:
//! - A tick never awaits.
//! - A worker that ends hands its rooms over before it stops.

pub mod admission;
pub mod endpoints;
pub mod handover_limiter;
mod kept_results;
pub mod limits;
pub mod metrics;
pub mod options;
mod owner;
mod player_rows;
mod quarantine;
pub mod run;
mod takeover;
pub mod worker;

pub use options::Options;
pub use run::run;

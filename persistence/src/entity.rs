//! The tables of the database.
//!
//! Races are ULIDs of 26 characters, players the lower-case form of their
//! names. A `version` is `epoch << 32 | tick` (of a room `epoch << 32 |
//! revision`, of replays `epoch << 32 | ticks`), so that one comparison decides which
//! row is newer.

pub mod closed_race;
pub mod deleted_player;
pub mod player;
pub mod race_result;
pub mod replay;
pub mod replay_chunk;
pub mod room;
pub mod snapshot;
pub mod written_batch;

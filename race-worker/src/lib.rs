//! The race worker: runs rooms.
//!
//! Any worker can own any room; all that a room is can be rebuilt from its
//! checkpoint and from what the gateways have seen since. The thinking is in
//! state machines without I/O:
//!
//! - [`room`]: seats, phases, ticks, score, events, what to tell the database;
//! - [`lease`]: the compare-and-set writes of checkpoints that make this worker
//!   the owner, and when it has to pause;
//! - [`catch_up`]: what the gateways know that a checkpoint does not;
//! - [`sweep`]: which rooms nobody owns; [`admission`]: whether to take new ones;
//!   [`schedule`]: when rooms tick; [`handover_limiter`]: how many leave at once when the
//!   worker ends.
//!
//! Around them, [`owner`] is one task per room, [`write_queue`] writes what must not
//! hold a tick up, `endpoints` and `takeover` serve
//! `race.create` and `race.claim`.
//!
//! Invariants:
//! - A tick never awaits.
//! - A room whose checkpoint was written by somebody else is dropped at once,
//!   without another word.
//! - Nobody is told of a seat before a checkpoint holds it.
//! - Results leave only after a checkpoint under the current epoch says that
//!   the race is finished.

pub mod admission;
pub mod catch_up;
pub mod claim;
pub mod endpoints;
pub mod handover_limiter;
pub mod lease;
pub mod limits;
pub mod metrics;
pub mod options;
mod owner;
pub mod ownership;
pub mod room;
pub mod run;
pub mod schedule;
pub mod sweep;
mod takeover;
pub mod worker;
pub mod write_queue;

pub use options::Options;
pub use run::run;

//! The race worker: runs rooms.
//!
//! Any worker can own any room; all that a room is can be rebuilt from its
//! checkpoint. The thinking is in two state machines without I/O:
//!
//! - [`room`]: seats, phases, ticks, score, events, what to tell the database;
//! - [`chain`]: the compare-and-set chain of checkpoints that makes this
//!   worker the owner, and tells it when it no longer is.
//!
//! Around them, [`owner`] is one task per room, [`clerk`] writes what must not
//! hold a tick up, and [`endpoints`] serves `race.create` and `race.claim`.
//!
//! Invariants:
//! - A tick never awaits.
//! - A room whose checkpoint was written by somebody else is dropped at once,
//!   without another word.
//! - Results leave only after a checkpoint under the current epoch says that
//!   the race is finished.

pub mod chain;
pub mod clerk;
pub mod endpoints;
pub mod limits;
pub mod metrics;
pub mod options;
pub mod owner;
pub mod room;
pub mod run;

pub use options::Options;
pub use run::run;

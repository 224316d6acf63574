//! What a race worker decides: state machines without I/O.
//!
//! - [`Room`]: seats, phases, ticks, score, events, and what to write to the
//!   database;
//! - [`lease`]: the compare-and-set writes of checkpoints that make a worker the
//!   owner of a room, and when it has to pause;
//! - [`claim`]: one attempt to take a room over; [`sweep`]: which rooms have no
//!   owner;
//! - [`catch_up`]: what the gateways know that a checkpoint does not;
//! - [`write_queue`]: what a room writes that must not hold a tick up;
//!   [`player_rows`]: what all rooms of a worker write together;
//! - [`schedule`]: when rooms tick;
//! - [`ownership`]: the owner of one room, which has all of these.
//!
//! The shell around them is the race worker; the simulation with seeds is
//! another (ADR 010).
//!
//! Invariants:
//! - Time is an argument. Nothing here reads a clock, waits, or iterates over a
//!   hash table.
//! - A room whose checkpoint another worker has written is dropped at once,
//!   without another word.
//! - No seat is confirmed before a checkpoint holds it.
//! - Results leave only after a checkpoint under the present epoch has the end of
//!   the race, and that checkpoint stays until the result is in its stream or in the
//!   bucket `results`.
#![warn(clippy::iter_over_hash_type)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests begin at some time")
)]

pub mod catch_up;
pub mod claim;
pub mod lease;
pub mod limits;
mod metrics;
pub mod ownership;
pub mod player_rows;
mod room;
pub mod schedule;
pub mod sweep;
pub mod write_queue;

pub use room::attendance::Timeouts;
pub use room::presence::ExpectedPresence;
pub use room::record::{Origin, RestoreError};
pub use room::{Ending, Identity, Output, Ownership, Room};

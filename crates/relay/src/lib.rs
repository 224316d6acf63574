//! What a gateway decides about one room: state machines without I/O.
//!
//! - [`RelayCore`]: which member gets what, and which messages are too old;
//! - [`failure_detector`]: whether the room's owner is pinged, and the room
//!   claimed;
//! - [`history`]: what the room's next owner must know;
//! - [`flush_schedule`]: when inputs leave;
//! - [`retry`]: how often a request to the owner is repeated.
//!
//! The shell around them is the gateway; the simulation with seeds is another
//! (ADR 010).
//!
//! Invariant: time is an argument. Nothing here reads a clock, waits, or iterates
//! over a hash table.
#![warn(clippy::iter_over_hash_type)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests begin at some time")
)]

pub mod failure_detector;
pub mod flush_schedule;
pub mod history;
pub mod limits;
mod metrics;
mod relay;
pub mod retry;
mod seat_frames;

pub use relay::{Command, MemberId, RelayCore};
pub use seat_frames::SeatFrames;

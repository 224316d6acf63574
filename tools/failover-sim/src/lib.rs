//! Rooms that outlive their workers, by seeds: the real cores of race workers and
//! gateways against a model of NATS, with everything that can go wrong.
//!
//! [`run`] simulates one seed: some workers, gateways, rooms and clients, and
//! faults at random times. Time is simulated and everything follows from the
//! seed, so that a failure happens again. `oracle` holds what must be true after
//! each step; [`Bug`]s are planted to show that it would notice (ADR 010).
//!
//! Layout: `world` is the queue of what happens, and all that it happens to.

mod bug;
mod message;
mod oracle;
mod time;
mod world;

pub use bug::Bug;
pub use world::{Report, Violation, run, run_traced};

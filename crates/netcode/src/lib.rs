//! Playing one race on many machines, without I/O.
//!
//! - [`rules`]: a room's settings as the rules of its race.
//! - [`wire`]: the simulation's values as the protocol's, and back.
//! - [`course`]: a track as the codec of snapshots sees it.
//! - [`server`]: the inputs of one seat as the owner of a room keeps them.
//! - [`clock`]: which tick a client should be at.
//! - [`client`]: prediction of the whole race from snapshots and own inputs.
//!
//! Convention: the tick of a state, a snapshot or a clock is the tick that is
//! computed next. An input stamped `t` is applied by the step that takes a
//! state from `t` to `t + 1`.
//!
//! Invariants: no sockets, no clocks, no tasks; time is a parameter. Whatever
//! bytes come, memory is bounded and nothing panics.

pub mod client;
pub mod clock;
pub mod course;
mod rules;
pub mod server;
pub mod wire;

pub use client::Prediction;
pub use clock::TickClock;
pub use course::TrackCourse;
pub use rules::rules;
pub use server::SeatInputs;
pub use simulation;

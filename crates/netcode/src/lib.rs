//! Client prediction and snapshot synchronisation of one race, without I/O.
//!
//! - [`client`]: one client in one race; it uses the modules below.
//! - [`clock`], [`round_trip`]: which tick a client should be at.
//! - `send_phase`: when its inputs are sent.
//! - [`prediction`]: the whole race from snapshots and own inputs.
//! - [`smoothing`]: fading corrections out of the drawn cars.
//! - [`rules()`]: the rules of a race from the settings of its room.
//! - [`server`]: the inputs of one seat as the owner of a room keeps them.
//! - [`wire`], [`course`]: conversion between the values of simulation and protocol.
//! - [`network_model`]: a simulated connection for tests.
//!
//! Convention: the tick of a state, a snapshot or a clock is the tick that is
//! computed next. An input stamped `t` is applied by the step that takes a
//! state from `t` to `t + 1`.
//!
//! Invariants: no sockets, no clocks, no tasks; time is a parameter. Memory is
//! bounded and nothing panics, whatever bytes are received.
#![warn(clippy::iter_over_hash_type)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests begin at some time")
)]

pub mod client;
pub mod clock;
mod corrections;
pub mod course;
pub mod network_model;
pub mod prediction;
pub mod round_trip;
mod rules;
mod send_phase;
pub mod server;
pub mod smoothing;
pub mod wire;

pub use client::Client;
pub use clock::TickClock;
pub use corrections::Corrections;
pub use course::TrackCourse;
pub use prediction::Prediction;
pub use rules::rules;
pub use server::{SavedInputs, SeatInputs};
pub use simulation;

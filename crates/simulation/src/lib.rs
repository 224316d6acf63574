//! The deterministic race: vehicle, track, contact, laps, score and AI driver.
//!
//! Workers, clients and bots run the same code, so that a prediction with the
//! right inputs is exact and a race is determined by its track and inputs.
//!
//! # Layout
//! - [`step`]: one tick of a whole room, the only function that changes a race
//! - `race`: [`RaceState`], [`Rules`], score and leaderboard
//! - `vehicle`: a car's physics; `car`: its size, and how it is rounded to the
//!   grid of [`domain::Car`]
//! - `contact` and `wall`: car against car, car against wall
//! - `progress`: gates, laps and the metres credited
//! - [`replay`]: a race recorded as its inputs
//! - [`track`]: circuits, their geometry, the catalogue and the CSV importer
//! - [`highway`]: lanes, traffic and penalties of the other mode
//! - [`ai`]: racing line, speed profile and the [`AiDriver`]
//!
//! # Invariants
//! - No I/O, clock, thread, or hash iteration; [`step`] allocates nothing.
//! - After every tick a car consists of integers only ([`domain::Car`]): what a
//!   snapshot carries is exact. Within a tick all arithmetic is `f64` in one fixed order.
//! - Transcendental functions come from `libm`, never from the platform; there
//!   is no `mul_add`. Square root and rounding are exact under IEEE 754.
//! - Cars are processed in seat order.
//! - A car's progress never jumps and its credited metres never fall.
//!
//! # Conventions
//! SI units. `x` points right, `y` up, headings turn counter-clockwise from
//! `x`; "left" is positive in steering, lateral offset and lateral speed.
#![warn(clippy::iter_over_hash_type)]

pub mod ai;
mod car;
mod contact;
mod event;
mod hash;
pub mod highway;
mod lanes;
mod math;
mod progress;
mod race;
pub mod replay;
mod step;
pub mod track;
mod vehicle;
mod wall;

pub use ai::AiDriver;
pub use car::{CAR_LENGTH_M, CAR_WIDTH_M};
pub use event::{EVENTS_PER_TICK_MAX, Event, Events};
pub use race::{FINISH_GRACE_TICKS, ModeRules, Outcome, RaceState, Rules};
pub use replay::{Replay, ReplayError, ReplayHeader};
pub use step::step;
pub use track::{Track, TrackError};
pub use vehicle::{GRIP_OFF_ROAD, VehicleParameters};

/// Length of a tick in seconds.
pub const TICK_SECONDS: f64 = 1.0 / 60.0;

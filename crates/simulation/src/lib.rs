//! The deterministic race: vehicle, track, contact, laps, score and AI driver.
//!
//! Workers, clients and bots run this same code, so that a prediction with the
//! right inputs is the truth and a race is nothing but its track and inputs.
//!
//! # Layout
//! - [`step`]: one tick of a whole room, the only function that changes a race
//! - `race`: [`RaceState`], [`Rules`], score and leaderboard
//! - `car`: [`Car`] on the wire's grid; `vehicle`: the car's physics
//! - `contact` and `wall`: car against car, car against wall
//! - `progress`: gates, laps and the metres credited
//! - [`replay`]: a race as what was done in it
//! - [`track`]: circuits, their geometry, the catalogue and the CSV importer
//! - [`highway`]: lanes, traffic and penalties of the other mode
//! - [`ai`]: racing line, speed profile and the [`AiDriver`]
//!
//! # Invariants
//! - No I/O, clock, thread, or hash iteration; [`step`] allocates nothing.
//! - After every tick a car consists of integers only: what a snapshot carries
//!   is exact. Within a tick all arithmetic is `f64` in one fixed order.
//! - Transcendental functions come from `libm`, never from the platform; there
//!   is no `mul_add`. Square root and rounding are exact under IEEE 754.
//! - Cars are treated in seat order.
//! - A car's progress never jumps and its credited metres never fall.
//!
//! # Conventions
//! SI units. `x` points right, `y` up, headings turn counter-clockwise from
//! `x`; "left" is positive in steering, lateral offset and lateral speed.

pub mod ai;
mod car;
mod contact;
mod event;
mod hash;
pub mod highway;
mod input;
mod math;
mod progress;
mod race;
pub mod replay;
mod step;
pub mod track;
mod vehicle;
mod wall;

pub use ai::{AiDriver, Skill};
pub use car::{
    ACCELERATION_UNITS_PER_MPS2, CAR_LENGTH_M, CAR_WIDTH_M, Car, Finish, GHOST_AFTER_TICKS,
    HEADING_UNITS_PER_TURN, POSITION_UNITS_PER_M, SPEED_UNITS_PER_MPS, STEER_UNITS_PER_RAD,
    WRONG_WAY_AFTER_TICKS, YAW_RATE_UNITS_PER_RADPS,
};
pub use event::{EVENTS_PER_TICK_MAX, Event, Events, PenaltyReason};
pub use input::{Drive, Input};
pub use math::Vec2;
pub use race::{FINISH_GRACE_TICKS, Mode, Outcome, RaceState, Rules};
pub use replay::{Replay, ReplayError, ReplayHeader};
pub use step::step;
pub use track::{Track, TrackError};
pub use vehicle::{CarClass, GRIP_OFF_ROAD, VehicleParameters};

/// Simulation ticks per second.
pub const TICK_RATE_HZ: u32 = 60;
/// Length of a tick in seconds.
pub const TICK_SECONDS: f64 = 1.0 / 60.0;
/// Most cars in one race (docs/design.md, Names and limits).
pub const SEATS_MAX: usize = 16;

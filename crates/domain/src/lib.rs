//! The domain types of a race, shared by all programs.
//!
//! The simulation computes with these types, the protocol carries them, bots and
//! clients display and choose them: one type per concept, without conversions.
//!
//! # Layout
//! - `class`: [`CarClass`]
//! - `controls`: [`Controls`] of one tick, and whether a seat has a driver: [`Drive`]
//! - `car`: [`Car`] between two ticks, in the units of the wire
//! - `mode`, `skill`, `penalty`: kinds of race, levels of AI drivers, reasons for
//!   penalties
//! - `vector`: [`Vec2`]
//! - `version`: [`Format`], the versions of something stored or sent
//!
//! # Invariants
//! - Pure data: no I/O, clock or randomness; no dependency on other crates of the
//!   workspace.
//! - The serde form of every type is both the wire's and the checkpoint's. The
//!   tests pin the JSON words and the bytes.
//! - Transcendental functions come from `libm`, never from the platform.
#![warn(clippy::iter_over_hash_type)]

mod car;
mod class;
mod controls;
mod mode;
mod penalty;
mod skill;
mod vector;
mod version;
mod words;

pub use car::{
    ACCELERATION_UNITS_PER_MPS2, Car, Finish, GHOST_AFTER_TICKS, HEADING_UNITS_PER_TURN,
    POSITION_UNITS_PER_M, SPEED_UNITS_PER_MPS, STEER_UNITS_PER_RAD, WRONG_WAY_AFTER_TICKS,
    YAW_RATE_UNITS_PER_RADPS,
};
pub use class::CarClass;
pub use controls::{Controls, Drive};
pub use mode::{Mode, TARGET_METRES_DEFAULT, TARGET_METRES_MAX};
pub use penalty::PenaltyReason;
pub use skill::Skill;
pub use vector::Vec2;
#[cfg(feature = "next-version")]
pub use version::next;
pub use version::{Format, UnknownVersion};

/// Simulation ticks per second.
pub const TICK_RATE_HZ: u32 = 60;
/// Most cars in one race.
pub const SEATS_MAX: usize = 16;

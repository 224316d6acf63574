//! What a room sends to its players 30 times a second: binary.
//!
//! A header and behind it a [`SnapshotBody`], which only workers and clients
//! read. They know the track that its bits are measured from: a [`Course`]. On
//! NATS the header is a [`SnapshotHeader`]; gateways read it, and relay less of
//! it to clients: a [`RelayedHeader`].

mod bits;
mod codec;
mod course;
mod header;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

pub use self::codec::BodyError;
pub use self::course::{Course, CoursePoint};
pub use self::header::{InputAck, RelayedHeader, SnapshotHeader, relay_into};
use crate::ids::{Seat, Tick};
use crate::input::Controls;
use crate::limits::{SEATS_MAX, TICKS_PER_SNAPSHOT};

/// What a seat did in the ticks of one snapshot, oldest first. `None`: nobody
/// was driving.
pub type Applied = [Option<Controls>; TICKS_PER_SNAPSHOT as usize];

/// A race at one tick, so complete that whoever has it can go on with it
/// exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotBody {
    /// The first that reached the target.
    pub winner: Option<Seat>,
    /// By seat.
    pub cars: ArrayVec<CarState, SEATS_MAX>,
    /// By seat, as many as cars: what was applied since the last snapshot.
    pub applied: ArrayVec<Applied, SEATS_MAX>,
}

/// A car on the grid of integers on which the simulation keeps it. The units
/// are those of the simulation: 1/1024 m, 2⁻²⁰ turn, 1/4096 m/s, 1/8192 rad/s,
/// 1/32768 rad, 1/256 m/s².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CarState {
    /// Which kind of car, by number, 0–3.
    pub class: u8,
    /// Position, 1/1024 m.
    pub x: i32,
    /// Position, 1/1024 m.
    pub y: i32,
    /// Counter-clockwise from the x axis, 2⁻²⁰ turn, 0–2²⁰.
    pub heading: i32,
    /// Along the car, 1/4096 m/s.
    pub speed_forward: i32,
    /// Across the car, to the left, 1/4096 m/s.
    pub speed_lateral: i32,
    /// Counter-clockwise, 1/8192 rad/s.
    pub yaw_rate: i32,
    /// Of the front wheels, to the left, 1/32768 rad.
    pub steer_angle: i16,
    /// Along the car in the last tick, 1/256 m/s².
    pub acceleration: i16,
    /// Way along the centre line, 1/1024 m.
    pub travel: i32,
    /// Way credited by gates, 1/1024 m.
    pub credited: u32,
    /// Gates passed in order.
    pub gates_passed: u16,
    /// Penalties, m.
    pub penalty_metres: u32,
    /// When the present lap began.
    pub lap_start_tick: u32,
    /// The fastest lap; 0 when there is none.
    pub best_lap_ticks: u32,
    /// Place and tick of the finish.
    pub finish: Option<(u8, Tick)>,
    /// How long nobody has been driving, ticks, counted up to a bound.
    pub absent_ticks: u8,
    /// How long it has been going the wrong way, ticks, up to a bound.
    pub wrong_way_ticks: u8,
    /// How long it still passes through traffic, ticks.
    pub traffic_ticks: u8,
    /// Whether it left the road.
    pub off_road: bool,
}

#[cfg(test)]
mod tests;

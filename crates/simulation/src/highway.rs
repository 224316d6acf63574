//! The highway: an endless straight road with lanes and slower traffic.
//!
//! It runs along `x` from the start line at `x = 0`, its middle at `y = 0`. A
//! car's way is its `x`, so there is nothing to project and no gate to skip.
//! Beside the road there are no walls: who leaves it pays and is put back.
//!
//! Traffic is a pure function of the room's seed and the tick
//! ([`traffic`]): everybody meets the same, and no snapshot carries it.

mod driver;
mod referee;
mod traffic;

use core::ops::Range;

use domain::Vec2;

pub(crate) use driver::drive;
pub(crate) use referee::{keep_on_road, meet_traffic, progress};
pub use traffic::{TrafficCar, traffic};

use crate::track::Projection;

/// Number of lanes, all in one direction. Lane 0 is the rightmost and slowest.
pub const LANES: u8 = 4;
/// Width of a lane, metres: that of a motorway.
pub const LANE_WIDTH_M: f64 = 3.75;
/// Width of the paved shoulder on either side, metres.
pub const SHOULDER_M: f64 = 1.5;
/// From the middle of the highway to the edge of the shoulder, metres.
pub const ROAD_HALF_WIDTH_M: f64 = 0.5 * LANE_WIDTH_M * LANES as f64 + SHOULDER_M;
/// The road begins this far behind the start line, metres: further back is off
/// the road, too.
pub const ROAD_BEGINS_M: f64 = -300.0;
/// Taken off the score for hitting traffic, metres.
pub const TRAFFIC_PENALTY_METRES: u32 = 100;
/// Taken off the score for leaving the road, metres.
pub const OFF_ROAD_PENALTY_METRES: u32 = 1000;
/// A car that hit traffic passes through it for this long, and for as long as
/// it is inside: a hit is paid for once, and nobody is wedged in.
pub const TRAFFIC_COOL_DOWN_TICKS: u8 = 2 * domain::TICK_RATE_HZ as u8;

/// The middle of a lane, metres to the left of the highway's.
#[must_use]
pub fn lane_centre_m(lane: u8) -> f64 {
    (f64::from(lane) - 0.5 * f64::from(LANES - 1)) * LANE_WIDTH_M
}

/// The lane in which, or nearest to which, a point is that lies `lateral` metres
/// to the left of the middle.
#[must_use]
pub fn lane_at(lateral: f64) -> u8 {
    let lane = (lateral / LANE_WIDTH_M + 0.5 * f64::from(LANES)).floor();
    lane.clamp(0.0, f64::from(LANES - 1)) as u8
}

/// The stretch of road within `reach` metres of `x`.
#[must_use]
pub fn around(x: f64, reach: f64) -> Range<f64> {
    x - reach..x + reach
}

/// Where on the highway a point is. Its cell means nothing.
pub(crate) fn place(point: Vec2) -> Projection {
    Projection {
        index: 0,
        fraction: 0.0,
        lateral: point.y,
        tangent: Vec2::new(1.0, 0.0),
        road_left: ROAD_HALF_WIDTH_M,
        road_right: ROAD_HALF_WIDTH_M,
        wall_left: f64::INFINITY,
        wall_right: f64::INFINITY,
    }
}

//! The highway: an endless straight road with lanes and slower traffic.
//!
//! It runs along `x` from the start line at `x = 0`, its middle at `y = 0`. A
//! car's travel is its `x`, so there is no search for a cell and no gate to skip.
//! The road has no walls: a car that leaves it is penalised and put back.
//!
//! Traffic is a pure function of the room's seed and the tick
//! ([`traffic`]): it is the same for all cars, and no snapshot carries it.

mod driver;
mod referee;
mod traffic;

use core::ops::Range;

use domain::Vec2;

pub(crate) use driver::drive;
pub(crate) use referee::{keep_on_road, meet_traffic, progress};
pub use traffic::{TrafficCar, traffic};

pub use crate::lanes::{
    LANE_WIDTH_M, LANES, ROAD_HALF_WIDTH_M, SHOULDER_M, lane_at, lane_centre_m,
};
use crate::track::Projection;

/// Where the road begins, metres from the start line: further back is off the
/// road, too.
pub const ROAD_BEGINS_M: f64 = -300.0;
/// Penalty for hitting traffic, metres.
pub const TRAFFIC_PENALTY_METRES: u32 = 100;
/// Penalty for leaving the road, metres.
pub const OFF_ROAD_PENALTY_METRES: u32 = 1000;
/// Time for which a car that hit traffic passes through it, extended while it is
/// inside: a hit is penalised once, and no car gets wedged in.
pub const TRAFFIC_COOL_DOWN_TICKS: u8 = 2 * domain::TICK_RATE_HZ as u8;

/// Returns the stretch of road within `reach` metres of `x`.
#[must_use]
pub fn around(x: f64, reach: f64) -> Range<f64> {
    x - reach..x + reach
}

/// Projects a point onto the highway. The cell of the projection is meaningless.
pub(crate) fn project(point: Vec2) -> Projection {
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

//! The lanes of the highway: how the road is divided across.

/// Number of lanes, all in one direction. Lane 0 is the rightmost and slowest.
pub const LANES: u8 = 4;
/// Width of a lane, metres: that of a motorway.
pub const LANE_WIDTH_M: f64 = 3.75;
/// Width of the paved shoulder on either side, metres.
pub const SHOULDER_M: f64 = 1.5;
/// From the middle of the highway to the edge of the shoulder, metres.
pub const ROAD_HALF_WIDTH_M: f64 = 0.5 * LANE_WIDTH_M * LANES as f64 + SHOULDER_M;

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

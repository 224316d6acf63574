//! The highway as a [`Track`], for rooms and clients that hold one.

use std::sync::OnceLock;

use domain::{SEATS_MAX, Vec2};

use super::{Bounds, Pose, Sample, Track};
use crate::lanes::{ROAD_HALF_WIDTH_M, lane_centre_m};

/// Length of the repeating piece, metres.
const LENGTH_M: u32 = 1000;
const SPACING_M: f64 = 4.0;

impl Track {
    /// Name of the highway.
    pub const HIGHWAY: &'static str = "highway";

    /// Builds the first kilometre of the highway. The road is endless: the
    /// [mode](crate::ModeRules) repeats this kilometre.
    #[must_use]
    pub fn highway() -> Self {
        let samples: Vec<Sample> = (0..LENGTH_M / SPACING_M as u32)
            .map(|index| Sample {
                centre: Vec2::new(f64::from(index) * SPACING_M, 0.0),
                tangent: Vec2::new(1.0, 0.0),
                curvature: 0.0,
                road_left: ROAD_HALF_WIDTH_M,
                road_right: ROAD_HALF_WIDTH_M,
                wall_left: ROAD_HALF_WIDTH_M,
                wall_right: ROAD_HALF_WIDTH_M,
            })
            .collect();
        // Two columns in the middle lanes, as on a circuit.
        let grid = core::array::from_fn::<_, SEATS_MAX, _>(|seat| Pose {
            position: Vec2::new(
                -Self::grid_distance_m(seat),
                lane_centre_m(if seat.is_multiple_of(2) { 2 } else { 1 }),
            ),
            heading: 0.0,
        });
        Self {
            name: Self::HIGHWAY.to_owned(),
            length_m: LENGTH_M,
            spacing_m: SPACING_M,
            samples,
            grid,
            bounds: Bounds {
                min: Vec2::new(0.0, -ROAD_HALF_WIDTH_M),
                max: Vec2::new(f64::from(LENGTH_M), ROAD_HALF_WIDTH_M),
            },
            gate_count: 10,
            racing_line: OnceLock::new(),
        }
    }
}

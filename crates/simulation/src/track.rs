//! Circuits: a closed centre line with widths, run-off and walls.
//!
//! A track is a strip. At every sample of the centre line a *ray* runs across
//! it at a right angle, from wall to wall; two neighbouring rays, the centre
//! line and the walls between them bound a *cell*. Rays do not cross inside the
//! walls, so each point of the strip is in one cell. A car moves from cell to
//! cell and never jumps, which is why a track may cross itself.

mod build;
mod catalogue;
mod drawing;
mod error;
mod import;
mod projection;
mod racing_line;
mod spline;
mod straight;
mod survey;

use core::ops::RangeInclusive;
use std::sync::OnceLock;

use domain::{Car, POSITION_UNITS_PER_M, SEATS_MAX, Vec2};

pub use error::TrackError;
pub use projection::Projection;
pub use racing_line::{LinePoint, RacingLine};
pub(crate) use racing_line::{SIDE_BY_SIDE_M, SpeedProfile};
pub use survey::Survey;

use crate::math::lerp;

/// Valid lengths of a circuit, in metres. It must be longer than the grid; a
/// longer one would reach the limits of the wire's integers in long races.
const LENGTH_M: RangeInclusive<u32> = 300..=30_000;
/// Roughly how far apart the gates are, in metres.
const GATE_SPACING_M: u32 = 100;
/// Distance from the start line to the nose of the first car, in metres.
const GRID_FIRST_M: f64 = 6.0;
/// Distance between successive grid positions, on alternating sides, in metres.
const GRID_STAGGER_M: f64 = 8.0;

/// One cross-section of a track. Distances across are measured from the centre
/// line, in metres, and positive on both sides.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Sample {
    /// Point on the centre line.
    pub centre: Vec2,
    /// Unit vector along the track.
    pub tangent: Vec2,
    /// Signed curvature of the centre line, 1/m, positive to the left.
    pub curvature: f64,
    /// Distance to the left edge of the road.
    pub road_left: f64,
    /// Distance to the right edge of the road.
    pub road_right: f64,
    /// Distance to the left wall, beyond the run-off.
    pub wall_left: f64,
    /// Distance to the right wall, beyond the run-off.
    pub wall_right: f64,
}

impl Sample {
    /// The point `lateral` metres to the left of the centre line.
    #[must_use]
    pub fn point(&self, lateral: f64) -> Vec2 {
        self.centre + self.tangent.left() * lateral
    }
}

/// A position and heading on a track.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Pose {
    /// World position, metres.
    pub position: Vec2,
    /// Heading, radians.
    pub heading: f64,
}

/// The smallest upright rectangle around a track's walls.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Lower left corner, metres.
    pub min: Vec2,
    /// Upper right corner, metres.
    pub max: Vec2,
}

/// A closed circuit.
#[derive(Clone, Debug)]
pub struct Track {
    name: String,
    length_m: u32,
    spacing_m: f64,
    samples: Vec<Sample>,
    grid: [Pose; SEATS_MAX],
    bounds: Bounds,
    gate_count: u16,
    racing_line: OnceLock<RacingLine>,
}

impl Track {
    /// Names of the circuits that ship with the game.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        &catalogue::NAMES
    }

    /// Builds the shipped circuit called `name`, or the highway. Takes some
    /// milliseconds: keep the result.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        if name == Self::HIGHWAY {
            return Some(Self::highway());
        }
        catalogue::find(name).map(|circuit| {
            build::build(circuit.name, &circuit.points(), circuit.run_off_m)
                .expect("every circuit of the catalogue is built in a test")
        })
    }

    /// Number of intended self-crossings of the shipped circuit called `name`.
    #[must_use]
    pub fn crossings_by_name(name: &str) -> Option<usize> {
        catalogue::find(name).map(|circuit| circuit.crossings)
    }

    /// Reads a circuit in the CSV format of the TUMFTM racetrack-database:
    /// `x_m,y_m,w_tr_right_m,w_tr_left_m`, a closed loop, `#` comments.
    ///
    /// # Errors
    /// When a row cannot be read or the rows do not make a track.
    pub fn from_csv(name: &str, csv: &str) -> Result<Self, TrackError> {
        import::from_csv(name, csv)
    }

    /// Name of the track.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Length of the centre line. Tracks are scaled by a fraction of a per mille so
    /// that it is a whole number of metres and scores are exact.
    #[must_use]
    pub fn length_m(&self) -> u32 {
        self.length_m
    }

    /// Length in the units of [`Car::travel`](domain::Car::travel).
    #[must_use]
    pub fn length_units(&self) -> i32 {
        self.length_m as i32 * POSITION_UNITS_PER_M
    }

    /// Distance along the centre line between two samples, in metres.
    #[must_use]
    pub fn spacing_m(&self) -> f64 {
        self.spacing_m
    }

    /// The cross-sections in driving order, the first on the start line.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The left edge of the road, one point per sample.
    pub fn left_edge(&self) -> impl ExactSizeIterator<Item = Vec2> {
        self.samples
            .iter()
            .map(|sample| sample.point(sample.road_left))
    }

    /// The right edge of the road, one point per sample.
    pub fn right_edge(&self) -> impl ExactSizeIterator<Item = Vec2> {
        self.samples
            .iter()
            .map(|sample| sample.point(-sample.road_right))
    }

    /// The left wall, one point per sample.
    pub fn left_wall(&self) -> impl ExactSizeIterator<Item = Vec2> {
        self.samples
            .iter()
            .map(|sample| sample.point(sample.wall_left))
    }

    /// The right wall, one point per sample.
    pub fn right_wall(&self) -> impl ExactSizeIterator<Item = Vec2> {
        self.samples
            .iter()
            .map(|sample| sample.point(-sample.wall_right))
    }

    /// The rectangle around the walls.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Grid position of the car of `seat`.
    ///
    /// # Panics
    /// When `seat` is not below [`SEATS_MAX`].
    #[must_use]
    pub fn grid(&self, seat: usize) -> Pose {
        self.grid[seat]
    }

    /// Number of gates; gate 0 is the start line.
    #[must_use]
    pub fn gate_count(&self) -> u16 {
        self.gate_count
    }

    /// Distance of gate `gate` from the start line in 1/1024 m.
    #[must_use]
    pub fn gate_units(&self, gate: u16) -> i32 {
        let units = i64::from(gate) * i64::from(self.length_units());
        (units / i64::from(self.gate_count)) as i32
    }

    /// Laps that `car` has completed.
    #[must_use]
    pub fn laps_completed(&self, car: &Car) -> u16 {
        car.gates_passed.saturating_sub(1) / self.gate_count
    }

    /// The gate that `car` has to pass next, `0..self.gate_count()`.
    #[must_use]
    pub fn next_gate(&self, car: &Car) -> u16 {
        car.gates_passed % self.gate_count
    }

    /// Distance of `car` from the start line along the centre line in metres, in
    /// `0..length`.
    #[must_use]
    pub fn station_m(&self, car: &Car) -> f64 {
        let units = car.travel.rem_euclid(self.length_units());
        f64::from(units) / f64::from(POSITION_UNITS_PER_M)
    }

    /// The cross-section `station` metres after the start line; any number of
    /// laps ahead or back is allowed.
    #[must_use]
    pub fn at(&self, station: f64) -> Sample {
        let length = f64::from(self.length_m);
        let steps = (station - (station / length).floor() * length) / self.spacing_m;
        let index = (steps as usize).min(self.samples.len() - 1);
        let (a, b) = (&self.samples[index], self.sample_after(index));
        let fraction = steps - index as f64;
        Sample {
            centre: a.centre.lerp(b.centre, fraction),
            tangent: a.tangent.lerp(b.tangent, fraction).normalized(),
            curvature: lerp(a.curvature, b.curvature, fraction),
            road_left: lerp(a.road_left, b.road_left, fraction),
            road_right: lerp(a.road_right, b.road_right, fraction),
            wall_left: lerp(a.wall_left, b.wall_left, fraction),
            wall_right: lerp(a.wall_right, b.wall_right, fraction),
        }
    }

    /// The racing line and its speeds, computed at the first call.
    #[must_use]
    pub fn racing_line(&self) -> &RacingLine {
        self.racing_line.get_or_init(|| RacingLine::compute(self))
    }

    /// Distance of the grid position of `seat` behind the start line, in metres.
    pub(crate) fn grid_distance_m(seat: usize) -> f64 {
        GRID_FIRST_M + GRID_STAGGER_M * seat as f64
    }

    pub(crate) fn sample_after(&self, index: usize) -> &Sample {
        let next = index + 1;
        &self.samples[if next == self.samples.len() { 0 } else { next }]
    }
}

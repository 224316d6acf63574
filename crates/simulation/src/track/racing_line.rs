//! The racing line: the line of least curvature round a track.

mod speed_profile;

use domain::Vec2;

pub(crate) use speed_profile::SpeedProfile;

use super::{Sample, Track};
use crate::CAR_WIDTH_M;
use crate::math::lerp;
use crate::vehicle::{Envelope, VehicleParameters};

/// Distance between the lines in the two halves of the road, metres: enough for two
/// cars side by side.
pub(crate) const SIDE_BY_SIDE_M: f64 = CAR_WIDTH_M + 0.8;
/// Distance of the car's side from the edge of the road.
const MARGIN_M: f64 = 0.5 * CAR_WIDTH_M + 0.5;
/// Coarse to fine: every 16th sample first. Relaxation alone would need a number
/// of rounds that grows with the fourth power of the samples.
const STRIDES: [usize; 5] = [16, 8, 4, 2, 1];
const ROUNDS_PER_STRIDE: usize = 120;
/// Number of samples each way over which curvature is measured; fewer give noise.
const CURVATURE_REACH: usize = 3;

/// A point of a [`RacingLine`].
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct LinePoint {
    /// Offset to the left of the centre line, metres.
    pub lateral: f64,
    /// Unit vector along the line.
    pub direction: Vec2,
    /// Signed curvature of the line, 1/m, positive to the left.
    pub curvature: f64,
    /// Distance to the next point, metres.
    pub step_m: f64,
}

/// A line beside the centre line, one point per sample of the track.
#[derive(Clone, Debug)]
pub struct RacingLine {
    spacing_m: f64,
    points: Vec<LinePoint>,
    /// The lines of least curvature in the left and in the right half of the road.
    halves: [Vec<LinePoint>; 2],
    /// Range of a car's offset to the left of the centre line, metres.
    reach: Vec<[f64; 2]>,
    /// Speed profile of the [tourer](VehicleParameters::TOURER) at its limit.
    profile: SpeedProfile,
}

impl RacingLine {
    /// Computes the lines of `track`, which takes some fifteen milliseconds per
    /// kilometre.
    #[must_use]
    pub fn compute(track: &Track) -> Self {
        let samples = track.samples();
        let line = |part: RoadPart| {
            let reach: Vec<[f64; 2]> = samples.iter().map(|sample| part.reach(sample)).collect();
            let lateral = least_curvature(samples, &reach);
            (line_points(samples, &lateral), reach)
        };
        let (points, reach) = line(RoadPart::Whole);
        let halves = [RoadPart::Left, RoadPart::Right].map(|half| line(half).0);
        let profile =
            SpeedProfile::compute(&points, &Envelope::of(&VehicleParameters::TOURER), 1.0);
        Self {
            spacing_m: track.spacing_m(),
            points,
            halves,
            reach,
            profile,
        }
    }

    /// The points of the line, one per sample of the track.
    #[must_use]
    pub fn points(&self) -> &[LinePoint] {
        &self.points
    }

    /// The line at `station` metres along the centre line, any lap.
    #[must_use]
    pub fn at(&self, station: f64) -> LinePoint {
        self.between(&self.points, station)
    }

    /// The lines of least curvature in the left and in the right half of the
    /// road, one point per sample. Two cars fit side by side on them.
    pub(crate) fn halves(&self) -> &[Vec<LinePoint>; 2] {
        &self.halves
    }

    /// Rightmost and leftmost offset of a car at `station` metres, in metres to the
    /// left of the centre line.
    pub(crate) fn reach_at(&self, station: f64) -> [f64; 2] {
        self.reach[self.locate(station).0]
    }

    /// Interpolates one of the lines at `station`.
    pub(crate) fn between(&self, points: &[LinePoint], station: f64) -> LinePoint {
        let (index, next, fraction) = self.locate(station);
        let (a, b) = (&points[index], &points[next]);
        LinePoint {
            lateral: lerp(a.lateral, b.lateral, fraction),
            direction: a.direction.lerp(b.direction, fraction).normalized(),
            curvature: lerp(a.curvature, b.curvature, fraction),
            step_m: a.step_m,
        }
    }

    /// Lateral offset of the line at `station` metres, any lap, in metres.
    #[must_use]
    pub fn lateral_at(&self, station: f64) -> f64 {
        let (index, next, fraction) = self.locate(station);
        let lateral = |index: usize| self.points[index].lateral;
        lerp(lateral(index), lateral(next), fraction)
    }

    /// Curvature of the line at `station` metres, any lap, 1/m, positive to the left.
    #[must_use]
    pub fn curvature_at(&self, station: f64) -> f64 {
        let (index, next, fraction) = self.locate(station);
        let curvature = |index: usize| self.points[index].curvature;
        lerp(curvature(index), curvature(next), fraction)
    }

    /// Highest speed of a tourer on the line at `station` metres that still lets it
    /// brake for what follows, m/s.
    #[must_use]
    pub fn speed_at(&self, station: f64) -> f64 {
        self.profile.speed_at(self, station)
    }

    /// Indices of the points before and after `station`, and the fraction between
    /// them.
    pub(crate) fn locate(&self, station: f64) -> (usize, usize, f64) {
        let steps = station / self.spacing_m;
        let whole = steps.floor();
        let count = self.points.len();
        let index = (whole as i64).rem_euclid(count as i64) as usize;
        let next = if index + 1 == count { 0 } else { index + 1 };
        (index, next, steps - whole)
    }
}

/// The points of the path that is `lateral` metres beside the centre line.
fn line_points(samples: &[Sample], lateral: &[f64]) -> Vec<LinePoint> {
    let count = samples.len();
    let at = |index: usize| samples[index % count].point(lateral[index % count]);
    (0..count)
        .map(|index| {
            let (a, b) = (at(index + count - CURVATURE_REACH), at(index));
            let c = at(index + CURVATURE_REACH);
            let sides = (b - a).length() * (c - b).length() * (c - a).length();
            LinePoint {
                lateral: lateral[index],
                direction: (at(index + 1) - at(index + count - 1)).normalized(),
                // Curvature of the circle through three points (Menger).
                curvature: 2.0 * (b - a).cross(c - a) / sides.max(1e-9),
                step_m: (at(index + 1) - b).length(),
            }
        })
        .collect()
}

/// A part of the road for which there is a line.
#[derive(Copy, Clone)]
enum RoadPart {
    Whole,
    Left,
    Right,
}

impl RoadPart {
    /// Rightmost and leftmost offset of the middle of a car, metres to the left of
    /// the centre line.
    fn reach(self, sample: &Sample) -> [f64; 2] {
        let left = (sample.road_left - MARGIN_M).max(0.0);
        let right = -(sample.road_right - MARGIN_M).max(0.0);
        let middle = 0.5 * (left + right);
        match self {
            Self::Whole => [right, left],
            Self::Left => [(middle + 0.5 * SIDE_BY_SIDE_M).min(left), left],
            Self::Right => [right, (middle - 0.5 * SIDE_BY_SIDE_M).max(right)],
        }
    }
}

/// Minimises the bending energy ∫κ² ds point by point (Gauss–Seidel), each within
/// its `reach`.
fn least_curvature(samples: &[Sample], reach: &[[f64; 2]]) -> Vec<f64> {
    let count = samples.len();
    let mut lateral: Vec<f64> = reach
        .iter()
        .map(|[right, left]| 0.5 * (right + left))
        .collect();
    for stride in STRIDES {
        let nodes: Vec<usize> = (0..count / stride).map(|node| node * stride).collect();
        let many = nodes.len();
        if many < 8 {
            continue;
        }
        for _ in 0..ROUNDS_PER_STRIDE {
            for node in 0..many {
                let near = [0, 1, 2, 3, 4].map(|offset| {
                    let index = nodes[(node + many + offset - 2) % many];
                    samples[index].point(lateral[index])
                });
                let across = samples[nodes[node]].tangent.left();
                let [right, left] = reach[nodes[node]];
                let lateral = &mut lateral[nodes[node]];
                *lateral = (*lateral + least_bending(near, across)).clamp(right, left);
            }
        }
        fill_between(&mut lateral, &nodes);
    }
    lateral
}

/// Returns how far the middle one of five points must move along `across` for the
/// least bending energy, with the lengths of the sides fixed.
///
/// At a point the line turns by the difference of its two unit sides; the energy is
/// the squared turn divided by its length, summed over the three points that the
/// move affects: a quadratic in the move.
fn least_bending(near: [Vec2; 5], across: Vec2) -> f64 {
    let side = |index: usize| near[index + 1] - near[index];
    let length = [0, 1, 2, 3].map(|index| side(index).length().max(1e-3));
    let (mut slope, mut steepness) = (0.0, 0.0);
    let (before, after) = (1.0 / length[1], 1.0 / length[2]);
    for (point, change) in [(1, before), (2, -before - after), (3, after)] {
        let into = side(point - 1) * (1.0 / length[point - 1]);
        let turn = side(point) * (1.0 / length[point]) - into;
        let weight = 1.0 / (length[point - 1] + length[point]);
        slope += weight * change * turn.dot(across);
        steepness += weight * change * change;
    }
    -slope / steepness
}

/// Interpolates the samples between the nodes of a coarse line.
fn fill_between(lateral: &mut [f64], nodes: &[usize]) {
    let count = lateral.len();
    for (position, &from) in nodes.iter().enumerate() {
        let to = nodes.get(position + 1).copied().unwrap_or(count);
        let (a, b) = (lateral[from], lateral[to % count]);
        for (step, lateral) in lateral[from..to].iter_mut().enumerate() {
            *lateral = lerp(a, b, step as f64 / (to - from) as f64);
        }
    }
}

//! The way round a track of least curvature, and how fast it can be driven.

use crate::CAR_WIDTH_M;
use crate::math::{Vec2, lerp};
use crate::track::{Sample, Track};

/// Distance of the car's side from the edge of the road.
const MARGIN_M: f64 = 0.5 * CAR_WIDTH_M + 0.5;
/// Coarse to fine: every 16th sample first. Relaxation alone would need a number
/// of rounds that grows with the fourth power of the samples.
const STRIDES: [usize; 5] = [16, 8, 4, 2, 1];
const ROUNDS_PER_STRIDE: usize = 120;
/// Cornering without downforce, m/s²; the prototype's figure with a little less
/// margin, for here the line is driven with downforce known.
const CORNERING_MPS2: f64 = 1.18 * 9.81;
/// What downforce adds, per (m/s)².
const DOWNFORCE_PER_M: f64 = 0.0006;
/// Braking that leaves something for steering.
const BRAKING_MPS2: f64 = 9.0;
const SPEED_MAX_MPS: f64 = 84.0;
/// Curvature is measured over this many samples each way; less is noise.
const CURVATURE_REACH: usize = 3;

/// A line beside the centre line and the speed at each of its points; one entry
/// per sample of the track.
#[derive(Clone, Debug)]
pub struct RacingLine {
    spacing_m: f64,
    /// To the left of the centre line, metres.
    lateral: Vec<f64>,
    /// Highest speed at which the next corner can still be made, m/s.
    speed: Vec<f64>,
}

impl RacingLine {
    /// Computes the line of `track`: some milliseconds per kilometre.
    #[must_use]
    pub fn compute(track: &Track) -> Self {
        let samples = track.samples();
        let lateral = least_curvature(samples);
        let points: Vec<Vec2> = samples
            .iter()
            .zip(&lateral)
            .map(|(sample, &lateral)| sample.point(lateral))
            .collect();
        Self {
            spacing_m: track.spacing_m(),
            lateral,
            speed: speed_profile(&points),
        }
    }

    /// Lateral offset of the line at `station` metres, any lap, in metres.
    #[must_use]
    pub fn lateral_at(&self, station: f64) -> f64 {
        self.interpolate(&self.lateral, station)
    }

    /// Speed of the line at `station` metres, any lap, in m/s.
    #[must_use]
    pub fn speed_at(&self, station: f64) -> f64 {
        self.interpolate(&self.speed, station)
    }

    fn interpolate(&self, values: &[f64], station: f64) -> f64 {
        let steps = station / self.spacing_m;
        let whole = steps.floor();
        let index = (whole as i64).rem_euclid(values.len() as i64) as usize;
        lerp(
            values[index],
            values[(index + 1) % values.len()],
            steps - whole,
        )
    }
}

/// Minimises the sum of squared second differences of the line's points, one
/// point after the other (Gauss–Seidel), within the road.
fn least_curvature(samples: &[Sample]) -> Vec<f64> {
    let count = samples.len();
    let mut lateral = vec![0.0; count];
    for stride in STRIDES {
        let nodes: Vec<usize> = (0..count / stride).map(|node| node * stride).collect();
        let many = nodes.len();
        if many < 8 {
            continue;
        }
        for _ in 0..ROUNDS_PER_STRIDE {
            for node in 0..many {
                let point = |offset: usize| {
                    let index = nodes[(node + many + offset - 2) % many];
                    samples[index].point(lateral[index])
                };
                let near = (point(1) + point(3)) * 4.0;
                let best = (near - point(0) - point(4)) * (1.0 / 6.0);
                let sample = &samples[nodes[node]];
                let wanted = (best - sample.centre).dot(sample.tangent.left());
                let left = (sample.road_left - MARGIN_M).max(0.0);
                let right = (sample.road_right - MARGIN_M).max(0.0);
                lateral[nodes[node]] = wanted.clamp(-right, left);
            }
        }
        fill_between(&mut lateral, &nodes);
    }
    lateral
}

/// Interpolates the samples between the nodes of a coarse line.
fn fill_between(lateral: &mut [f64], nodes: &[usize]) {
    let count = lateral.len();
    for (position, &from) in nodes.iter().enumerate() {
        let (to, end) = match nodes.get(position + 1) {
            Some(&to) => (to, to),
            None => (nodes[0], count),
        };
        for index in from + 1..end {
            let fraction = (index - from) as f64 / (end - from) as f64;
            lateral[index] = lerp(lateral[from], lateral[to], fraction);
        }
    }
}

/// Cornering speed everywhere, then brought down where braking must begin.
fn speed_profile(points: &[Vec2]) -> Vec<f64> {
    let count = points.len();
    let at = |index: usize| points[index % count];
    let mut speed: Vec<f64> = (0..count)
        .map(|index| {
            let (a, b) = (at(index + count - CURVATURE_REACH), at(index));
            let c = at(index + CURVATURE_REACH);
            let sides = (b - a).length() * (c - b).length() * (c - a).length();
            let curvature = (2.0 * (b - a).cross(c - a)).abs() / sides.max(1e-9);
            // v² κ = a + d v², hence v² = a / (κ − d).
            let square = CORNERING_MPS2 / (curvature - DOWNFORCE_PER_M).max(1e-6);
            square.sqrt().min(SPEED_MAX_MPS)
        })
        .collect();
    // Twice round, for the braking zone that lies across the start line.
    for index in (0..2 * count).rev() {
        let (here, next) = (index % count, (index + 1) % count);
        let step = (at(next) - at(here)).length();
        let most = (speed[next] * speed[next] + 2.0 * BRAKING_MPS2 * step).sqrt();
        speed[here] = speed[here].min(most);
    }
    speed
}

//! Measurements of a track.

use domain::Vec2;

use super::{Sample, Track};

/// Smallest distance along the track between two parts that may cross.
const CROSSING_APART_M: f64 = 60.0;

/// The measures of a [`Track`].
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Narrowest part of the road, edge to edge, metres.
    pub width_min_m: f64,
    /// Widest part of the road, edge to edge, metres.
    pub width_max_m: f64,
    /// Radius of the tightest corner, on the centre line, metres.
    pub radius_min_m: f64,
    /// Self-crossings: both distances from the start line, metres, the smaller
    /// first.
    pub crossings: Vec<[f64; 2]>,
}

impl Track {
    /// Measures the track. Takes some milliseconds.
    #[must_use]
    pub fn survey(&self) -> Survey {
        let width = |sample: &Sample| sample.road_left + sample.road_right;
        let widths = || self.samples.iter().map(width);
        let curvatures = self.samples.iter().map(|sample| sample.curvature.abs());
        Survey {
            width_min_m: widths().fold(f64::INFINITY, f64::min),
            width_max_m: widths().fold(0.0, f64::max),
            radius_min_m: 1.0 / curvatures.fold(1e-9, f64::max),
            crossings: self.crossings(),
        }
    }

    fn crossings(&self) -> Vec<[f64; 2]> {
        let count = self.samples.len();
        let apart = (CROSSING_APART_M / self.spacing_m).ceil() as usize;
        let mut crossings = Vec::new();
        for first in 0..count {
            // They must be apart the other way round the loop, too.
            let last = count.min((first + count).saturating_sub(apart));
            for second in first + apart..last {
                if self.cells_cross(first, second) {
                    crossings.push([first, second].map(|index| index as f64 * self.spacing_m));
                }
            }
        }
        crossings
    }

    /// Whether the centre lines of two cells cross: the ends of each are on
    /// different sides of the other.
    fn cells_cross(&self, first: usize, second: usize) -> bool {
        let (a, b) = (self.samples[first].centre, self.sample_after(first).centre);
        let (c, d) = (
            self.samples[second].centre,
            self.sample_after(second).centre,
        );
        // Also excludes distant cells on one straight: their ends lie on the line of
        // the other, and rounding decides the sides.
        if (c - a).length() > 2.0 * self.spacing_m {
            return false;
        }
        let are_apart = |p: Vec2, q: Vec2, r: Vec2, s: Vec2| {
            ((q - p).cross(r - p) > 0.0) != ((q - p).cross(s - p) > 0.0)
        };
        are_apart(a, b, c, d) && are_apart(c, d, a, b)
    }
}

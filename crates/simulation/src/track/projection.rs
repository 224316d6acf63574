//! Projection of points onto the track.

use domain::{POSITION_UNITS_PER_M, Vec2};

use super::Track;
use crate::math::lerp;

/// Most cells that one projection walks: 20 m, ten times the distance of a car in
/// a tick. A projection that needs more stops there and catches up later.
const WALK_CELLS_MAX: usize = 7;

/// Points further apart along the track than this are on different parts of it,
/// metres: where it crosses itself, one part is above the other.
const SAME_PART_M: i32 = 100;

/// A point in the coordinates of the track.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Projection {
    /// Cell: the index of the sample at or before the point.
    pub index: usize,
    /// Fraction of the cell that is behind the point, 0..=1.
    pub fraction: f64,
    /// Offset to the left of the centre line, metres.
    pub lateral: f64,
    /// Unit vector along the track.
    pub tangent: Vec2,
    /// From the centre line to the edges of the road here, metres.
    pub road_left: f64,
    /// From the centre line to the edges of the road here, metres.
    pub road_right: f64,
    /// From the centre line to the walls here, metres.
    pub wall_left: f64,
    /// From the centre line to the walls here, metres.
    pub wall_right: f64,
}

impl Projection {
    /// Whether the left and the right wheels of a car at this point are on the road;
    /// they are `half_width` metres beside its middle.
    #[must_use]
    pub fn sides_on_road(&self, half_width: f64) -> [bool; 2] {
        [self.lateral + half_width, self.lateral - half_width]
            .map(|lateral| lateral < self.road_left && -lateral < self.road_right)
    }

    /// Distance from the start line in 1/1024 m, in `0..track.length_units()`.
    #[must_use]
    pub fn station_units(&self, track: &Track) -> i32 {
        let metres = (self.index as f64 + self.fraction) * track.spacing_m();
        let units = (metres * f64::from(POSITION_UNITS_PER_M)).round() as i32;
        units.rem_euclid(track.length_units())
    }
}

impl Track {
    /// The index of the cell at a `travel` in 1/1024 m.
    #[must_use]
    pub fn cell_at(&self, travel: i32) -> usize {
        let units = travel.rem_euclid(self.length_units());
        let metres = f64::from(units) / f64::from(POSITION_UNITS_PER_M);
        ((metres / self.spacing_m) as usize).min(self.samples.len() - 1)
    }

    /// Whether two points, given by their `travel` in 1/1024 m, are on the same part
    /// of the track: points on a bridge and under it are not.
    #[must_use]
    pub fn is_same_part(&self, travel: i32, other: i32) -> bool {
        let length = self.length_units();
        let ahead = other.wrapping_sub(travel).rem_euclid(length);
        ahead.min(length - ahead) < SAME_PART_M * POSITION_UNITS_PER_M
    }

    /// Projects `point` along the rays, walking from cell `hint`. Exact when the
    /// point is within 20 m of that cell along the track.
    #[must_use]
    pub fn project(&self, hint: usize, point: Vec2) -> Projection {
        let last = self.samples.len() - 1;
        let mut index = hint;
        // One direction only: the walk must not oscillate at a point on a ray.
        let forward = self.beyond(self.sample_after(index), point) >= 0.0;
        for _ in 0..WALK_CELLS_MAX {
            if forward {
                if self.beyond(self.sample_after(index), point) < 0.0 {
                    break;
                }
                index = if index == last { 0 } else { index + 1 };
            } else {
                if self.beyond(&self.samples[index], point) >= 0.0 {
                    break;
                }
                index = if index == 0 { last } else { index - 1 };
            }
        }
        self.project_in_cell(index, point)
    }

    /// Distance of `point` past the ray of `sample`, along its tangent.
    fn beyond(&self, sample: &super::Sample, point: Vec2) -> f64 {
        (point - sample.centre).dot(sample.tangent)
    }

    fn project_in_cell(&self, index: usize, point: Vec2) -> Projection {
        let (a, b) = (&self.samples[index], self.sample_after(index));
        let (behind, ahead) = (self.beyond(a, point), -self.beyond(b, point));
        let fraction = (behind / (behind + ahead).max(1e-6)).clamp(0.0, 1.0);
        let tangent = a.tangent.lerp(b.tangent, fraction).normalized();
        let centre = a.centre.lerp(b.centre, fraction);
        Projection {
            index,
            fraction,
            lateral: (point - centre).dot(tangent.left()),
            tangent,
            road_left: lerp(a.road_left, b.road_left, fraction),
            road_right: lerp(a.road_right, b.road_right, fraction),
            wall_left: lerp(a.wall_left, b.wall_left, fraction),
            wall_right: lerp(a.wall_right, b.wall_right, fraction),
        }
    }
}

//! The position of a point relative to the track.

use client_core::simulation::Track;

use super::Point;
use super::features::{self, Section, Side};

/// Distance from the centre line beyond which the track has no influence.
pub(super) const REACH_M: f32 = 70.0;
/// Side of a cell of the spatial index.
const CELL_M: f32 = 24.0;

/// The position of a point along and across the track.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrackPosition {
    /// Distance from the start line, m; negative in the second half of the track.
    pub(super) station: f32,
    /// Distance to the left of the centre line, m.
    pub(super) lateral: f32,
    /// The side on which the point is.
    pub(super) side: Side,
    /// Distance beyond the edge of the road, m.
    pub(super) off_road: f32,
    /// Distance beyond the wall, m.
    pub(super) off_wall: f32,
    /// Position of the groove, where cars drive, m to the left of the centre line.
    pub(super) groove: f32,
    /// Amount of rubber, 0–1.
    pub(super) rubber: f32,
    /// Direction away from the centre line.
    pub(super) outward: Point,
}

/// A part of the track that passes near a block, and the section where the
/// last search in it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    section: usize,
}

impl Branch {
    /// Makes the branch around a section.
    pub(super) fn at(section: usize) -> Self {
        Self { section }
    }
}

/// The track with a spatial index.
#[derive(Debug)]
pub(super) struct Strip {
    sections: Vec<Section>,
    spacing_m: f32,
    cells: Vec<Vec<u32>>,
    columns: i32,
    rows: i32,
    corner: Point,
}

impl Strip {
    pub(super) fn new(track: &Track) -> Self {
        let sections = features::along(track);
        let bounds = track.bounds();
        let corner = Point {
            x: bounds.min.x as f32,
            y: bounds.min.y as f32,
        };
        let count = |from: f64, to: f64| ((to - from) as f32 / CELL_M) as i32 + 1;
        let columns = count(bounds.min.x, bounds.max.x);
        let rows = count(bounds.min.y, bounds.max.y);
        let cells = vec![Vec::new(); (columns * rows) as usize];
        let spacing_m = track.spacing_m() as f32;
        let mut strip = Self {
            sections,
            spacing_m,
            cells,
            columns,
            rows,
            corner,
        };
        for index in 0..strip.sections.len() {
            let (column, row) = strip.cell(strip.sections[index].centre);
            if let Some(at) = strip.cell_index(column, row) {
                strip.cells[at].push(index as u32);
            }
        }
        strip
    }

    /// Returns the corners of the area within reach of the track.
    pub(super) fn reach(&self) -> (Point, Point) {
        let far = Point {
            x: self.corner.x + self.columns as f32 * CELL_M,
            y: self.corner.y + self.rows as f32 * CELL_M,
        };
        let diagonal = Point { x: 1.0, y: 1.0 };
        (
            self.corner.along(diagonal, -REACH_M),
            far.along(diagonal, REACH_M),
        )
    }

    /// Returns the point `station` metres along the track and `beyond` metres behind
    /// its right wall.
    pub(super) fn behind_right_wall(&self, station: f32, beyond: f32) -> Point {
        let count = self.sections.len() as i32;
        let index = ((station / self.spacing_m) as i32).rem_euclid(count);
        let section = &self.sections[index as usize];
        section
            .centre
            .along(section.tangent.left(), -(section.right.wall + beyond))
    }

    /// Returns the parts of the track that pass within reach of a point.
    pub(super) fn branches(&self, point: Point) -> Vec<Branch> {
        let (column, row) = self.cell(point);
        let ring = (REACH_M / CELL_M) as i32 + 1;
        let mut near: Vec<usize> = Vec::new();
        for row in row - ring..=row + ring {
            for column in column - ring..=column + ring {
                if let Some(at) = self.cell_index(column, row) {
                    near.extend(self.cells[at].iter().map(|index| *index as usize));
                }
            }
        }
        near.sort_unstable();
        let distance = |index: &usize| self.sections[*index].centre.minus(point).length();
        // Consecutive sections are one branch.
        let runs = near.chunk_by(|a, b| b - a < 3);
        let nearest = runs.filter_map(|run| {
            run.iter()
                .copied()
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        });
        nearest
            .filter(|index| distance(index) < REACH_M)
            .map(|section| Branch { section })
            .collect()
    }

    /// Returns the position of a point on the branch whose walls it is furthest
    /// within.
    pub(super) fn locate(&self, point: Point, branches: &mut [Branch]) -> Option<TrackPosition> {
        let positions = branches
            .iter_mut()
            .map(|branch| self.locate_on(point, branch));
        positions
            .min_by(|a, b| a.off_wall.total_cmp(&b.off_wall))
            .filter(|position| position.lateral.abs() < REACH_M)
    }

    /// Returns the position of a point on one part of the track.
    pub(super) fn locate_on(&self, point: Point, branch: &mut Branch) -> TrackPosition {
        let (index, share) = self.search(point, branch.section);
        branch.section = index;
        let a = &self.sections[index];
        let b = &self.sections[self.after(index)];
        let mix = |a: f32, b: f32| a + (b - a) * share;
        let centre = Point {
            x: mix(a.centre.x, b.centre.x),
            y: mix(a.centre.y, b.centre.y),
        };
        let tangent = Point {
            x: mix(a.tangent.x, b.tangent.x),
            y: mix(a.tangent.y, b.tangent.y),
        };
        let lateral = point.minus(centre).dot(tangent.left());
        let is_left = lateral >= 0.0;
        let (from, to) = if is_left {
            (&a.left, &b.left)
        } else {
            (&a.right, &b.right)
        };
        let side = Side {
            road: mix(from.road, to.road),
            wall: mix(from.wall, to.wall),
            kerb: mix(from.kerb, to.kerb),
            gravel: mix(from.gravel, to.gravel),
        };
        let length = self.sections.len() as f32 * self.spacing_m;
        let station = (index as f32 + share) * self.spacing_m;
        let left = tangent.left();
        TrackPosition {
            station: if station > length / 2.0 {
                station - length
            } else {
                station
            },
            lateral,
            off_road: lateral.abs() - side.road,
            off_wall: lateral.abs() - side.wall,
            side,
            groove: mix(a.groove, b.groove),
            rubber: mix(a.rubber, b.rubber),
            outward: if is_left {
                left
            } else {
                Point {
                    x: -left.x,
                    y: -left.y,
                }
            },
        }
    }

    /// Returns the section behind a point and the fraction of the distance to the
    /// next section. Walks from ray to ray, as the simulation does.
    fn search(&self, point: Point, start: usize) -> (usize, f32) {
        /// Enough steps far outside a corner, where rays are close together.
        const STEPS_MAX: usize = 40;
        let ahead_of = |index: usize| {
            let section = &self.sections[index];
            point.minus(section.centre).dot(section.tangent)
        };
        let mut index = start;
        let mut went_forward = false;
        for _ in 0..STEPS_MAX {
            let behind = ahead_of(index);
            if behind < 0.0 {
                if went_forward {
                    return (index, 0.0);
                }
                index = index.checked_sub(1).unwrap_or(self.sections.len() - 1);
                continue;
            }
            let next = self.after(index);
            let ahead = ahead_of(next);
            if ahead < 0.0 {
                return (index, behind / (behind - ahead));
            }
            index = next;
            went_forward = true;
        }
        (index, 0.0)
    }

    fn after(&self, index: usize) -> usize {
        if index + 1 == self.sections.len() {
            0
        } else {
            index + 1
        }
    }

    fn cell(&self, point: Point) -> (i32, i32) {
        let offset = point.minus(self.corner);
        (
            (offset.x / CELL_M).floor() as i32,
            (offset.y / CELL_M).floor() as i32,
        )
    }

    fn cell_index(&self, column: i32, row: i32) -> Option<usize> {
        let is_inside = (0..self.columns).contains(&column) && (0..self.rows).contains(&row);
        is_inside.then(|| (row * self.columns + column) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_station_and_lateral_offset_of_points_on_the_track() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let strip = Strip::new(&track);
        for (station, lateral) in [(5.0, 3.0), (400.0, -4.0), (900.0, 5.0), (1_100.0, 0.0)] {
            let world = track.at(station).point(lateral);
            let point = Point {
                x: world.x as f32,
                y: world.y as f32,
            };
            let position = strip.locate(point, &mut strip.branches(point)).unwrap();
            assert!(
                (position.station - station as f32).abs() < 0.3,
                "{station}: {position:?}"
            );
            assert!(
                (position.lateral - lateral as f32).abs() < 0.1,
                "{station}: {position:?}"
            );
        }
    }
}

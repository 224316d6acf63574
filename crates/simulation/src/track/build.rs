//! From control points to a [`Track`].

use std::sync::OnceLock;

use domain::{SEATS_MAX, Vec2};

use super::spline::{self, ControlPoint, Section};
use super::{Bounds, GATE_SPACING_M, Pose, Sample, Track, TrackError};
use crate::math::lerp;

const POINTS_MIN: usize = 8;
/// Bounds of the values of a control point.
const COORDINATE_MAX_M: f64 = 100_000.0;
const ROAD_MAX_M: f64 = 50.0;
const ROAD_MIN_M: f64 = 2.0;
/// Distance between samples: about two ticks at full speed, and fine enough for a
/// hairpin.
const SPACING_M: f64 = 3.0;
/// On the inside of a corner the wall keeps this share of the radius, so that
/// neighbouring rays do not meet inside the walls.
const INSIDE_SHARE: f64 = 0.7;
/// Smallest distance between road and walls, where the radius allows it.
const RUN_OFF_MIN_M: f64 = 1.0;
/// Largest change of a wall's distance per metre along the track.
const WALL_SLOPE: f64 = 0.3;
/// Samples further apart than this along the track are "another part" of it.
const OTHER_PART_M: f64 = 80.0;

pub(super) fn build(
    name: &str,
    points: &[ControlPoint],
    run_off_m: f64,
) -> Result<Track, TrackError> {
    check(points)?;
    let (sections, length_m) = spline::resample(points, SPACING_M)?;
    let spacing_m = f64::from(length_m) / sections.len() as f64;
    let mut samples = cross_sections(&sections, run_off_m);
    keep_parts_apart(&mut samples, spacing_m);
    smooth_walls(&mut samples, spacing_m);

    let bounds = bounds(&samples);
    let gate_count = (length_m / GATE_SPACING_M).max(4) as u16;
    let origin = Pose {
        position: Vec2::default(),
        heading: 0.0,
    };
    let mut track = Track {
        name: name.to_owned(),
        length_m,
        spacing_m,
        samples,
        grid: [origin; SEATS_MAX],
        bounds,
        gate_count,
        racing_line: OnceLock::new(),
    };
    for seat in 0..SEATS_MAX {
        track.grid[seat] = grid_pose(&track, seat);
    }
    Ok(track)
}

fn check(points: &[ControlPoint]) -> Result<(), TrackError> {
    if points.len() < POINTS_MIN {
        return Err(TrackError::TooFewPoints {
            found: points.len(),
        });
    }
    let is_coordinate = |value: f64| value.abs() <= COORDINATE_MAX_M;
    let is_width = |value: f64| (ROAD_MIN_M..=ROAD_MAX_M).contains(&value);
    for (index, point) in points.iter().enumerate() {
        // In the order of the CSV's columns.
        let fits = [
            is_coordinate(point.x),
            is_coordinate(point.y),
            is_width(point.road_right),
            is_width(point.road_left),
        ];
        if let Some(bad) = fits.iter().position(|&fits| !fits) {
            return Err(TrackError::OutOfRange {
                line: index + 1,
                column: bad + 1,
            });
        }
    }
    Ok(())
}

/// Computes tangents and curvature by differences; walls are at the end of the
/// run-off.
fn cross_sections(sections: &[Section], run_off_m: f64) -> Vec<Sample> {
    let count = sections.len();
    let centre = |index: usize| sections[index % count].centre;
    (0..count)
        .map(|index| {
            let into = centre(index) - centre(index + count - 1);
            let out = centre(index + 1) - centre(index);
            let across = centre(index + 1) - centre(index + count - 1);
            // Curvature of the circle through three points (Menger).
            let curvature =
                2.0 * into.cross(out) / (into.length() * out.length() * across.length()).max(1e-9);
            let section = &sections[index];
            let limit = |inside: bool| {
                if inside {
                    INSIDE_SHARE / curvature.abs().max(1e-9)
                } else {
                    f64::INFINITY
                }
            };
            let (left, right) = (limit(curvature > 0.0), limit(curvature < 0.0));
            let road_left = section.road_left.min(left - 0.5).max(ROAD_MIN_M);
            let road_right = section.road_right.min(right - 0.5).max(ROAD_MIN_M);
            Sample {
                centre: section.centre,
                tangent: across.normalized(),
                curvature,
                road_left,
                road_right,
                wall_left: (road_left + run_off_m).min(left).max(road_left),
                wall_right: (road_right + run_off_m).min(right).max(road_right),
            }
        })
        .collect()
}

/// Moves walls inwards where another part of the track is near, to half way between
/// the two roads.
fn keep_parts_apart(samples: &mut [Sample], spacing_m: f64) {
    let count = samples.len();
    let apart = (OTHER_PART_M / spacing_m) as usize;
    for index in 0..count {
        let here = samples[index];
        let reach = here.wall_left.max(here.wall_right) + 2.0 * ROAD_MAX_M;
        for offset in apart..=count.saturating_sub(apart) {
            let there = samples[(index + offset) % count];
            let away = there.centre - here.centre;
            if away.x.abs() > reach || away.y.abs() > reach {
                continue;
            }
            let is_left = away.dot(here.tangent.left()) > 0.0;
            // The side of the other part that faces this one.
            let their_road = if away.dot(there.tangent.left()) < 0.0 {
                there.road_left
            } else {
                there.road_right
            };
            let sample = &mut samples[index];
            let (road, wall) = if is_left {
                (sample.road_left, &mut sample.wall_left)
            } else {
                (sample.road_right, &mut sample.wall_right)
            };
            let room = (away.length() - road - their_road) / 2.0;
            *wall = wall.min(road + room.max(RUN_OFF_MIN_M));
        }
    }
}

/// Makes walls that were moved inwards approach gradually. Walls only move inwards.
fn smooth_walls(samples: &mut [Sample], spacing_m: f64) {
    let count = samples.len();
    let most = WALL_SLOPE * spacing_m;
    let narrow = |samples: &mut [Sample], index: usize, neighbour: usize| {
        let limit = samples[neighbour];
        let sample = &mut samples[index];
        sample.wall_left = sample
            .wall_left
            .min(limit.wall_left + most)
            .max(sample.road_left);
        sample.wall_right = sample
            .wall_right
            .min(limit.wall_right + most)
            .max(sample.road_right);
    };
    for step in 0..2 * count {
        narrow(samples, (step + 1) % count, step % count);
    }
    for step in (0..2 * count).rev() {
        narrow(samples, step % count, (step + 1) % count);
    }
}

fn bounds(samples: &[Sample]) -> Bounds {
    let infinite = f64::INFINITY;
    let mut bounds = Bounds {
        min: Vec2::new(infinite, infinite),
        max: Vec2::new(-infinite, -infinite),
    };
    for sample in samples {
        for point in [
            sample.point(sample.wall_left),
            sample.point(-sample.wall_right),
        ] {
            bounds.min = Vec2::new(bounds.min.x.min(point.x), bounds.min.y.min(point.y));
            bounds.max = Vec2::new(bounds.max.x.max(point.x), bounds.max.y.max(point.y));
        }
    }
    bounds
}

/// Returns the grid position of a seat: two staggered columns, the first car on the
/// left.
fn grid_pose(track: &Track, seat: usize) -> Pose {
    let sample = track.at(-Track::grid_distance_m(seat));
    let lateral = if seat.is_multiple_of(2) {
        lerp(0.0, sample.road_left, 0.4)
    } else {
        -lerp(0.0, sample.road_right, 0.4)
    };
    Pose {
        position: sample.point(lateral),
        heading: sample.tangent.heading(),
    }
}

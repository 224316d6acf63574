//! From straights and corners to control points.
//!
//! A circuit is drawn as a polygon whose corners are rounded with arcs. Control
//! points are set along its straights and arcs; the spline through their
//! neighbourhood eases in and out of each corner, as a road does.

use domain::Vec2;

use super::spline::ControlPoint;
use crate::math::{lerp, tan};

/// Distance between control points on a straight.
const STRAIGHT_STEP_M: f64 = 20.0;
/// Largest angle and distance between control points on an arc: the larger, the
/// longer the transition from straight to arc.
const ARC_STEP_RAD: f64 = 0.4;
const ARC_STEP_MAX_M: f64 = 25.0;

/// A corner of a circuit, in metres. The road runs straight between two corners.
#[derive(Copy, Clone, Debug)]
pub(super) struct Corner {
    /// Intersection of the two straights.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Radius of the centre line; 0 for a point on a straight.
    pub(super) radius: f64,
    /// Distance from the centre line to both edges of the road at this corner;
    /// linear in between.
    pub(super) half_width: f64,
}

impl Corner {
    fn at(&self) -> Vec2 {
        Vec2::new(self.x, self.y)
    }
}

/// The control points of the closed polygon through `corners`.
pub(super) fn control_points(corners: &[Corner]) -> Vec<ControlPoint> {
    let count = corners.len();
    let arcs: Vec<Arc> = (0..count)
        .map(|index| {
            let before = &corners[(index + count - 1) % count];
            Arc::between(before, &corners[index], &corners[(index + 1) % count])
        })
        .collect();
    let mut points = Vec::new();
    for (index, arc) in arcs.iter().enumerate() {
        let half_width = corners[index].half_width;
        points.extend(arc.points().map(|at| control_point(at, half_width)));
        let next = (index + 1) % count;
        let (from, to) = (arc.end(), arcs[next].start());
        let steps = ((to - from).length() / STRAIGHT_STEP_M).floor() as usize;
        points.extend((1..steps).map(|step| {
            let share = step as f64 / steps as f64;
            let half_width = lerp(half_width, corners[next].half_width, share);
            control_point(from.lerp(to, share), half_width)
        }));
    }
    points
}

fn control_point(at: Vec2, half_width: f64) -> ControlPoint {
    ControlPoint {
        x: at.x,
        y: at.y,
        road_left: half_width,
        road_right: half_width,
    }
}

/// The arc that rounds a corner.
struct Arc {
    corner: Vec2,
    /// Unit vectors along the straights before and after.
    into: Vec2,
    out: Vec2,
    /// Distance from the corner to the ends of the arc.
    tangent_m: f64,
    radius: f64,
    /// Angle between the straights, positive to the left.
    turn_rad: f64,
}

impl Arc {
    fn between(before: &Corner, corner: &Corner, after: &Corner) -> Self {
        let into = (corner.at() - before.at()).normalized();
        let out = (after.at() - corner.at()).normalized();
        let turn_rad = crate::math::atan2(into.cross(out), into.dot(out));
        Self {
            corner: corner.at(),
            into,
            out,
            tangent_m: corner.radius * tan(0.5 * turn_rad.abs()),
            radius: corner.radius,
            turn_rad,
        }
    }

    fn start(&self) -> Vec2 {
        self.corner - self.into * self.tangent_m
    }

    fn end(&self) -> Vec2 {
        self.corner + self.out * self.tangent_m
    }

    /// Points from start to end; the one point of a corner without a radius.
    fn points(&self) -> impl Iterator<Item = Vec2> {
        let step_rad = ARC_STEP_RAD.min(ARC_STEP_MAX_M / self.radius.max(1.0));
        let steps = (self.turn_rad.abs() / step_rad).ceil().max(2.0) as usize;
        let steps = if self.radius > 0.0 { steps } else { 0 };
        let inward = self.into.left() * self.turn_rad.signum();
        let centre = self.start() + inward * self.radius;
        (0..=steps).map(move |step| {
            let angle = self.turn_rad * step as f64 / steps.max(1) as f64;
            let (sin, cos) = (crate::math::sin(angle), crate::math::cos(angle));
            let spoke = -inward * self.radius;
            centre + spoke * cos + spoke.left() * sin
        })
    }
}

//! Car against car: oriented boxes, separating axes, impulse with friction.
//!
//! Ericson, *Real-Time Collision Detection*, §4.4 and Catto, *Fast and Simple
//! Physics using Sequential Impulses* (GDC 2006), one iteration per tick.

use crate::math::Vec2;
use crate::vehicle::{Body, VehicleParameters};
use crate::{CAR_LENGTH_M, CAR_WIDTH_M};

const RESTITUTION: f64 = 0.15;
const FRICTION: f64 = 0.25;
const HALF_LENGTH_M: f64 = 0.5 * CAR_LENGTH_M;
const HALF_WIDTH_M: f64 = 0.5 * CAR_WIDTH_M;

/// A body with the axes of its box.
struct Boxed {
    centre: Vec2,
    forward: Vec2,
    left: Vec2,
}

impl Boxed {
    fn new(body: &Body) -> Self {
        let forward = Vec2::from_heading(body.heading);
        Self {
            centre: body.position,
            forward,
            left: forward.left(),
        }
    }

    /// Half of the box's shadow on `axis`.
    fn extent(&self, axis: Vec2) -> f64 {
        HALF_LENGTH_M * self.forward.dot(axis).abs() + HALF_WIDTH_M * self.left.dot(axis).abs()
    }

    fn corners(&self) -> [Vec2; 4] {
        let (length, width) = (self.forward * HALF_LENGTH_M, self.left * HALF_WIDTH_M);
        [
            length + width,
            length - width,
            -length - width,
            width - length,
        ]
        .map(|arm| self.centre + arm)
    }

    fn contains(&self, point: Vec2) -> bool {
        let arm = point - self.centre;
        arm.dot(self.forward).abs() <= HALF_LENGTH_M && arm.dot(self.left).abs() <= HALF_WIDTH_M
    }
}

/// Whether two cars are near enough that their boxes may touch.
pub(crate) fn may_touch(a: Vec2, b: Vec2) -> bool {
    let apart = b - a;
    apart.dot(apart) < CAR_LENGTH_M * CAR_LENGTH_M + CAR_WIDTH_M * CAR_WIDTH_M
}

/// Whether the boxes of two cars overlap.
pub(crate) fn overlaps(a: &Body, b: &Body) -> bool {
    may_touch(a.position, b.position) && separation(&Boxed::new(a), &Boxed::new(b)).is_some()
}

/// Parts two cars that overlap and exchanges their impulse. Returns the impulse
/// in newton seconds, `None` when they do not touch.
pub(crate) fn collide(a: &mut Body, b: &mut Body, car: &VehicleParameters) -> Option<f64> {
    if !may_touch(a.position, b.position) {
        return None;
    }
    let (box_a, box_b) = (Boxed::new(a), Boxed::new(b));
    let (normal, depth) = separation(&box_a, &box_b)?;
    let contact = contact_point(&box_a, &box_b);
    a.position = a.position - normal * (0.5 * depth);
    b.position = b.position + normal * (0.5 * depth);

    let (arm_a, arm_b) = (contact - box_a.centre, contact - box_b.centre);
    let (velocity_a, velocity_b) = (a.velocity(box_a.forward), b.velocity(box_b.forward));
    let relative =
        (velocity_b + arm_b.left() * b.yaw_rate) - (velocity_a + arm_a.left() * a.yaw_rate);
    let closing = relative.dot(normal);
    if closing >= 0.0 {
        return Some(0.0);
    }
    let inverse_mass = |direction: Vec2| {
        let (lever_a, lever_b) = (arm_a.cross(direction), arm_b.cross(direction));
        2.0 / car.mass_kg + (lever_a * lever_a + lever_b * lever_b) / car.yaw_inertia_kgm2
    };
    let push = -(1.0 + RESTITUTION) * closing / inverse_mass(normal);
    let along = normal.left();
    let stopping = -relative.dot(along) / inverse_mass(along);
    let friction = stopping.clamp(-FRICTION * push, FRICTION * push);
    let impulse = normal * push + along * friction;
    a.yaw_rate -= arm_a.cross(impulse) / car.yaw_inertia_kgm2;
    b.yaw_rate += arm_b.cross(impulse) / car.yaw_inertia_kgm2;
    a.set_velocity(box_a.forward, velocity_a - impulse * (1.0 / car.mass_kg));
    b.set_velocity(box_b.forward, velocity_b + impulse * (1.0 / car.mass_kg));
    Some(push)
}

/// The unit axis from `a` to `b` of least overlap and the overlap along it.
fn separation(a: &Boxed, b: &Boxed) -> Option<(Vec2, f64)> {
    let apart = b.centre - a.centre;
    let mut least = (Vec2::default(), f64::INFINITY);
    for axis in [a.forward, a.left, b.forward, b.left] {
        let distance = apart.dot(axis);
        let depth = a.extent(axis) + b.extent(axis) - distance.abs();
        if depth <= 0.0 {
            return None;
        }
        if depth < least.1 {
            least = (if distance < 0.0 { -axis } else { axis }, depth);
        }
    }
    Some(least)
}

/// The middle of the corners that are inside the other box; boxes that cross
/// without one meet half way between their centres.
fn contact_point(a: &Boxed, b: &Boxed) -> Vec2 {
    let (mut sum, mut count) = (Vec2::default(), 0.0);
    for (one, other) in [(a, b), (b, a)] {
        for corner in one.corners() {
            if other.contains(corner) {
                sum = sum + corner;
                count += 1.0;
            }
        }
    }
    if count == 0.0 {
        a.centre.lerp(b.centre, 0.5)
    } else {
        sum * (1.0 / count)
    }
}

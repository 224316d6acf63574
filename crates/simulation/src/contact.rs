//! Car against car: oriented boxes, separating axes, impulse with friction.
//!
//! Ericson, *Real-Time Collision Detection*, §4.4 and §5.5.8 (the axis on which
//! boxes met last is the one on which they touch), and Catto, *Fast and Simple
//! Physics using Sequential Impulses* (GDC 2006), one iteration per tick.

use domain::Vec2;

use crate::vehicle::{Body, VehicleParameters};
use crate::{CAR_LENGTH_M, CAR_WIDTH_M, TICK_SECONDS};

/// Coefficient of restitution: bodywork crumples, little energy is returned.
const RESTITUTION: f64 = 0.15;
/// Closing speed below which contacts do not bounce: cars that lean on each other
/// would chatter.
const RESTITUTION_SPEED_MIN_MPS: f64 = 1.0;
/// Coefficient of friction: painted metal on painted metal.
const FRICTION: f64 = 0.25;
const HALF_LENGTH_M: f64 = 0.5 * CAR_LENGTH_M;
const HALF_WIDTH_M: f64 = 0.5 * CAR_WIDTH_M;

/// A body in a contact, with the parameters of its car.
pub(crate) struct Party<'a> {
    pub(crate) body: &'a mut Body,
    pub(crate) car: &'static VehicleParameters,
}

impl Party<'_> {
    /// Inverse effective mass of the point at `arm` from the centre in `direction`,
    /// 1/kg.
    fn mobility(&self, arm: Vec2, direction: Vec2) -> f64 {
        let lever = arm.cross(direction);
        1.0 / self.car.mass_kg + lever * lever / self.car.yaw_inertia_kgm2
    }

    fn push(&mut self, arm: Vec2, impulse: Vec2) {
        let velocity = self.body.velocity() + impulse * (1.0 / self.car.mass_kg);
        self.body.yaw_rate += arm.cross(impulse) / self.car.yaw_inertia_kgm2;
        self.body.set_velocity(velocity);
    }
}

/// Returns the corners of a car's box relative to its centre, counter-clockwise.
pub(crate) fn corner_arms(forward: Vec2) -> [Vec2; 4] {
    let (length, width) = (forward * HALF_LENGTH_M, forward.left() * HALF_WIDTH_M);
    [
        length + width,
        width - length,
        -length - width,
        length - width,
    ]
}

/// Whether two cars are near enough that their boxes may touch.
fn may_touch(a: &Body, b: &Body) -> bool {
    let apart = b.position - a.position;
    apart.dot(apart) < CAR_LENGTH_M * CAR_LENGTH_M + CAR_WIDTH_M * CAR_WIDTH_M
}

/// Whether the boxes of two cars overlap.
pub(crate) fn overlaps(a: &Body, b: &Body) -> bool {
    may_touch(a, b) && touching_axis(a, b).is_some()
}

/// Separates two overlapping cars and applies the impulse of their contact. Returns
/// the impulse along the normal in newton seconds; `None` when they do not touch.
pub(crate) fn collide(mut a: Party<'_>, mut b: Party<'_>) -> Option<f64> {
    if !may_touch(a.body, b.body) {
        return None;
    }
    let (normal, depth) = touching_axis(a.body, b.body)?;
    let contact = contact_point(a.body, b.body);
    let (arm_a, arm_b) = (contact - a.body.position, contact - b.body.position);
    a.body.position = a.body.position - normal * (0.5 * depth);
    b.body.position = b.body.position + normal * (0.5 * depth);

    let relative = b.body.velocity_at(arm_b) - a.body.velocity_at(arm_a);
    let closing = -relative.dot(normal);
    if closing <= 0.0 {
        return Some(0.0);
    }
    let mobility = |direction: Vec2| a.mobility(arm_a, direction) + b.mobility(arm_b, direction);
    let bounce = if closing > RESTITUTION_SPEED_MIN_MPS {
        RESTITUTION
    } else {
        0.0
    };
    let push = (1.0 + bounce) * closing / mobility(normal);
    let along = normal.left();
    let stopping = -relative.dot(along) / mobility(along);
    let friction = stopping.clamp(-FRICTION * push, FRICTION * push);
    let impulse = normal * push + along * friction;
    a.push(arm_a, -impulse);
    b.push(arm_b, impulse);
    Some(push)
}

/// Returns the unit axis from `a` to `b` along which they touch, and their overlap
/// on it.
///
/// Cars that came into contact within this tick touch on the axis on which they
/// met last: head-on at full speed they overlap by three metres, which is more
/// than their width, and the axis of least overlap would push them aside and let
/// them pass through each other. Cars in contact for longer are separated along
/// the axis of least overlap.
fn touching_axis(a: &Body, b: &Body) -> Option<(Vec2, f64)> {
    let apart = b.position - a.position;
    let relative = b.velocity() - a.velocity();
    let mut shortest = (Vec2::default(), f64::INFINITY);
    let mut latest = (Vec2::default(), 0.0, TICK_SECONDS);
    for axis in [a.forward, a.forward.left(), b.forward, b.forward.left()] {
        let distance = apart.dot(axis);
        let depth = extent(a, axis) + extent(b, axis) - distance.abs();
        if depth <= 0.0 {
            return None;
        }
        let outward = if distance < 0.0 { -axis } else { axis };
        if depth < shortest.1 {
            shortest = (outward, depth);
        }
        let closing = -relative.dot(outward);
        if closing * latest.2 > depth {
            latest = (outward, depth, depth / closing);
        }
    }
    let met_within_tick = latest.1 > 0.0;
    Some(if met_within_tick {
        (latest.0, latest.1)
    } else {
        shortest
    })
}

/// Half of the box's projection on `axis`.
fn extent(body: &Body, axis: Vec2) -> f64 {
    HALF_LENGTH_M * body.forward.dot(axis).abs() + HALF_WIDTH_M * body.forward.cross(axis).abs()
}

/// Returns the mean of the corners inside the other box, or the midpoint of the
/// centres if there are none.
fn contact_point(a: &Body, b: &Body) -> Vec2 {
    let (mut sum, mut count) = (Vec2::default(), 0.0);
    for (one, other) in [(a, b), (b, a)] {
        for arm in corner_arms(one.forward) {
            let corner = one.position + arm;
            if contains(other, corner) {
                sum = sum + corner;
                count += 1.0;
            }
        }
    }
    if count == 0.0 {
        a.position.lerp(b.position, 0.5)
    } else {
        sum * (1.0 / count)
    }
}

fn contains(body: &Body, point: Vec2) -> bool {
    let arm = point - body.position;
    arm.dot(body.forward).abs() <= HALF_LENGTH_M && body.forward.cross(arm).abs() <= HALF_WIDTH_M
}

#[cfg(test)]
mod tests;

//! Car against wall.
//!
//! What is beyond a wall is solid without end, in the coordinates of the strip
//! (see [`crate::track`]): a car cannot be on the far side of a wall, however
//! fast it is, because there is no far side. The test therefore needs no search
//! along the way of the car; the cell it walked to is enough.

use crate::math::Vec2;
use crate::track::{Projection, Track};
use crate::vehicle::{Body, VehicleParameters};
use crate::{CAR_LENGTH_M, CAR_WIDTH_M};

const RESTITUTION: f64 = 0.2;
const FRICTION: f64 = 0.3;
/// A box between two walls that form a corner needs a second push.
const PUSHES_MAX: usize = 3;

/// Pushes `body` out of the walls. Returns its projection afterwards and the
/// impulse of the hit, 0 without one, in newton seconds.
pub(crate) fn keep_inside(
    track: &Track,
    hint: usize,
    body: &mut Body,
    car: &VehicleParameters,
) -> (Projection, f64) {
    let mut projection = track.project(hint, body.position);
    let reach = 0.5 * (CAR_LENGTH_M + CAR_WIDTH_M);
    if projection.lateral + reach < projection.wall_left
        && reach - projection.lateral < projection.wall_right
    {
        return (projection, 0.0);
    }
    let mut impulse = 0.0;
    for _ in 0..PUSHES_MAX {
        let Some(hit) = deepest(track, projection.index, body) else {
            break;
        };
        impulse += bounce(body, &hit, car);
        body.position = body.position + hit.inward * hit.depth;
        projection = track.project(projection.index, body.position);
    }
    // Three pushes leave at most a corner of the car in a wall. Its centre must
    // be inside whatever happens, for all else relies on it.
    let margin = 0.5 * CAR_WIDTH_M;
    let most = (projection.wall_left - margin).max(0.0);
    let least = (margin - projection.wall_right).min(0.0);
    if projection.lateral > most || projection.lateral < least {
        let correction = projection.lateral.clamp(least, most) - projection.lateral;
        body.position = body.position + projection.tangent.left() * correction;
        projection = track.project(projection.index, body.position);
    }
    (projection, impulse)
}

struct Hit {
    /// From the centre of the car to its corner.
    arm: Vec2,
    /// Unit normal of the wall, into the track.
    inward: Vec2,
    depth: f64,
}

/// The corner of the car that is deepest in a wall.
fn deepest(track: &Track, hint: usize, body: &Body) -> Option<Hit> {
    let forward = Vec2::from_heading(body.heading);
    let (length, width) = (
        forward * (0.5 * CAR_LENGTH_M),
        forward.left() * (0.5 * CAR_WIDTH_M),
    );
    let mut deepest: Option<Hit> = None;
    for arm in [
        length + width,
        length - width,
        -length - width,
        width - length,
    ] {
        let corner = body.position + arm;
        let cell = track.project(hint, corner);
        let (a, b) = (&track.samples()[cell.index], track.sample_after(cell.index));
        let is_left = cell.lateral > 0.0;
        let (from, to) = if is_left {
            (a.point(a.wall_left), b.point(b.wall_left))
        } else {
            (a.point(-a.wall_right), b.point(-b.wall_right))
        };
        let outward = (to - from).normalized().left() * if is_left { 1.0 } else { -1.0 };
        let depth = (corner - from).dot(outward);
        if depth > 0.0 && deepest.as_ref().is_none_or(|hit| depth > hit.depth) {
            deepest = Some(Hit {
                arm,
                inward: -outward,
                depth,
            });
        }
    }
    deepest
}

/// Impulse with friction against a wall of infinite mass.
fn bounce(body: &mut Body, hit: &Hit, car: &VehicleParameters) -> f64 {
    let forward = Vec2::from_heading(body.heading);
    let velocity = body.velocity(forward);
    let at_corner = velocity + hit.arm.left() * body.yaw_rate;
    let closing = at_corner.dot(hit.inward);
    if closing >= 0.0 {
        return 0.0;
    }
    let inverse_mass = |direction: Vec2| {
        let lever = hit.arm.cross(direction);
        1.0 / car.mass_kg + lever * lever / car.yaw_inertia_kgm2
    };
    let normal = -(1.0 + RESTITUTION) * closing / inverse_mass(hit.inward);
    let along = hit.inward.left();
    let stopping = -at_corner.dot(along) / inverse_mass(along);
    let friction = stopping.clamp(-FRICTION * normal, FRICTION * normal);
    let impulse = hit.inward * normal + along * friction;
    body.yaw_rate += hit.arm.cross(impulse) / car.yaw_inertia_kgm2;
    body.set_velocity(forward, velocity + impulse * (1.0 / car.mass_kg));
    normal
}

//! Car against wall.
//!
//! Everything beyond a wall is solid, in the coordinates of the strip (see
//! [`crate::track`]): a car cannot pass through a wall, however fast it is, because
//! there is no far side. Checking the position at the end of a tick is therefore as
//! good as a swept test.
//!
//! There are two kinds of overlap: a corner of the car beyond the wall, or, where
//! the wall is convex, a corner of the wall inside the car.

use domain::Vec2;

use crate::contact::corner_arms;
use crate::track::{Projection, Track};
use crate::vehicle::{Body, VehicleParameters};
use crate::{CAR_LENGTH_M, CAR_WIDTH_M};

/// Coefficient of restitution: concrete is rigid, the car returns a little.
const RESTITUTION: f64 = 0.2;
const RESTITUTION_SPEED_MIN_MPS: f64 = 1.0;
const FRICTION: f64 = 0.3;
/// Most pushes per tick: a box between two walls that form a corner needs a second
/// one, at a bend of the wall a third.
const PUSHES_MAX: usize = 4;
/// Smallest cosine between the wall's normal and that of a face of the car that can
/// touch it: a wall pushes outwards.
const FACING_COSINE: f64 = 0.2;
const HALF_LENGTH_M: f64 = 0.5 * CAR_LENGTH_M;
const HALF_WIDTH_M: f64 = 0.5 * CAR_WIDTH_M;

/// Pushes `body` out of the walls. Returns its projection afterwards and the
/// impulse of the hit, 0 without one, in newton seconds.
pub(crate) fn keep_inside(
    track: &Track,
    hint: usize,
    body: &mut Body,
    car: &VehicleParameters,
) -> (Projection, f64) {
    let mut projection = track.project(hint, body.position);
    let reach = HALF_LENGTH_M + HALF_WIDTH_M;
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
    // The pushes may leave a corner of the car in a wall, but its centre must be
    // inside: everything else relies on it.
    let most = (projection.wall_left - HALF_WIDTH_M).max(0.0);
    let least = (HALF_WIDTH_M - projection.wall_right).min(0.0);
    if projection.lateral > most || projection.lateral < least {
        let correction = projection.lateral.clamp(least, most) - projection.lateral;
        body.position = body.position + projection.tangent.left() * correction;
        projection = track.project(projection.index, body.position);
    }
    (projection, impulse)
}

struct Hit {
    /// Vector from the centre of the car to the point of contact.
    arm: Vec2,
    /// Unit vector that leads the car out of the wall.
    inward: Vec2,
    depth: f64,
}

/// The deepest contact of a car with a wall.
fn deepest(track: &Track, hint: usize, body: &Body) -> Option<Hit> {
    let corners = corner_arms(body.forward)
        .into_iter()
        .filter_map(|arm| corner_in_wall(track, hint, body, arm));
    let bends = nearby_wall_points(track, hint)
        .into_iter()
        .filter_map(|(point, inward)| wall_in_car(body, point, inward));
    corners.chain(bends).reduce(|deepest, hit| {
        if hit.depth > deepest.depth {
            hit
        } else {
            deepest
        }
    })
}

fn corner_in_wall(track: &Track, hint: usize, body: &Body, arm: Vec2) -> Option<Hit> {
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
    (depth > 0.0).then_some(Hit {
        arm,
        inward: -outward,
        depth,
    })
}

/// Returns the points at which the walls bend near a cell, within reach of a car,
/// with the direction into the track.
fn nearby_wall_points(track: &Track, index: usize) -> [(Vec2, Vec2); 8] {
    let samples = track.samples();
    let before = (index + samples.len() - 1) % samples.len();
    core::array::from_fn(|which| {
        let sample = &samples[(before + which / 2) % samples.len()];
        let left = sample.tangent.left();
        if which.is_multiple_of(2) {
            (sample.point(sample.wall_left), -left)
        } else {
            (sample.point(-sample.wall_right), left)
        }
    })
}

/// Returns the hit of a wall point inside the car, through the nearest face that
/// the wall can push.
fn wall_in_car(body: &Body, point: Vec2, inward: Vec2) -> Option<Hit> {
    let arm = point - body.position;
    let (forward, left) = (body.forward, body.forward.left());
    let (ahead, aside) = (arm.dot(forward), arm.dot(left));
    if ahead.abs() >= HALF_LENGTH_M || aside.abs() >= HALF_WIDTH_M {
        return None;
    }
    let faces = [
        (left * -aside.signum(), HALF_WIDTH_M - aside.abs()),
        (forward * -ahead.signum(), HALF_LENGTH_M - ahead.abs()),
    ];
    faces
        .into_iter()
        .filter(|(away, _)| away.dot(inward) > FACING_COSINE)
        .reduce(|least, face| if face.1 < least.1 { face } else { least })
        .map(|(inward, depth)| Hit { arm, inward, depth })
}

/// Applies the impulse, with friction, of a wall of infinite mass.
fn bounce(body: &mut Body, hit: &Hit, car: &VehicleParameters) -> f64 {
    let velocity = body.velocity_at(hit.arm);
    let closing = -velocity.dot(hit.inward);
    if closing <= 0.0 {
        return 0.0;
    }
    let mobility = |direction: Vec2| {
        let lever = hit.arm.cross(direction);
        1.0 / car.mass_kg + lever * lever / car.yaw_inertia_kgm2
    };
    let restitution = if closing > RESTITUTION_SPEED_MIN_MPS {
        RESTITUTION
    } else {
        0.0
    };
    let normal = (1.0 + restitution) * closing / mobility(hit.inward);
    let along = hit.inward.left();
    let stopping = -velocity.dot(along) / mobility(along);
    let friction = stopping.clamp(-FRICTION * normal, FRICTION * normal);
    let impulse = hit.inward * normal + along * friction;
    let linear = body.velocity() + impulse * (1.0 / car.mass_kg);
    body.yaw_rate += hit.arm.cross(impulse) / car.yaw_inertia_kgm2;
    body.set_velocity(linear);
    normal
}

//! Steering along a path: what the path itself turns, and what brings the car
//! back to it.

use core::f64::consts::FRAC_PI_2;

use domain::{Car, Vec2};

use crate::math::{atan2, lerp};
use crate::vehicle::Envelope;

/// The wheels and the yaw follow the steering by about this, seconds: the path's
/// curvature is read so far ahead.
pub(super) const STEER_AHEAD_SECONDS: f64 = 0.12;
/// How fast an error of direction is turned away, 1/s.
const DIRECTION_RATE_HZ: f64 = 4.5;
/// Share of the nose in the direction that is looked at; the rest is the course.
const NOSE_SHARE: f64 = 0.6;
/// An error of place is closed within this time, seconds …
const PLACE_SECONDS: f64 = 0.6;
/// … but nobody turns further off the path than this, rad.
const APPROACH_MAX_RAD: f64 = 0.35;
/// Below this speed the gains no longer grow; the course says nothing there, or
/// is backwards.
const SPEED_MIN_MPS: f64 = 6.0;

/// Where the path is, seen from the car.
#[derive(Copy, Clone, Debug)]
pub(super) struct Path {
    /// Unit vector along it, here.
    pub(super) direction: Vec2,
    /// Curvature a little ahead, 1/m, positive to the left.
    pub(super) curvature_ahead: f64,
    /// How far the car is to the left of it, metres.
    pub(super) error_m: f64,
}

/// Share of the lock that keeps `car` on `path`; beyond ±1 when the car cannot
/// turn so tightly.
pub(super) fn follow(path: &Path, car: &Car, envelope: &Envelope<'_>) -> f64 {
    let speed = car.speed_mps();
    // A car in a corner points further in than it goes: what has to be turned is
    // its course.
    let course = if speed > SPEED_MIN_MPS && car.speed_forward > 0 {
        car.velocity_mps()
    } else {
        Vec2::from_heading(car.heading_rad())
    };
    let course_off = angle(path.direction, course);
    if course_off.abs() > FRAC_PI_2 {
        return -course_off.signum();
    }
    let rolling = speed.max(SPEED_MIN_MPS);
    // The course follows the nose with a delay: looking at both damps the swing.
    let nose = Vec2::from_heading(car.heading_rad());
    let nose_off = angle(path.direction, nose) - envelope.nose_in(speed, path.curvature_ahead);
    let off = lerp(course_off, nose_off, NOSE_SHARE);
    let approach = path.error_m / (PLACE_SECONDS * rolling);
    let wanted = -approach.clamp(-APPROACH_MAX_RAD, APPROACH_MAX_RAD);
    let correction = DIRECTION_RATE_HZ * (wanted - off) / rolling;
    let curvature = path.curvature_ahead + correction;
    envelope.steer_angle(speed, curvature) / envelope.steer_lock(speed)
}

/// From `a` to `b`, counter-clockwise, rad.
fn angle(a: Vec2, b: Vec2) -> f64 {
    atan2(a.cross(b), a.dot(b))
}

//! Steering along a path: its own curvature, and the correction towards it.

use core::f64::consts::FRAC_PI_2;

use domain::{Car, Vec2};

use crate::math::{atan2, lerp};
use crate::vehicle::Envelope;

/// Delay of wheels and yaw behind the steering, seconds: the path's curvature is
/// read this far ahead.
pub(super) const STEER_AHEAD_SECONDS: f64 = 0.12;
/// Rate at which an error of direction is corrected, 1/s.
const DIRECTION_RATE_HZ: f64 = 4.5;
/// Weight of the nose in the controlled direction; the rest is the course.
const NOSE_SHARE: f64 = 0.6;
/// Time within which an offset from the path is corrected, seconds …
const OFFSET_SECONDS: f64 = 0.6;
/// … but at no larger angle to the path than this, rad.
const APPROACH_MAX_RAD: f64 = 0.35;
/// Speed below which the gains are constant: the course is meaningless there, or
/// points backwards.
const SPEED_MIN_MPS: f64 = 6.0;

/// The path relative to the car.
#[derive(Copy, Clone, Debug)]
pub(super) struct Path {
    /// Unit vector along the path at the car.
    pub(super) direction: Vec2,
    /// Curvature a little ahead, 1/m, positive to the left.
    pub(super) curvature_ahead: f64,
    /// Offset of the car to the left of the path, metres.
    pub(super) error_m: f64,
}

/// Returns the share of the lock that keeps `car` on `path`; beyond ±1 when the car
/// cannot turn that tightly.
pub(super) fn follow(path: &Path, car: &Car, envelope: &Envelope<'_>) -> f64 {
    let speed = car.speed_mps();
    // A car in a corner points further in than it moves: the course is what has
    // to follow the path.
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
    // The course follows the nose with a delay: controlling both damps the swing.
    let nose = Vec2::from_heading(car.heading_rad());
    let nose_off = angle(path.direction, nose) - envelope.nose_in(speed, path.curvature_ahead);
    let off = lerp(course_off, nose_off, NOSE_SHARE);
    let approach = path.error_m / (OFFSET_SECONDS * rolling);
    let wanted = -approach.clamp(-APPROACH_MAX_RAD, APPROACH_MAX_RAD);
    let correction = DIRECTION_RATE_HZ * (wanted - off) / rolling;
    let curvature = path.curvature_ahead + correction;
    envelope.steer_angle(speed, curvature) / envelope.steer_lock(speed)
}

/// Angle from `a` to `b`, counter-clockwise, rad.
fn angle(a: Vec2, b: Vec2) -> f64 {
    atan2(a.cross(b), a.dot(b))
}

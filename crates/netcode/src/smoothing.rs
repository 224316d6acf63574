//! Smoothing of corrections: the simulation jumps, the drawn cars do not.
//!
//! The difference between where a car was drawn and where it turns out to be is
//! added to its drawn pose and shrinks frame by frame (Fiedler, *Networked
//! Physics*: ×0.95 a frame for small errors, ×0.85 for large).

use domain::Vec2;

/// Largest error that is small and fades unseen, m.
const SMALL_M: f64 = 0.25;
/// Smallest error that is large and fades fast, m.
const LARGE_M: f64 = 1.0;
/// Share of a small error that remains after a frame of 1/60 s.
const SMALL_FACTOR: f64 = 0.95;
/// Share of a large error that remains after a frame of 1/60 s.
const LARGE_FACTOR: f64 = 0.85;
/// Error beyond which a car jumps: fading would be a slide across the track, m.
const SNAP_M: f64 = 4.0;
/// Largest move of a car by fading in a frame, m: half a metre is seen as a jump.
const MOVE_MAX_M: f64 = 0.4;
/// Frame rate that the factors are meant for.
const FRAMES_PER_SECOND: f64 = 60.0;

/// Position and heading of a car.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// Centre, m.
    pub position: Vec2,
    /// Counter-clockwise from the x axis, rad.
    pub heading_rad: f64,
}

impl Pose {
    /// Interpolates towards `other` by `fraction`, turning the shorter way.
    #[must_use]
    pub fn lerp(self, other: Self, fraction: f64) -> Self {
        Self {
            position: self.position.lerp(other.position, fraction),
            heading_rad: self.heading_rad + wrap(other.heading_rad - self.heading_rad) * fraction,
        }
    }
}

/// The offset of a drawn car from its simulated pose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DrawnError {
    position: Vec2,
    heading_rad: f64,
}

impl DrawnError {
    /// Absorbs the correction of a car from `before` to `after`, so that it stays
    /// where it is drawn. Returns whether the error is so large that the car
    /// jumps.
    pub fn correct(&mut self, before: Pose, after: Pose) -> bool {
        self.position = self.position + (before.position - after.position);
        self.heading_rad = wrap(self.heading_rad + before.heading_rad - after.heading_rad);
        let jumps = self.position.length() > SNAP_M;
        if jumps {
            *self = Self::default();
        }
        jumps
    }

    /// Shrinks the error by `seconds` of fading.
    pub fn fade(&mut self, seconds: f64) {
        let size = self.position.length();
        let frames = seconds * FRAMES_PER_SECOND;
        let largeness = ((size - SMALL_M) / (LARGE_M - SMALL_M)).clamp(0.0, 1.0);
        let factor = SMALL_FACTOR + (LARGE_FACTOR - SMALL_FACTOR) * largeness;
        let left = factor.powf(frames);
        let moved = (size * (1.0 - left)).min(MOVE_MAX_M * frames);
        if size > 0.0 {
            self.position = self.position * (1.0 - moved / size).max(0.0);
        }
        self.heading_rad *= left;
    }

    /// Returns the drawn pose of a car whose simulated pose is `pose`.
    #[must_use]
    pub fn drawn(&self, pose: Pose) -> Pose {
        Pose {
            position: pose.position + self.position,
            heading_rad: pose.heading_rad + self.heading_rad,
        }
    }

    /// Distance between the drawn and the simulated position, m.
    #[must_use]
    pub fn size_m(&self) -> f64 {
        self.position.length()
    }
}

/// Normalises an angle to −π..π.
fn wrap(angle: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    (angle + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: f64 = 1.0 / 60.0;

    fn at(x: f64) -> Pose {
        Pose {
            position: Vec2::new(x, 0.0),
            heading_rad: 0.0,
        }
    }

    #[test]
    fn a_correction_is_not_seen_at_once() {
        let mut error = DrawnError::default();
        assert!(!error.correct(at(10.0), at(9.0)));
        assert_eq!(error.drawn(at(9.0)), at(10.0));
    }

    #[test]
    fn small_errors_fade_slowly_and_large_ones_fast() {
        let factor = |size: f64| {
            let mut error = DrawnError::default();
            error.correct(at(size), at(0.0));
            error.fade(FRAME);
            error.size_m() / size
        };
        assert!((factor(0.1) - 0.95).abs() < 1e-9);
        assert!((factor(2.0) - 0.85).abs() < 1e-9);
        assert!((0.85..0.95).contains(&factor(0.6)));
    }

    #[test]
    fn two_half_frames_are_one() {
        let (mut one, mut two) = (DrawnError::default(), DrawnError::default());
        one.correct(at(0.2), at(0.0));
        two.correct(at(0.2), at(0.0));
        one.fade(FRAME);
        two.fade(0.5 * FRAME);
        two.fade(0.5 * FRAME);
        assert!((one.size_m() - two.size_m()).abs() < 1e-9);
    }

    #[test]
    fn no_frame_moves_a_car_by_half_a_metre_unless_it_snaps() {
        let mut error = DrawnError::default();
        assert!(!error.correct(at(3.9), at(0.0)));
        while error.size_m() > 0.001 {
            let before = error.size_m();
            error.fade(FRAME);
            assert!(before - error.size_m() < 0.5);
        }
        assert!(error.correct(at(4.1), at(0.0)));
        assert!(error.size_m() < 1e-9);
    }

    #[test]
    fn turns_the_shorter_way() {
        let pose = |heading_rad| Pose {
            heading_rad,
            ..Pose::default()
        };
        let half = pose(6.2).lerp(pose(0.1), 0.5).heading_rad;
        assert!((half - (6.2 + 0.1 + std::f64::consts::TAU) / 2.0).abs() < 1e-9);
        let mut error = DrawnError::default();
        error.correct(pose(6.2), pose(0.1));
        let drawn = error.drawn(pose(0.1)).heading_rad;
        assert!(wrap(drawn - 6.2).abs() < 1e-9);
    }
}

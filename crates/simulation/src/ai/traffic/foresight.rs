//! Prediction of the outcome of taking a lane.

use arrayvec::ArrayVec;
use domain::SEATS_MAX;

use super::rival::{ENTITLED_M, Half, Rival};
use super::{PASSING_M, Scene, shifted};
use crate::CAR_LENGTH_M;

/// Number and length of the predicted steps: a pass takes two to three seconds, and
/// later moves of other drivers are unpredictable.
const STEPS: u8 = 9;
const STEP_SECONDS: f64 = 0.3;
/// Cars nearer than this along the road are beside each other, metres between
/// centres.
const BESIDE_M: f64 = CAR_LENGTH_M + 0.8;
/// Cost of pressing against a car beside, in metres driven for each metre pressed
/// and each step.
const SQUEEZE_COST: f64 = 6.0;

/// The predicted state of a rival.
struct Foreseen<'a> {
    rival: &'a Rival,
    gap: f64,
    speed: f64,
    half: Option<Half>,
}

/// Predicts driving towards `lane` and along it. Returns its worth in metres: the
/// distance covered, less the cost of pressing others aside.
pub(super) fn foresee(scene: &Scene<'_>, rivals: &[Rival], lane: f64) -> f64 {
    let mut foreseen: ArrayVec<Foreseen<'_>, SEATS_MAX> = rivals
        .iter()
        .map(|rival| Foreseen {
            rival,
            gap: rival.gap,
            speed: rival.speed,
            half: rival.half,
        })
        .collect();
    let (mut speed, mut way, mut cost) = (scene.speed(), 0.0, 0.0);
    for step in 1..=STEPS {
        let seconds = f64::from(step) * STEP_SECONDS;
        let station = scene.station + way;
        let side = shifted(scene.line, scene.station, scene.side, lane, seconds);
        let ahead = station + STEP_SECONDS * speed;
        let limit = scene.speeds.speed_at(scene.line, ahead, side);
        speed = accelerated(scene, speed).min(limit);
        let mut moved = speed * STEP_SECONDS;
        let reached = station + moved;
        let mine = scene.lateral_at(lane, reached, seconds);
        for other in &mut foreseen {
            other.advance(scene, station);
            let Some(apart) = other.in_the_way(scene, reached, other.gap - moved, mine, seconds)
            else {
                continue;
            };
            if other.rival.gap > 0.5 * BESIDE_M {
                // The rival was in front: the driver ends up behind it.
                moved = moved.min((other.gap - BESIDE_M).max(0.0));
                speed = speed.min(other.speed);
            } else {
                cost += SQUEEZE_COST * (PASSING_M - apart);
            }
        }
        for other in &mut foreseen {
            other.gap -= moved;
        }
        way += moved;
    }
    way - cost
}

impl Foreseen<'_> {
    /// Advances the rival by one step; the driver is at `station`.
    fn advance(&mut self, scene: &Scene<'_>, station: f64) {
        let ahead = station + self.gap + STEP_SECONDS * self.speed;
        let limit = self.rival.pace * scene.speeds.line_speed_at(scene.line, ahead);
        self.speed = accelerated(scene, self.speed).min(limit);
        self.gap += self.speed * STEP_SECONDS;
    }

    /// Lateral distance, metres, to a driver at `station` and offset `mine` that is
    /// `gap` metres behind; `None` unless the rival is too near.
    fn in_the_way(
        &mut self,
        scene: &Scene<'_>,
        station: f64,
        gap: f64,
        mine: f64,
        seconds: f64,
    ) -> Option<f64> {
        if gap.abs() > BESIDE_M {
            return None;
        }
        let theirs = self
            .rival
            .lateral_at(scene.line, station + gap, seconds, self.half);
        let apart = (mine - theirs).abs();
        if apart <= PASSING_M {
            return Some(apart);
        }
        if gap.abs() < ENTITLED_M && self.half.is_none() {
            self.half = Some(Half::of(theirs, mine));
        }
        None
    }
}

/// Returns the speed after a step at full throttle.
fn accelerated(scene: &Scene<'_>, speed: f64) -> f64 {
    let gain = scene.envelope.driving(speed) - scene.envelope.resistance(speed);
    speed + gain * STEP_SECONDS
}

//! What will come of taking a lane.

use arrayvec::ArrayVec;
use domain::SEATS_MAX;

use super::rival::{ENTITLED_M, Half, Rival};
use super::{PASSING_M, Scene, shifted};
use crate::CAR_LENGTH_M;

/// How far is foreseen, and in which steps: a pass takes two to three seconds,
/// and what the others do later nobody knows.
const STEPS: u8 = 9;
const STEP_SECONDS: f64 = 0.3;
/// Cars nearer than this, between centres, are beside each other, metres.
const BESIDE_M: f64 = CAR_LENGTH_M + 0.8;
/// What pressing against a car beside costs, in metres of way for each metre that
/// it is pressed and each step.
const SQUEEZE_COST: f64 = 6.0;

/// A rival as it will be.
struct Foreseen<'a> {
    rival: &'a Rival,
    gap: f64,
    speed: f64,
    half: Option<Half>,
}

/// Drives on in thought, towards `lane` and along it. Returns the metres that
/// this is worth: the way made, less what it costs to press others aside.
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
        let limit = scene.pace.speed_at(scene.line, ahead, side);
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
                // It began in front: one ends up behind it.
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
    /// Moves it on by one step, of a car that is at `station` itself.
    fn advance(&mut self, scene: &Scene<'_>, station: f64) {
        let ahead = station + self.gap + STEP_SECONDS * self.speed;
        let limit = self.rival.pace * scene.pace.line_speed_at(scene.line, ahead);
        self.speed = accelerated(scene, self.speed).min(limit);
        self.gap += self.speed * STEP_SECONDS;
    }

    /// How far apart across the road it is, metres, when it is too near to a car
    /// at `station` and `mine`, which it is `gap` metres ahead of.
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

/// The speed after a step with an open throttle.
fn accelerated(scene: &Scene<'_>, speed: f64) -> f64 {
    let gain = scene.envelope.driving(speed) - scene.envelope.resistance(speed);
    speed + gain * STEP_SECONDS
}

//! Other cars: passing them, driving beside them, or following them.
//!
//! A driver predicts the next seconds for each lane it might take: how fast the
//! lane is, where the other cars will be, whether one of them is in the way. It
//! takes the lane that gets it furthest, and brakes in time while it must wait
//! behind another car. Two cars side by side have half of the road each.

mod foresight;
mod rival;

use super::lane::LaneSpeeds;
use crate::track::{Projection, RacingLine, SIDE_BY_SIDE_M, Track};
use crate::vehicle::Envelope;
use crate::{CAR_LENGTH_M, CAR_WIDTH_M, RaceState};
use foresight::foresee;
use rival::Rival;

/// Ticks between two choices of a lane: ten times a second, as quick as a person.
const DECISION_TICKS: u32 = 6;
/// The lanes that a driver compares: seven, about a metre apart.
const LANES: [f64; 7] = [0.0, -0.33, 0.33, -0.67, 0.67, -1.0, 1.0];
/// Metres by which another lane must be better than the chosen one, per unit of
/// side: a driver that has begun to pass completes the pass.
const CHANGE_COST_M: f64 = 5.0;
/// Cost of a lane off the racing line, metres per unit of side: drivers return to
/// the line.
const OFF_LINE_COST_M: f64 = 0.8;

/// Distance between the middles of two cars that pass each other, metres.
const PASSING_M: f64 = SIDE_BY_SIDE_M - 0.1;
/// Cars whose middles are nearer than this may touch, metres.
const TOUCHING_M: f64 = CAR_WIDTH_M + 0.15;
/// Distance kept behind a car that cannot be passed, between centres, metres.
const FOLLOW_M: f64 = CAR_LENGTH_M + 1.6;
/// Share of its own braking that a driver relies on behind another car, which may
/// brake as hard.
const FOLLOW_BRAKING_SHARE: f64 = 0.75;
/// Rate at which a driver that is too near falls back, 1/s: cars that lean on each
/// other push each other off the road.
const BACK_OFF_PER_S: f64 = 2.0;
/// Lowest speed behind another car: it may be stuck.
const FOLLOW_SPEED_MIN_MPS: f64 = 2.4;
/// Longest time to catch up that is considered, seconds: a car reached later will
/// be somewhere else by then.
const CATCH_UP_SECONDS_MAX: f64 = 2.0;

/// Speed of a lane change, m/s: a car's width in less than a second; a faster one
/// would slide.
const SHIFT_MPS: f64 = 2.8;
/// Time within which a car beside its lane returns to it, seconds.
const ERROR_SECONDS: f64 = 0.8;

/// The information that a driver bases its choice on.
#[derive(Copy, Clone)]
pub(super) struct Scene<'a> {
    pub(super) track: &'a Track,
    pub(super) line: &'a RacingLine,
    pub(super) speeds: &'a LaneSpeeds,
    pub(super) envelope: &'a Envelope<'static>,
    /// Share of the car's grip that the driver uses.
    pub(super) grip: f64,
    pub(super) state: &'a RaceState,
    pub(super) seat: usize,
    pub(super) projection: &'a Projection,
    /// Distance from the start line, metres.
    pub(super) station: f64,
    /// The side that the car is on.
    pub(super) side: f64,
}

impl Scene<'_> {
    fn speed(&self) -> f64 {
        self.state.cars[self.seat].speed_mps()
    }

    /// Predicted offset of the car in `seconds`, at `station`, while it changes to
    /// `lane`: metres to the left of the centre line.
    fn lateral_at(&self, lane: f64, station: f64, seconds: f64) -> f64 {
        let side = shifted(self.line, self.station, self.side, lane, seconds);
        let on_lane = self.line.lane_lateral_at(self.station, self.side);
        let error = (self.projection.lateral - on_lane) * (1.0 - seconds / ERROR_SECONDS).max(0.0);
        self.line.lane_lateral_at(station, side) + error
    }
}

/// A driver's choice of lane among other cars.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    lane: f64,
}

impl Traffic {
    /// Returns the lane to take and the speed that the cars ahead allow, m/s.
    pub(super) fn look_around(&mut self, scene: &Scene<'_>) -> (f64, f64) {
        let rivals = rival::around(scene);
        if rivals.is_empty() {
            self.lane = 0.0;
            return (0.0, f64::INFINITY);
        }
        // Drivers decide in different ticks.
        let phase = scene.state.tick.wrapping_add(scene.seat as u32);
        if phase.is_multiple_of(DECISION_TICKS) {
            self.choose_lane(scene, &rivals);
        }
        let speeds = rivals.iter().map(|rival| self.speed_behind(scene, rival));
        (self.lane, speeds.fold(f64::INFINITY, f64::min))
    }

    fn choose_lane(&mut self, scene: &Scene<'_>, rivals: &[Rival]) {
        let chosen = self.lane;
        let mut most = f64::NEG_INFINITY;
        for lane in LANES {
            let change = CHANGE_COST_M * (lane - chosen).abs();
            let worth = foresee(scene, rivals, lane) - change - OFF_LINE_COST_M * lane.abs();
            if worth > most {
                (most, self.lane) = (worth, lane);
            }
        }
    }

    /// Highest speed from which the car can still brake behind `rival`, m/s;
    /// infinite when it is not in the way, or will not be when the car gets there.
    fn speed_behind(&self, scene: &Scene<'_>, rival: &Rival) -> f64 {
        if rival.gap < 0.5 * CAR_LENGTH_M {
            return f64::INFINITY;
        }
        let speed = scene.speed();
        let room = (rival.gap - FOLLOW_M).max(0.0);
        let closing = speed - rival.speed;
        let seconds = if closing > 0.0 {
            (room / closing).min(CATCH_UP_SECONDS_MAX)
        } else {
            0.0
        };
        let station = scene.station + speed * seconds;
        let mine = scene.lateral_at(self.lane, station, seconds);
        let theirs = rival.lateral_at(scene.line, station, seconds, rival.half);
        if (mine - theirs).abs() > TOUCHING_M {
            return f64::INFINITY;
        }
        let braking = FOLLOW_BRAKING_SHARE * scene.envelope.braking(speed, 0.0, scene.grip);
        let square = rival.speed * rival.speed + 2.0 * braking * room;
        let too_near = (FOLLOW_M - rival.gap).max(0.0);
        (square.sqrt() - BACK_OFF_PER_S * too_near).max(FOLLOW_SPEED_MIN_MPS)
    }
}

/// Returns the side after `seconds` of a change from `side` to `lane` at `station`.
pub(super) fn shifted(line: &RacingLine, station: f64, side: f64, lane: f64, seconds: f64) -> f64 {
    // Lanes on different sides of the racing line have different widths.
    let toward = if side == 0.0 { lane } else { side };
    let most = SHIFT_MPS * seconds / line.lane_width_at(station, toward);
    side + (lane - side).clamp(-most, most)
}

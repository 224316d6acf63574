//! Other cars: round them, beside them, or behind them.
//!
//! A driver foresees the next seconds once for every lane that it might take:
//! how fast the lane is, how far the others will be by then, whether one of them
//! is in the way. It takes the lane that gets it furthest, and while it must
//! wait behind somebody it brakes in time. Two cars that are side by side have
//! half of the road each.

mod foresight;
mod rival;

use super::lane::Pace;
use crate::track::{Projection, RacingLine, SIDE_BY_SIDE_M, Track};
use crate::vehicle::Envelope;
use crate::{CAR_LENGTH_M, CAR_WIDTH_M, RaceState};
use foresight::foresee;
use rival::Rival;

/// A lane is chosen so often: ten times a second, as quick as a person.
const DECISION_TICKS: u32 = 6;
/// The lanes that a driver weighs: seven, about a metre apart.
const LANES: [f64; 7] = [0.0, -0.33, 0.33, -0.67, 0.67, -1.0, 1.0];
/// Metres by which another lane must be better than the chosen one, for each side
/// of the road that it is away: who has begun to pass goes on with it.
const CHANGE_COST_M: f64 = 5.0;
/// What a side of the road off the racing line costs, metres: one comes back.
const OFF_LINE_COST_M: f64 = 0.8;

/// Distance between the middles of two cars that pass each other, metres.
const PASSING_M: f64 = SIDE_BY_SIDE_M - 0.1;
/// Where the middles of two cars are nearer than this they may touch, metres.
const TOUCHING_M: f64 = CAR_WIDTH_M + 0.15;
/// Distance kept behind a car that cannot be passed, between centres, metres.
const FOLLOW_M: f64 = CAR_LENGTH_M + 1.6;
/// Share of the driver's own braking that it counts on behind another car, which
/// may brake as hard.
const FOLLOW_BRAKING_SHARE: f64 = 0.75;
/// Who is too near falls back so fast, 1/s: cars that lean on each other push
/// each other off the road.
const BACK_OFF_PER_S: f64 = 2.0;
/// Nobody is followed more slowly than this: the other may be stuck.
const FOLLOW_SPEED_MIN_MPS: f64 = 2.4;
/// Whoever is reached later than this will be somewhere else by then, seconds.
const ARRIVAL_SECONDS_MAX: f64 = 2.0;

/// How fast a car goes from lane to lane, m/s: a car's width in a second, or it
/// would slide.
const SHIFT_MPS: f64 = 2.8;
/// A car that is beside its lane is back on it after this many seconds.
const ERROR_SECONDS: f64 = 0.8;

/// What a driver knows when it looks around.
#[derive(Copy, Clone)]
pub(super) struct Scene<'a> {
    pub(super) track: &'a Track,
    pub(super) line: &'a RacingLine,
    pub(super) pace: &'a Pace,
    pub(super) envelope: &'a Envelope<'static>,
    /// Share of the car's grip that the driver uses.
    pub(super) grip: f64,
    pub(super) state: &'a RaceState,
    pub(super) seat: usize,
    pub(super) place: &'a Projection,
    /// Distance from the start line, metres.
    pub(super) station: f64,
    /// The lane that the car is on now.
    pub(super) side: f64,
}

impl Scene<'_> {
    fn speed(&self) -> f64 {
        self.state.cars[self.seat].speed_mps()
    }

    /// Where the car will be across the road in `seconds`, at `station`, on its way
    /// to `lane`: metres to the left of the centre line.
    fn lateral_at(&self, lane: f64, station: f64, seconds: f64) -> f64 {
        let side = shifted(self.line, self.station, self.side, lane, seconds);
        let on_lane = self.line.lane_lateral_at(self.station, self.side);
        let error = (self.place.lateral - on_lane) * (1.0 - seconds / ERROR_SECONDS).max(0.0);
        self.line.lane_lateral_at(station, side) + error
    }
}

/// A driver's way through the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    lane: f64,
}

impl Traffic {
    /// The lane to take, and the speed that the cars ahead allow, m/s.
    pub(super) fn look_around(&mut self, scene: &Scene<'_>) -> (f64, f64) {
        let rivals = rival::around(scene);
        if rivals.is_empty() {
            self.lane = 0.0;
            return (0.0, f64::INFINITY);
        }
        // Not all drivers in the same tick.
        let turn = scene.state.tick.wrapping_add(scene.seat as u32);
        if turn.is_multiple_of(DECISION_TICKS) {
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

    /// The speed from which braking still ends behind `rival`, m/s; endless when
    /// it is not in the way, or will not be when the car gets there.
    fn speed_behind(&self, scene: &Scene<'_>, rival: &Rival) -> f64 {
        if rival.gap < 0.5 * CAR_LENGTH_M {
            return f64::INFINITY;
        }
        let speed = scene.speed();
        let room = (rival.gap - FOLLOW_M).max(0.0);
        let closing = speed - rival.speed;
        let arrival = if closing > 0.0 {
            (room / closing).min(ARRIVAL_SECONDS_MAX)
        } else {
            0.0
        };
        let station = scene.station + speed * arrival;
        let mine = scene.lateral_at(self.lane, station, arrival);
        let theirs = rival.lateral_at(scene.line, station, arrival, rival.half);
        if (mine - theirs).abs() > TOUCHING_M {
            return f64::INFINITY;
        }
        let braking = FOLLOW_BRAKING_SHARE * scene.envelope.braking(speed, 0.0, scene.grip);
        let square = rival.speed * rival.speed + 2.0 * braking * room;
        let too_near = (FOLLOW_M - rival.gap).max(0.0);
        (square.sqrt() - BACK_OFF_PER_S * too_near).max(FOLLOW_SPEED_MIN_MPS)
    }
}

/// The side after `seconds` on the way from `side` to `lane` at `station`.
pub(super) fn shifted(line: &RacingLine, station: f64, side: f64, lane: f64, seconds: f64) -> f64 {
    // Over the line one passes from the lanes on one side to those on the other.
    let toward = if side == 0.0 { lane } else { side };
    let most = SHIFT_MPS * seconds / line.lane_width_at(station, toward);
    side + (lane - side).clamp(-most, most)
}

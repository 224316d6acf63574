//! A driver that plays by the same rules as everybody: state in, controls out.
//!
//! # Layout
//! - `lane`: the line and what of the road is beside it
//! - `steering`, `pedals`: along a path, at a speed
//! - `traffic`: round other cars, beside them, or behind them
//! - `input_quantiser`: what of that becomes the controls

mod input_quantiser;
mod lane;
mod pedals;
mod steering;
mod traffic;

use domain::{CarClass, Controls, Skill, TICK_RATE_HZ};
use input_quantiser::InputQuantiser;
use lane::Pace;
use pedals::{Pedals, SPEED_AHEAD_SECONDS};
use steering::{Path, STEER_AHEAD_SECONDS};
use traffic::{Scene, Traffic};

use crate::hash::mix;
use crate::track::{RacingLine, Track};
use crate::vehicle::{Envelope, VehicleParameters};
use crate::{ModeRules, RaceState, Rules, TICK_SECONDS, highway};

/// Most sideways change of the line that a driver wanders, metres per tick: a
/// step would be a jerk at the wheel.
const WANDER_PER_TICK_M: f64 = 1.5 / TICK_RATE_HZ as f64;
/// Beside its lane the corners are tighter than a driver's profile thinks.
const STRAY_CAUTION_PER_M: f64 = 0.025;
/// A driver who has finished lets go.
const COOL_DOWN_SHARE: f64 = 0.6;
/// A driver's line wanders to a new place this often.
const WANDER_TICKS: u32 = 2 * TICK_RATE_HZ;

/// Drives one car. Deterministic: the same seed, track and states give the same
/// controls.
#[derive(Clone, Debug)]
pub struct AiDriver {
    envelope: Envelope<'static>,
    pace: Pace,
    grip: f64,
    wander_m: f64,
    random: u64,
    /// How far beside its lane this driver would like to be, and is now, metres.
    wish_m: f64,
    stray_m: f64,
    /// The lane it is on; none before it has first looked.
    side: Option<f64>,
    traffic: Traffic,
    pedals: Pedals,
    input_quantiser: InputQuantiser,
}

impl AiDriver {
    /// A driver of its own character, which `seed` decides. The first one on a
    /// track computes its racing line: here, and not in the first tick.
    #[must_use]
    pub fn new(track: &Track, seed: u64, skill: Skill) -> Self {
        Self::with_class(track, CarClass::default(), seed, skill)
    }

    /// A driver of a car of `class`.
    #[must_use]
    pub fn with_class(track: &Track, class: CarClass, seed: u64, skill: Skill) -> Self {
        let mut random = seed;
        let grip = grip_share(skill) * (1.0 + 0.01 * random_signed(&mut random));
        let envelope = Envelope::of(VehicleParameters::of(class));
        Self {
            pace: Pace::compute(track.racing_line(), &envelope, grip),
            envelope,
            grip,
            wander_m: wander_m(skill),
            random,
            wish_m: 0.0,
            stray_m: 0.0,
            side: None,
            traffic: Traffic::default(),
            pedals: Pedals::default(),
            input_quantiser: InputQuantiser::default(),
        }
    }

    /// The controls of `seat` for the tick that `state` is about to compute.
    /// Coasting when the race has no such seat.
    #[must_use]
    pub fn drive(
        &mut self,
        track: &Track,
        rules: &Rules,
        state: &RaceState,
        seat: usize,
    ) -> Controls {
        let wanted = self.wanted(track, rules, state, seat);
        self.input_quantiser.quantise(wanted)
    }

    fn wanted(&mut self, track: &Track, rules: &Rules, state: &RaceState, seat: usize) -> Controls {
        let Some(car) = state.cars.get(seat) else {
            return Controls::default();
        };
        if !state.is_started(rules) {
            // On the brakes, waiting for the start.
            return Controls {
                brake: 255,
                ..Controls::default()
            };
        }
        if let ModeRules::Highway { .. } = rules.mode {
            return highway::drive(rules, state, seat, self.grip);
        }
        self.wander(state.tick);
        let line = track.racing_line();
        let (speed, station) = (car.speed_mps(), track.station_m(car));
        let place = track.project(track.cell_at(car.travel), car.position_m());
        let side = match self.side {
            Some(side) => side,
            None => line.side_of(station, place.lateral),
        };
        let (lane, speed_behind) = self.traffic.look_around(&Scene {
            track,
            line,
            pace: &self.pace,
            envelope: &self.envelope,
            grip: self.grip,
            state,
            seat,
            place: &place,
            station,
            side,
        });
        let side = traffic::shifted(line, station, side, lane, TICK_SECONDS);
        self.side = Some(side);

        let path = self.path(line, station, speed, side, place.lateral);
        let steer = steering::follow(&path, car, &self.envelope);
        let ahead = station + SPEED_AHEAD_SECONDS * speed;
        let mut wanted_speed = self.pace.speed_at(line, ahead, side);
        wanted_speed *= 1.0 - STRAY_CAUTION_PER_M * self.stray_m.abs();
        // More than full lock is too fast.
        wanted_speed *= 1.0 - (0.2 * (steer.abs() - 1.0)).clamp(0.0, 0.3);
        if car.finish.is_some() {
            wanted_speed *= COOL_DOWN_SHARE;
        }
        let wanted_speed = wanted_speed.min(speed_behind);
        self.pedals
            .press(&self.envelope, speed, wanted_speed, steer)
    }

    /// Nobody keeps to a lane exactly.
    fn wander(&mut self, tick: u32) {
        if tick.is_multiple_of(WANDER_TICKS) {
            self.wish_m = self.wander_m * random_signed(&mut self.random);
        }
        let missing = self.wish_m - self.stray_m;
        self.stray_m += missing.clamp(-WANDER_PER_TICK_M, WANDER_PER_TICK_M);
    }

    /// The lane at `side`, seen from a car that is `lateral` metres to the left of
    /// the centre line.
    fn path(&self, line: &RacingLine, station: f64, speed: f64, side: f64, lateral: f64) -> Path {
        let here = line.lane_at(station, side);
        let [right, left] = line.reach_at(station);
        let ahead = line.lane_at(station + STEER_AHEAD_SECONDS * speed, side);
        Path {
            direction: here.direction,
            curvature_ahead: ahead.curvature,
            error_m: lateral - (here.lateral + self.stray_m).clamp(right, left),
        }
    }
}

/// Share of the car's grip that a driver of `skill` uses.
const fn grip_share(skill: Skill) -> f64 {
    match skill {
        Skill::Novice => 0.74,
        Skill::Club => 0.86,
        Skill::Expert => 0.97,
    }
}

/// How far from the racing line a driver of `skill` wanders, in metres.
const fn wander_m(skill: Skill) -> f64 {
    match skill {
        Skill::Novice => 0.9,
        Skill::Club => 0.5,
        Skill::Expert => 0.1,
    }
}

/// Uniform in −1..1 (splitmix64).
fn random_signed(random: &mut u64) -> f64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = mix(*random) >> 11;
    bits as f64 / (1_u64 << 52) as f64 - 1.0
}

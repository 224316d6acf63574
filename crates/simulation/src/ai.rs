//! An AI driver that plays by the same rules as a player: state in, controls out.
//!
//! # Layout
//! - `lane`: the racing line and the lanes beside it
//! - `steering`, `pedals`: following a path at a speed
//! - `traffic`: passing other cars or following them
//! - `input_quantiser`: rounding the result to controls

mod input_quantiser;
mod lane;
mod pedals;
mod steering;
mod traffic;

use domain::{CarClass, Controls, Skill, TICK_RATE_HZ};
use input_quantiser::InputQuantiser;
use lane::LaneSpeeds;
use pedals::{Pedals, SPEED_AHEAD_SECONDS};
use steering::{Path, STEER_AHEAD_SECONDS};
use traffic::{Scene, Traffic};

use crate::hash::mix;
use crate::track::{RacingLine, Track};
use crate::vehicle::{Envelope, VehicleParameters};
use crate::{ModeRules, RaceState, Rules, TICK_SECONDS, highway};

/// Fastest sideways wandering of a driver, metres per tick: a step would be a
/// jerk at the wheel.
const WANDER_PER_TICK_M: f64 = 1.5 / TICK_RATE_HZ as f64;
/// Reduction of the speed per metre beside the lane, where corners are tighter
/// than the speed profile assumes.
const STRAY_CAUTION_PER_M: f64 = 0.025;
/// Share of its speed that a driver keeps after the finish.
const COOL_DOWN_SHARE: f64 = 0.6;
/// Time after which a driver's line wanders to a new offset.
const WANDER_TICKS: u32 = 2 * TICK_RATE_HZ;

/// Drives one car. Deterministic: the same seed, track and states give the same
/// controls.
#[derive(Clone, Debug)]
pub struct AiDriver {
    envelope: Envelope<'static>,
    speeds: LaneSpeeds,
    grip: f64,
    wander_m: f64,
    random: u64,
    /// Wanted and actual offset from the lane, metres.
    wish_m: f64,
    stray_m: f64,
    /// The lane that the driver is on; `None` before the first tick.
    side: Option<f64>,
    traffic: Traffic,
    pedals: Pedals,
    input_quantiser: InputQuantiser,
}

impl AiDriver {
    /// Creates a driver whose character is derived from `seed`. The first driver
    /// on a track computes its racing line here rather than in the first tick.
    #[must_use]
    pub fn new(track: &Track, seed: u64, skill: Skill) -> Self {
        Self::with_class(track, CarClass::default(), seed, skill)
    }

    /// Creates a driver of a car of `class`.
    #[must_use]
    pub fn with_class(track: &Track, class: CarClass, seed: u64, skill: Skill) -> Self {
        let mut random = seed;
        let grip = grip_share(skill) * (1.0 + 0.01 * random_signed(&mut random));
        let envelope = Envelope::of(VehicleParameters::of(class));
        Self {
            speeds: LaneSpeeds::compute(track.racing_line(), &envelope, grip),
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

    /// Returns the controls of `seat` for the tick that `state` computes next;
    /// coasting when the race has no such seat.
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
        let projection = track.project(track.cell_at(car.travel), car.position_m());
        let side = match self.side {
            Some(side) => side,
            None => line.side_of(station, projection.lateral),
        };
        let (lane, speed_behind) = self.traffic.look_around(&Scene {
            track,
            line,
            speeds: &self.speeds,
            envelope: &self.envelope,
            grip: self.grip,
            state,
            seat,
            projection: &projection,
            station,
            side,
        });
        let side = traffic::shifted(line, station, side, lane, TICK_SECONDS);
        self.side = Some(side);

        let path = self.path(line, station, speed, side, projection.lateral);
        let steer = steering::follow(&path, car, &self.envelope);
        let ahead = station + SPEED_AHEAD_SECONDS * speed;
        let mut wanted_speed = self.speeds.speed_at(line, ahead, side);
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

    /// Moves the offset from the lane towards a random one: no driver keeps to a
    /// lane exactly.
    fn wander(&mut self, tick: u32) {
        if tick.is_multiple_of(WANDER_TICKS) {
            self.wish_m = self.wander_m * random_signed(&mut self.random);
        }
        let missing = self.wish_m - self.stray_m;
        self.stray_m += missing.clamp(-WANDER_PER_TICK_M, WANDER_PER_TICK_M);
    }

    /// Returns the lane at `side` relative to a car that is `lateral` metres to the
    /// left of the centre line.
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

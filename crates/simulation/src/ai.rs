//! A driver that plays by the same rules as everybody: state in, input out.
//!
//! # Layout
//! - `racing_line`: the line of least curvature, once per track
//! - `envelope`: what the car can do, from its parameters
//! - `speed_profile`: how fast the line can be driven, once per driver
//! - `steering`, `pedals`: along a path, at a speed
//! - `traffic`: round other cars, beside them, or behind them

mod envelope;
mod pedals;
mod racing_line;
mod speed_profile;
mod steering;
mod traffic;

pub use racing_line::{LinePoint, RacingLine};

use envelope::Envelope;
use pedals::{Pedals, SPEED_AHEAD_SECONDS};
use speed_profile::SpeedProfile;
use steering::{Path, STEER_AHEAD_SECONDS};

use crate::hash::mix;
use crate::track::Track;
use crate::{CarClass, Input, Mode, RaceState, Rules, TICK_RATE_HZ, highway};

/// Distance kept from the edge of the road when going round somebody.
const EDGE_MARGIN_M: f64 = 1.3;
/// Most sideways change of plan, metres per tick: a step would spin the car.
const SHIFT_PER_TICK_M: f64 = 2.5 / TICK_RATE_HZ as f64;
/// Where the line corners harder than this nobody is overtaken: one falls in
/// behind, m/s².
const CORNER_MPS2: f64 = 10.0;
/// The line is looked at now and so many times more, so many seconds apart.
const CORNER_LOOKS: u8 = 3;
const CORNER_LOOK_SECONDS: f64 = 0.4;
/// Off the line the corners are tighter than the profile thinks.
const OFF_LINE_CAUTION_PER_M: f64 = 0.025;
/// A driver who has finished lets go.
const COOL_DOWN_SHARE: f64 = 0.6;
/// A driver's line wanders to a new place this often.
const WANDER_TICKS: u32 = 2 * TICK_RATE_HZ;

/// How good an [`AiDriver`] is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Skill {
    /// Careful, wanders about.
    Novice,
    /// Brisk.
    Club,
    /// At the limit.
    Expert,
}

impl Skill {
    /// All levels, slowest first.
    pub const ALL: [Self; 3] = [Self::Novice, Self::Club, Self::Expert];

    /// Share of the car's grip that the driver uses.
    const fn grip(self) -> f64 {
        match self {
            Self::Novice => 0.74,
            Self::Club => 0.86,
            Self::Expert => 0.97,
        }
    }

    /// How far from the racing line the driver wanders, in metres.
    const fn wander_m(self) -> f64 {
        match self {
            Self::Novice => 0.9,
            Self::Club => 0.5,
            Self::Expert => 0.1,
        }
    }
}

/// Drives one car. Deterministic: the same seed, track and states give the same
/// inputs.
#[derive(Clone, Debug)]
pub struct AiDriver {
    envelope: Envelope<'static>,
    profile: SpeedProfile,
    pace: f64,
    wander_m: f64,
    random: u64,
    /// Where this driver would like to be beside the racing line, and is now.
    wish_m: f64,
    shift_m: f64,
    pedals: Pedals,
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
        let grip = skill.grip() * (1.0 + 0.01 * random_signed(&mut random));
        let envelope = Envelope::of(class.parameters());
        Self {
            profile: SpeedProfile::compute(track.racing_line().points(), &envelope, grip),
            envelope,
            pace: grip,
            wander_m: skill.wander_m(),
            random,
            wish_m: 0.0,
            shift_m: 0.0,
            pedals: Pedals::default(),
        }
    }

    /// The input of `seat` for the tick that `state` is about to compute.
    /// Coasting when the race has no such seat.
    #[must_use]
    pub fn drive(&mut self, track: &Track, rules: &Rules, state: &RaceState, seat: usize) -> Input {
        let Some(car) = state.cars.get(seat) else {
            return Input::default();
        };
        if !state.is_started(rules) {
            // On the brakes, waiting for the start.
            return Input {
                brake: 255,
                ..Input::default()
            };
        }
        if let Mode::Highway { .. } = rules.mode {
            return highway::drive(rules, state, seat, self.pace);
        }
        if state.tick.is_multiple_of(WANDER_TICKS) {
            self.wish_m = self.wander_m * random_signed(&mut self.random);
        }
        let line = track.racing_line();
        let speed = car.speed_mps();
        let station = car.station_m(track);
        let place = track.project(track.cell_at(car.travel), car.position_m());
        let here = line.at(station);

        let is_corner = self.is_corner(line, station, speed);
        let planned = here.lateral + self.wish_m;
        let room = traffic::look_around(track, state, seat, &place, planned, is_corner);
        let left = (place.road_left - EDGE_MARGIN_M).max(0.0);
        let right = (place.road_right - EDGE_MARGIN_M).max(0.0);
        let shift = room.lateral.clamp(-right, left) - here.lateral;
        self.shift_m += (shift - self.shift_m).clamp(-SHIFT_PER_TICK_M, SHIFT_PER_TICK_M);

        let path = Path {
            direction: here.direction,
            curvature_ahead: line.curvature_at(station + STEER_AHEAD_SECONDS * speed),
            error_m: place.lateral - here.lateral - self.shift_m,
        };
        let steer = steering::follow(&path, car, &self.envelope);
        let mut wanted_speed = self.speed_at(line, station + SPEED_AHEAD_SECONDS * speed);
        wanted_speed *= 1.0 - (OFF_LINE_CAUTION_PER_M * self.shift_m.abs()).min(0.2);
        // More than full lock is too fast.
        wanted_speed *= 1.0 - (0.2 * (steer.abs() - 1.0)).clamp(0.0, 0.3);
        if car.finish.is_some() {
            wanted_speed *= COOL_DOWN_SHARE;
        }
        self.pedals.press(
            &self.envelope,
            speed,
            wanted_speed.min(room.speed_max),
            steer,
        )
    }

    /// Whether the line corners here, or will in about a second.
    fn is_corner(&self, line: &RacingLine, station: f64, speed: f64) -> bool {
        (0..=CORNER_LOOKS).any(|look| {
            let ahead = station + f64::from(look) * CORNER_LOOK_SECONDS * speed;
            let speed = self.speed_at(line, ahead).min(speed);
            line.curvature_at(ahead).abs() * speed * speed > CORNER_MPS2
        })
    }

    fn speed_at(&self, line: &RacingLine, station: f64) -> f64 {
        self.profile.speed_at(line, station)
    }
}

/// Uniform in −1..1 (splitmix64).
fn random_signed(random: &mut u64) -> f64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = mix(*random) >> 11;
    bits as f64 / (1_u64 << 52) as f64 - 1.0
}

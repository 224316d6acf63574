//! A driver that plays by the same rules as everybody: state in, input out.
//!
//! Pure pursuit (Coulter 1992) on the racing line with the line's speed profile;
//! sideways for cars in the way; back and round when stuck.

mod racing_line;

pub use racing_line::RacingLine;

use core::f64::consts::FRAC_PI_2;

use crate::hash::mix;
use crate::math::{Vec2, atan, sin, wrap_angle};
use crate::track::{Projection, Track};
use crate::{
    CAR_WIDTH_M, Car, Input, Mode, POSITION_UNITS_PER_M, RaceState, Rules, TICK_RATE_HZ, highway,
};

/// Pure pursuit looks this many seconds ahead, and never nearer than that.
const LOOK_AHEAD_SECONDS: f64 = 0.45;
const LOOK_AHEAD_MIN_M: f64 = 8.0;
/// The front tyres slip more than the rear's: wheel angle to add to the geometry
/// for each m/s² of cornering.
const UNDERSTEER_RAD_PER_MPS2: f64 = 0.001;
const COURSE_SPEED_MIN_MPS: f64 = 5.0;
/// The pedals need this long to change the speed.
const SPEED_AHEAD_SECONDS: f64 = 0.15;
/// Distance kept from the edge of the road when going round somebody.
const EDGE_MARGIN_M: f64 = 1.3;
/// Sideways distance between the centres of two cars that pass each other.
const PASSING_M: f64 = CAR_WIDTH_M + 0.9;
/// Most sideways change of plan, metres per tick: a step would spin the car.
const SHIFT_PER_TICK_M: f64 = 2.5 / TICK_RATE_HZ as f64;
/// Where the line is slower than this nobody is overtaken: one falls in behind.
const CORNER_SPEED_MPS: f64 = 45.0;
const OFF_LINE_CAUTION_PER_M: f64 = 0.025;
/// Slower than this for that long is stuck.
const STUCK_MPS: f64 = 1.2;
const STUCK_TICKS: u16 = (TICK_RATE_HZ * 3 / 2) as u16;
const REVERSE_TICKS: u16 = (TICK_RATE_HZ * 2) as u16;
/// A novice's line wanders to a new place this often.
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

    /// Share of the profile's speed that the driver dares, and how far from its
    /// line it wanders, in metres.
    const fn traits(self) -> (f64, f64) {
        match self {
            Self::Novice => (0.86, 0.9),
            Self::Club => (0.93, 0.5),
            Self::Expert => (0.99, 0.2),
        }
    }
}

/// Drives one car. Deterministic: the same seed, track and states give the same
/// inputs.
#[derive(Clone, Debug)]
pub struct AiDriver {
    random: u64,
    pace: f64,
    wander_m: f64,
    /// Where this driver would like to be beside the racing line, and is now.
    wish_m: f64,
    shift_m: f64,
    stuck_ticks: u16,
    reverse_ticks: u16,
}

impl AiDriver {
    /// A driver of its own character, which `seed` decides.
    #[must_use]
    pub fn new(track: &Track, seed: u64, skill: Skill) -> Self {
        // The first call computes the line: here, and not in the first tick.
        let _ = track.racing_line();
        let (pace, wander_m) = skill.traits();
        let mut driver = Self {
            random: seed,
            pace,
            wander_m,
            wish_m: 0.0,
            shift_m: 0.0,
            stuck_ticks: 0,
            reverse_ticks: 0,
        };
        driver.pace += 0.01 * driver.random_signed();
        driver
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
            self.wish_m = self.wander_m * self.random_signed();
        }
        let place = track.project(track.cell_at(car.travel), car.position_m());
        let speed = car.speed_mps();
        let line = track.racing_line();
        let station = car.station_m(track);
        let ahead = (LOOK_AHEAD_SECONDS * speed).max(LOOK_AHEAD_MIN_M);

        let mut wanted_speed = self.pace * line.speed_at(station + SPEED_AHEAD_SECONDS * speed);
        if car.finish.is_some() {
            wanted_speed *= 0.6;
        }
        let planned = line.lateral_at(station + ahead);
        let is_corner = line.speed_at(station + 3.0 * ahead) < CORNER_SPEED_MPS
            || line.speed_at(station) < CORNER_SPEED_MPS;
        let around = look_around(track, state, seat, &place, planned + self.wish_m, is_corner);
        // Off the line the corners are tighter than the profile thinks.
        wanted_speed *= 1.0 - (OFF_LINE_CAUTION_PER_M * self.shift_m.abs()).min(0.2);
        wanted_speed = wanted_speed.min(around.speed_max);
        let shift = around.lateral - planned;
        self.shift_m += (shift - self.shift_m).clamp(-SHIFT_PER_TICK_M, SHIFT_PER_TICK_M);

        let section = track.at(station + ahead);
        let left = (section.road_left - EDGE_MARGIN_M).max(0.0);
        let right = (section.road_right - EDGE_MARGIN_M).max(0.0);
        let target = section.point((planned + self.shift_m).clamp(-right, left));
        let steer = pursue(car, speed, target);
        // More than full lock is too fast.
        wanted_speed *= 1.0 - (0.2 * (steer.abs() - 1.0)).clamp(0.0, 0.3);
        self.pedals(speed, wanted_speed, steer)
    }

    /// Throttle and brake for the wanted speed; reverse when stuck.
    fn pedals(&mut self, speed: f64, wanted_speed: f64, steer: f64) -> Input {
        if self.reverse_ticks > 0 {
            self.reverse_ticks -= 1;
            // Something is behind, too: forwards again.
            if self.reverse_ticks < REVERSE_TICKS / 2 && speed < 0.5 {
                self.reverse_ticks = 0;
            }
            // Steering the other way while going back turns the nose round.
            return Input {
                brake: 255,
                steer: to_steer(-steer),
                ..Input::default()
            };
        }
        self.stuck_ticks = if speed < STUCK_MPS {
            self.stuck_ticks + 1
        } else {
            0
        };
        if self.stuck_ticks >= STUCK_TICKS {
            self.stuck_ticks = 0;
            self.reverse_ticks = REVERSE_TICKS;
        }
        let missing = wanted_speed - speed;
        Input {
            throttle: to_pedal(missing * 0.6),
            // At walking pace the brake would be the reverse gear.
            brake: if speed > STUCK_MPS {
                to_pedal(-missing * 0.35)
            } else {
                0
            },
            steer: to_steer(steer),
            handbrake: false,
        }
    }

    /// Uniform in −1..1 (splitmix64).
    fn random_signed(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = mix(self.random) >> 11;
        bits as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// Share of the lock that leads from `car` to `target`; beyond ±1 when
/// the car cannot turn so tightly.
fn pursue(car: &Car, speed: f64, target: Vec2) -> f64 {
    let away = target - car.position_m();
    // A car in a corner points further in than it goes: what has to be turned is
    // its course. At walking pace the course says nothing, or is backwards.
    let course = if speed > COURSE_SPEED_MIN_MPS && car.speed_forward > 0 {
        car.velocity_mps().heading()
    } else {
        car.heading_rad()
    };
    let angle = wrap_angle(away.heading() - course);
    if angle.abs() > FRAC_PI_2 {
        return angle.signum();
    }
    let curvature = 2.0 * sin(angle) / away.length().max(1.0);
    let vehicle = car.parameters();
    let wheel = atan(curvature * vehicle.wheelbase_m())
        + UNDERSTEER_RAD_PER_MPS2 * curvature * speed * speed;
    wheel / vehicle.steer_lock_rad(speed)
}

/// What the cars nearby leave of a plan.
struct Around {
    lateral: f64,
    speed_max: f64,
}

/// Looks for cars beside and ahead, and goes round them or falls in behind.
fn look_around(
    track: &Track,
    state: &RaceState,
    seat: usize,
    place: &Projection,
    planned: f64,
    is_corner: bool,
) -> Around {
    let me = &state.cars[seat];
    let speed = me.speed_mps();
    let range = 10.0 + 0.6 * speed;
    let mut around = Around {
        lateral: planned,
        speed_max: f64::INFINITY,
    };
    if me.is_ghost() {
        return around;
    }
    for (other, car) in state.cars.iter().enumerate() {
        if other == seat || car.is_ghost() {
            continue;
        }
        let gap = gap_m(track, me, car);
        if !(-5.0..range).contains(&gap) {
            continue;
        }
        let their_lateral = track
            .project(track.cell_at(car.travel), car.position_m())
            .lateral;
        let closing = speed - car.speed_mps();
        let is_beside = gap < 5.0;
        let is_slow = car.speed_mps() < 0.5 * speed;
        let goes_round = is_beside || is_slow || (!is_corner && closing > 0.5);
        let clear = around.lateral - their_lateral;
        if goes_round && clear.abs() < PASSING_M {
            // Stay on our side of a car beside; round one ahead where there is
            // more room.
            let go_left = if is_beside {
                place.lateral >= their_lateral
            } else {
                let room_left = place.road_left - their_lateral;
                let room_right = place.road_right + their_lateral;
                let bias = 0.8 * (place.lateral - their_lateral);
                room_left + bias >= room_right - bias
            };
            around.lateral = their_lateral + if go_left { PASSING_M } else { -PASSING_M };
        }
        let overlap = (place.lateral - their_lateral).abs() < CAR_WIDTH_M + 0.3;
        if gap > 2.0 && overlap {
            // Braking at 6 m/s² must end behind the other car.
            let room = (gap - 6.0).max(0.0);
            let square = car.speed_mps() * car.speed_mps() + 2.0 * 6.0 * room;
            around.speed_max = around.speed_max.min(square.sqrt().max(2.0 * STUCK_MPS));
        }
    }
    around
}

/// How far `other` is ahead of `me` along the track, metres; negative behind.
fn gap_m(track: &Track, me: &Car, other: &Car) -> f64 {
    let length = track.length_units();
    let mut gap = (other.travel.wrapping_sub(me.travel)).rem_euclid(length);
    if gap > length / 2 {
        gap -= length;
    }
    f64::from(gap) / f64::from(POSITION_UNITS_PER_M)
}

fn to_pedal(share: f64) -> u8 {
    (share * 255.0).round() as u8
}

fn to_steer(share: f64) -> i8 {
    (share.clamp(-1.0, 1.0) * 127.0).round() as i8
}

//! A driver for the highway: looks for the emptiest lane and does not hit anybody.

use domain::{Car, Controls, Vec2};

use super::{LANE_WIDTH_M, LANES, around, lane_at, lane_centre_m, traffic};
use crate::math::atan2;
use crate::{CAR_LENGTH_M, CAR_WIDTH_M, RaceState, Rules, VehicleParameters};

/// How far it looks, metres: what braking from full speed to traffic's takes,
/// and some more.
const SIGHT_M: f64 = 260.0;
/// Braking that it plans with, m/s².
const BRAKING_MPS2: f64 = 6.0;
/// Room that it leaves to the car in front, from centre to centre, metres.
const GAP_M: f64 = CAR_LENGTH_M + 5.0;
/// Somebody this far behind in another lane would be cut off, metres.
const BEHIND_M: f64 = -9.0;
/// Changing to another lane must gain this much speed, m/s.
const CHANGE_GAIN_MPS: f64 = 3.0;
/// Aims this far ahead, seconds: a lane change takes about two of it.
const LOOK_AHEAD_SECONDS: f64 = 0.9;
const LOOK_AHEAD_MIN_M: f64 = 12.0;
const COURSE_SPEED_MIN_MPS: f64 = 5.0;
/// At speed the front tyres slip: the wheels have to turn by so much more than
/// the geometry says.
const UNDERSTEER: f64 = 1.4;
/// Top speed that it wishes for, m/s.
const WISH_MPS: f64 = 90.0;

/// What a driver sees of another: how far ahead, where across, how fast.
struct Seen {
    ahead: f64,
    lateral: f64,
    speed: f64,
}

/// The controls of `seat` for the tick that `state` is about to compute. `pace` is
/// the share of the possible speed that the driver dares.
pub(crate) fn drive(rules: &Rules, state: &RaceState, seat: usize, pace: f64) -> Controls {
    let car = &state.cars[seat];
    let place = car.position_m();
    let lane = lane_at(place.y);
    let mut speeds = [pace * WISH_MPS; LANES as usize];
    // What is in the way now limits the speed; what is in a lane, the wish for it.
    let mut speed_now = pace * WISH_MPS;
    for other in seen(rules, state, seat) {
        let safe = safe_speed(other.ahead, other.speed);
        if other.ahead > 0.0 && (other.lateral - place.y).abs() < CAR_WIDTH_M + 0.5 {
            speed_now = speed_now.min(safe);
        }
        for candidate in 0..LANES {
            if (other.lateral - lane_centre_m(candidate)).abs() >= 0.5 * LANE_WIDTH_M + 0.9 {
                continue;
            }
            let wish = &mut speeds[usize::from(candidate)];
            if other.ahead > 0.0 {
                *wish = wish.min(safe);
            }
            let is_beside = (BEHIND_M..GAP_M).contains(&other.ahead);
            if candidate != lane && is_beside {
                *wish = 0.0;
            }
        }
    }
    let target = choose_lane(lane, &speeds);
    steer_and_pedals(car, lane_centre_m(target), speed_now)
}

/// The best lane that can be reached without passing through a worse one; the
/// own one unless another is clearly better.
fn choose_lane(lane: u8, speeds: &[f64; LANES as usize]) -> u8 {
    let own = speeds[usize::from(lane)];
    let mut best = (lane, own + CHANGE_GAIN_MPS);
    for side in [-1_i8, 1] {
        let neighbour = lane.wrapping_add_signed(side);
        let mut candidate = neighbour;
        // A lane that is no better itself may lead to one that is.
        while let Some(&speed) = speeds.get(usize::from(candidate)) {
            if speed < 0.8 * own || speed == 0.0 {
                break;
            }
            if speed > best.1 {
                best = (neighbour, speed);
            }
            candidate = candidate.wrapping_add_signed(side);
        }
    }
    best.0
}

/// Traffic and cars within sight, in fixed order.
fn seen(rules: &Rules, state: &RaceState, seat: usize) -> impl Iterator<Item = Seen> {
    let me = state.cars[seat].position_m();
    let strangers = traffic(
        rules,
        state.tick,
        around(me.x + 0.45 * SIGHT_M, 0.55 * SIGHT_M),
    )
    .map(move |car| Seen {
        ahead: car.position.x - me.x,
        lateral: car.position.y,
        speed: car.speed_mps,
    });
    let rivals = state
        .cars
        .iter()
        .enumerate()
        .filter(move |(other, car)| *other != seat && !car.is_ghost())
        .map(move |(_, car)| Seen {
            ahead: car.position_m().x - me.x,
            lateral: car.position_m().y,
            speed: car.velocity_mps().x,
        })
        .filter(|seen| seen.ahead.abs() < SIGHT_M);
    strangers.chain(rivals)
}

/// Speed from which braking still ends behind a car `ahead` metres away.
fn safe_speed(ahead: f64, speed: f64) -> f64 {
    let room = (ahead - GAP_M).max(0.0);
    (speed.max(0.0) * speed.max(0.0) + 2.0 * BRAKING_MPS2 * room).sqrt()
}

fn steer_and_pedals(car: &Car, lateral: f64, speed_wanted: f64) -> Controls {
    let (place, speed) = (car.position_m(), car.speed_mps());
    let ahead = (LOOK_AHEAD_SECONDS * speed).max(LOOK_AHEAD_MIN_M);
    // At walking pace the course says nothing.
    let course = if speed > COURSE_SPEED_MIN_MPS {
        car.velocity_mps()
    } else {
        Vec2::from_heading(car.heading_rad())
    };
    let target = Vec2::new(ahead, lateral - place.y);
    let angle = atan2(course.cross(target), course.dot(target));
    // Pure pursuit (Coulter 1992) for small angles.
    let curvature = 2.0 * angle / ahead;
    let wheel = UNDERSTEER * curvature * VehicleParameters::of(car.class).wheelbase_m();
    let steer = (wheel / VehicleParameters::of(car.class).steer_lock_rad(speed)).clamp(-1.0, 1.0);
    let missing = speed_wanted - speed;
    Controls {
        throttle: (255.0 * (0.6 * missing).clamp(0.0, 1.0)) as u8,
        brake: if speed > 2.0 {
            (255.0 * (-0.35 * missing).clamp(0.0, 1.0)) as u8
        } else {
            0
        },
        steer: (127.0 * steer) as i8,
        handbrake: false,
    }
}

//! An AI driver for the highway: looks for the emptiest lane and avoids contact.

use domain::{Car, Controls, Vec2};

use super::{LANE_WIDTH_M, LANES, around, lane_at, lane_centre_m, traffic};
use crate::math::atan2;
use crate::{CAR_LENGTH_M, CAR_WIDTH_M, RaceState, Rules, VehicleParameters};

/// Range of sight, metres: the braking distance from full speed to that of the
/// traffic, and some more.
const SIGHT_M: f64 = 260.0;
/// Planned deceleration, m/s².
const BRAKING_MPS2: f64 = 6.0;
/// Gap to the car in front, between centres, metres.
const GAP_M: f64 = CAR_LENGTH_M + 5.0;
/// A car nearer than this behind in another lane would be cut off, metres.
const BEHIND_M: f64 = -9.0;
/// Smallest gain of speed that justifies a lane change, m/s.
const CHANGE_GAIN_MPS: f64 = 3.0;
/// Distance of the aiming point, seconds: a lane change takes about twice this.
const LOOK_AHEAD_SECONDS: f64 = 0.9;
const LOOK_AHEAD_MIN_M: f64 = 12.0;
const COURSE_SPEED_MIN_MPS: f64 = 5.0;
/// Factor on the geometric steering angle, since the front tyres slip at speed.
const UNDERSTEER: f64 = 1.4;
/// Wanted top speed, m/s.
const WISH_MPS: f64 = 90.0;

/// Another car as the driver sees it: distance ahead, lateral position, speed.
struct Seen {
    ahead: f64,
    lateral: f64,
    speed: f64,
}

/// Returns the controls of `seat` for the tick that `state` computes next. `pace` is
/// the share of the possible speed that the driver uses.
pub(crate) fn drive(rules: &Rules, state: &RaceState, seat: usize, pace: f64) -> Controls {
    let car = &state.cars[seat];
    let position = car.position_m();
    let lane = lane_at(position.y);
    let mut speeds = [pace * WISH_MPS; LANES as usize];
    // A car in the way limits the speed; a car in a lane limits the wish for it.
    let mut speed_now = pace * WISH_MPS;
    for other in seen(rules, state, seat) {
        let safe = safe_speed(other.ahead, other.speed);
        if other.ahead > 0.0 && (other.lateral - position.y).abs() < CAR_WIDTH_M + 0.5 {
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

/// Returns the best lane that can be reached without crossing a worse one; the
/// current one unless another is clearly better.
fn choose_lane(lane: u8, speeds: &[f64; LANES as usize]) -> u8 {
    let own = speeds[usize::from(lane)];
    let mut best = (lane, own + CHANGE_GAIN_MPS);
    for side in [-1_i8, 1] {
        let neighbour = lane.wrapping_add_signed(side);
        let mut candidate = neighbour;
        // A lane that is not better itself may lead to one that is.
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

/// Returns traffic and cars within sight, in a fixed order.
fn seen(rules: &Rules, state: &RaceState, seat: usize) -> impl Iterator<Item = Seen> {
    let me = state.cars[seat].position_m();
    let traffic = traffic(
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
    traffic.chain(rivals)
}

/// Highest speed from which braking still ends behind a car `ahead` metres away.
fn safe_speed(ahead: f64, speed: f64) -> f64 {
    let room = (ahead - GAP_M).max(0.0);
    (speed.max(0.0) * speed.max(0.0) + 2.0 * BRAKING_MPS2 * room).sqrt()
}

fn steer_and_pedals(car: &Car, lateral: f64, speed_wanted: f64) -> Controls {
    let (position, speed) = (car.position_m(), car.speed_mps());
    let ahead = (LOOK_AHEAD_SECONDS * speed).max(LOOK_AHEAD_MIN_M);
    // At walking speed the course is meaningless.
    let course = if speed > COURSE_SPEED_MIN_MPS {
        car.velocity_mps()
    } else {
        Vec2::from_heading(car.heading_rad())
    };
    let target = Vec2::new(ahead, lateral - position.y);
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

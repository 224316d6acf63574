//! The size of a car, and its conversion between the wire's grid and `f64`.

use core::f64::consts::TAU;

use domain::{
    ACCELERATION_UNITS_PER_MPS2, Car, Finish, HEADING_UNITS_PER_TURN, POSITION_UNITS_PER_M,
    SPEED_UNITS_PER_MPS, STEER_UNITS_PER_RAD, Vec2, YAW_RATE_UNITS_PER_RADPS,
};

use crate::hash::StateHasher;
use crate::vehicle::Body;

/// Length of a car's collision box in metres.
pub const CAR_LENGTH_M: f64 = 4.4;
/// Width of a car's collision box in metres.
pub const CAR_WIDTH_M: f64 = 1.9;

impl Body {
    /// Converts a car to the floating-point body that the physics moves.
    pub(crate) fn of(car: &Car) -> Self {
        let heading = car.heading_rad();
        Self {
            position: car.position_m(),
            heading,
            forward: Vec2::from_heading(heading),
            speed_forward: car.forward_mps(),
            speed_lateral: car.lateral_mps(),
            yaw_rate: car.yaw_rate_radps(),
            steer_angle: car.steer_rad(),
            acceleration: car.acceleration_mps2(),
        }
    }

    /// Rounds the body to the grid. Casts saturate and never wrap.
    pub(crate) fn round_into(&self, car: &mut Car) {
        let turn = f64::from(HEADING_UNITS_PER_TURN);
        car.x = to_units(self.position.x, POSITION_UNITS_PER_M);
        car.y = to_units(self.position.y, POSITION_UNITS_PER_M);
        car.heading =
            ((self.heading * (turn / TAU)).round() as i32).rem_euclid(HEADING_UNITS_PER_TURN);
        car.speed_forward = to_units(self.speed_forward, SPEED_UNITS_PER_MPS);
        car.speed_lateral = to_units(self.speed_lateral, SPEED_UNITS_PER_MPS);
        car.yaw_rate = to_units(self.yaw_rate, YAW_RATE_UNITS_PER_RADPS);
        car.steer_angle = to_units(self.steer_angle, STEER_UNITS_PER_RAD)
            .clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        car.acceleration = to_units(self.acceleration, ACCELERATION_UNITS_PER_MPS2)
            .clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    }
}

/// Adds every field of `car` to a state's hash.
pub(crate) fn hash_car(car: &Car, hasher: &mut StateHasher) {
    for word in [
        car.x,
        car.y,
        car.heading,
        car.speed_forward,
        car.speed_lateral,
        car.yaw_rate,
        i32::from(car.steer_angle),
        i32::from(car.acceleration),
        car.travel,
    ] {
        hasher.write_signed(word);
    }
    let finish = car.finish.unwrap_or(Finish { place: 0, tick: 0 });
    for word in [
        car.credited,
        u32::from(car.gates_passed),
        car.penalty_metres,
        car.lap_start_tick,
        car.best_lap_ticks,
        u32::from(finish.place),
        finish.tick,
        u32::from(car.absent_ticks),
        u32::from(car.wrong_way_ticks),
        u32::from(car.traffic_ticks),
        u32::from(car.off_road),
        u32::from(car.class.index()),
    ] {
        hasher.write(u64::from(word));
    }
}

fn to_units(value: f64, units: i32) -> i32 {
    (value * f64::from(units)).round() as i32
}

//! A car in integer units, as snapshots carry it.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::{CarClass, TICK_RATE_HZ, Vec2};

/// Units of [`Car::x`], [`Car::y`], [`Car::travel`], [`Car::credited`] per metre.
pub const POSITION_UNITS_PER_M: i32 = 1024;
/// Units of [`Car::heading`] per turn.
pub const HEADING_UNITS_PER_TURN: i32 = 1 << 20;
/// Units of [`Car::speed_forward`] and [`Car::speed_lateral`] per m/s.
pub const SPEED_UNITS_PER_MPS: i32 = 4096;
/// Units of [`Car::yaw_rate`] per rad/s.
pub const YAW_RATE_UNITS_PER_RADPS: i32 = 8192;
/// Units of [`Car::steer_angle`] per radian.
pub const STEER_UNITS_PER_RAD: i32 = 32768;
/// Units of [`Car::acceleration`] per m/s².
pub const ACCELERATION_UNITS_PER_MPS2: i32 = 256;

/// Time without a driver after which a car is a ghost and touches no other car.
pub const GHOST_AFTER_TICKS: u8 = TICK_RATE_HZ as u8;
/// Time of driving against the track after which it is reported.
pub const WRONG_WAY_AFTER_TICKS: u8 = TICK_RATE_HZ as u8;

/// The finish of a car: its place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finish {
    /// Place in the result, 1 for the winner.
    pub place: u8,
    /// The tick at whose end the car had crossed the line.
    pub tick: u32,
}

/// The state of a car between two ticks: integers only, on the wire's grid.
///
/// A tick of the simulation converts them to `f64`, integrates and rounds back:
/// a snapshot or checkpoint of these fields continues the car exactly. The
/// default is a car at rest at the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Car {
    /// Class of the car, constant for the whole race.
    pub class: CarClass,
    /// World position, 1/1024 m.
    pub x: i32,
    /// World position, 1/1024 m.
    pub y: i32,
    /// Heading counter-clockwise from `x`, 1/2^20 turn, in `0..2^20`.
    pub heading: i32,
    /// Speed along the car, 1/4096 m/s; negative backwards.
    pub speed_forward: i32,
    /// Speed to the car's left, 1/4096 m/s.
    pub speed_lateral: i32,
    /// Yaw rate, counter-clockwise, 1/8192 rad/s.
    pub yaw_rate: i32,
    /// Angle of the front wheels, left positive, 1/32768 rad.
    pub steer_angle: i16,
    /// Acceleration along the car in the last tick, 1/256 m/s²: feeds the load
    /// transfer.
    pub acceleration: i16,
    /// Signed distance along the centre line from the start line, 1/1024 m; negative
    /// on the grid. It is also where the next projection begins.
    pub travel: i32,
    /// Largest `travel` so far, up to the target, 1/1024 m: the score.
    pub credited: u32,
    /// Gates passed in order, including the start line at the start of lap 1.
    pub gates_passed: u16,
    /// Penalties in whole metres. Always 0 on a circuit.
    pub penalty_metres: u32,
    /// Tick at which the current lap began; before the first crossing of the line,
    /// that of the start.
    pub lap_start_tick: u32,
    /// Time of the best lap so far; 0 when there is none.
    pub best_lap_ticks: u32,
    /// Set once the car has reached the target; it is a ghost from then on.
    pub finish: Option<Finish>,
    /// Ticks without a driver, up to [`GHOST_AFTER_TICKS`].
    pub absent_ticks: u8,
    /// Ticks of driving against the track, up to [`WRONG_WAY_AFTER_TICKS`].
    pub wrong_way_ticks: u8,
    /// Ticks left in which the car passes through traffic after a hit.
    pub traffic_ticks: u8,
    /// Whether all wheels are off the road.
    pub off_road: bool,
}

impl Car {
    /// World position in metres.
    #[must_use]
    pub fn position_m(&self) -> Vec2 {
        Vec2::new(
            from_units(self.x, POSITION_UNITS_PER_M),
            from_units(self.y, POSITION_UNITS_PER_M),
        )
    }

    /// Heading in radians, in `0..2π`.
    #[must_use]
    pub fn heading_rad(&self) -> f64 {
        f64::from(self.heading) * (TAU / f64::from(HEADING_UNITS_PER_TURN))
    }

    /// Angle of the front wheels, left positive, rad.
    #[must_use]
    pub fn steer_rad(&self) -> f64 {
        from_units(i32::from(self.steer_angle), STEER_UNITS_PER_RAD)
    }

    /// Speed along the car in m/s; negative backwards.
    #[must_use]
    pub fn forward_mps(&self) -> f64 {
        from_units(self.speed_forward, SPEED_UNITS_PER_MPS)
    }

    /// Speed to the car's left in m/s.
    #[must_use]
    pub fn lateral_mps(&self) -> f64 {
        from_units(self.speed_lateral, SPEED_UNITS_PER_MPS)
    }

    /// Yaw rate, counter-clockwise, in rad/s.
    #[must_use]
    pub fn yaw_rate_radps(&self) -> f64 {
        from_units(self.yaw_rate, YAW_RATE_UNITS_PER_RADPS)
    }

    /// Acceleration along the car in the last tick, m/s².
    #[must_use]
    pub fn acceleration_mps2(&self) -> f64 {
        from_units(i32::from(self.acceleration), ACCELERATION_UNITS_PER_MPS2)
    }

    /// Magnitude of the velocity in m/s.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        let (forward, lateral) = (self.forward_mps(), self.lateral_mps());
        (forward * forward + lateral * lateral).sqrt()
    }

    /// Velocity in the world's frame in m/s.
    #[must_use]
    pub fn velocity_mps(&self) -> Vec2 {
        let forward = Vec2::from_heading(self.heading_rad());
        forward * self.forward_mps() + forward.left() * self.lateral_mps()
    }

    /// Whether the car is a ghost, which touches no other car: without a driver for a
    /// second, or finished.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        self.absent_ticks >= GHOST_AFTER_TICKS || self.finish.is_some()
    }
}

fn from_units(value: i32, units: i32) -> f64 {
    f64::from(value) / f64::from(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_of_the_wire_become_si() {
        let car = Car {
            x: 2 * POSITION_UNITS_PER_M,
            y: -POSITION_UNITS_PER_M / 2,
            heading: HEADING_UNITS_PER_TURN / 4,
            speed_forward: 3 * SPEED_UNITS_PER_MPS,
            speed_lateral: 4 * SPEED_UNITS_PER_MPS,
            yaw_rate: -2 * YAW_RATE_UNITS_PER_RADPS,
            steer_angle: (STEER_UNITS_PER_RAD / 2) as i16,
            acceleration: 9 * ACCELERATION_UNITS_PER_MPS2 as i16,
            ..Car::default()
        };
        assert_eq!(car.position_m(), Vec2::new(2.0, -0.5));
        assert_eq!(car.speed_mps(), 5.0);
        let velocity = car.velocity_mps() - Vec2::new(-4.0, 3.0);
        assert!(velocity.length() < 1e-12, "{velocity:?}");
        assert_eq!((car.yaw_rate_radps(), car.steer_rad()), (-2.0, 0.5));
        assert_eq!(car.acceleration_mps2(), 9.0);
    }

    #[test]
    fn a_car_is_a_ghost_without_a_driver_and_after_the_finish() {
        let ghost = |absent_ticks, finish| {
            Car {
                absent_ticks,
                finish,
                ..Car::default()
            }
            .is_ghost()
        };
        assert!(!ghost(GHOST_AFTER_TICKS - 1, None));
        assert!(ghost(GHOST_AFTER_TICKS, None));
        assert!(ghost(0, Some(Finish { place: 1, tick: 9 })));
    }
}

//! A car on the wire's grid.

use core::f64::consts::TAU;

use crate::hash::StateHasher;
use crate::math::Vec2;
use crate::vehicle::Body;
use crate::{CarClass, TICK_RATE_HZ, Track, VehicleParameters};

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

/// Length of a car's collision box in metres.
pub const CAR_LENGTH_M: f64 = 4.4;
/// Width of a car's collision box in metres.
pub const CAR_WIDTH_M: f64 = 1.9;

/// A car without a driver for this long touches nobody (docs/design.md, Clients and gateways).
pub const GHOST_AFTER_TICKS: u8 = TICK_RATE_HZ as u8;
/// Going against the track for this long is reported.
pub const WRONG_WAY_AFTER_TICKS: u8 = TICK_RATE_HZ as u8;

/// When and where a car reached the target.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finish {
    /// 1 for the winner.
    pub place: u8,
    /// The tick at whose end the car was over the line.
    pub tick: u32,
}

/// A car as it is between two ticks: integers only, on the wire's grid.
///
/// [`step`](crate::step) converts them to `f64`, integrates and rounds back, so
/// that whoever holds these fields can continue the car exactly.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Car {
    /// What kind of car it is: the same for the whole race.
    pub class: CarClass,
    /// World position, 1/1024 m.
    pub x: i32,
    /// World position, 1/1024 m.
    pub y: i32,
    /// Counter-clockwise from `x`, 1/2^20 turn, in `0..2^20`.
    pub heading: i32,
    /// Along the car, 1/4096 m/s; negative backwards.
    pub speed_forward: i32,
    /// To the car's left, 1/4096 m/s.
    pub speed_lateral: i32,
    /// Counter-clockwise, 1/8192 rad/s.
    pub yaw_rate: i32,
    /// Of the front wheels, left positive, 1/32768 rad.
    pub steer_angle: i16,
    /// Along the car in the last tick, 1/256 m/s²: feeds the load transfer.
    pub acceleration: i16,
    /// Signed way along the centre line since the start line, 1/1024 m; negative
    /// on the grid. It is also the place at which the next projection begins.
    pub travel: i32,
    /// The most that `travel` has been, up to the target, 1/1024 m: the score.
    pub credited: u32,
    /// Gates passed in order, the start line at the start of lap 1 included.
    pub gates_passed: u16,
    /// Whole metres taken off the score. Always 0 on a circuit.
    pub penalty_metres: u32,
    /// Tick at which the current lap began; before the line, that of the start.
    pub lap_start_tick: u32,
    /// Time of the best lap so far; 0 when there is none.
    pub best_lap_ticks: u32,
    /// Set once the car has reached the target; it is a ghost from then on.
    pub finish: Option<Finish>,
    /// Ticks without a driver, up to [`GHOST_AFTER_TICKS`].
    pub absent_ticks: u8,
    /// Ticks of going against the track, up to [`WRONG_WAY_AFTER_TICKS`].
    pub wrong_way_ticks: u8,
    /// Ticks for which the car still passes through traffic, after a hit.
    pub traffic_ticks: u8,
    /// Whether all wheels are off the road.
    pub off_road: bool,
}

impl Car {
    /// How the car drives.
    #[must_use]
    pub fn parameters(&self) -> &'static VehicleParameters {
        self.class.parameters()
    }

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

    /// Angle of the front wheels, to the left, rad.
    #[must_use]
    pub fn steer_rad(&self) -> f64 {
        from_units(i32::from(self.steer_angle), STEER_UNITS_PER_RAD)
    }

    /// Magnitude of the velocity in m/s.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        let forward = from_units(self.speed_forward, SPEED_UNITS_PER_MPS);
        let lateral = from_units(self.speed_lateral, SPEED_UNITS_PER_MPS);
        (forward * forward + lateral * lateral).sqrt()
    }

    /// Velocity in the world's frame in m/s.
    #[must_use]
    pub fn velocity_mps(&self) -> Vec2 {
        let forward = Vec2::from_heading(self.heading_rad());
        forward * from_units(self.speed_forward, SPEED_UNITS_PER_MPS)
            + forward.left() * from_units(self.speed_lateral, SPEED_UNITS_PER_MPS)
    }

    /// Whether the car touches nobody: without a driver for a second, or finished.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        self.absent_ticks >= GHOST_AFTER_TICKS || self.finish.is_some()
    }

    /// Laps completed.
    #[must_use]
    pub fn laps_completed(&self, track: &Track) -> u16 {
        self.gates_passed.saturating_sub(1) / track.gate_count()
    }

    /// Index of the gate to pass next, `0..track.gate_count()`; 0 is the start line.
    #[must_use]
    pub fn next_gate(&self, track: &Track) -> u16 {
        self.gates_passed % track.gate_count()
    }

    /// Distance from the start line along the centre line in metres, in `0..length`.
    #[must_use]
    pub fn station_m(&self, track: &Track) -> f64 {
        from_units(
            self.travel.rem_euclid(track.length_units()),
            POSITION_UNITS_PER_M,
        )
    }

    /// The car as the physics take it, before it moves.
    pub(crate) fn body(&self) -> Body {
        let heading = self.heading_rad();
        Body {
            position: self.position_m(),
            heading,
            forward: Vec2::from_heading(heading),
            speed_forward: from_units(self.speed_forward, SPEED_UNITS_PER_MPS),
            speed_lateral: from_units(self.speed_lateral, SPEED_UNITS_PER_MPS),
            yaw_rate: from_units(self.yaw_rate, YAW_RATE_UNITS_PER_RADPS),
            steer_angle: from_units(i32::from(self.steer_angle), STEER_UNITS_PER_RAD),
            acceleration: from_units(i32::from(self.acceleration), ACCELERATION_UNITS_PER_MPS2),
        }
    }

    /// Rounds `body` to the grid. Casts saturate, so that nothing wraps.
    pub(crate) fn set_body(&mut self, body: &Body) {
        let turn = f64::from(HEADING_UNITS_PER_TURN);
        self.x = to_units(body.position.x, POSITION_UNITS_PER_M);
        self.y = to_units(body.position.y, POSITION_UNITS_PER_M);
        self.heading =
            ((body.heading * (turn / TAU)).round() as i32).rem_euclid(HEADING_UNITS_PER_TURN);
        self.speed_forward = to_units(body.speed_forward, SPEED_UNITS_PER_MPS);
        self.speed_lateral = to_units(body.speed_lateral, SPEED_UNITS_PER_MPS);
        self.yaw_rate = to_units(body.yaw_rate, YAW_RATE_UNITS_PER_RADPS);
        self.steer_angle = to_units(body.steer_angle, STEER_UNITS_PER_RAD)
            .clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        self.acceleration = to_units(body.acceleration, ACCELERATION_UNITS_PER_MPS2)
            .clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    }

    pub(crate) fn hash_into(&self, hasher: &mut StateHasher) {
        for word in [
            self.x,
            self.y,
            self.heading,
            self.speed_forward,
            self.speed_lateral,
            self.yaw_rate,
            i32::from(self.steer_angle),
            i32::from(self.acceleration),
            self.travel,
        ] {
            hasher.write_signed(word);
        }
        let finish = self.finish.unwrap_or(Finish { place: 0, tick: 0 });
        for word in [
            self.credited,
            u32::from(self.gates_passed),
            self.penalty_metres,
            self.lap_start_tick,
            self.best_lap_ticks,
            u32::from(finish.place),
            finish.tick,
            u32::from(self.absent_ticks),
            u32::from(self.wrong_way_ticks),
            u32::from(self.traffic_ticks),
            u32::from(self.off_road),
            u32::from(self.class.index()),
        ] {
            hasher.write(u64::from(word));
        }
    }
}

fn from_units(value: i32, units: i32) -> f64 {
    f64::from(value) / f64::from(units)
}

fn to_units(value: f64, units: i32) -> i32 {
    (value * f64::from(units)).round() as i32
}

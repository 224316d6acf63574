//! The physics of one car: a single-track model with simplified Pacejka tyres.
//!
//! The model and its tuning are those of a prototype, whose figures are in
//! `docs/simulation.md`; the aids (traction control, ABS, stability,
//! speed-dependent lock) make it drivable with a keyboard. The tyre curve is
//! Pacejka's magic formula without the curvature term (Pacejka, *Tire and
//! Vehicle Dynamics*, §4.3).

mod envelope;
mod parameters;

use domain::{Controls, Vec2};

pub(crate) use envelope::Envelope;
pub use parameters::VehicleParameters;

use crate::TICK_SECONDS;
use crate::math::{atan, atan2, cos, sin};

pub(crate) const GRAVITY_MPS2: f64 = 9.81;
/// Grip off the road, relative to the road's (docs/design.md, Simulation).
pub const GRIP_OFF_ROAD: f64 = 0.55;
/// Smallest load of an axle: keeps the tyre forces finite.
const AXLE_LOAD_MIN_N: f64 = 200.0;
/// Speed below which resistance fades to zero: it must not push a car backwards.
const STILL_MPS: f64 = 0.2;
/// Speed below which a coasting car stops: on the wire's grid the last centimetres
/// per second would otherwise never decay.
const REST_MPS: f64 = 0.1;
/// Keeps the slip angle finite at a standstill.
const SLIP_SPEED_MIN_MPS: f64 = 0.5;
/// Below `LOW` the car rolls without slip, above `HIGH` the tyres decide: the
/// tyre equations are stiff at walking speed and a 60 Hz step would chatter.
const KINEMATIC_LOW_MPS: f64 = 2.0;
const KINEMATIC_HIGH_MPS: f64 = 5.0;
/// Bounds that only several contacts at once reach; they keep the state finite.
const SPEED_MAX_MPS: f64 = 110.0;
const YAW_RATE_MAX_RADPS: f64 = 12.0;

/// A car while a tick is computed: SI units, `f64`.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Body {
    pub(crate) position: Vec2,
    pub(crate) heading: f64,
    /// Unit vector of the heading, updated once per tick when the body moves.
    pub(crate) forward: Vec2,
    pub(crate) speed_forward: f64,
    pub(crate) speed_lateral: f64,
    pub(crate) yaw_rate: f64,
    pub(crate) steer_angle: f64,
    pub(crate) acceleration: f64,
}

impl Body {
    pub(crate) fn at_rest(position: Vec2, heading: f64) -> Self {
        Self {
            position,
            heading,
            forward: Vec2::from_heading(heading),
            speed_forward: 0.0,
            speed_lateral: 0.0,
            yaw_rate: 0.0,
            steer_angle: 0.0,
            acceleration: 0.0,
        }
    }

    /// Velocity in the world's frame.
    pub(crate) fn velocity(&self) -> Vec2 {
        self.forward * self.speed_forward + self.forward.left() * self.speed_lateral
    }

    /// Velocity in the world's frame of the point at `arm` from the centre.
    pub(crate) fn velocity_at(&self, arm: Vec2) -> Vec2 {
        self.velocity() + arm.left() * self.yaw_rate
    }

    pub(crate) fn set_velocity(&mut self, velocity: Vec2) {
        self.speed_forward = velocity.dot(self.forward);
        self.speed_lateral = velocity.dot(self.forward.left());
        self.limit();
    }

    fn limit(&mut self) {
        let square =
            self.speed_forward * self.speed_forward + self.speed_lateral * self.speed_lateral;
        if square > SPEED_MAX_MPS * SPEED_MAX_MPS {
            let factor = SPEED_MAX_MPS / square.sqrt();
            self.speed_forward *= factor;
            self.speed_lateral *= factor;
        }
        self.yaw_rate = self.yaw_rate.clamp(-YAW_RATE_MAX_RADPS, YAW_RATE_MAX_RADPS);
    }
}

/// Controls as fractions: throttle and brake 0..=1, steer −1..=1.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct ControlFractions {
    pub(crate) throttle: f64,
    pub(crate) brake: f64,
    pub(crate) steer: f64,
    pub(crate) handbrake: bool,
}

impl From<Controls> for ControlFractions {
    fn from(controls: Controls) -> Self {
        Self {
            throttle: f64::from(controls.throttle) / 255.0,
            brake: f64::from(controls.brake) / 255.0,
            steer: (f64::from(controls.steer) / 127.0).max(-1.0),
            handbrake: controls.handbrake,
        }
    }
}

/// Advances `body` by one tick. `grip` is the surface's, 1 on the road.
///
/// Semi-implicit Euler: forces at the old state, position with the new velocity.
pub(crate) fn advance(
    body: &mut Body,
    controls: ControlFractions,
    grip: f64,
    car: &VehicleParameters,
) {
    let (vx, vy, yaw_rate) = (body.speed_forward, body.speed_lateral, body.yaw_rate);
    let speed = (vx * vx + vy * vy).sqrt();
    let wheelbase = car.wheelbase_m();

    turn_wheels(body, controls.steer, speed, car);
    let (steer_sin, steer_cos) = (sin(body.steer_angle), cos(body.steer_angle));
    let steer_tan = steer_sin / steer_cos;

    let downforce = car.downforce_n(speed);
    let transfer = car.load_transfer * body.acceleration * car.mass_height_m;
    let load = |weight_arm: f64, aero: f64| {
        (car.mass_kg * weight_arm / wheelbase + downforce * aero).max(AXLE_LOAD_MIN_N)
    };
    let load_front = load(GRAVITY_MPS2 * car.rear_axle_m - transfer, car.aero_balance);
    let load_rear = load(
        GRAVITY_MPS2 * car.front_axle_m + transfer,
        1.0 - car.aero_balance,
    );
    let limit_front = car.grip_front * grip * load_front;
    let limit_rear = car.grip_rear * grip * load_rear;

    let direction = (vx / STILL_MPS).clamp(-1.0, 1.0);
    // 0 where the car rolls without slip, 1 where the tyres decide.
    let tyres =
        ((speed - KINEMATIC_LOW_MPS) / (KINEMATIC_HIGH_MPS - KINEMATIC_LOW_MPS)).clamp(0.0, 1.0);
    let rolling = vx.abs().max(SLIP_SPEED_MIN_MPS);
    let wheel_side = if vx >= 0.0 {
        body.steer_angle
    } else {
        -body.steer_angle
    };
    let slip_front = atan2(vy + car.front_axle_m * yaw_rate, rolling) - wheel_side;
    let slip_rear = atan2(vy - car.rear_axle_m * yaw_rate, rolling);
    let curve = |slip: f64| sin(car.tyre_shape * atan(car.tyre_stiffness * slip));
    let lateral_front = -limit_front * curve(slip_front);
    let mut lateral_rear = -limit_rear * curve(slip_rear);

    // Lateral first: throttle and brakes get what the corner leaves of the friction
    // ellipse. A keyboard has no half pedal.
    let remaining = |limit: f64, lateral: f64| {
        let rest = (limit * limit - lateral * lateral).max(0.0).sqrt();
        rest.max(car.longitudinal_share_min * limit)
    };
    // A wheel that rolls has no slip angle, whatever the formula says at a
    // standstill: it neither uses up grip nor holds the car back.
    let spare_front = remaining(limit_front, tyres * lateral_front);
    let spare_rear = remaining(limit_rear, tyres * lateral_rear);
    let reversing = controls.brake > 0.0 && controls.throttle == 0.0 && vx < REST_MPS;
    let (mut drive_rear, mut drive_front) = (0.0, 0.0);
    if reversing {
        let room = (1.0 + vx / car.reverse_speed_mps).clamp(0.0, 1.0);
        drive_rear = -(controls.brake * car.reverse_force_n * room).min(0.9 * spare_rear);
    } else {
        let engine = controls.throttle * car.engine_force_n(speed);
        drive_rear += engine.min(car.traction_share * spare_rear);
        let brakes = controls.brake * car.brake_force_n;
        drive_rear -= (brakes * (1.0 - car.brake_balance)).min(0.9 * spare_rear) * direction;
        drive_front -= (brakes * car.brake_balance).min(0.95 * spare_front) * direction;
    }
    if controls.handbrake {
        drive_rear = -0.6 * limit_rear * direction;
        lateral_rear *= car.handbrake_lateral_share;
    }

    let engine_brake = car.engine_brake_mps2 * (1.0 - controls.throttle) * (speed / 60.0).min(1.0);
    let resistance = -0.5 * car.air_density_kgpm3 * car.drag_area_m2 * speed * vx
        - car.mass_kg
            * direction
            * (car.rolling_resistance * GRAVITY_MPS2
                + (1.0 - grip) * (car.plough_mps2 + car.plough_per_s * speed)
                + if reversing { 0.0 } else { engine_brake });
    let side_front = lateral_front * steer_cos + drive_front * steer_sin;
    let forward = (drive_rear + drive_front * steer_cos - tyres * lateral_front * steer_sin
        + resistance)
        / car.mass_kg;
    let sideways = (lateral_rear + side_front) / car.mass_kg;
    let mut moment = car.front_axle_m * side_front - car.rear_axle_m * lateral_rear;
    moment -= stability_moment(
        yaw_rate,
        vx,
        speed,
        steer_tan,
        grip,
        controls.handbrake,
        car,
    );

    let next_forward = vx + (forward + vy * yaw_rate) * TICK_SECONDS;
    let next_lateral = vy + (sideways - vx * yaw_rate) * TICK_SECONDS;
    let next_yaw = yaw_rate + moment / car.yaw_inertia_kgm2 * TICK_SECONDS;
    let yaw_rolling = next_forward * steer_tan / wheelbase;
    body.acceleration = forward;
    body.speed_forward = next_forward;
    body.speed_lateral = tyres * next_lateral + (1.0 - tyres) * car.rear_axle_m * yaw_rolling;
    body.yaw_rate = tyres * next_yaw + (1.0 - tyres) * yaw_rolling;
    if controls.throttle == 0.0 && !reversing && body.speed_forward.abs() < REST_MPS && tyres == 0.0
    {
        body.speed_forward = 0.0;
        body.speed_lateral = 0.0;
        body.yaw_rate = 0.0;
        body.acceleration = 0.0;
    }
    body.limit();
    body.heading += body.yaw_rate * TICK_SECONDS;
    body.forward = Vec2::from_heading(body.heading);
    body.position = body.position + body.velocity() * TICK_SECONDS;
}

/// Turns the front wheels towards the lock that `steer` asks for.
fn turn_wheels(body: &mut Body, steer: f64, speed: f64, car: &VehicleParameters) {
    let target = steer * car.steer_lock_rad(speed);
    let winding_on = target.abs() > body.steer_angle.abs() && target * body.steer_angle >= 0.0;
    let rate = if winding_on {
        car.steer_rate_radps
    } else {
        car.steer_return_radps
    };
    let most = rate * TICK_SECONDS;
    body.steer_angle += (target - body.steer_angle).clamp(-most, most);
}

/// Stability control: the moment against the yaw rate that exceeds, or turns
/// against, what the front wheels ask for.
fn stability_moment(
    yaw_rate: f64,
    vx: f64,
    speed: f64,
    steer_tan: f64,
    grip: f64,
    handbrake: bool,
    car: &VehicleParameters,
) -> f64 {
    let most = 0.95 * car.grip_front * grip * GRAVITY_MPS2 / speed.max(3.0);
    let wanted = (vx * steer_tan / car.wheelbase_m()).clamp(-most, most);
    let exceeds = !handbrake && yaw_rate.abs() > wanted.abs();
    let against = yaw_rate * wanted < 0.0;
    if !exceeds && !against {
        return 0.0;
    }
    car.stability_nms * (yaw_rate - wanted) * (speed / 10.0).min(1.0)
}

#[cfg(test)]
mod tests;

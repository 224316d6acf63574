//! The performance envelope of a car, derived from its parameters: the limits for
//! the speed profile, and the steering angle that a corner needs.
//!
//! Steady states of the single-track model: an
//! axle carries its share of the weight and of the downforce, and its tyres
//! give at most friction times load.

use super::{GRAVITY_MPS2, VehicleParameters};
use crate::math::{asin, tan};

/// Largest share of an axle's grip for which its slip is computed: beyond it the
/// tyre curve is flat and its inverse diverges.
const GRIP_USE_MAX: f64 = 0.98;
/// Share of the grip of front and rear axle that the anti-lock brakes leave.
const ANTI_LOCK: [f64; 2] = [0.95, 0.9];

/// The performance envelope of one kind of car.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Envelope<'a> {
    vehicle: &'a VehicleParameters,
    /// Lateral acceleration of the car at which the front and the rear axle give
    /// way, as `still + per_square · v²`, in m/s² and 1/m.
    still: [f64; 2],
    per_square: [f64; 2],
}

impl<'a> Envelope<'a> {
    pub(crate) fn of(vehicle: &'a VehicleParameters) -> Self {
        let friction = [vehicle.grip_front, vehicle.grip_rear];
        // The share of the mass on an axle is proportional to the distance of the
        // other axle.
        let arm = [vehicle.rear_axle_m, vehicle.front_axle_m];
        let balance = [vehicle.aero_balance, 1.0 - vehicle.aero_balance];
        let downforce = 0.5 * vehicle.air_density_kgpm3 * vehicle.lift_area_m2 / vehicle.mass_kg;
        let per_square = |axle: usize| {
            friction[axle] * downforce * balance[axle] * vehicle.wheelbase_m() / arm[axle]
        };
        Self {
            vehicle,
            still: friction.map(|friction| friction * GRAVITY_MPS2),
            per_square: [per_square(0), per_square(1)],
        }
    }

    /// Highest speed in a corner of `curvature` 1/m with a share `grip` of the
    /// grip, m/s.
    pub(crate) fn cornering_speed(&self, curvature: f64, grip: f64) -> f64 {
        let axle = |axle: usize| {
            // v² κ = a + d v², hence v² = a / (κ − d).
            let rest = curvature.abs() - grip * self.per_square[axle];
            grip * self.still[axle] / rest.max(1e-6)
        };
        axle(0).min(axle(1)).sqrt()
    }

    /// Deceleration at full brakes and `speed` m/s in a corner of `curvature` 1/m
    /// with a share `grip` of the grip, m/s².
    pub(crate) fn braking(&self, speed: f64, curvature: f64, grip: f64) -> f64 {
        let car = self.vehicle;
        let split = [car.brake_balance, 1.0 - car.brake_balance];
        let lateral = speed * speed * curvature.abs();
        // Braking moves load from the rear axle to the front.
        let transfer = car.load_transfer * self.brakes() * car.mass_height_m;
        let friction = [car.grip_front, -car.grip_rear];
        let axle = |axle: usize| {
            let arm = [car.rear_axle_m, car.front_axle_m][axle];
            let limit = grip * (self.limit(axle, speed) + friction[axle] * transfer / arm);
            let rest = (limit * limit - lateral * lateral).max(0.0).sqrt();
            let rest = ANTI_LOCK[axle] * rest.max(car.longitudinal_share_min * limit);
            // `limit` is the car's acceleration, of which the axle has its share.
            let tyres = rest * arm / car.wheelbase_m();
            tyres.min(split[axle] * car.brake_force_n / car.mass_kg)
        };
        axle(0) + axle(1) + self.resistance(speed)
    }

    /// Acceleration at full throttle on a straight, m/s².
    pub(crate) fn driving(&self, speed: f64) -> f64 {
        let car = self.vehicle;
        car.drive_force_n.min(car.power_w / speed.max(1.0)) / car.mass_kg
    }

    /// Deceleration that a fully pressed brake pedal asks for, m/s².
    pub(crate) fn brakes(&self) -> f64 {
        self.vehicle.brake_force_n / self.vehicle.mass_kg
    }

    /// Deceleration by air and rolling, m/s².
    pub(crate) fn resistance(&self, speed: f64) -> f64 {
        let car = self.vehicle;
        let air = 0.5 * car.air_density_kgpm3 * car.drag_area_m2 / car.mass_kg;
        air * speed * speed + car.rolling_resistance * GRAVITY_MPS2
    }

    /// Angle of the front wheels for a corner of `curvature` 1/m at `speed` m/s,
    /// rad: the geometric angle plus the difference of the slip angles.
    pub(crate) fn steer_angle(&self, speed: f64, curvature: f64) -> f64 {
        let slip = self.slip_angles(speed, curvature);
        self.vehicle.wheelbase_m() * curvature + slip[0] - slip[1]
    }

    /// Angle of the front wheels at full lock, rad.
    pub(crate) fn steer_lock(&self, speed: f64) -> f64 {
        self.vehicle.steer_lock_rad(speed)
    }

    /// Angle between nose and course in a corner, rad; positive into the corner.
    pub(crate) fn nose_in(&self, speed: f64, curvature: f64) -> f64 {
        self.slip_angles(speed, curvature)[1] - self.vehicle.rear_axle_m * curvature
    }

    /// Slip angles of front and rear in a corner, rad: the inverse of the tyre curve.
    /// A corner tighter than the tyres can hold gives their limit.
    fn slip_angles(&self, speed: f64, curvature: f64) -> [f64; 2] {
        let car = self.vehicle;
        let limit = [self.limit(0, speed), self.limit(1, speed)];
        let most = GRIP_USE_MAX * limit[0].min(limit[1]);
        let lateral = (speed * speed * curvature).clamp(-most, most);
        limit.map(|limit| tan(asin(lateral / limit) / car.tyre_shape) / car.tyre_stiffness)
    }

    /// Lateral acceleration of the car at which an axle gives way, m/s².
    fn limit(&self, axle: usize, speed: f64) -> f64 {
        self.still[axle] + self.per_square[axle] * speed * speed
    }
}

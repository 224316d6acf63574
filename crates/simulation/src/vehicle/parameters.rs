//! Parameters of the car classes.

use domain::CarClass;

use super::GRAVITY_MPS2;
use crate::math::atan;

/// The parameters of the single-track model, in SI units.
///
/// Unless noted otherwise, a value comes from the tuning of the prototype (its
/// figures are in `docs/simulation.md`); the constants of the classes describe how
/// they differ.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct VehicleParameters {
    /// Mass with driver, kg. A GT3 car weighs 1,250–1,300 kg without.
    pub mass_kg: f64,
    /// Yaw inertia, kg m². About 0.9 m a b, which is usual for a car with its
    /// engine near the middle (Milliken, *Race Car Vehicle Dynamics*, §11).
    pub yaw_inertia_kgm2: f64,
    /// Centre of mass to front axle, m. A wheelbase of 2.6 m with 52 % of the
    /// weight in front: stable without being lazy.
    pub front_axle_m: f64,
    /// Centre of mass to rear axle, m.
    pub rear_axle_m: f64,
    /// Height of the centre of mass, m: scales the load transfer.
    pub mass_height_m: f64,
    /// Part of the load transfer that reaches the axles; below 1 it keeps the
    /// rear calm when the driver lifts in a corner.
    pub load_transfer: f64,
    /// Stiffness factor B of the tyre curve. With C it puts the peak at a slip
    /// angle of about 10°, where a keyboard can still find it.
    pub tyre_stiffness: f64,
    /// Shape factor C of the tyre curve. Pacejka gives 1.3 for lateral slip; the
    /// higher value falls off more beyond the peak, so that a slide is felt.
    pub tyre_shape: f64,
    /// Peak friction of the front axle: a racing slick's 1.3–1.5.
    pub grip_front: f64,
    /// Peak friction of the rear axle; above the front's, so that the car
    /// understeers at the limit.
    pub grip_rear: f64,
    /// Engine power, W. With the drag area it decides the top speed.
    pub power_w: f64,
    /// Largest force of the engine at low speed, N: that of first gear.
    pub drive_force_n: f64,
    /// Traction control: share of the rear grip that the engine may use.
    pub traction_share: f64,
    /// Share of an axle's grip that braking and driving always keep, whatever
    /// the corner takes: a car at full lock can still slow down.
    pub longitudinal_share_min: f64,
    /// Force at full brakes, N: about what the tyres hold at 100 km/h.
    pub brake_force_n: f64,
    /// Share of the front axle in it, as the load under braking demands.
    pub brake_balance: f64,
    /// Engine braking at 60 m/s with a closed throttle, m/s².
    pub engine_brake_mps2: f64,
    /// Share of the rear lateral grip that the handbrake leaves; decides the angle of
    /// a handbrake turn.
    pub handbrake_lateral_share: f64,
    /// Drag area, m².
    pub drag_area_m2: f64,
    /// Downforce area, m².
    pub lift_area_m2: f64,
    /// Share of the front axle in the downforce: less than in the weight, so
    /// that the car becomes calmer as it becomes faster.
    pub aero_balance: f64,
    /// Density of the air, kg/m³, at 20 °C and sea level.
    pub air_density_kgpm3: f64,
    /// Rolling resistance: tyres on asphalt.
    pub rolling_resistance: f64,
    /// Deceleration off the road for each unit of lost grip, m/s²: gravel that
    /// the wheels push aside.
    pub plough_mps2: f64,
    /// Increase of that deceleration with speed, 1/s. At full throttle off the road a
    /// car slows down to some 25 m/s: no short cut pays, and no car gets stuck.
    pub plough_per_s: f64,
    /// Largest steering angle, rad.
    pub steer_angle_max_rad: f64,
    /// Steering rate into a corner, rad/s: a key is either up or down, the wheel
    /// takes 0.2 s.
    pub steer_rate_radps: f64,
    /// Steering rate back to straight, rad/s: faster, so that a released key
    /// means straight on.
    pub steer_return_radps: f64,
    /// Slip angle that full lock asks of the front tyres at speed, rad: just
    /// short of their peak, so that full lock is the best lock.
    pub steer_slip_rad: f64,
    /// Stability control: yaw moment per rad/s beyond what the steering asks,
    /// N m s. 8,000 stops every spin of the prototype.
    pub stability_nms: f64,
    /// Force in reverse gear, N.
    pub reverse_force_n: f64,
    /// Top speed in reverse gear, m/s: driving backwards gains nothing.
    pub reverse_speed_mps: f64,
}

impl VehicleParameters {
    /// Parameters of a class.
    #[must_use]
    pub const fn of(class: CarClass) -> &'static Self {
        match class {
            CarClass::Grip => &Self::GRIP,
            CarClass::Power => &Self::POWER,
            CarClass::Drift => &Self::DRIFT,
        }
    }

    /// The tuned car of the prototype, of which the classes are variations:
    /// 0–100 km/h in 4.2 s, 303 km/h, 100–0 in 30 m, 1.2–1.6 g.
    pub const TOURER: Self = Self {
        mass_kg: 1300.0,
        yaw_inertia_kgm2: 1900.0,
        front_axle_m: 1.25,
        rear_axle_m: 1.35,
        mass_height_m: 0.4,
        load_transfer: 0.4,
        tyre_stiffness: 9.0,
        tyre_shape: 1.45,
        grip_front: 1.35,
        grip_rear: 1.45,
        power_w: 300e3,
        drive_force_n: 9500.0,
        traction_share: 0.9,
        longitudinal_share_min: 0.25,
        brake_force_n: 16000.0,
        brake_balance: 0.62,
        engine_brake_mps2: 1.5,
        handbrake_lateral_share: 0.5,
        drag_area_m2: 0.75,
        lift_area_m2: 1.2,
        aero_balance: 0.42,
        air_density_kgpm3: 1.2,
        rolling_resistance: 0.012,
        plough_mps2: 4.0,
        plough_per_s: 0.25,
        steer_angle_max_rad: 0.55,
        steer_rate_radps: 3.2,
        steer_return_radps: 5.0,
        steer_slip_rad: 0.08,
        stability_nms: 8000.0,
        reverse_force_n: 6500.0,
        reverse_speed_mps: 6.0,
    };

    /// Light, with much grip and a large wing: early on the throttle, late on the
    /// brakes, and 15 km/h slower at the end of a straight.
    pub const GRIP: Self = Self {
        mass_kg: 1200.0,
        yaw_inertia_kgm2: 1750.0,
        grip_front: 1.39,
        grip_rear: 1.50,
        power_w: 258e3,
        drive_force_n: 8800.0,
        brake_force_n: 15500.0,
        drag_area_m2: 0.76,
        lift_area_m2: 1.5,
        ..Self::TOURER
    };

    /// Heavy, with a powerful engine: slow corner entry, long braking zones, and
    /// 318 km/h.
    pub const POWER: Self = Self {
        mass_kg: 1400.0,
        yaw_inertia_kgm2: 2100.0,
        grip_front: 1.35,
        grip_rear: 1.45,
        power_w: 348e3,
        drive_force_n: 10600.0,
        brake_force_n: 16500.0,
        drag_area_m2: 0.74,
        lift_area_m2: 1.15,
        ..Self::TOURER
    };

    /// Quick steering, little stability control and a rear axle with only a little
    /// more grip than the front: it slides when asked to, and its handbrake turns it
    /// by 65° where the prototype stops at 45°.
    pub const DRIFT: Self = Self {
        mass_kg: 1250.0,
        yaw_inertia_kgm2: 1700.0,
        grip_front: 1.38,
        grip_rear: 1.45,
        power_w: 295e3,
        drive_force_n: 9800.0,
        handbrake_lateral_share: 0.42,
        steer_angle_max_rad: 0.65,
        steer_rate_radps: 4.2,
        steer_return_radps: 6.0,
        stability_nms: 5200.0,
        ..Self::TOURER
    };

    /// Distance between the axles, m.
    #[must_use]
    pub fn wheelbase_m(&self) -> f64 {
        self.front_axle_m + self.rear_axle_m
    }

    /// The angle of the front wheels at full lock at `speed` m/s: it falls with
    /// speed to what the tyres can use.
    #[must_use]
    pub fn steer_lock_rad(&self, speed: f64) -> f64 {
        let curve = self.wheelbase_m() * self.grip_front * GRAVITY_MPS2 / (speed * speed).max(1.0);
        (atan(curve) + self.steer_slip_rad).min(self.steer_angle_max_rad)
    }

    /// Downforce at `speed` m/s, N.
    #[must_use]
    pub fn downforce_n(&self, speed: f64) -> f64 {
        0.5 * self.air_density_kgpm3 * self.lift_area_m2 * speed * speed
    }

    /// Drag at `speed` m/s, N.
    #[must_use]
    pub fn drag_n(&self, speed: f64) -> f64 {
        0.5 * self.air_density_kgpm3 * self.drag_area_m2 * speed * speed
    }

    /// The engine's force at full throttle and `speed` m/s, N.
    #[must_use]
    pub fn engine_force_n(&self, speed: f64) -> f64 {
        self.drive_force_n.min(self.power_w / speed.max(1.0))
    }

    /// Lateral acceleration that both axles can hold at `speed` m/s, m/s².
    #[must_use]
    pub fn cornering_mps2(&self, speed: f64) -> f64 {
        let lift = self.downforce_n(speed) / self.mass_kg;
        let axle = |grip: f64, aero: f64, other_arm: f64| {
            grip * (GRAVITY_MPS2 + lift * aero * self.wheelbase_m() / other_arm)
        };
        let front = axle(self.grip_front, self.aero_balance, self.rear_axle_m);
        let rear = axle(self.grip_rear, 1.0 - self.aero_balance, self.front_axle_m);
        front.min(rear)
    }
}

//! What a car does, from how it moves between two frames.

use domain::Vec2;

use super::gearbox::Gearbox;
use crate::scene::SceneCar;

/// Distance from the centre of a car to its front axle, m.
const FRONT_AXLE_M: f64 = 1.25;
/// Sideways speeds of the rear and front wheels from which tyres are heard. Rubber
/// shows from 1.4 m/s; the front slides a little in every corner.
const REAR_SLIDE_MPS: f64 = 1.1;
const FRONT_SLIDE_MPS: f64 = 2.6;
/// Sideways speed beyond those at which tyres are loudest.
const SLIDE_RANGE_MPS: f64 = 5.0;
/// Share of the front wheels in the sound: the rear ones carry the engine.
const FRONT_SHARE: f64 = 0.6;
/// Time constants of what is derived from differences of frames: a tick is in one
/// frame or the next.
const LOAD_SECONDS: f64 = 0.09;
const YAW_SECONDS: f64 = 0.06;
/// The largest change of velocity that tyres and wings make, m/s².
const TYRES_MPS2: f64 = 35.0;
/// Changes of velocity beyond that from which there was a contact, m/s: those of
/// the own car are exact; other cars are also corrected by snapshots.
const CONTACT_OWN_MPS: f64 = 0.7;
const CONTACT_OTHER_MPS: f64 = 2.5;
/// The change at which a contact is loudest, m/s.
const CONTACT_RANGE_MPS: f64 = 14.0;
/// Time between two contacts of a car: sheet metal that scrapes is no drum roll.
const CONTACT_SECONDS: f64 = 0.13;
/// Pause between frames after which differences say nothing.
const PAUSE_SECONDS: f64 = 0.25;
/// Jump beside the velocity after which they say nothing: a car was put back.
const JUMP_M: f64 = 4.0;
/// The shortest time over which a difference is taken: a tick.
const FRAME_SECONDS_MIN: f64 = 1.0 / 60.0;
/// Acceleration at full throttle from rest, m/s², and power over mass, W/kg.
const PULL_MPS2: f64 = 7.3;
const POWER_WPKG: f64 = 230.0;
/// Drag over mass, 1/m.
const DRAG_PER_M: f64 = 0.000_35;

/// What a car does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moves {
    /// Cycles a second of its engine.
    pub(super) cycle_hz: f32,
    /// Load of its engine, 0 to 1.
    pub(super) load: f32,
    /// Level of its tyres, 0 to 1.
    pub(super) skid: f32,
    /// The strength of a contact in this frame, 0 to 1; 0 without one.
    pub(super) contact: f32,
}

/// The state of one car between frames.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Motion {
    before: Option<Before>,
    gearbox: Gearbox,
    acceleration_mps2: f64,
    yaw_radps: f64,
    since_contact: f64,
}

#[derive(Clone, Copy, Debug)]
struct Before {
    position: Vec2,
    velocity: Vec2,
    heading_rad: f64,
}

impl Motion {
    /// Advances by `seconds`, after which the car is as given. The throttle (0 to 1)
    /// is known of the own car only; `may_touch` says whether anything is near that
    /// it may have hit.
    pub(super) fn update(
        &mut self,
        car: &SceneCar,
        throttle: Option<f32>,
        may_touch: bool,
        seconds: f64,
    ) -> Moves {
        let now = Before {
            position: car.view.position,
            velocity: car.velocity,
            heading_rad: car.view.heading_rad,
        };
        let before = self.before.replace(now);
        let before = before.filter(|before| is_continuous(before, &now, seconds));
        self.since_contact += seconds;
        let contact = match before {
            Some(before) => self.differ(&before, &now, car.view.is_own, may_touch, seconds),
            None => 0.0,
        };
        let speed = car.view.speed_mps;
        let load = throttle.unwrap_or_else(|| load(speed, self.acceleration_mps2));
        Moves {
            cycle_hz: self.gearbox.cycle_hz(car.view.class, speed as f32, load),
            load,
            skid: self.skid(car),
            contact,
        }
    }

    /// Takes what is derived from the frame before. Returns the strength of a
    /// contact in between.
    fn differ(
        &mut self,
        before: &Before,
        now: &Before,
        is_own: bool,
        may_touch: bool,
        seconds: f64,
    ) -> f32 {
        let step = seconds.max(FRAME_SECONDS_MIN);
        let faster = now.velocity.length() - before.velocity.length();
        let turn = Vec2::from_heading(before.heading_rad);
        let turned = turn.cross(Vec2::from_heading(now.heading_rad)).asin();
        let follow = |value: &mut f64, target: f64, constant: f64| {
            *value += (target - *value) * (1.0 - (-seconds / constant).exp());
        };
        if seconds > 0.0 {
            follow(&mut self.acceleration_mps2, faster / seconds, LOAD_SECONDS);
            follow(&mut self.yaw_radps, turned / seconds, YAW_SECONDS);
        }
        let change = (now.velocity - before.velocity).length() - TYRES_MPS2 * step;
        let least = if is_own {
            CONTACT_OWN_MPS
        } else {
            CONTACT_OTHER_MPS
        };
        if !may_touch || change < least || self.since_contact < CONTACT_SECONDS {
            return 0.0;
        }
        self.since_contact = 0.0;
        (change / CONTACT_RANGE_MPS).sqrt().min(1.0) as f32
    }

    fn skid(&self, car: &SceneCar) -> f32 {
        if car.view.is_off_road {
            return 0.0;
        }
        let forward = Vec2::from_heading(car.view.heading_rad);
        let ahead = car.velocity.dot(forward);
        let aside = car.velocity.dot(forward.left());
        let front = aside + self.yaw_radps * FRONT_AXLE_M - ahead * car.view.steer_rad.tan();
        let over = |slide: f64, from: f64| ((slide - from) / SLIDE_RANGE_MPS).clamp(0.0, 1.0);
        let rear = over(car.slide_mps, REAR_SLIDE_MPS);
        // At walking pace the wheels turn further than the car: that is no slide.
        let is_rolling = car.view.speed_mps < 5.0;
        let front = if is_rolling {
            0.0
        } else {
            FRONT_SHARE * over(front.abs(), FRONT_SLIDE_MPS)
        };
        rear.max(front) as f32
    }
}

fn is_continuous(before: &Before, now: &Before, seconds: f64) -> bool {
    let expected = before.position + before.velocity * seconds;
    seconds < PAUSE_SECONDS && (now.position - expected).length() < JUMP_M
}

/// Returns the load of an engine whose car accelerates at a speed.
fn load(speed_mps: f64, acceleration_mps2: f64) -> f32 {
    let most = PULL_MPS2.min(POWER_WPKG / speed_mps.max(1.0));
    let drag = DRAG_PER_M * speed_mps * speed_mps;
    ((acceleration_mps2 + drag) / most).clamp(0.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::tests::car;

    const FRAME: f64 = 1.0 / 60.0;

    #[test]
    fn only_a_change_that_no_tyre_makes_near_something_is_a_contact() {
        let hit = |change: f64, may_touch: bool| {
            let mut motion = Motion {
                since_contact: 1.0,
                ..Motion::default()
            };
            let mut other = car(0, 0.0, 50.0);
            motion.update(&other, None, may_touch, FRAME);
            other.view.position.x += 50.0 * FRAME;
            other.velocity.x -= change;
            motion.update(&other, None, may_touch, FRAME).contact
        };
        assert_eq!(hit(0.5, true), 0.0, "full brakes");
        assert_eq!(hit(8.0, false), 0.0, "nothing is near");
        assert!(hit(3.0, true) > 0.1);
        assert!(hit(12.0, true) > 1.5 * hit(3.0, true));
    }

    #[test]
    fn a_car_that_is_put_back_has_hit_nothing() {
        let mut motion = Motion {
            since_contact: 1.0,
            ..Motion::default()
        };
        motion.update(&car(0, 0.0, 50.0), None, true, FRAME);
        let back = motion.update(&car(0, 90.0, 5.0), None, true, FRAME);
        assert_eq!(back.contact, 0.0);
    }

    #[test]
    fn an_engine_that_accelerates_is_under_load() {
        let mut motion = Motion::default();
        let mut drive = |change: f64| {
            let mut moves = Moves::default();
            let mut other = car(1, 0.0, 30.0);
            for _ in 0..60 {
                other.view.position.x += other.velocity.x * FRAME;
                other.velocity.x += change * FRAME;
                moves = motion.update(&other, None, false, FRAME);
            }
            moves.load
        };
        assert!(drive(6.0) > 0.7);
        assert!(drive(-8.0) < 0.1);
    }

    #[test]
    fn a_slide_is_heard_on_the_road_only() {
        let mut slides = car(0, 0.0, 30.0);
        slides.slide_mps = 5.0;
        let skid = |car: &SceneCar| Motion::default().update(car, None, false, FRAME).skid;
        assert!(skid(&slides) > 0.5);
        slides.view.is_off_road = true;
        assert_eq!(skid(&slides), 0.0);
        assert_eq!(skid(&car(0, 0.0, 80.0)), 0.0);
    }
}

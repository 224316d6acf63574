//! The traces of cars: rubber on the road, dust beside it, smoke.

use std::collections::VecDeque;

use domain::Vec2;

use crate::scene::SceneCar;

/// The number of marks kept: some corners of sixteen cars. More would be slow to
/// draw without a graphics card.
const MARKS_MAX: usize = 1_600;
/// The number of puffs at once, limited for the same reason.
const PUFFS_MAX: usize = 160;
/// Sideways speed of the rear wheels from which they leave rubber.
const SLIDE_MARK_MPS: f64 = 1.4;
/// Sideways speed of the rear wheels from which they smoke.
const SLIDE_SMOKE_MPS: f64 = 3.2;
/// Speed from which a car off the road raises dust.
const DUST_SPEED_MPS: f64 = 4.0;
/// Length of a mark.
const MARK_LENGTH_M: f64 = 0.6;
/// Distance since the last mark beyond which a correction, and not driving, has
/// moved the wheel.
const MARK_JUMP_M: f64 = 6.0;
/// Interval between the puffs of a car.
const PUFF_INTERVAL_SECONDS: f64 = 0.045;
/// Lifetime of a puff.
const PUFF_SECONDS: f64 = 0.9;
/// Position of the left rear wheel relative to the centre of the car, m.
const REAR_WHEEL: Vec2 = Vec2::new(-1.3, 0.78);

/// A piece of rubber on the road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Start, m.
    pub from: Vec2,
    /// End, m.
    pub to: Vec2,
    /// Opacity, 0–1.
    pub strength: f32,
}

/// The kind of a puff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PuffKind {
    /// Dust, raised beside the road.
    Dust,
    /// Smoke of sliding tyres.
    Smoke,
}

/// A small cloud of dust or smoke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Puff {
    /// Position, m.
    pub position: Vec2,
    /// Velocity, m/s.
    pub velocity: Vec2,
    /// Age in seconds.
    pub age: f64,
    /// The kind.
    pub kind: PuffKind,
}

impl Puff {
    /// Returns the age as a share of the lifetime.
    #[must_use]
    pub fn share(&self) -> f32 {
        (self.age / PUFF_SECONDS) as f32
    }
}

/// The state of one seat's traces.
#[derive(Clone, Copy, Debug, Default)]
struct Trail {
    wheels: Option<[Vec2; 2]>,
    since_puff: f64,
}

/// All marks and puffs of a race.
#[derive(Debug, Default)]
pub struct Effects {
    marks: VecDeque<Mark>,
    puffs: VecDeque<Puff>,
    trails: Vec<Trail>,
    /// The number of puffs so far, which varies their drift.
    count: u32,
}

impl Effects {
    /// Advances by `seconds`, after which the cars are as given.
    pub fn update(&mut self, cars: &[SceneCar], seconds: f64) {
        for puff in &mut self.puffs {
            puff.age += seconds;
            puff.position = puff.position + puff.velocity * seconds;
        }
        while self
            .puffs
            .front()
            .is_some_and(|puff| puff.age >= PUFF_SECONDS)
        {
            self.puffs.pop_front();
        }
        for car in cars {
            self.trail(car, seconds);
        }
    }

    /// Returns the rubber marks, oldest first.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    /// Returns the puffs, oldest first.
    pub fn puffs(&self) -> impl Iterator<Item = &Puff> {
        self.puffs.iter()
    }

    fn trail(&mut self, car: &SceneCar, seconds: f64) {
        let seat = usize::from(car.view.seat);
        if self.trails.len() <= seat {
            self.trails.resize(seat + 1, Trail::default());
        }
        let forward = Vec2::from_heading(car.view.heading_rad);
        let axle = car.view.position + forward * REAR_WHEEL.x;
        let wheels = [
            axle + forward.left() * REAR_WHEEL.y,
            axle - forward.left() * REAR_WHEEL.y,
        ];
        self.trails[seat].since_puff += seconds;
        self.lay_rubber(seat, car, wheels);
        self.raise_puff(seat, car, axle);
    }

    fn lay_rubber(&mut self, seat: usize, car: &SceneCar, wheels: [Vec2; 2]) {
        let is_sliding =
            car.slide_mps > SLIDE_MARK_MPS && !car.view.is_off_road && !car.view.is_ghost;
        let trail = &mut self.trails[seat];
        let Some(before) = trail.wheels.filter(|_| is_sliding) else {
            trail.wheels = is_sliding.then_some(wheels);
            return;
        };
        let distance = (wheels[0] - before[0]).length();
        if distance < MARK_LENGTH_M {
            return;
        }
        trail.wheels = Some(wheels);
        if distance > MARK_JUMP_M {
            return;
        }
        let strength = ((car.slide_mps - SLIDE_MARK_MPS) / 4.0).clamp(0.15, 0.7) as f32;
        for (from, to) in before.into_iter().zip(wheels) {
            self.marks.push_back(Mark { from, to, strength });
        }
        while self.marks.len() > MARKS_MAX {
            self.marks.pop_front();
        }
    }

    fn raise_puff(&mut self, seat: usize, car: &SceneCar, axle: Vec2) {
        let is_dusty = car.view.is_off_road && car.view.speed_mps > DUST_SPEED_MPS;
        let is_smoky = !car.view.is_off_road && car.slide_mps > SLIDE_SMOKE_MPS;
        let trail = &mut self.trails[seat];
        if !(is_dusty || is_smoky) || car.view.is_ghost || trail.since_puff < PUFF_INTERVAL_SECONDS
        {
            return;
        }
        trail.since_puff = 0.0;
        self.count = self.count.wrapping_add(1);
        // The golden angle spreads directions evenly, without a random number.
        let drift = Vec2::from_heading(f64::from(self.count) * 2.399_963) * 1.2;
        let kind = if is_dusty {
            PuffKind::Dust
        } else {
            PuffKind::Smoke
        };
        let velocity = car.velocity * 0.12 + drift;
        self.puffs.push_back(Puff {
            position: axle + drift * 0.5,
            velocity,
            age: 0.0,
            kind,
        });
        while self.puffs.len() > PUFFS_MAX {
            self.puffs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use client_core::protocol::PlayerName;
    use client_core::race::room::CarView;

    use super::*;

    fn car(x: f64, slide_mps: f64, is_off_road: bool) -> SceneCar {
        let view = CarView {
            class: domain::CarClass::Grip,
            seat: 0,
            player: PlayerName::parse("Ada").unwrap(),
            position: Vec2::new(x, 0.0),
            station_m: 0.0,
            heading_rad: 0.0,
            steer_rad: 0.0,
            speed_mps: 30.0,
            is_own: true,
            is_ghost: false,
            is_off_road,
        };
        SceneCar {
            view,
            velocity: Vec2::new(30.0, 0.0),
            slide_mps,
        }
    }

    fn drive(slide_mps: f64, is_off_road: bool, frames: u32) -> Effects {
        let mut effects = Effects::default();
        for frame in 0..frames {
            effects.update(
                &[car(f64::from(frame) * 0.5, slide_mps, is_off_road)],
                1.0 / 60.0,
            );
        }
        effects
    }

    #[test]
    fn a_car_that_does_not_slide_leaves_nothing() {
        let effects = drive(0.2, false, 120);
        assert_eq!((effects.marks().count(), effects.puffs().count()), (0, 0));
    }

    #[test]
    fn a_slide_leaves_two_lines_of_rubber_and_smoke() {
        let effects = drive(5.0, false, 60);
        assert!(effects.marks().count() >= 40);
        assert!(effects.puffs().all(|puff| puff.kind == PuffKind::Smoke));
        assert!(effects.puffs().count() > 5);
    }

    #[test]
    fn beside_the_road_there_is_dust_and_no_rubber() {
        let effects = drive(5.0, true, 60);
        assert_eq!(effects.marks().count(), 0);
        assert!(effects.puffs().all(|puff| puff.kind == PuffKind::Dust));
    }

    #[test]
    fn memory_is_bounded() {
        let effects = drive(8.0, false, 20_000);
        assert!(effects.marks().count() <= MARKS_MAX && effects.puffs().count() <= PUFFS_MAX);
    }
}

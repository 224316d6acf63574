//! What cars leave behind: rubber on the road, dust beside it, smoke.

use std::collections::VecDeque;

use domain::Vec2;

use crate::scene::SceneCar;

/// Marks that are kept: some corners of sixteen cars. Drawing them must stay
/// cheap without a graphics card.
const MARKS_MAX: usize = 1_600;
/// Puffs in the air at once, for the same reason.
const PUFFS_MAX: usize = 160;
/// Rear wheels that go sideways faster than this leave rubber.
const SLIDE_MARK_MPS: f64 = 1.4;
/// And faster than this, smoke.
const SLIDE_SMOKE_MPS: f64 = 3.2;
/// Off the road a car faster than this raises dust.
const DUST_SPEED_MPS: f64 = 4.0;
/// A mark is laid when the wheel has come this far.
const MARK_LENGTH_M: f64 = 0.6;
/// A wheel that has come further than this since the last frame was moved by
/// a correction, not by driving.
const MARK_JUMP_M: f64 = 6.0;
/// One puff per car in so many seconds.
const PUFF_INTERVAL_SECONDS: f64 = 0.045;
/// How long a puff lives.
const PUFF_SECONDS: f64 = 0.9;
/// Rear axle and half the rear track, m.
const REAR_WHEEL: Vec2 = Vec2::new(-1.3, 0.78);

/// A piece of rubber on the road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// From here, m.
    pub from: Vec2,
    /// To here, m.
    pub to: Vec2,
    /// How dark, 0–1.
    pub strength: f32,
}

/// What a puff is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PuffKind {
    /// Beside the road.
    Dust,
    /// Of tyres that slide.
    Smoke,
}

/// A cloud in the air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Puff {
    /// Where, m.
    pub position: Vec2,
    /// How it drifts, m/s.
    pub velocity: Vec2,
    /// Seconds since it was raised.
    pub age: f64,
    /// What of.
    pub kind: PuffKind,
}

impl Puff {
    /// Its age as a share of its life.
    #[must_use]
    pub fn share(&self) -> f32 {
        (self.age / PUFF_SECONDS) as f32
    }
}

/// One seat's wheels: where they were.
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
    /// Turns the drift of each puff a little: looks are all it decides.
    count: u32,
}

impl Effects {
    /// Lets `seconds` pass with the cars as they are now.
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

    /// Rubber on the road, oldest first.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    /// Clouds, oldest first.
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
        let way = (wheels[0] - before[0]).length();
        if way < MARK_LENGTH_M {
            return;
        }
        trail.wheels = Some(wheels);
        if way > MARK_JUMP_M {
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
        // The golden angle spreads directions evenly without chance.
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
    fn a_car_that_rolls_leaves_nothing() {
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

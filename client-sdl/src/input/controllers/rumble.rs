//! When a controller rumbles.

use std::time::{Duration, Instant};

use domain::Vec2;

/// A change of velocity that tyres cannot make, m/s²: above it is a contact.
const CONTACT_MPS2: f64 = 60.0;
/// The change of velocity of the strongest rumble, m/s.
const FULL_MPS: f64 = 12.0;
/// The weakest rumble that is felt.
const STRENGTH_MIN: f64 = 0.15;
/// The duration of a contact.
const CONTACT: Duration = Duration::from_millis(180);
/// Time between contacts that are felt: a car that leans on another does not shake
/// all the time.
const INTERVAL: Duration = Duration::from_millis(250);
/// The longest frame in which a change of velocity means something.
const FRAME_MAX: Duration = Duration::from_millis(100);

/// A rumble of a controller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rumble {
    /// Strength, 0 to 1.
    pub strength: f32,
    /// Duration.
    pub duration: Duration,
}

/// Finds contacts in the velocity of the own car.
#[derive(Clone, Copy, Debug, Default)]
pub struct RumbleTrigger {
    before: Option<(Vec2, Instant)>,
    felt_at: Option<Instant>,
}

impl RumbleTrigger {
    /// Follows the own car's velocity, m/s; `None` without one. Returns the rumble
    /// of a contact.
    pub fn update(&mut self, velocity: Option<Vec2>, now: Instant) -> Option<Rumble> {
        let before = std::mem::replace(&mut self.before, velocity.map(|it| (it, now)));
        let (velocity, (was, at)) = (velocity?, before?);
        let elapsed = now.saturating_duration_since(at);
        let (x, y) = (velocity.x - was.x, velocity.y - was.y);
        let change = x.hypot(y);
        let is_contact = elapsed <= FRAME_MAX && change > CONTACT_MPS2 * elapsed.as_secs_f64();
        let strength = change / FULL_MPS;
        let is_recent = self
            .felt_at
            .is_some_and(|felt| now.saturating_duration_since(felt) < INTERVAL);
        if !is_contact || is_recent || strength < STRENGTH_MIN {
            return None;
        }
        self.felt_at = Some(now);
        Some(Rumble {
            strength: strength.min(1.0) as f32,
            duration: CONTACT,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_micros(16_667);

    fn speed(x: f64) -> Option<Vec2> {
        Some(Vec2 { x, y: 0.0 })
    }

    #[test]
    fn a_contact_is_felt_and_braking_is_not() {
        let mut trigger = RumbleTrigger::default();
        let mut now = Instant::now();
        let mut felt = Vec::new();
        // Hard braking is 15 m/s², a quarter of a metre a second in a frame.
        for x in [40.0, 39.75, 39.5, 30.5, 30.0, 20.0] {
            felt.push(trigger.update(speed(x), now).map(|rumble| rumble.strength));
            now += FRAME;
        }
        assert_eq!(felt, [None, None, None, Some(0.75), None, None]);
    }

    #[test]
    fn a_car_that_is_placed_elsewhere_is_not_felt() {
        let mut trigger = RumbleTrigger::default();
        let now = Instant::now();
        trigger.update(speed(40.0), now);
        assert_eq!(trigger.update(None, now + FRAME), None);
        assert_eq!(trigger.update(speed(0.0), now + FRAME * 2), None);
        let late = now + Duration::from_secs(2);
        assert_eq!(trigger.update(speed(40.0), late), None);
    }
}

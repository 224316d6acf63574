//! Throttle and brake for a wanted speed, and reversing when stuck.

use domain::{Controls, TICK_RATE_HZ};

use crate::vehicle::Envelope;

/// Time within which the pedals reach a wanted speed, seconds: the speed profile
/// is read this far ahead.
pub(super) const SPEED_AHEAD_SECONDS: f64 = 0.2;
/// A car slower than this for [`STUCK_TICKS`] is stuck.
const STUCK_MPS: f64 = 1.2;
const STUCK_TICKS: u16 = (TICK_RATE_HZ * 3 / 2) as u16;
const REVERSE_TICKS: u16 = (TICK_RATE_HZ * 2) as u16;

/// The pedals of a driver, with the counters that detect a stuck car.
#[derive(Clone, Debug, Default)]
pub(super) struct Pedals {
    stuck_ticks: u16,
    reverse_ticks: u16,
}

impl Pedals {
    /// Returns the input that brings a car from `speed` to `wanted_speed` m/s;
    /// `steer` is a share of the lock.
    pub(super) fn press(
        &mut self,
        envelope: &Envelope<'_>,
        speed: f64,
        wanted_speed: f64,
        steer: f64,
    ) -> Controls {
        if self.is_reversing(speed) {
            // Opposite lock while reversing turns the nose towards the path.
            return Controls {
                brake: 255,
                steer: to_steer(-steer),
                ..Controls::default()
            };
        }
        let wanted = (wanted_speed - speed) / SPEED_AHEAD_SECONDS;
        let force = wanted + envelope.resistance(speed);
        // At walking speed the brake engages the reverse gear.
        let brake = if speed > STUCK_MPS { -force } else { 0.0 };
        Controls {
            throttle: to_pedal(force / envelope.driving(speed)),
            brake: to_pedal(brake / envelope.brakes()),
            steer: to_steer(steer),
            handbrake: false,
        }
    }

    /// Counts the ticks at a standstill, and decides whether the car reverses.
    fn is_reversing(&mut self, speed: f64) -> bool {
        if self.reverse_ticks > 0 {
            self.reverse_ticks -= 1;
            // The way back is blocked, too: go forwards again.
            if self.reverse_ticks < REVERSE_TICKS / 2 && speed < 0.5 {
                self.reverse_ticks = 0;
            }
            return true;
        }
        if speed >= STUCK_MPS {
            self.stuck_ticks = 0;
            return false;
        }
        self.stuck_ticks += 1;
        if self.stuck_ticks >= STUCK_TICKS {
            self.stuck_ticks = 0;
            self.reverse_ticks = REVERSE_TICKS;
        }
        false
    }
}

/// Casts saturate: a negative share is 0.
fn to_pedal(share: f64) -> u8 {
    (share * 255.0).round() as u8
}

fn to_steer(share: f64) -> i8 {
    (share.clamp(-1.0, 1.0) * 127.0).round() as i8
}

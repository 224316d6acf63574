//! Quantised controls: the wanted controls change in every tick, the applied ones
//! need not.
//!
//! Inputs are sent to the server and to all clients of the race and are kept in
//! its replay: an unchanged input costs next to nothing.

use domain::Controls;

/// Pedals have sixteen positions, as far apart as this.
const PEDAL_STEP: u8 = 17;
/// A pedal is moved only when it is wrong by more than this.
const PEDAL_SLACK: u8 = 12;
/// The wheel has 64 positions, as far apart as this.
const STEER_STEP: i8 = 4;
/// The wheel is turned only when it is wrong by more than this.
const STEER_SLACK: u8 = 5;

/// The input that a driver currently gives.
#[derive(Clone, Debug, Default)]
pub(super) struct InputQuantiser {
    held: Controls,
}

impl InputQuantiser {
    /// Returns the quantised input for `wanted`.
    pub(super) fn quantise(&mut self, wanted: Controls) -> Controls {
        self.held = Controls {
            throttle: pedal(self.held.throttle, wanted.throttle),
            brake: pedal(self.held.brake, wanted.brake),
            steer: wheel(self.held.steer, wanted.steer),
            handbrake: wanted.handbrake,
        };
        self.held
    }
}

fn pedal(held: u8, wanted: u8) -> u8 {
    if held.abs_diff(wanted) <= PEDAL_SLACK {
        return held;
    }
    // 255 is fifteen steps.
    (f64::from(wanted) / f64::from(PEDAL_STEP)).round() as u8 * PEDAL_STEP
}

fn wheel(held: i8, wanted: i8) -> i8 {
    if held.abs_diff(wanted) <= STEER_SLACK {
        return held;
    }
    let steps = (f64::from(wanted) / f64::from(STEER_STEP)).round() as i8;
    // Full lock is not a whole number of steps.
    (steps.saturating_mul(STEER_STEP)).clamp(-i8::MAX, i8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(throttle: u8, steer: i8) -> Controls {
        Controls {
            throttle,
            steer,
            ..Controls::default()
        }
    }

    #[test]
    fn holds_what_is_about_right_and_follows_what_is_not() {
        let mut quantiser = InputQuantiser::default();
        let given = quantiser.quantise(wanted(120, 50));
        assert_eq!((given.throttle, given.steer), (119, 52));
        assert_eq!(quantiser.quantise(wanted(131, 47)), given);
        assert_eq!(quantiser.quantise(wanted(107, 57)), given);
        let given = quantiser.quantise(wanted(132, 46));
        assert_eq!((given.throttle, given.steer), (136, 48));
    }

    #[test]
    fn reaches_both_ends_of_the_pedals_and_of_the_wheel() {
        let mut quantiser = InputQuantiser::default();
        for wish in 0..=255 {
            quantiser.quantise(wanted(wish, 0));
        }
        assert_eq!(quantiser.quantise(wanted(255, 0)).throttle, 255);
        for wish in (0..=255).rev() {
            quantiser.quantise(wanted(wish, 0));
        }
        assert_eq!(quantiser.quantise(wanted(0, 0)).throttle, 0);
        assert_eq!(quantiser.quantise(wanted(0, 127)).steer, 127);
        assert_eq!(quantiser.quantise(wanted(0, -127)).steer, -127);
    }
}

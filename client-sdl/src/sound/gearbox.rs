//! The speed of an engine, from that of its car. The simulation knows no gears:
//! these are for the ear only.

use domain::CarClass;

use super::dsp::bounded;

/// Turns a minute of an idle engine.
const IDLE_RPM: f32 = 1_050.0;
/// Turns a minute to which the throttle revs an engine in neutral.
const NEUTRAL_RPM: f32 = 4_000.0;
/// Speed by which the clutch has closed.
const CLUTCH_MPS: f32 = 9.0;
/// Speeds at which the next gear follows. The steps shrink as those of a close
/// racing gearbox do; the last gear ends beyond the top speed of every class.
const SHIFT_MPS: [f32; 6] = [19.0, 29.0, 40.0, 53.0, 67.0, 92.0];
/// Turns at the end of each gear, as a share of the most: it rises, so that a
/// faster car sounds faster from gear to gear.
const SHIFT_SHARE: [f32; 6] = [0.86, 0.89, 0.92, 0.95, 0.975, 1.0];
/// Share of a gear's beginning below which the one before returns: a car at a
/// constant speed does not change to and fro.
const DOWNSHIFT_SHARE: f32 = 0.9;

/// The gear of one car.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gearbox {
    gear: usize,
}

impl Gearbox {
    /// Returns the engine's cycles a second, two turns each, at a speed and
    /// throttle (0 to 1).
    pub(super) fn cycle_hz(&mut self, class: CarClass, speed_mps: f32, throttle: f32) -> f32 {
        let speed = speed_mps.abs();
        while self.gear + 1 < SHIFT_MPS.len() && speed > SHIFT_MPS[self.gear] {
            self.gear += 1;
        }
        while self.gear > 0 && speed < SHIFT_MPS[self.gear - 1] * DOWNSHIFT_SHARE {
            self.gear -= 1;
        }
        let top = rpm_max(class) * SHIFT_SHARE[self.gear];
        let driven = top * speed / SHIFT_MPS[self.gear];
        let slip = (1.0 - speed / CLUTCH_MPS).max(0.0);
        let free = IDLE_RPM + (NEUTRAL_RPM - IDLE_RPM) * bounded(throttle, 0.0, 1.0) * slip;
        driven.max(free) / 120.0
    }
}

/// Returns the most turns a minute. Few cylinders turn faster than many.
fn rpm_max(class: CarClass) -> f32 {
    match class {
        CarClass::Grip => 8_400.0,
        CarClass::Power => 6_600.0,
        CarClass::Drift => 7_600.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pitch_rises_with_speed_within_each_gear_and_from_gear_to_gear() {
        for class in CarClass::ALL {
            let mut gearbox = Gearbox::default();
            let mut peaks = Vec::new();
            let (mut gear, mut last) = (0, 0.0);
            for speed in 0..900 {
                let hz = gearbox.cycle_hz(class, speed as f32 * 0.1, 1.0);
                if gearbox.gear != gear {
                    peaks.push(last);
                    gear = gearbox.gear;
                } else if speed > 100 {
                    assert!(hz > last, "{class} at {speed}: {hz} after {last}");
                }
                last = hz;
            }
            assert_eq!(peaks.len(), 5);
            assert!(peaks.is_sorted(), "{peaks:?}");
        }
    }

    #[test]
    fn a_speed_at_a_limit_does_not_change_gears_to_and_fro() {
        let mut gearbox = Gearbox::default();
        gearbox.cycle_hz(CarClass::Grip, SHIFT_MPS[1] + 0.1, 0.5);
        let gear = gearbox.gear;
        for step in 0..20 {
            let wobble = if step % 2 == 0 { -0.5 } else { 0.5 };
            gearbox.cycle_hz(CarClass::Grip, SHIFT_MPS[1] + wobble, 0.5);
            assert_eq!(gearbox.gear, gear);
        }
    }

    #[test]
    fn the_throttle_revs_a_car_that_stands() {
        let mut gearbox = Gearbox::default();
        let idle = gearbox.cycle_hz(CarClass::Drift, 0.0, 0.0);
        let revved = gearbox.cycle_hz(CarClass::Drift, 0.0, 1.0);
        assert!(revved > 3.0 * idle, "{idle} {revved}");
    }
}

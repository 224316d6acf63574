//! Where a sound comes from: the level, side, pitch and colour that distance and
//! motion give it.

use domain::Vec2;

use super::dsp::panned;

/// Distance at which a car is half as loud, m: that of a lane or two, so that the
/// nearest car stands out.
const HALF_LEVEL_M: f64 = 14.0;
/// Distance from which nothing is heard, m.
const REACH_M: f64 = 150.0;
/// Distance at which a sound is at one side, m. Half a picture is 55 m wide at rest.
const SIDE_M: f64 = 28.0;
/// The furthest to one side: an ear of a head always hears some.
const PAN_MAX: f64 = 0.85;
/// Distance over which air takes the high frequencies, m.
const CLARITY_M: f64 = 60.0;
const SPEED_OF_SOUND_MPS: f64 = 343.0;
/// Limits of the Doppler effect: two cars that meet at full speed are still engines.
const DOPPLER: [f64; 2] = [0.75, 1.35];

/// The ears, at the followed car.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listener {
    pub(super) position: Vec2,
    pub(super) velocity: Vec2,
    /// The direction of the right ear: that of the picture's right side.
    pub(super) right: Vec2,
}

/// How a source is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) level: f32,
    pub(super) pan: f32,
    pub(super) clarity: f32,
    pub(super) pitch: f32,
}

impl Heard {
    /// Returns the gains left and right, each 1 in the middle.
    pub(super) fn gains(&self) -> [f32; 2] {
        panned(self.pan).map(|gain| gain * std::f32::consts::SQRT_2)
    }
}

impl Listener {
    /// Returns how a source at a position and velocity is heard.
    pub(super) fn hear(&self, position: Vec2, velocity: Vec2) -> Heard {
        let offset = position - self.position;
        let distance = offset.length();
        let pan = offset.dot(self.right) / SIDE_M;
        let near = 1.0 / (1.0 + (distance / HALF_LEVEL_M).powi(2));
        let receding = (velocity - self.velocity).dot(offset) / distance.max(1.0);
        let pitch = SPEED_OF_SOUND_MPS / (SPEED_OF_SOUND_MPS + receding).max(1.0);
        Heard {
            level: (near * (1.0 - distance / REACH_M).max(0.0)) as f32,
            pan: pan.clamp(-PAN_MAX, PAN_MAX) as f32,
            clarity: (-distance / CLARITY_M).exp() as f32,
            pitch: pitch.clamp(DOPPLER[0], DOPPLER[1]) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENER: Listener = Listener {
        position: Vec2::new(100.0, 50.0),
        velocity: Vec2::new(0.0, 40.0),
        right: Vec2::new(1.0, 0.0),
    };

    #[test]
    fn what_is_far_is_fainter_and_duller_and_at_its_side() {
        let hear = |x| LISTENER.hear(Vec2::new(100.0 + x, 50.0), LISTENER.velocity);
        let (near, far) = (hear(6.0), hear(-60.0));
        assert!(near.level > 4.0 * far.level && near.clarity > far.clarity);
        assert!(near.pan > 0.1 && far.pan == -PAN_MAX as f32);
        assert_eq!(hear(200.0).level, 0.0);
        assert_eq!(near.pitch, 1.0);
    }

    #[test]
    fn what_comes_sounds_higher_than_what_goes() {
        let ahead = Vec2::new(100.0, 90.0);
        let oncoming = LISTENER.hear(ahead, Vec2::new(0.0, -40.0));
        let leaving = LISTENER.hear(ahead, Vec2::new(0.0, 80.0));
        assert!(oncoming.pitch > 1.15 && leaving.pitch < 0.95);
    }
}

//! What is heard until the next frame says otherwise.

use domain::{CarClass, SEATS_MAX};

use super::dsp::bounded;
use super::volumes::Volumes;

/// Cycles a second of an engine, two turns of its shaft each, that are possible:
/// up to 12,000 turns a minute, and some for the Doppler effect.
const CYCLE_HZ_MAX: f32 = 130.0;
/// The loudest level: that of the own car is 1, and 16 cars share the bed of tyres.
const LEVEL_MAX: f32 = 4.0;
/// The most strikes of a kerb a second; faster ones are a tone.
const STRIKE_HZ_MAX: f32 = 60.0;

/// The state of all voices that last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoundFrame {
    /// The player's volumes.
    pub volumes: Volumes,
    /// The engines, by seat. The default one is silent.
    pub engines: [EngineSound; SEATS_MAX],
    /// Sliding tyres; their tone is the speed of the slide.
    pub skid: Bed,
    /// Grass and gravel under the wheels; its tone is the speed.
    pub gravel: Bed,
    /// Wheels on kerbs; the tone is the speed.
    pub kerb: Bed,
    /// Strikes of the kerb a second.
    pub kerb_hz: f32,
    /// Air around the followed car, and its tyres; the tone is the speed.
    pub wind: Bed,
    /// How far the followed car is in the slipstream of another one, 0 to 1.
    pub slipstream: f32,
    /// Cars that pass; the tone is the difference of speeds.
    pub passing: Bed,
}

/// An engine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineSound {
    /// The class of its car, which decides its cylinders.
    pub class: CarClass,
    /// Level, 1 for the own car; 0 is silent.
    pub level: f32,
    /// Position from −1 (left) to 1 (right).
    pub pan: f32,
    /// Cycles a second, two turns of the shaft each.
    pub cycle_hz: f32,
    /// Load, 0 (coasting) to 1 (full throttle).
    pub load: f32,
    /// How much of the high frequencies distance leaves, 0 to 1.
    pub clarity: f32,
}

/// A noise that all cars share, with its level at either side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bed {
    /// Level at the left.
    pub left: f32,
    /// Level at the right.
    pub right: f32,
    /// Colour, 0 (dark) to 1 (bright).
    pub tone: f32,
}

impl Bed {
    fn sanitised(self) -> Self {
        Self {
            left: bounded(self.left, 0.0, LEVEL_MAX),
            right: bounded(self.right, 0.0, LEVEL_MAX),
            tone: bounded(self.tone, 0.0, 1.0),
        }
    }
}

impl SoundFrame {
    /// Returns the frame with every value within its limits. What is no number
    /// becomes the lower limit.
    pub(super) fn sanitised(mut self) -> Self {
        for engine in &mut self.engines {
            engine.level = bounded(engine.level, 0.0, LEVEL_MAX);
            engine.pan = bounded(engine.pan, -1.0, 1.0);
            engine.cycle_hz = bounded(engine.cycle_hz, 0.0, CYCLE_HZ_MAX);
            engine.load = bounded(engine.load, 0.0, 1.0);
            engine.clarity = bounded(engine.clarity, 0.0, 1.0);
        }
        self.skid = self.skid.sanitised();
        self.gravel = self.gravel.sanitised();
        self.kerb = self.kerb.sanitised();
        self.kerb_hz = bounded(self.kerb_hz, 0.0, STRIKE_HZ_MAX);
        self.wind = self.wind.sanitised();
        self.slipstream = bounded(self.slipstream, 0.0, 1.0);
        self.passing = self.passing.sanitised();
        self
    }

    /// Returns the frame with every voice silent, at its pitch.
    pub(super) fn silenced(mut self) -> Self {
        for engine in &mut self.engines {
            engine.level = 0.0;
        }
        for bed in [
            &mut self.skid,
            &mut self.gravel,
            &mut self.kerb,
            &mut self.wind,
            &mut self.passing,
        ] {
            (bed.left, bed.right) = (0.0, 0.0);
        }
        self
    }
}

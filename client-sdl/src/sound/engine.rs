//! Engines: one cycle of each kind, computed once and read at the engine's speed.
//!
//! A table of one cycle (two turns of the shaft) has 40 harmonics, which at the
//! highest speed end at 3 kHz: there is nothing to alias. Reading it with a phase
//! that runs on makes every change of speed continuous.

use std::f32::consts::TAU;

use domain::CarClass;

use super::dsp::{Block, Glide, LowPass, Noise, RATE, SILENT, panned};
use super::frame::EngineSound;

/// Samples of a cycle.
const TABLE: usize = 1_024;
const HARMONICS: usize = 40;
/// Root mean square of a table, of an own car at full throttle: −17 dB, which
/// leaves room for fifteen others.
const TABLE_RMS: f32 = 0.14;
/// Level of an engine that coasts, relative to one under load.
const COASTING_LEVEL: f32 = 0.5;
/// Time constants: gears shift in a blink, a load is felt, a level glides.
const PITCH_SECONDS: f32 = 0.035;
const LOAD_SECONDS: f32 = 0.05;
const LEVEL_SECONDS: f32 = 0.03;
/// Cut-off frequency of a coasting engine, and what load adds to it: what is above
/// hisses, and tires over a race.
const DARK_HZ: f32 = 420.0;
const BRIGHT_HZ: f32 = 1_900.0;
/// Share by which an engine's speed wanders: a constant tone is not an engine.
const WANDER: f32 = 0.006;
/// Level of the intake's noise, relative to the engine.
const INTAKE: f32 = 0.16;

/// The tables of all classes.
#[derive(Debug)]
pub(super) struct EngineTables {
    coasting: Vec<[f32; TABLE + 1]>,
    loaded: Vec<[f32; TABLE + 1]>,
}

impl EngineTables {
    /// Computes the tables, some milliseconds.
    pub(super) fn new() -> Self {
        let all = |falloff| {
            let classes = CarClass::ALL.into_iter();
            classes.map(|class| table(class, falloff)).collect()
        };
        Self {
            coasting: all(1.8),
            loaded: all(1.05),
        }
    }
}

/// Returns the number of cylinders: pulses in a cycle.
pub(super) fn cylinders(class: CarClass) -> usize {
    match class {
        CarClass::Grip => 4,
        CarClass::Power => 8,
        CarClass::Drift => 6,
    }
}

/// Returns the share of what is between the pulses: cylinders that differ.
fn roughness(class: CarClass) -> f32 {
    match class {
        CarClass::Grip => 0.1,
        // The burble of a cross-plane V8.
        CarClass::Power => 0.26,
        CarClass::Drift => 0.14,
    }
}

fn table(class: CarClass, falloff: f32) -> [f32; TABLE + 1] {
    let pulses = cylinders(class);
    let mut wave = [0.0; TABLE + 1];
    for harmonic in 1..=HARMONICS {
        let order = harmonic as f32 / pulses as f32;
        let part = if harmonic % pulses == 0 {
            1.0
        } else if harmonic * 2 % pulses == 0 {
            2.0 * roughness(class)
        } else {
            roughness(class)
        };
        let level = part * order.max(1.0).powf(-falloff);
        // Phases by the square spread the energy over the cycle (Schroeder 1970).
        let phase = TAU * 0.5 * (harmonic * harmonic) as f32 / HARMONICS as f32;
        for (at, sample) in wave.iter_mut().enumerate() {
            let angle = TAU * (harmonic * (at % TABLE) % TABLE) as f32 / TABLE as f32;
            *sample += level * (angle + phase).sin();
        }
    }
    let power: f32 = wave[..TABLE].iter().map(|sample| sample * sample).sum();
    let gain = TABLE_RMS / (power / TABLE as f32).sqrt();
    wave.map(|sample| sample * gain)
}

/// The voice of one engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineVoice {
    phase: f32,
    cycle_hz: Glide,
    load: Glide,
    left: Glide,
    right: Glide,
    wander: LowPass,
    muffler: LowPass,
    noise: Noise,
}

impl EngineVoice {
    pub(super) fn new(seat: usize) -> Self {
        Self {
            // Engines do not run in step.
            phase: (seat as f32 * 0.618).fract(),
            cycle_hz: Glide::default(),
            load: Glide::default(),
            left: Glide::default(),
            right: Glide::default(),
            wander: LowPass::default(),
            muffler: LowPass::default(),
            noise: Noise::new(seat as u32 + 1),
        }
    }

    fn is_silent(&self, sound: &EngineSound) -> bool {
        let is_heard = |glide: Glide| glide.value() > SILENT;
        sound.level <= SILENT && !is_heard(self.left) && !is_heard(self.right)
    }

    /// Adds a block to the mix.
    pub(super) fn add(
        &mut self,
        sound: &EngineSound,
        gain: f32,
        tables: &EngineTables,
        mix: &mut [Block; 2],
    ) {
        if self.is_silent(sound) {
            // It begins at its pitch, and does not glide there from an earlier one.
            self.cycle_hz.jump(sound.cycle_hz);
            self.load.jump(sound.load);
            (self.left, self.right) = (Glide::default(), Glide::default());
            return;
        }
        let [pan_left, pan_right] = panned(sound.pan);
        let level = sound.level * gain * std::f32::consts::SQRT_2;
        let mut left = self.left.block(level * pan_left, LEVEL_SECONDS);
        let mut right = self.right.block(level * pan_right, LEVEL_SECONDS);
        let mut load = self.load.block(sound.load, LOAD_SECONDS);
        let wander = self
            .wander
            .next(self.noise.next(), LowPass::coefficient(900.0));
        let mut pitch = self.cycle_hz.block(sound.cycle_hz, PITCH_SECONDS);
        let bent = (1.0 + WANDER * wander) / RATE;
        let cut_hz = (DARK_HZ + BRIGHT_HZ * self.load.value()) * (0.25 + 0.75 * sound.clarity);
        let cut = LowPass::coefficient(cut_hz);
        let class = usize::from(sound.class.index());
        let (coasting, loaded) = (&tables.coasting[class], &tables.loaded[class]);
        let [mix_left, mix_right] = mix;
        for (out_left, out_right) in mix_left.iter_mut().zip(mix_right) {
            self.phase += pitch.next() * bent;
            self.phase -= self.phase.floor();
            let at = self.phase * TABLE as f32;
            // The phase is below 1, but its product may round up to the table's end.
            let index = (at as usize).min(TABLE - 1);
            let fraction = at - index as f32;
            let read =
                |wave: &[f32; TABLE + 1]| wave[index] + (wave[index + 1] - wave[index]) * fraction;
            let (dark, bright) = (read(coasting), read(loaded));
            let load = load.next();
            let wave = dark * COASTING_LEVEL + (bright - dark * COASTING_LEVEL) * load;
            let breath = self.noise.next() * wave.abs() * INTAKE * load;
            let sample = self.muffler.next(wave + breath, cut);
            *out_left += sample * left.next();
            *out_right += sample * right.next();
        }
        self.muffler.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_part_of_a_cycle_is_that_of_its_pulses() {
        for class in CarClass::ALL {
            let wave = table(class, 1.05);
            let level = |harmonic: usize| {
                let (mut re, mut im) = (0.0, 0.0);
                for (at, sample) in wave[..TABLE].iter().enumerate() {
                    let angle = TAU * (harmonic * at % TABLE) as f32 / TABLE as f32;
                    re += sample * angle.cos();
                    im += sample * angle.sin();
                }
                re.hypot(im)
            };
            let strongest =
                (1..=HARMONICS).max_by(|one, other| level(*one).total_cmp(&level(*other)));
            assert_eq!(strongest, Some(cylinders(class)), "{class}");
        }
    }

    #[test]
    fn a_cycle_ends_where_it_begins() {
        for class in CarClass::ALL {
            let wave = table(class, 1.05);
            assert!((wave[TABLE] - wave[0]).abs() < 1e-6);
        }
    }
}

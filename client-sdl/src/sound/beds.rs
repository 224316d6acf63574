//! The noises that all cars share: tyres, ground, wind.
//!
//! A noise has no identity, so cars at one side are one noise at the sum of their
//! levels: the cost does not depend on their number.

use std::f32::consts::TAU;

use super::dsp::{Band, BandPass, Block, Glide, LowPass, Noise, RATE, SILENT, Slope, bounded};
use super::frame::{Bed, SoundFrame};

/// Time constants: tyres let go faster than wind rises.
const TYRE_SECONDS: f32 = 0.03;
const AIR_SECONDS: f32 = 0.1;
const TONE_SECONDS: f32 = 0.06;
/// Level of a bed whose level is 1, by the width of its band: about −24 dB.
const SKID_GAIN: f32 = 0.55;
const GRAVEL_GAIN: f32 = 0.5;
const KERB_GAIN: f32 = 0.3;
const WIND_GAIN: f32 = 0.55;
const PASSING_GAIN: f32 = 0.45;
/// Lowest and highest middle of a skid's squeal, and how much sharper than a hiss
/// it is.
const SKID_HZ: [f32; 2] = [560.0, 1_050.0];
const SKID_QUALITY: f32 = 9.0;
/// The second resonance of a tyre, above the first.
const SKID_SECOND: f32 = 1.52;
/// Buffets a second in a slipstream.
const BUFFET_HZ: f32 = 11.0;

/// All beds.
#[derive(Debug)]
pub(super) struct Beds {
    skid: Voice,
    skid_second: [BandPass; 2],
    gravel: Voice,
    stones: LowPass,
    kerb: Voice,
    kerb_phase: f32,
    wind: Voice,
    slipstream: Glide,
    buffet_phase: f32,
    passing: Voice,
}

impl Beds {
    pub(super) fn new() -> Self {
        Self {
            skid: Voice::new(101),
            skid_second: [BandPass::default(); 2],
            gravel: Voice::new(102),
            stones: LowPass::default(),
            kerb: Voice::new(103),
            kerb_phase: 0.0,
            wind: Voice::new(104),
            slipstream: Glide::default(),
            buffet_phase: 0.0,
            passing: Voice::new(105),
        }
    }

    /// Adds a block to the mix.
    pub(super) fn add(&mut self, frame: &SoundFrame, gain: f32, mix: &mut [Block; 2]) {
        self.skid(&frame.skid, gain, mix);
        self.gravel(&frame.gravel, gain, mix);
        self.kerb(&frame.kerb, frame.kerb_hz, gain, mix);
        self.wind(&frame.wind, frame.slipstream, gain, mix);
        self.passing(&frame.passing, gain, mix);
    }

    fn passing(&mut self, bed: &Bed, gain: f32, mix: &mut [Block; 2]) {
        let Some(tone) = self.passing.begin(bed, AIR_SECONDS) else {
            return;
        };
        let band = Band::new(380.0 + 700.0 * tone, 0.7);
        self.passing
            .add(bed, gain * PASSING_GAIN, TYRE_SECONDS, mix, {
                |filter, _, noise| filter.next(noise, &band)
            });
    }

    /// Two narrow resonances in noise: a squeal that is never a tone.
    fn skid(&mut self, bed: &Bed, gain: f32, mix: &mut [Block; 2]) {
        let Some(tone) = self.skid.begin(bed, TONE_SECONDS) else {
            return;
        };
        let hz = SKID_HZ[0] + (SKID_HZ[1] - SKID_HZ[0]) * tone;
        let first = Band::new(hz, SKID_QUALITY);
        let second = Band::new(hz * SKID_SECOND, SKID_QUALITY * 1.4);
        let seconds = &mut self.skid_second;
        self.skid.add(bed, gain * SKID_GAIN, TYRE_SECONDS, mix, {
            |filter, side, noise| {
                filter.next(noise, &first) + 0.6 * seconds[side].next(noise, &second)
            }
        });
        seconds.iter_mut().for_each(BandPass::settle);
    }

    /// A broad rumble that stones interrupt.
    fn gravel(&mut self, bed: &Bed, gain: f32, mix: &mut [Block; 2]) {
        let Some(tone) = self.gravel.begin(bed, TONE_SECONDS) else {
            return;
        };
        let band = Band::new(240.0 + 420.0 * tone, 0.6);
        let rattle = LowPass::coefficient(18.0 + 40.0 * tone);
        let stones = &mut self.stones;
        self.gravel
            .add(bed, gain * GRAVEL_GAIN, TYRE_SECONDS, mix, {
                |filter, side, noise| {
                    if side == 0 {
                        stones.next(noise, rattle);
                    }
                    let strength = 0.5 + bounded(stones.value().abs() * 22.0, 0.0, 2.5);
                    filter.next(noise, &band) * strength
                }
            });
        self.stones.settle();
    }

    /// A thump for every stripe.
    fn kerb(&mut self, bed: &Bed, strikes_hz: f32, gain: f32, mix: &mut [Block; 2]) {
        let Some(tone) = self.kerb.begin(bed, TONE_SECONDS) else {
            return;
        };
        let cut = Band::new(110.0 + 160.0 * tone, 0.6);
        let phase = &mut self.kerb_phase;
        self.kerb.add(bed, gain * KERB_GAIN, TYRE_SECONDS, mix, {
            |filter, side, noise| {
                if side == 0 {
                    *phase += strikes_hz / RATE;
                    *phase -= phase.floor();
                }
                // Rises within a twentieth of a stripe, which is no click.
                let rise = bounded(*phase * 20.0, 0.0, 1.0);
                let blow = rise * (1.0 - *phase).powi(3);
                let body = (TAU * 2.0 * *phase).sin();
                filter.next(noise * 1.6 * blow, &cut) * 1.5 + 0.7 * blow * body
            }
        });
    }

    /// Air, which a slipstream takes away and replaces by buffets.
    fn wind(&mut self, bed: &Bed, slipstream: f32, gain: f32, mix: &mut [Block; 2]) {
        let Some(tone) = self.wind.begin(bed, AIR_SECONDS) else {
            return;
        };
        let mut shelter = self.slipstream.block(slipstream, AIR_SECONDS);
        let hz = (260.0 + 640.0 * tone) * (1.0 - 0.45 * self.slipstream.value());
        let band = Band::new(hz, 0.5);
        let (phase, mut sheltered) = (&mut self.buffet_phase, 0.0);
        self.wind.add(bed, gain * WIND_GAIN, AIR_SECONDS, mix, {
            |filter, side, noise| {
                if side == 0 {
                    *phase += BUFFET_HZ / RATE;
                    *phase -= phase.floor();
                    sheltered = shelter.next();
                }
                let buffet = 0.55 + 0.45 * (TAU * *phase).sin();
                filter.next(noise, &band) * (1.0 - sheltered + sheltered * buffet)
            }
        });
    }
}

/// Noise with a level, a tone and a filter at each side.
#[derive(Debug)]
struct Voice {
    levels: [Glide; 2],
    tone: Glide,
    noise: [Noise; 2],
    filters: [BandPass; 2],
}

impl Voice {
    fn new(seed: u32) -> Self {
        Self {
            levels: [Glide::default(); 2],
            tone: Glide::default(),
            noise: [Noise::new(seed), Noise::new(seed + 1_000)],
            filters: [BandPass::default(); 2],
        }
    }

    /// Begins a block; returns its tone, or nothing if nothing is heard.
    fn begin(&mut self, bed: &Bed, seconds: f32) -> Option<f32> {
        let loudest = self
            .levels
            .iter()
            .fold(bed.left.max(bed.right), |most, level| {
                most.max(level.value())
            });
        if loudest <= SILENT {
            self.levels = [Glide::default(); 2];
            self.tone.jump(bed.tone);
            return None;
        }
        self.tone.block(bed.tone, seconds);
        Some(self.tone.value())
    }

    /// Adds a block of what `filtered` makes of noise, for each side (0 and 1) of
    /// each frame in turn.
    fn add(
        &mut self,
        bed: &Bed,
        gain: f32,
        seconds: f32,
        mix: &mut [Block; 2],
        mut filtered: impl FnMut(&mut BandPass, usize, f32) -> f32,
    ) {
        let targets = [bed.left * gain, bed.right * gain];
        let mut slopes: [Slope; 2] =
            std::array::from_fn(|side| self.levels[side].block(targets[side], seconds));
        let [left, right] = mix;
        for (left, right) in left.iter_mut().zip(right) {
            for (side, out) in [left, right].into_iter().enumerate() {
                let noise = self.noise[side].next();
                let sample = filtered(&mut self.filters[side], side, noise);
                *out += sample * slopes[side].next();
            }
        }
        self.filters.iter_mut().for_each(BandPass::settle);
    }
}

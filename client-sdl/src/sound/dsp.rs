//! The parts of every voice: values that glide, noise, filters.

use std::f32::consts::TAU;

use super::SAMPLE_RATE_HZ;

/// Frames that are computed at once. Values that glide move in straight lines
/// between the ends of blocks, 1.3 ms apart, which is shorter than an ear resolves.
pub(super) const BLOCK: usize = 64;
/// A block of one channel.
pub(super) type Block = [f32; BLOCK];

/// The sample rate as a factor.
pub(super) const RATE: f32 = SAMPLE_RATE_HZ as f32;
/// Level below which nothing is heard, −100 dB. A value that glides to 0 gets
/// there, so that silent voices cost nothing and silence is exact.
pub(super) const SILENT: f32 = 1e-5;
/// Size of a filter's state below which it is 0: smaller numbers would become
/// denormal, which processors compute slowly.
const STATE_MIN: f32 = 1e-12;

/// Returns `value` within limits; the lower one for what is no number.
pub(super) fn bounded(value: f32, low: f32, high: f32) -> f32 {
    value.max(low).min(high)
}

/// Returns the gains left and right of a position from −1 (left) to 1 (right). The
/// power is the same everywhere.
pub(super) fn panned(pan: f32) -> [f32; 2] {
    let angle = (bounded(pan, -1.0, 1.0) + 1.0) * (TAU / 8.0);
    [angle.cos(), angle.sin()]
}

/// A value that follows a target without a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Glide {
    value: f32,
}

impl Glide {
    /// Moves towards `target` by a block, with a time constant. Returns the value
    /// at the start of the block and its change a sample.
    pub(super) fn block(&mut self, target: f32, seconds: f32) -> Slope {
        let from = self.value;
        let share = 1.0 - (-(BLOCK as f32) / (seconds * RATE)).exp();
        self.value += (target - from) * share;
        if target == 0.0 && self.value.abs() < SILENT {
            self.value = 0.0;
        }
        Slope {
            value: from,
            step: (self.value - from) / BLOCK as f32,
        }
    }

    /// Begins at a value.
    pub(super) fn jump(&mut self, value: f32) {
        self.value = value;
    }

    pub(super) fn value(self) -> f32 {
        self.value
    }
}

/// A straight line through a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope {
    value: f32,
    step: f32,
}

impl Slope {
    /// Returns the value of the next sample.
    pub(super) fn next(&mut self) -> f32 {
        self.value += self.step;
        self.value
    }
}

/// White noise from −1 to 1, the same in every run (xorshift, Marsaglia 2003).
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    state: u32,
}

impl Noise {
    /// Makes a generator; different seeds give independent noise.
    pub(super) fn new(seed: u32) -> Self {
        let state = seed.wrapping_mul(0x9E37_79B9) | 1;
        Self { state }
    }

    pub(super) fn next(&mut self) -> f32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state as i32 as f32 * (1.0 / 2_147_483_648.0)
    }
}

/// A low-pass filter of 6 dB an octave.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LowPass {
    state: f32,
}

impl LowPass {
    /// Returns the coefficient of a cut-off frequency.
    pub(super) fn coefficient(hz: f32) -> f32 {
        1.0 - (-TAU * hz / RATE).exp()
    }

    pub(super) fn next(&mut self, input: f32, coefficient: f32) -> f32 {
        self.state += (input - self.state) * coefficient;
        self.state
    }

    pub(super) fn value(&self) -> f32 {
        self.state
    }

    /// Ends a block.
    pub(super) fn settle(&mut self) {
        settle(&mut self.state);
    }
}

/// A band-pass filter with gain 1 in the middle of its band (Simper's
/// state-variable filter, stable at every frequency and quality).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BandPass {
    ic1: f32,
    ic2: f32,
}

/// The coefficients of a [`BandPass`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    a1: f32,
    a2: f32,
    a3: f32,
    k: f32,
}

impl Band {
    /// Makes the coefficients of a band around `hz`, `quality` times narrower than
    /// that.
    pub(super) fn new(hz: f32, quality: f32) -> Self {
        let g = (TAU * 0.5 * bounded(hz, 10.0, 0.4 * RATE) / RATE).tan();
        let k = 1.0 / quality;
        let a1 = 1.0 / (1.0 + g * (g + k));
        let a2 = g * a1;
        Self {
            a1,
            a2,
            a3: g * a2,
            k,
        }
    }
}

impl BandPass {
    pub(super) fn next(&mut self, input: f32, band: &Band) -> f32 {
        let v3 = input - self.ic2;
        let v1 = band.a1 * self.ic1 + band.a2 * v3;
        let v2 = self.ic2 + band.a2 * self.ic1 + band.a3 * v3;
        self.ic1 = 2.0 * v1 - self.ic1;
        self.ic2 = 2.0 * v2 - self.ic2;
        v1 * band.k
    }

    /// Ends a block.
    pub(super) fn settle(&mut self) {
        settle(&mut self.ic1);
        settle(&mut self.ic2);
    }
}

fn settle(state: &mut f32) {
    if state.abs() < STATE_MIN {
        *state = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_becomes_the_lower_limit() {
        assert_eq!(bounded(f32::NAN, -1.0, 1.0), -1.0);
        assert_eq!(bounded(f32::INFINITY, -1.0, 1.0), 1.0);
    }

    #[test]
    fn a_glide_has_no_step_and_reaches_silence() {
        let mut glide = Glide::default();
        glide.jump(1.0);
        let mut last = 1.0;
        for _ in 0..1_000 {
            let mut slope = glide.block(0.0, 0.02);
            for _ in 0..BLOCK {
                let value = slope.next();
                assert!((value - last).abs() < 0.002);
                last = value;
            }
        }
        assert_eq!(glide.value(), 0.0);
    }

    #[test]
    fn power_is_the_same_at_every_position() {
        for pan in [-1.0, -0.3, 0.0, 0.9, f32::NAN] {
            let [left, right] = panned(pan);
            assert!((left * left + right * right - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_band_passes_its_middle_and_little_else() {
        let power = |hz: f32| {
            let (mut filter, band) = (BandPass::default(), Band::new(1_000.0, 8.0));
            let samples = (0..48_000).map(|at| (TAU * hz * at as f32 / RATE).sin());
            samples.fold(0.0, |sum, it| sum + filter.next(it, &band).powi(2)) / 24_000.0
        };
        assert!((power(1_000.0) - 1.0).abs() < 0.05, "{}", power(1_000.0));
        assert!(power(250.0) < 0.01 && power(4_000.0) < 0.01);
    }
}

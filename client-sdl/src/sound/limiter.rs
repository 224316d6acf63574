//! The limiter: sixteen engines at once do not clip.

use super::dsp::{BLOCK, Block};

/// The largest sample, −1 dB: devices that resample overshoot a little.
pub(super) const CEILING: f32 = 0.89;
/// Share by which the gain returns to 1 in a block: 150 ms, slow enough not to be
/// heard as pumping.
const RELEASE: f32 = 0.009;

/// A limiter that looks one block ahead.
///
/// The gain at the end of a block is at most what that block and the next need, and
/// moves in a straight line in between, so no sample exceeds [`CEILING`] and none
/// is bent.
#[derive(Debug)]
pub(super) struct Limiter {
    held: [Block; 2],
    /// The gain that the held block needs.
    needed: f32,
    /// The gain at the end of the block before it.
    gain: f32,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self {
            held: [[0.0; BLOCK]; 2],
            needed: 1.0,
            gain: 1.0,
        }
    }

    /// Takes a block and returns the one before it, limited.
    pub(super) fn next(&mut self, block: [Block; 2]) -> [Block; 2] {
        let peak = block
            .iter()
            .flatten()
            .fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        let needed = if peak > CEILING { CEILING / peak } else { 1.0 };
        let released = self.gain + (1.0 - self.gain) * RELEASE;
        let end = released.min(self.needed).min(needed);
        let step = (end - self.gain) / BLOCK as f32;
        let mut limited = std::mem::replace(&mut self.held, block);
        for channel in &mut limited {
            for (at, sample) in channel.iter_mut().enumerate() {
                let gain = self.gain + step * (at + 1) as f32;
                // The clamp bounds what rounding adds.
                *sample = (*sample * gain).clamp(-CEILING, CEILING);
            }
        }
        (self.gain, self.needed) = (end, needed);
        limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_sound_passes_unchanged_a_block_later() {
        let mut limiter = Limiter::new();
        let quiet = [[0.25; BLOCK], [-0.5; BLOCK]];
        assert_eq!(limiter.next(quiet), [[0.0; BLOCK]; 2]);
        assert_eq!(limiter.next([[0.0; BLOCK]; 2]), quiet);
    }

    #[test]
    fn the_gain_moves_before_a_peak_and_never_in_a_step() {
        let mut limiter = Limiter::new();
        let mut last = 0.0f32;
        for block in 0..200 {
            let level = if block == 100 { 8.0 } else { 0.5 };
            let [left, _] = limiter.next([[level; BLOCK]; 2]);
            for sample in left {
                assert!(sample <= CEILING);
                // The loud block is itself a step: the others have none.
                if !(100..=102).contains(&block) && block > 1 {
                    assert!((sample - last).abs() < 0.01, "{block}: {last} {sample}");
                }
                last = sample;
            }
        }
    }
}

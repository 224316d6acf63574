//! The player's volumes.

use serde::{Deserialize, Serialize};

use super::dsp::bounded;

/// The volumes, each 0 to 1, and whether everything is muted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volumes {
    /// Everything.
    pub master: f32,
    /// Engines.
    pub engine: f32,
    /// Tyres, wind, contacts and signals.
    pub effects: f32,
    /// Whether nothing is heard, whatever the volumes are.
    pub is_muted: bool,
}

impl Default for Volumes {
    fn default() -> Self {
        Self {
            master: 0.8,
            engine: 0.8,
            effects: 0.9,
            is_muted: false,
        }
    }
}

impl Volumes {
    /// Returns the gain of engines. Loudness is heard by its logarithm: the square
    /// of the volume makes a slider of it that works over its whole length.
    #[must_use]
    pub fn engine_gain(&self) -> f32 {
        gain(self.engine)
    }

    /// Returns the gain of everything but engines.
    #[must_use]
    pub fn effects_gain(&self) -> f32 {
        gain(self.effects)
    }

    /// Returns the gain of everything: 0 if it is muted.
    #[must_use]
    pub fn master_gain(&self) -> f32 {
        if self.is_muted {
            return 0.0;
        }
        gain(self.master)
    }
}

fn gain(volume: f32) -> f32 {
    let volume = bounded(volume, 0.0, 1.0);
    volume * volume
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_between_0_and_1_whatever_a_file_says() {
        for volume in [f32::NAN, -3.0, 0.5, 7.0, f32::INFINITY] {
            assert!((0.0..=1.0).contains(&gain(volume)), "{volume}");
        }
    }

    #[test]
    fn mute_needs_no_volume_to_be_changed() {
        let muted = Volumes {
            is_muted: true,
            ..Volumes::default()
        };
        assert_eq!(muted.master_gain(), 0.0);
        assert!(Volumes::default().master_gain() > 0.5);
    }
}

//! Colours as floats, which are mixed many times before they become bytes.

/// Red, green and blue, 0–255.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour(pub(super) [f32; 3]);

impl Colour {
    /// Makes a colour from `0xRRGGBB`.
    pub(super) const fn hex(rgb: u32) -> Self {
        Self([
            (rgb >> 16 & 255) as f32,
            (rgb >> 8 & 255) as f32,
            (rgb & 255) as f32,
        ])
    }

    /// Returns this colour covered by another with an opacity of 0–1.
    pub(super) fn under(self, other: Self, share: f32) -> Self {
        let mix = |index: usize| self.0[index] + (other.0[index] - self.0[index]) * share;
        Self([mix(0), mix(1), mix(2)])
    }

    /// Returns the colour with its brightness scaled by a factor.
    pub(super) fn lit(self, factor: f32) -> Self {
        Self(self.0.map(|part| part * factor))
    }

    /// Returns the bytes in the order of SDL's pixel formats.
    pub(super) fn blue_green_red(self) -> [u8; 3] {
        // The cast saturates: overexposed colours become white.
        [self.0[2] as u8, self.0[1] as u8, self.0[0] as u8]
    }
}

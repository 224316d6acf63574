//! Colours and sizes that all screens share. Sizes are in points, of which
//! [`pixels_per_point`] says how large they are.

/// A colour with opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgba {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity.
    pub a: u8,
}

impl Rgba {
    /// Makes an opaque colour from `0xRRGGBB`.
    #[must_use]
    pub const fn hex(rgb: u32) -> Self {
        Self {
            r: (rgb >> 16) as u8,
            g: (rgb >> 8) as u8,
            b: rgb as u8,
            a: 255,
        }
    }

    /// Returns the colour with another opacity.
    #[must_use]
    pub const fn alpha(self, a: u8) -> Self {
        Self { a, ..self }
    }

    /// Returns the colour with its opacity scaled by a factor of 0–1.
    #[must_use]
    pub fn fade(self, factor: f32) -> Self {
        self.alpha((f32::from(self.a) * factor.clamp(0.0, 1.0)) as u8)
    }

    /// Interpolates between this colour (0) and another (1).
    #[must_use]
    pub fn mix(self, other: Self, share: f32) -> Self {
        let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share) as u8;
        Self {
            r: mix(self.r, other.r),
            g: mix(self.g, other.g),
            b: mix(self.b, other.b),
            a: mix(self.a, other.a),
        }
    }
}

/// The background of every screen but the race.
pub const BACKGROUND: Rgba = Rgba::hex(0x10_151c);
/// Panels on the background.
pub const PANEL: Rgba = Rgba::hex(0x1b_2430);
/// Panels over the race.
pub const GLASS: Rgba = Rgba::hex(0x0b_0f14).alpha(205);
/// Fields and rows.
pub const FIELD: Rgba = Rgba::hex(0x26_3242);
/// Selected fields and rows.
pub const FIELD_CHOSEN: Rgba = Rgba::hex(0x31_4560);
/// Text.
pub const TEXT: Rgba = Rgba::hex(0xf2_f5f8);
/// Secondary text.
pub const TEXT_DIM: Rgba = Rgba::hex(0x93_a1b3);
/// Selection, and the player's own car.
pub const ACCENT: Rgba = Rgba::hex(0xff_c53d);
/// Text on the accent colour.
pub const ON_ACCENT: Rgba = Rgba::hex(0x1a_1405);
/// Errors.
pub const ERROR: Rgba = Rgba::hex(0xff_6b6b);
/// Successes.
pub const SUCCESS: Rgba = Rgba::hex(0x5f_d38d);
/// Warnings.
pub const WARNING: Rgba = Rgba::hex(0xff_a94d);

/// One colour per seat, chosen to be distinct from each other, from asphalt and
/// from grass.
pub const SEAT_COLOURS: [Rgba; 16] = [
    Rgba::hex(0xe0_3131),
    Rgba::hex(0x2f_7bff),
    Rgba::hex(0xff_d43b),
    Rgba::hex(0xff_ffff),
    Rgba::hex(0xff_7a1a),
    Rgba::hex(0xae_3ec9),
    Rgba::hex(0x22_d3ee),
    Rgba::hex(0x4d_5868),
    Rgba::hex(0xff_6fb5),
    Rgba::hex(0x94_e02f),
    Rgba::hex(0x1b_2f8a),
    Rgba::hex(0xa1_6a3a),
    Rgba::hex(0x12_9b83),
    Rgba::hex(0xc9_b6ff),
    Rgba::hex(0x7a_1022),
    Rgba::hex(0xb8_c2cc),
];

/// The colours of the highway's traffic, muted to be distinct from seats.
pub const TRAFFIC_COLOURS: [Rgba; 5] = [
    Rgba::hex(0x9a_9fa5),
    Rgba::hex(0x5b_6a78),
    Rgba::hex(0x8a_7f70),
    Rgba::hex(0x6f_7f6c),
    Rgba::hex(0x7d_6468),
];

/// Returns the colour of a seat.
#[must_use]
pub fn seat_colour(seat: u8) -> Rgba {
    SEAT_COLOURS[usize::from(seat) % SEAT_COLOURS.len()]
}

/// The sides of the window for which sizes are made, points: the longer one and the
/// shorter one.
pub const SIDES: (f32, f32) = (1_280.0, 720.0);
/// The sides of the smallest window, points: what every screen fits into.
pub const SIDES_MIN: (f32, f32) = (640.0, 360.0);
/// Height of the window for which sizes are made, points.
pub const HEIGHT: f32 = SIDES.1;

/// Returns the pixels of a point in a window of a size in pixels: the scale that was
/// chosen or, without one, as many as make the window [`SIDES`] large, but at least
/// one, so that small windows stay legible. All screens fit either way.
#[must_use]
pub fn pixels_per_point((width, height): (u32, u32), scale: Option<f32>) -> f32 {
    let (width, height) = (width.max(1) as f32, height.max(1) as f32);
    let (long, short) = (width.max(height), width.min(height));
    let largest = (long / SIDES_MIN.0).min(short / SIDES_MIN.1);
    let usual = (long / SIDES.0).min(short / SIDES.1).max(1.0);
    scale.unwrap_or(usual).min(largest)
}
/// Width of the leaderboard, points.
pub const LEADERBOARD_WIDTH: f32 = 304.0;
/// Margin between panels and the window's edge, points.
pub const MARGIN: f32 = 16.0;
/// Size of small text, points.
pub const SMALL: u16 = 14;
/// Size of body text, points.
pub const BODY: u16 = 17;
/// Size of headings, points.
pub const HEADING: u16 = 26;
/// Size of the game's name, points.
pub const TITLE: u16 = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_grow_with_the_window_and_the_chosen_scale_up_to_what_fits() {
        let cases = [
            ((1_280, 720), None, 1.0),
            ((2_560, 1_440), None, 2.0),
            ((2_560, 1_440), Some(1.0), 1.0),
            ((2_560, 1_440), Some(3.0), 3.0),
            ((640, 360), None, 1.0),
            ((640, 360), Some(3.0), 1.0),
            ((1_024, 768), None, 1.0),
            ((1_280, 720), Some(3.0), 2.0),
            ((720, 1_280), None, 1.0),
            ((320, 180), None, 0.5),
        ];
        for (size, scale, expected) in cases {
            assert_eq!(
                pixels_per_point(size, scale),
                expected,
                "{size:?} {scale:?}"
            );
        }
    }
}

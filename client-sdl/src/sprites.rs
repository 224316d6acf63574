//! Sprites, which are computed once: cars, wheels, soft discs. Pure functions; the
//! colour of a car is a parameter. [`formula`] and [`closed`] have the shapes.

mod closed;
mod formula;

use domain::CarClass;

use crate::theme::Rgba;

/// Resolution of the sprites of cars, pixels per metre.
pub const CAR_PIXELS_PER_M: f32 = 18.0;
/// Size of the sprite of a car, including a margin, m.
pub const CAR_SIZE_M: (f32, f32) = (4.8, 2.3);
/// Size of the sprite of a front wheel, m.
pub const WHEEL_SIZE_M: (f32, f32) = (0.9, 0.6);
/// Position of the front wheels relative to the centre of a car, m: ahead, and to
/// each side.
pub const FRONT_WHEEL_M: (f32, f32) = (1.32, 0.78);
/// Samples per pixel in each direction, for soft edges.
const SAMPLES: usize = 4;

const RUBBER: Rgba = Rgba::hex(0x18_191c);
const CARBON: Rgba = Rgba::hex(0x24_262b);
const GLASS: Rgba = Rgba::hex(0x0a_0b0d);
const TRIM: Rgba = Rgba::hex(0xf4_f4f2);

/// An image: blue, green, red, opacity, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sprite {
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Four bytes per pixel.
    pub pixels: Vec<u8>,
}

impl Sprite {
    /// Paints a sprite. `shade` returns the colour at a point in metres from the
    /// middle, positive to the right and up.
    fn paint(size_m: (f32, f32), pixels_per_m: f32, shade: impl Fn(f32, f32) -> Rgba) -> Self {
        let width = (size_m.0 * pixels_per_m).round() as usize;
        let height = (size_m.1 * pixels_per_m).round() as usize;
        let mut pixels = Vec::with_capacity(width * height * 4);
        for row in 0..height {
            for column in 0..width {
                let mut sum = [0.0_f32; 4];
                for sample in 0..SAMPLES * SAMPLES {
                    let inside = |index: usize| (index as f32 + 0.5) / SAMPLES as f32;
                    let x = column as f32 + inside(sample % SAMPLES);
                    let y = row as f32 + inside(sample / SAMPLES);
                    let x = x / pixels_per_m - size_m.0 / 2.0;
                    let y = size_m.1 / 2.0 - y / pixels_per_m;
                    let colour = shade(x, y);
                    let opacity = f32::from(colour.a);
                    for (sum, part) in sum.iter_mut().zip([colour.b, colour.g, colour.r]) {
                        *sum += f32::from(part) * opacity;
                    }
                    sum[3] += opacity;
                }
                let opacity = sum[3].max(1.0);
                let part = |index: usize| (sum[index] / opacity) as u8;
                let covered = (sum[3] / (SAMPLES * SAMPLES) as f32) as u8;
                pixels.extend([part(0), part(1), part(2), covered]);
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }
}

/// Paints a racing car without its front wheels, its nose to the right. The shape
/// depends on the class, the colour on the seat.
#[must_use]
pub fn car(colour: Rgba, class: CarClass) -> Sprite {
    let part = match class {
        CarClass::Grip => formula::part,
        CarClass::Power => closed::muscle,
        CarClass::Drift => closed::coupe,
    };
    Sprite::paint(CAR_SIZE_M, CAR_PIXELS_PER_M, |x, y| {
        part(colour, x, y.abs())
    })
}

/// Paints a car of the highway's traffic, its nose to the right.
#[must_use]
pub fn traffic(colour: Rgba, kind: TrafficKind) -> Sprite {
    let part = match kind {
        TrafficKind::Saloon => closed::saloon,
        TrafficKind::Van => closed::van,
    };
    Sprite::paint(CAR_SIZE_M, CAR_PIXELS_PER_M, |x, y| {
        part(colour, x, y.abs())
    })
}

/// The kind of a car of the highway's traffic. All are of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficKind {
    /// A saloon, with a bonnet and a boot.
    Saloon,
    /// A box-shaped van.
    Van,
}

/// Paints a front wheel, rolling to the right.
#[must_use]
pub fn wheel() -> Sprite {
    Sprite::paint(WHEEL_SIZE_M, CAR_PIXELS_PER_M, |x, y| {
        tyre(x, y, 0.34, 0.17)
    })
}

/// Paints the shadow of a car, soft at the edge.
#[must_use]
pub fn car_shadow() -> Sprite {
    Sprite::paint((5.4, 3.0), CAR_PIXELS_PER_M, |x, y| {
        let edge = rounded(x, y, 2.15, 0.85, 0.5);
        Rgba::hex(0).alpha((120.0 * (0.5 - edge / 0.7).clamp(0.0, 1.0)) as u8)
    })
}

/// Paints a white disc with an edge one pixel soft, for round corners and lamps.
#[must_use]
pub fn disc(pixels: usize) -> Sprite {
    let size = pixels as f32;
    Sprite::paint((size, size), 1.0, |x, y| {
        if x.hypot(y) < size / 2.0 - 0.25 {
            TRIM_WHITE
        } else {
            TRIM_WHITE.alpha(0)
        }
    })
}

/// Paints a white cloud, dense in the middle.
#[must_use]
pub fn puff() -> Sprite {
    Sprite::paint((32.0, 32.0), 1.0, |x, y| {
        let share = (1.0 - x.hypot(y) / 16.0).clamp(0.0, 1.0);
        TRIM_WHITE.alpha((share * share * (3.0 - 2.0 * share) * 255.0) as u8)
    })
}

const TRIM_WHITE: Rgba = Rgba::hex(0xff_ffff);
const LAMP: Rgba = Rgba::hex(0xff_f3c4);
const TAIL_LAMP: Rgba = Rgba::hex(0xc8_1f1f);

fn tyre(x: f32, y: f32, half_length: f32, half_width: f32) -> Rgba {
    let edge = rounded(x, y, half_length, half_width, 0.07);
    if edge > 0.0 {
        return RUBBER.alpha(0);
    }
    // The crown of the tread catches the light; the shoulders carry a line.
    let share = (y / half_width).abs();
    if (0.70..0.84).contains(&share) {
        return RUBBER.mix(Rgba::hex(0xc9_a227), 0.55);
    }
    RUBBER.mix(TRIM, (1.0 - share) * 0.16)
}

/// Returns the distance to the edge of a box with round corners, negative inside.
fn rounded(x: f32, y: f32, half_width: f32, half_height: f32, radius: f32) -> f32 {
    let (dx, dy) = (
        x.abs() - half_width + radius,
        y.abs() - half_height + radius,
    );
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opacity(sprite: &Sprite, x: f32, y: f32) -> u8 {
        let column = ((x + CAR_SIZE_M.0 / 2.0) * CAR_PIXELS_PER_M) as usize;
        let row = ((CAR_SIZE_M.1 / 2.0 - y) * CAR_PIXELS_PER_M) as usize;
        sprite.pixels[(row * sprite.width + column) * 4 + 3]
    }

    #[test]
    fn a_car_has_a_body_and_rear_wheels_but_no_front_wheels() {
        let sprite = car(Rgba::hex(0xff_0000), CarClass::Grip);
        assert_eq!(sprite.pixels.len(), sprite.width * sprite.height * 4);
        assert_eq!(opacity(&sprite, 0.0, 0.0), 255);
        assert_eq!(opacity(&sprite, -1.36, 0.8), 255);
        assert_eq!(opacity(&sprite, FRONT_WHEEL_M.0 - 0.2, FRONT_WHEEL_M.1), 0);
        assert_eq!(opacity(&sprite, 2.35, 1.1), 0);
    }

    #[test]
    fn a_car_is_the_same_on_both_sides() {
        let sprite = car(Rgba::hex(0x00_80ff), CarClass::Grip);
        for x in [-2.0, -1.36, -0.5, 0.1, 1.0, 2.05] {
            for y in [0.1, 0.4, 0.75] {
                let difference = opacity(&sprite, x, y).abs_diff(opacity(&sprite, x, -y));
                assert!(difference < 130, "{x} {y}");
            }
        }
    }

    #[test]
    fn classes_and_traffic_can_be_told_apart_by_their_shape() {
        let colour = Rgba::hex(0x00_80ff);
        let cars = CarClass::ALL.map(|class| car(colour, class));
        let others = [TrafficKind::Saloon, TrafficKind::Van].map(|kind| traffic(colour, kind));
        let all: Vec<&Sprite> = cars.iter().chain(&others).collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                let bytes = one.pixels.iter().zip(&other.pixels);
                let different = bytes.filter(|(a, b)| a.abs_diff(**b) > 40).count();
                assert!(different * 10 > one.pixels.len(), "{different}");
            }
        }
    }
}

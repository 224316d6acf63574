//! Small pictures that are computed once: cars, wheels, soft discs. Pure; the
//! colour of a car is a parameter.

use crate::theme::Rgba;

/// Pixels per metre of the pictures of cars.
pub const CAR_PIXELS_PER_M: f32 = 18.0;
/// Size of the picture of a car, m: the car and a margin.
pub const CAR_SIZE_M: (f32, f32) = (4.8, 2.3);
/// Size of the picture of a front wheel, m.
pub const WHEEL_SIZE_M: (f32, f32) = (0.9, 0.6);
/// From the centre of a car to its front wheels, m: ahead, and to each side.
pub const FRONT_WHEEL_M: (f32, f32) = (1.32, 0.78);
/// Samples across a pixel: edges are soft.
const SAMPLES: usize = 4;

const RUBBER: Rgba = Rgba::hex(0x18_191c);
const CARBON: Rgba = Rgba::hex(0x24_262b);
const GLASS: Rgba = Rgba::hex(0x0a_0b0d);
const TRIM: Rgba = Rgba::hex(0xf4_f4f2);

/// A picture: blue, green, red, opacity, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sprite {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Four bytes a pixel.
    pub pixels: Vec<u8>,
}

impl Sprite {
    /// `shade` gives the colour at a point in metres from the middle, right
    /// and up positive.
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

/// A racing car without its front wheels, its nose to the right.
#[must_use]
pub fn car(colour: Rgba) -> Sprite {
    Sprite::paint(CAR_SIZE_M, CAR_PIXELS_PER_M, |x, y| {
        car_at(colour, x, y.abs())
    })
}

/// A front wheel, rolling to the right.
#[must_use]
pub fn wheel() -> Sprite {
    Sprite::paint(WHEEL_SIZE_M, CAR_PIXELS_PER_M, |x, y| {
        tyre(x, y, 0.34, 0.17)
    })
}

/// The shadow of a car, soft at the edge.
#[must_use]
pub fn car_shadow() -> Sprite {
    Sprite::paint((5.4, 3.0), CAR_PIXELS_PER_M, |x, y| {
        let edge = rounded(x, y, 2.15, 0.85, 0.5);
        Rgba::hex(0).alpha((120.0 * (0.5 - edge / 0.7).clamp(0.0, 1.0)) as u8)
    })
}

/// A white disc with an edge one pixel soft, for round corners and lamps.
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

/// A white cloud, thick in the middle.
#[must_use]
pub fn puff() -> Sprite {
    Sprite::paint((32.0, 32.0), 1.0, |x, y| {
        let share = (1.0 - x.hypot(y) / 16.0).clamp(0.0, 1.0);
        TRIM_WHITE.alpha((share * share * (3.0 - 2.0 * share) * 255.0) as u8)
    })
}

const TRIM_WHITE: Rgba = Rgba::hex(0xff_ffff);

/// The topmost part at a point; `y` is the distance from the car's middle line.
fn car_at(colour: Rgba, x: f32, y: f32) -> Rgba {
    let dark = colour.mix(Rgba::hex(0), 0.38);
    let light = colour.mix(TRIM_WHITE, 0.30);
    // Helmet, cockpit and the arch over it.
    if (x - 0.12).hypot(y) < 0.17 {
        return if x > 0.19 { GLASS } else { TRIM };
    }
    if y < 0.035 && (0.25..0.72).contains(&x) {
        return CARBON;
    }
    if ((x - 0.22) / 0.50).hypot(y / 0.25) < 1.0 {
        return GLASS;
    }
    // Engine cover with its fin, nose with its stripe.
    let cover = 0.30 - (-x - 0.2).clamp(0.0, 1.6) * 0.105;
    if (-1.85..-0.25).contains(&x) && y < cover {
        return if y < 0.045 {
            dark
        } else {
            light.mix(colour, y / cover)
        };
    }
    let nose = 0.33 - (x - 0.3).clamp(0.0, 1.7) * 0.125;
    if (-0.3..2.05).contains(&x) && y < nose {
        return if y < 0.07 && x > 0.75 {
            TRIM
        } else {
            light.mix(colour, y / nose)
        };
    }
    // Wings.
    if rounded(x + 2.02, y, 0.20, 0.78, 0.05) < 0.0 {
        let is_plate = y > 0.69;
        return if is_plate || x > -1.92 {
            colour
        } else {
            CARBON
        };
    }
    let sweep = x + y * 0.16;
    if rounded(sweep - 2.08, y, 0.17, 0.92, 0.05) < 0.0 {
        return if y > 0.80 {
            dark
        } else if sweep > 2.12 {
            TRIM
        } else {
            colour
        };
    }
    // Side pods, broad in front, narrow at the rear.
    let pod = 0.66 - (-x - 0.3).clamp(0.0, 1.3) * 0.24;
    if (-1.45..0.42).contains(&x) && y < pod - (x - 0.2).max(0.0) * 0.5 {
        if x > 0.28 {
            return GLASS;
        }
        return if y > pod - 0.09 { dark } else { colour };
    }
    // Floor, wheels and what holds them.
    if (-1.75..0.75).contains(&x) && y < 0.70 - (x - 0.2).max(0.0) * 0.4 {
        return CARBON;
    }
    let rear = tyre(x + 1.36, y - 0.76, 0.37, 0.20);
    if rear.a > 0 {
        return rear;
    }
    let arm = |from_x: f32, to_x: f32| (x - (from_x + (to_x - from_x) * y / 0.7)).abs() < 0.035;
    let is_arm = y < 0.72 && (arm(0.95, 1.28) || arm(1.55, 1.38) || arm(-1.2, -1.36));
    if is_arm { CARBON } else { CARBON.alpha(0) }
}

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

/// The distance to the edge of a box with round corners, negative inside.
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
    fn a_car_has_a_body_and_rear_wheels_and_room_for_front_wheels() {
        let sprite = car(Rgba::hex(0xff_0000));
        assert_eq!(sprite.pixels.len(), sprite.width * sprite.height * 4);
        assert_eq!(opacity(&sprite, 0.0, 0.0), 255);
        assert_eq!(opacity(&sprite, -1.36, 0.8), 255);
        assert_eq!(opacity(&sprite, FRONT_WHEEL_M.0 - 0.2, FRONT_WHEEL_M.1), 0);
        assert_eq!(opacity(&sprite, 2.35, 1.1), 0);
    }

    #[test]
    fn a_car_is_the_same_on_both_sides() {
        let sprite = car(Rgba::hex(0x00_80ff));
        for x in [-2.0, -1.36, -0.5, 0.1, 1.0, 2.05] {
            for y in [0.1, 0.4, 0.75] {
                let difference = opacity(&sprite, x, y).abs_diff(opacity(&sprite, x, -y));
                assert!(difference < 130, "{x} {y}");
            }
        }
    }
}

//! Cars with a roof. The shapes have the length and width of the simulation's car.

use super::{CARBON, GLASS, LAMP, TAIL_LAMP, TRIM, TRIM_WHITE, rounded, tyre};
use crate::theme::Rgba;

/// Half the length and half the width of a body, m.
const BODY: (f32, f32) = (2.18, 0.92);

/// A muscle car: a long bonnet with two stripes, a short cabin at the rear.
pub(super) fn muscle(colour: Rgba, x: f32, y: f32) -> Rgba {
    let shape = Shape {
        nose: 0.30,
        windscreen: 0.10..0.50,
        roof: -0.95..0.10,
        rear_window: -1.35..-0.95,
    };
    let is_stripe = (0.12..0.30).contains(&y) && !(-1.35..0.50).contains(&x);
    let is_scoop = y < 0.22 && (0.95..1.45).contains(&x);
    let wing = rounded(x + 1.98, y, 0.13, 0.88, 0.05) < 0.0;
    match body(&shape, colour, x, y) {
        paint if paint.a == 0 => wheel_arches(x, y),
        _ if wing => colour.mix(Rgba::hex(0), 0.45),
        _ if is_scoop => CARBON,
        paint if is_stripe && paint != LAMP && paint != TAIL_LAMP => TRIM,
        paint => paint,
    }
}

/// A short coupe with a dark roof and a wing wider than the body.
pub(super) fn coupe(colour: Rgba, x: f32, y: f32) -> Rgba {
    let shape = Shape {
        nose: 0.62,
        windscreen: 0.45..0.95,
        roof: -0.55..0.45,
        rear_window: -1.15..-0.55,
    };
    if rounded(x + 2.02, y, 0.20, 1.00, 0.04) < 0.0 {
        return if y > 0.92 { colour } else { CARBON };
    }
    let is_roof = shape.roof.contains(&x) && y < 0.62;
    let is_vent = (1.15..1.65).contains(&x) && (0.28..0.42).contains(&y);
    match body(&shape, colour, x, y) {
        paint if paint.a == 0 => wheel_arches(x, y),
        _ if is_roof => CARBON.mix(TRIM_WHITE, 0.10),
        _ if is_vent => CARBON,
        paint => paint,
    }
}

/// A saloon.
pub(super) fn saloon(colour: Rgba, x: f32, y: f32) -> Rgba {
    let shape = Shape {
        nose: 0.50,
        windscreen: 0.40..0.95,
        roof: -0.90..0.40,
        rear_window: -1.40..-0.90,
    };
    body(&shape, colour, x, y)
}

/// A van: a box with a windscreen.
pub(super) fn van(colour: Rgba, x: f32, y: f32) -> Rgba {
    let shape = Shape {
        nose: 0.35,
        windscreen: 1.15..1.62,
        roof: -2.05..1.15,
        rear_window: -2.10..-2.05,
    };
    let paint = body(&shape, colour, x, y);
    let is_rib = shape.roof.contains(&x) && y < 0.78 && (x / 0.55).rem_euclid(1.0) < 0.10;
    if is_rib && paint.a > 0 {
        return paint.mix(Rgba::hex(0), 0.16);
    }
    paint
}

/// The extents of a car's parts along its length, m ahead of the middle.
struct Shape {
    /// Radius of the corners.
    nose: f32,
    windscreen: core::ops::Range<f32>,
    roof: core::ops::Range<f32>,
    rear_window: core::ops::Range<f32>,
}

/// Returns the colour of body, glass and lamps; transparent outside the car.
fn body(shape: &Shape, colour: Rgba, x: f32, y: f32) -> Rgba {
    let edge = rounded(x, y, BODY.0, BODY.1, shape.nose);
    if edge > 0.0 {
        return colour.alpha(0);
    }
    // Glass narrows towards the ends of the car.
    let glass = 0.74 - 0.05 * x.abs();
    let is_glass = shape.windscreen.contains(&x) || shape.rear_window.contains(&x);
    if is_glass && y < glass {
        return GLASS.mix(TRIM_WHITE, 0.10 * (1.0 - y));
    }
    if shape.roof.contains(&x) {
        if y < glass - 0.12 {
            return colour.mix(TRIM_WHITE, 0.22 * (1.0 - y));
        }
        if y < glass {
            return GLASS;
        }
    }
    if x > 1.92 && (0.42..0.80).contains(&y) {
        return LAMP;
    }
    if x < -2.02 && (0.36..0.82).contains(&y) {
        return TAIL_LAMP;
    }
    if edge > -0.07 {
        return colour.mix(Rgba::hex(0), 0.42);
    }
    colour.mix(TRIM_WHITE, 0.10 * (1.0 - y / BODY.1))
}

/// Rear tyres that protrude from the body.
fn wheel_arches(x: f32, y: f32) -> Rgba {
    tyre(x + 1.36, y - 0.84, 0.36, 0.16)
}

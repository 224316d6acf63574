//! A car with open wheels and large wings.

use super::{CARBON, GLASS, TRIM, TRIM_WHITE, rounded, tyre};
use crate::theme::Rgba;

/// Returns the colour of the topmost part at a point. `y` is the distance from
/// the car's middle line.
pub(super) fn part(colour: Rgba, x: f32, y: f32) -> Rgba {
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
    // Floor, wheels and suspension.
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

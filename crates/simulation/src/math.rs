//! Interpolation, and the only door to transcendental functions.

pub(crate) use libm::{asin, atan, atan2, cos, sin, tan};

/// `a` plus a `fraction` of the way to `b`.
pub(crate) fn lerp(a: f64, b: f64, fraction: f64) -> f64 {
    a + (b - a) * fraction
}

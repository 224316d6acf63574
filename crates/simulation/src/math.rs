//! Interpolation, and the only access to transcendental functions.

pub(crate) use libm::{asin, atan, atan2, cos, sin, tan};

/// Interpolates from `a` to `b` by `fraction`.
pub(crate) fn lerp(a: f64, b: f64, fraction: f64) -> f64 {
    a + (b - a) * fraction
}

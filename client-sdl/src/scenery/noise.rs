//! Deterministic noise: a hash of the position, the same on every screen.

use super::Point;

/// Returns white noise (0–1) for a cell of a grid.
pub(super) fn cell(x: i32, y: i32, salt: u32) -> f32 {
    let mut hash = (x as u32).wrapping_mul(0x9e37_79b1)
        ^ (y as u32).wrapping_mul(0x85eb_ca77)
        ^ salt.wrapping_mul(0xc2b2_ae3d);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
    hash ^= hash >> 15;
    (hash >> 8) as f32 / (1_u32 << 24) as f32
}

/// Returns smooth noise (0–1) with features of `1 / frequency` metres.
pub(super) fn smooth(point: Point, frequency: f32, salt: u32) -> f32 {
    let (x, y) = (point.x * frequency, point.y * frequency);
    let (left, low) = (x.floor(), y.floor());
    let (i, j) = (left as i32, low as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - left), ease(y - low));
    let mix = |a: f32, b: f32, share: f32| a + (b - a) * share;
    mix(
        mix(cell(i, j, salt), cell(i + 1, j, salt), u),
        mix(cell(i, j + 1, salt), cell(i + 1, j + 1, salt), u),
        v,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_spread_evenly_and_smooth_between_cells() {
        let mean = (0..10_000).map(|i| cell(i % 100, i / 100, 1)).sum::<f32>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        let at = |x: f32| smooth(Point { x, y: 3.3 }, 0.5, 7);
        for step in 0..1_000 {
            let x = step as f32 * 0.01;
            assert!((at(x + 0.01) - at(x)).abs() < 0.02);
        }
    }
}

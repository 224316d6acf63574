//! The road and its run-off: asphalt, gravel, worn edges.

use super::colour::Colour;
use super::face::Palette;
use super::strip::TrackPosition;
use super::{Point, cover, noise, smooth};

const RUBBER: Colour = Colour::hex(0x2b_2c30);
/// The sky in a puddle.
const SKY: Colour = Colour::hex(0xa9_b9c8);
/// Half the width of the groove that cars keep clean, m.
const GROOVE_M: f32 = 2.4;
/// Distance from the middle of a car to its wheels, m.
const WHEELS_M: f32 = 0.8;

/// The mean brightness of the grain of asphalt.
const ASPHALT_LIGHT: f32 = 0.96;

/// Returns the colour of asphalt without its grain.
pub(super) fn asphalt(palette: &Palette) -> Colour {
    palette.asphalt.lit(ASPHALT_LIGHT)
}

/// Returns the colour of asphalt with a share of rubber.
pub(super) fn rubbered(palette: &Palette, share: f32) -> Colour {
    asphalt(palette).under(RUBBER, share)
}

/// Returns the mean colour of a bed of gravel.
pub(super) fn gravel(palette: &Palette) -> Colour {
    palette.gravel.under(palette.gravel_dark, 0.25)
}

/// Paints the run-off between road and wall: worn grass at the edge, gravel in
/// corners.
pub(super) fn run_off(
    palette: &Palette,
    ground: Colour,
    point: Point,
    position: &TrackPosition,
) -> Colour {
    let ragged = noise::smooth(point, 0.5, 4);
    let worn = smooth(2.2, 0.0, position.off_road + ragged) * 0.5;
    let colour = ground.under(palette.earth, worn);
    let mask = position.side.gravel + (ragged - 0.5) * 0.3;
    let bed = smooth(0.4, 0.6, mask)
        * smooth(1.6, 2.0, position.off_road + ragged * 0.8)
        * cover(position.off_wall);
    if bed <= 0.0 {
        return colour;
    }
    let stones = noise::cell((point.x * 7.0) as i32, (point.y * 7.0) as i32, 5);
    let heaps = noise::smooth(point, 1.3, 6);
    let raked = (position.off_road * 5.5 + heaps * 2.0).sin() * 0.5 + 0.5;
    let gravel = palette
        .gravel
        .under(palette.gravel_dark, raked * 0.28 + heaps * 0.2);
    colour.under(gravel.lit(0.9 + stones * 0.22), bed)
}

/// Paints asphalt with a polished groove and the rubber of tyres.
pub(super) fn road(
    palette: &Palette,
    colour: Colour,
    point: Point,
    position: &TrackPosition,
) -> Colour {
    let share = cover(position.off_road);
    if share <= 0.0 {
        return colour;
    }
    let grain = noise::cell((point.x * 11.0) as i32, (point.y * 11.0) as i32, 7);
    let patches = noise::smooth(point, 0.12, 8);
    let lanes = Point {
        x: position.station * 0.05,
        y: position.lateral * 1.6,
    };
    let streaks = noise::smooth(lanes, 1.0, 9);
    let from_groove = position.lateral - position.groove;
    let groove = (-(from_groove / GROOVE_M).powi(2)).exp();
    let light = 0.93
        + (grain - 0.5) * 0.13
        + (patches - 0.5) * 0.09
        + (streaks - 0.5) * 0.07
        + groove * 0.10;
    let wheel = (from_groove.abs() - WHEELS_M) / 0.42;
    let tracks = (-wheel * wheel).exp() * position.rubber * (0.35 + streaks * 0.35);
    let dusty = smooth(-1.6, 0.0, position.off_road) * 0.10;
    let asphalt = palette
        .asphalt
        .lit(light)
        .under(RUBBER, tracks * 0.75)
        .under(palette.earth, dusty);
    let asphalt = wet(palette, asphalt, point);
    colour.under(asphalt, share)
}

/// Paints a wet road: darker, with puddles in which the sky is seen.
fn wet(palette: &Palette, asphalt: Colour, point: Point) -> Colour {
    if palette.wet <= 0.0 {
        return asphalt;
    }
    // Two grids at an angle, so that neither shows.
    let turned = Point {
        x: point.x * 0.8 - point.y * 0.6,
        y: point.x * 0.6 + point.y * 0.8,
    };
    let wide = noise::smooth(point, 0.11, 10) * 0.5 + noise::smooth(turned, 0.17, 13) * 0.35;
    let depth = wide + noise::smooth(turned, 0.8, 14) * 0.15;
    let puddle = smooth(0.54, 0.66, depth) * palette.wet;
    let sheen = noise::smooth(point, 0.05, 12);
    asphalt
        .lit(1.0 - 0.22 * palette.wet)
        .under(SKY.lit(0.85 + sheen * 0.3), puddle * 0.38)
}

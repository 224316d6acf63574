//! The ground: grass, gravel, asphalt.

use super::colour::Colour;
use super::strip::TrackPosition;
use super::{Point, cover, noise, smooth};

const GRASS: Colour = Colour::hex(0x4f_8a3c);
const GRASS_DRY: Colour = Colour::hex(0x86_9c4a);
const GRASS_DEEP: Colour = Colour::hex(0x35_6b30);
const EARTH: Colour = Colour::hex(0x6f_6a45);
const GRAVEL: Colour = Colour::hex(0xc9_b48a);
const GRAVEL_DARK: Colour = Colour::hex(0x9c_8862);
const ASPHALT: Colour = Colour::hex(0x53_555a);
const RUBBER: Colour = Colour::hex(0x2b_2c30);
/// Width of the stripes left by the mower, m.
const MOWING_M: f32 = 7.0;
/// Half the width of the groove that cars keep clean, m.
const GROOVE_M: f32 = 2.4;
/// Distance from the middle of a car to its wheels, m.
const WHEELS_M: f32 = 0.8;

/// The mean brightness of the grain of asphalt.
const ASPHALT_LIGHT: f32 = 0.96;

/// Returns the colour of asphalt, gravel and grass without their grain.
pub(super) fn asphalt() -> Colour {
    ASPHALT.lit(ASPHALT_LIGHT)
}

pub(super) fn rubbered(share: f32) -> Colour {
    asphalt().under(RUBBER, share)
}

pub(super) fn gravel() -> Colour {
    GRAVEL.under(GRAVEL_DARK, 0.25)
}

pub(super) fn grass() -> Colour {
    GRASS.under(GRASS_DRY, 0.1)
}

/// Returns the colour of the meadow.
pub(super) fn meadow(point: Point) -> Colour {
    let patches = noise::smooth(point, 0.035, 1);
    let tufts = noise::smooth(point, 0.7, 2);
    let blades = noise::cell((point.x * 9.0) as i32, (point.y * 9.0) as i32, 3);
    let dry = smooth(0.55, 0.95, patches) * 0.55;
    let deep = smooth(0.5, 0.1, patches) * 0.5;
    let colour = GRASS.under(GRASS_DRY, dry).under(GRASS_DEEP, deep);
    let across = (point.x * 0.86 + point.y * 0.5) / MOWING_M;
    let stripe = smooth(0.42, 0.58, (across - across.floor() - 0.5).abs() * 2.0) - 0.5;
    colour.lit(1.0 + (tufts - 0.5) * 0.16 + (blades - 0.5) * 0.12 + stripe * 0.07)
}

/// Paints the run-off between road and wall: worn grass at the edge, gravel in
/// corners.
pub(super) fn run_off(meadow: Colour, point: Point, position: &TrackPosition) -> Colour {
    let ragged = noise::smooth(point, 0.5, 4);
    let worn = smooth(2.2, 0.0, position.off_road + ragged) * 0.5;
    let colour = meadow.under(EARTH, worn);
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
    let gravel = GRAVEL.under(GRAVEL_DARK, raked * 0.28 + heaps * 0.2);
    colour.under(gravel.lit(0.9 + stones * 0.22), bed)
}

/// Paints asphalt with a polished groove and the rubber of tyres.
pub(super) fn road(colour: Colour, point: Point, position: &TrackPosition) -> Colour {
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
    let asphalt = ASPHALT
        .lit(light)
        .under(RUBBER, tracks * 0.75)
        .under(EARTH, dusty);
    colour.under(asphalt, share)
}

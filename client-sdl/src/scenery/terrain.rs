//! The ground of each face, beside the road and beyond the walls.

use super::colour::Colour;
use super::face::{Face, Palette};
use super::{Point, cover, noise, smooth};

/// Distance from a wall to the water of a harbour, m.
pub(super) const QUAY_M: f32 = 16.0;
/// Side of the slabs of a quay, m.
const SLAB_M: f32 = 5.0;
/// Size of cobbles and of bricks, m: larger than real ones, which would be less
/// than a pixel.
const COBBLE_M: f32 = 0.55;
const BRICK_M: (f32, f32) = (1.0, 0.5);
/// Width of the stripes left by the mower, m.
const MOWING_M: f32 = 7.0;
const SNOW: Colour = Colour::hex(0xe9_eef2);
const WATER: Colour = Colour::hex(0x23_5a6e);
const WATER_LIGHT: Colour = Colour::hex(0x4f_8c9a);
const QUAY_EDGE: Colour = Colour::hex(0xd8_d6cc);
const LITTER: Colour = Colour::hex(0x8a_6a3a);
const JOINT: f32 = 0.80;

/// Returns the colour of the ground `beyond` metres behind the nearest wall,
/// which is negative in front of it.
pub(super) fn colour(face: Face, palette: &Palette, point: Point, beyond: f32) -> Colour {
    let patches = noise::smooth(point, 0.035, 1);
    let dry = smooth(0.55, 0.95, patches) * 0.55;
    let deep = smooth(0.5, 0.1, patches) * 0.5;
    let colour = palette
        .ground
        .under(palette.dry, dry)
        .under(palette.deep, deep);
    match face {
        Face::Meadow => mown(colour, point),
        Face::Harbour => quay(colour, point, beyond),
        Face::OldTown => cobbles(colour, point),
        Face::Forest => forest_floor(colour, point, beyond),
        Face::Bowl => sand(colour, point),
        Face::Pass => rock(colour, point, beyond),
        Face::Yard => bricks(colour, point),
    }
}

fn grain(point: Point) -> f32 {
    let tufts = noise::smooth(point, 0.7, 2);
    let blades = noise::cell((point.x * 9.0) as i32, (point.y * 9.0) as i32, 3);
    1.0 + (tufts - 0.5) * 0.16 + (blades - 0.5) * 0.12
}

fn mown(colour: Colour, point: Point) -> Colour {
    let across = (point.x * 0.86 + point.y * 0.5) / MOWING_M;
    let stripe = smooth(0.42, 0.58, (across - across.floor() - 0.5).abs() * 2.0) - 0.5;
    colour.lit(grain(point) + stripe * 0.07)
}

/// Concrete slabs up to the edge of the quay, then water.
fn quay(colour: Colour, point: Point, beyond: f32) -> Colour {
    let edge = beyond - QUAY_M;
    if edge > 0.6 {
        return water(point, edge);
    }
    let (across, along) = (
        (point.x * 0.96 + point.y * 0.28) / SLAB_M,
        (point.y * 0.96 - point.x * 0.28) / SLAB_M,
    );
    let slab = noise::cell(across.floor() as i32, along.floor() as i32, 71);
    let to_joint = |share: f32| (0.5 - (share - share.floor() - 0.5).abs()) * SLAB_M;
    let joint = cover(to_joint(across).min(to_joint(along)) - 0.06);
    let speck = noise::cell((point.x * 9.0) as i32, (point.y * 9.0) as i32, 3);
    let stain = noise::smooth(point, 0.3, 72);
    let light = 0.94 + (slab - 0.5) * 0.10 + (speck - 0.5) * 0.06 + (stain - 0.5) * 0.10;
    let concrete = colour.lit(light * (1.0 - joint * (1.0 - JOINT)));
    concrete.under(QUAY_EDGE, cover(-edge - 0.9))
}

fn water(point: Point, from_edge: f32) -> Colour {
    let swell = noise::smooth(point, 0.09, 73);
    let long = Point {
        x: point.x * 0.45,
        y: point.y * 1.5,
    };
    let ripples = noise::smooth(long, 0.7, 74);
    let glint = smooth(0.80, 0.92, ripples) * 0.45;
    let shade = smooth(1.6, 0.0, from_edge) * 0.5;
    WATER
        .under(WATER_LIGHT, swell * 0.35 + (ripples - 0.5) * 0.16)
        .under(WATER_LIGHT.lit(1.25), glint)
        .lit(1.0 - shade)
}

/// Rounded stones in rows.
fn cobbles(colour: Colour, point: Point) -> Colour {
    let row = (point.y / COBBLE_M).floor();
    let shifted = point.x / COBBLE_M + (row as i32 & 1) as f32 * 0.5;
    let column = shifted.floor();
    let across = (shifted - column - 0.5).abs() * 2.0;
    let along = (point.y / COBBLE_M - row - 0.5).abs() * 2.0;
    let stone = noise::cell(column as i32, row as i32, 75);
    let round = smooth(1.25, 0.7, across.hypot(along));
    let damp = noise::smooth(point, 0.12, 76);
    colour.lit((0.70 + 0.26 * round) * (0.88 + stone * 0.24) * (0.9 + damp * 0.16))
}

fn forest_floor(colour: Colour, point: Point, beyond: f32) -> Colour {
    let litter = noise::smooth(point, 0.22, 77);
    let leaves = noise::cell((point.x * 5.0) as i32, (point.y * 5.0) as i32, 78);
    let share = smooth(0.45, 0.8, litter) * smooth(0.0, 6.0, beyond) * (0.25 + leaves * 0.45);
    colour.under(LITTER, share).lit(grain(point))
}

/// Dunes and the ripples of the wind.
fn sand(colour: Colour, point: Point) -> Colour {
    let dunes = noise::smooth(point, 0.045, 79);
    let bend = noise::smooth(point, 0.13, 80);
    let ripples = ((point.x * 0.5 + point.y * 1.1) * 2.6 + bend * 9.0).sin();
    let grains = noise::cell((point.x * 11.0) as i32, (point.y * 11.0) as i32, 3);
    colour.lit(0.95 + (dunes - 0.5) * 0.18 + ripples * 0.022 + (grains - 0.5) * 0.07)
}

/// Layered rock, and snow that lies deeper away from the road.
fn rock(colour: Colour, point: Point, beyond: f32) -> Colour {
    let bend = noise::smooth(point, 0.06, 81) * 14.0;
    let layers = noise::smooth(
        Point {
            x: point.x * 0.12,
            y: point.y * 0.5 + bend,
        },
        1.0,
        82,
    );
    let cracks = noise::smooth(point, 0.45, 83);
    let crack = smooth(0.04, 0.0, (cracks - 0.5).abs()) * 0.15;
    let stone = colour.lit(grain(point) * (0.86 + layers * 0.3) - crack);
    // Grids at an angle, so that none shows.
    let turned = Point {
        x: point.x * 0.8 - point.y * 0.6,
        y: point.x * 0.6 + point.y * 0.8,
    };
    let wide = noise::smooth(point, 0.045, 84) * 0.45 + noise::smooth(turned, 0.09, 89) * 0.35;
    let depth = wide + noise::smooth(turned, 0.45, 85) * 0.20;
    let away = smooth(-2.0, 24.0, beyond) * 0.22;
    let snow = smooth(0.58, 0.66, depth + away);
    let hollow = noise::smooth(point, 0.16, 86);
    stone.under(SNOW.lit(0.88 + hollow * 0.14), snow)
}

/// Bricks in a running bond, worn to red earth in places.
fn bricks(colour: Colour, point: Point) -> Colour {
    let (length, width) = BRICK_M;
    let row = (point.y / width).floor();
    let shifted = point.x / length + (row as i32 & 1) as f32 * 0.5;
    let brick = shifted.floor();
    let to_joint = |share: f32, side: f32| (0.5 - (share - share.floor() - 0.5).abs()) * side;
    let joint = cover(to_joint(shifted, length).min(to_joint(point.y / width, width)) - 0.04);
    let fired = noise::cell(brick as i32, row as i32, 87);
    let worn = smooth(0.55, 0.8, noise::smooth(point, 0.06, 88));
    let paved = colour.lit((0.86 + fired * 0.28) * (1.0 - joint * 0.28));
    paved.under(colour.lit(grain(point) * 0.92), worn * 0.85)
}

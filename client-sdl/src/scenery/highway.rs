//! The endless highway. It is painted like a circuit's ground, but the position of
//! a pixel on the road follows from its coordinates alone.

use client_core::simulation::highway::{LANE_WIDTH_M, LANES, ROAD_HALF_WIDTH_M, SHOULDER_M};

use super::colour::Colour;
use super::face::{Face, Palette};
use super::features::Side;
use super::furniture::{self, Tree};
use super::strip::TrackPosition;
use super::{Point, SHADOW, cover, ground, noise, smooth, terrain};

/// The colours beside the highway.
const PALETTE: Palette = Face::Meadow.palette();

const WHITE: Colour = Colour::hex(0xec_ece6);
const YELLOW: Colour = Colour::hex(0xe8_b92e);
const STEEL: Colour = Colour::hex(0xb4_bbc2);
const STEEL_DARK: Colour = Colour::hex(0x6e_757c);
const POST: Colour = Colour::hex(0xf4_f4f0);
const REFLECTOR: Colour = Colour::hex(0xe8_4a2e);
const SIGN: Colour = Colour::hex(0x1c_5fb4);
/// Distance from the middle to the edge of the shoulder, m.
const ROAD_M: f32 = ROAD_HALF_WIDTH_M as f32;
/// Distance from the middle to the solid line beside the shoulder, m.
const EDGE_LINE_M: f32 = (ROAD_HALF_WIDTH_M - SHOULDER_M) as f32;
const LANE_M: f32 = LANE_WIDTH_M as f32;
/// Length of the dashes between lanes, and distance from one to the next, m: long
/// enough to be seen at any speed.
pub(super) const DASH_M: f32 = 6.0;
pub(super) const DASH_PITCH_M: f32 = 18.0;
/// Half the width of painted lines, m.
pub(super) const DASH_HALF_M: f32 = 0.09;
pub(super) const EDGE_HALF_M: f32 = 0.13;
/// Distance from the middle to the crash barrier and to the posts, m.
pub(super) const RAIL_M: f32 = ROAD_M + 2.6;
const POST_ROW_M: f32 = ROAD_M + 1.2;
/// Width of the barrier, and distance between its feet, m.
pub(super) const RAIL_WIDTH_M: f32 = 0.34;
const FOOT_PITCH_M: f32 = 4.0;
/// Distance between delineator posts, m.
const POST_PITCH_M: f32 = 50.0;
/// Distance between the blue boards, m, which mark the distance driven.
const BOARD_PITCH_M: f32 = 500.0;
/// Distance from the middle to the nearest crown, m.
const TREES_FROM_M: f32 = RAIL_M + 5.0;

/// Returns the colour of the line at the left shoulder or at the right one.
pub(super) fn edge_colour(is_left: bool) -> Colour {
    // The line towards the oncoming side is yellow, as on any motorway.
    if is_left { YELLOW } else { WHITE }
}

/// Returns the mean colour of the barrier.
pub(super) fn rail_colour() -> Colour {
    STEEL_DARK.under(STEEL, 0.6)
}

/// Returns the trees whose crown or shadow reaches into a circle.
pub(super) fn trees_near(middle: Point, radius_m: f32) -> Vec<Tree> {
    let trees = furniture::wild_trees(middle, radius_m);
    trees
        .filter(|tree| tree.centre.y.abs() - tree.radius > TREES_FROM_M)
        .collect()
}

/// Returns the colour of a point, without trees.
pub(super) fn paint(point: Point) -> Colour {
    let position = position(point);
    let palette = &PALETTE;
    let meadow = terrain::colour(Face::Meadow, palette, point, position.off_wall);
    let colour = ground::run_off(palette, meadow, point, &position);
    let colour = ground::road(palette, colour, point, &position);
    let colour = lines(colour, point);
    let colour = posts(colour, point);
    let colour = boards(colour, point);
    rail(colour, point)
}

/// Returns the position of a point on the highway. The groove is in the middle of
/// its lane.
fn position(point: Point) -> TrackPosition {
    let across = point.y.abs();
    let lane = (point.y / LANE_M + f32::from(LANES) / 2.0)
        .floor()
        .clamp(0.0, f32::from(LANES - 1));
    TrackPosition {
        station: point.x,
        lateral: point.y,
        side: Side {
            road: ROAD_M,
            wall: RAIL_M,
            kerb: 0.0,
            gravel: 0.0,
        },
        off_road: across - ROAD_M,
        off_wall: across - RAIL_M,
        groove: (lane - f32::from(LANES - 1) / 2.0) * LANE_M,
        rubber: 0.35,
        outward: Point {
            x: 0.0,
            y: point.y.signum(),
        },
    }
}

/// Paints dashes between lanes, solid lines at the shoulders, and the start line.
fn lines(colour: Colour, point: Point) -> Colour {
    let worn = 1.0 - noise::smooth(point, 0.9, 61) * 0.25;
    let edge = (point.y.abs() - EDGE_LINE_M).abs() - EDGE_HALF_M;
    let paint = edge_colour(point.y > 0.0);
    let colour = colour.under(paint, cover(edge) * worn);
    let lanes_in_from_edge = (point.y / LANE_M).round();
    let is_between = lanes_in_from_edge.abs() < f32::from(LANES) / 2.0;
    if !is_between {
        return start_line(colour, point);
    }
    let across = (point.y - lanes_in_from_edge * LANE_M).abs() - DASH_HALF_M;
    let along = (point.x.rem_euclid(DASH_PITCH_M) - DASH_PITCH_M / 2.0).abs() - DASH_M / 2.0;
    let colour = colour.under(WHITE, cover(across.max(along)) * worn);
    start_line(colour, point)
}

fn start_line(colour: Colour, point: Point) -> Colour {
    const SQUARE_M: f32 = 0.55;
    let edge = (point.x.abs() - 1.5 * SQUARE_M).max(point.y.abs() - EDGE_LINE_M);
    let share = cover(edge);
    if share <= 0.0 {
        return colour;
    }
    let square = |distance: f32| (distance / SQUARE_M).floor() as i32;
    let is_light = (square(point.x + 1.5 * SQUARE_M) + square(point.y)) % 2 == 0;
    let paint = if is_light {
        WHITE
    } else {
        Colour::hex(0x1c_1d20)
    };
    colour.under(paint, share)
}

/// Paints white posts with a red reflector.
fn posts(colour: Colour, point: Point) -> Colour {
    let along = point.x - (point.x / POST_PITCH_M).round() * POST_PITCH_M;
    let across = point.y.abs() - POST_ROW_M;
    let shadow = Point {
        x: along - 0.5,
        y: point.y - point.y.signum() * POST_ROW_M + 0.4,
    };
    let colour = colour.lit(1.0 - 0.4 * smooth(0.3, 0.0, shadow.length() - 0.25));
    let colour = colour.under(POST, cover(along.abs().max(across.abs()) - 0.17));
    colour.under(REFLECTOR, cover(along.abs().max(across.abs()) - 0.07))
}

/// Paints a blue board on the right every half kilometre.
fn boards(colour: Colour, point: Point) -> Colour {
    let number = (point.x / BOARD_PITCH_M).round();
    if number < 1.0 || point.y > 0.0 {
        return colour;
    }
    let along = point.x - number * BOARD_PITCH_M;
    let across = -point.y - RAIL_M - 1.9;
    let board = |along: f32, across: f32| (along.abs() - 0.6).max(across.abs() - 1.2);
    let shadow = board(along - 0.9, across - 0.7);
    let colour = colour.lit(1.0 - 0.4 * smooth(0.35, -0.2, shadow));
    let edge = board(along, across);
    let face = SIGN.under(WHITE, cover((edge + 0.16).abs() - 0.05));
    colour.under(face, cover(edge))
}

/// Paints a steel barrier on feet, and its shadow.
fn rail(colour: Colour, point: Point) -> Colour {
    let sign = point.y.signum();
    let across = point.y.abs() - RAIL_M;
    // The sun is in the upper left: shadows fall to the lower right.
    let fall = across * sign / SHADOW.y.abs();
    let is_behind = if sign > 0.0 { -across } else { across } > 0.0;
    let shadow = if is_behind {
        smooth(1.2, 0.2, fall.abs()) * 0.38
    } else {
        0.0
    };
    let colour = colour.lit(1.0 - shadow);
    let along = point.x - (point.x / FOOT_PITCH_M).round() * FOOT_PITCH_M;
    let foot = along.abs().max((across - 0.2).abs()) - 0.14;
    let colour = colour.under(STEEL_DARK, cover(foot));
    let edge = across.abs() - RAIL_WIDTH_M / 2.0;
    // Two waves along the steel.
    let wave = ((across / RAIL_WIDTH_M) * 12.0).cos() * 0.5 + 0.5;
    colour.under(STEEL_DARK.under(STEEL, 0.35 + 0.65 * wave), cover(edge))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brightness(x: f32, y: f32) -> f32 {
        paint(Point { x, y }).0.iter().sum::<f32>() / 3.0
    }

    #[test]
    fn the_road_has_dashes_between_its_lanes_at_any_distance() {
        for kilometre in [0.4, 3.0, 150.0] {
            let start = (kilometre * 1_000.0_f32 / DASH_PITCH_M).round() * DASH_PITCH_M;
            let dash = brightness(start + DASH_PITCH_M / 2.0, LANE_M);
            let gap = brightness(start + 1.0, LANE_M);
            assert!(dash > gap + 60.0, "{kilometre} km: {dash} {gap}");
        }
    }

    #[test]
    fn no_tree_stands_on_the_road() {
        for metre in (0..2_000).step_by(10) {
            let middle = Point {
                x: metre as f32,
                y: 0.0,
            };
            let trees = trees_near(middle, 60.0);
            assert!(trees.iter().all(|tree| tree.centre.y.abs() > ROAD_M + 5.0));
        }
    }
}

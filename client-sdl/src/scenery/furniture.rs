//! Objects beside the road: walls, tyres, trees.

use super::colour::Colour;
use super::face::{Face, Palette};
use super::props::Props;
use super::strip::{Strip, TrackPosition};
use super::{Point, SHADOW, cover, noise, smooth, stand};

const CONCRETE: Colour = Colour::hex(0xbf_c2c2);
const JOINT: Colour = Colour::hex(0x7d_8082);
const TYRE: Colour = Colour::hex(0x24_2528);
const TYRE_HOLE: Colour = Colour::hex(0x0e_0e10);
const TRUNK: Colour = Colour::hex(0xe6_e4da);
const SNOW: Colour = Colour::hex(0xee_f2f6);
const SERVICE_ROAD: Colour = Colour::hex(0x7c_7a72);
/// Colours of the sponsors' panels on walls.
const SPONSORS: [Colour; 5] = [
    Colour::hex(0x1f_5fbf),
    Colour::hex(0xd4_2f2f),
    Colour::hex(0xf0_f0ee),
    Colour::hex(0xf2_b01e),
    Colour::hex(0x1f_7a4d),
];
/// Thickness of a concrete wall, m.
const WALL_M: f32 = 0.6;
/// Diameter of a tyre, m.
const TYRE_M: f32 = 0.7;
/// Length of a wall's shadow, m.
const WALL_SHADOW_M: f32 = 1.5;
/// Side of the grid's squares, which have at most one tree each, m.
const TREE_GRID_M: f32 = 7.0;
/// The largest radius of a tree, m.
const RADIUS_MAX_M: f32 = 3.6;
/// Distance from a wall to the nearest crown, m, with room for the service road.
const TREE_CLEARANCE_M: f32 = 5.0;

/// A tree, seen from above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree {
    pub(super) centre: Point,
    pub(super) radius: f32,
    shade: f32,
    crown: Crown,
}

/// The shape of a tree's crown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crown {
    Round,
    Birch,
    Fir,
    SnowyFir,
    Palm,
}

/// The objects beside the road that are computed once per track.
#[derive(Debug)]
pub(super) struct Furniture {
    /// The trees, sorted by x.
    trees: Vec<Tree>,
}

impl Furniture {
    pub(super) fn new(strip: &Strip, face: Face, props: &Props) -> Self {
        let (low, high) = strip.reach();
        let mut trees = Vec::new();
        let columns = (low.x / TREE_GRID_M) as i32..(high.x / TREE_GRID_M) as i32;
        for column in columns {
            for row in (low.y / TREE_GRID_M) as i32..(high.y / TREE_GRID_M) as i32 {
                trees.extend(tree(strip, face, props, column, row));
            }
        }
        trees.sort_by(|a, b| a.centre.x.total_cmp(&b.centre.x));
        Self { trees }
    }

    /// Returns the trees whose crown or shadow reaches into a circle.
    pub(super) fn trees_near(&self, middle: Point, radius_m: f32) -> Vec<Tree> {
        let reach = radius_m + 2.5 * RADIUS_MAX_M;
        let from = self
            .trees
            .partition_point(|tree| tree.centre.x < middle.x - reach);
        let near = self.trees[from..]
            .iter()
            .take_while(|tree| tree.centre.x < middle.x + reach);
        near.filter(|tree| tree.centre.minus(middle).length() < reach)
            .copied()
            .collect()
    }
}

fn tree(strip: &Strip, face: Face, props: &Props, column: i32, row: i32) -> Option<Tree> {
    let mut tree = wild_tree(column, row)?;
    if noise::cell(column, row, 27) > density(face) {
        return None;
    }
    tree.crown = crown_of(face, tree.shade);
    let position = strip.locate(tree.centre, &mut strip.branches(tree.centre));
    let is_free = position.is_none_or(|position| {
        let is_on_stand = stand::is_near(&position, 4.0 + tree.radius);
        position.off_wall > tree.radius + TREE_CLEARANCE_M && !is_on_stand
    });
    (is_free && !props.is_at(tree.centre, tree.radius)).then_some(tree)
}

/// Returns the share of the wild trees that stand in a place.
fn density(face: Face) -> f32 {
    match face {
        Face::Meadow | Face::Forest => 1.0,
        Face::Harbour => 0.0,
        Face::OldTown => 0.12,
        Face::Bowl => 0.35,
        Face::Pass => 0.6,
        Face::Yard => 0.15,
    }
}

fn crown_of(face: Face, shade: f32) -> Crown {
    match face {
        Face::Forest if shade < 0.62 => Crown::Birch,
        Face::Forest => Crown::Fir,
        Face::Bowl => Crown::Palm,
        Face::Pass => Crown::SnowyFir,
        Face::Meadow | Face::Harbour | Face::OldTown | Face::Yard => Crown::Round,
    }
}

/// Returns the trees of a landscape without roads whose crown or shadow reaches
/// into a circle, in a fixed order.
pub(super) fn wild_trees(middle: Point, radius_m: f32) -> impl Iterator<Item = Tree> {
    let reach = radius_m + 2.5 * RADIUS_MAX_M;
    let cells = move |middle: f32| {
        let cell = |distance: f32| (distance / TREE_GRID_M).floor() as i32;
        cell(middle - reach) - 1..=cell(middle + reach)
    };
    cells(middle.x)
        .flat_map(move |column| cells(middle.y).filter_map(move |row| wild_tree(column, row)))
        .filter(move |tree| tree.centre.minus(middle).length() < reach)
}

fn wild_tree(column: i32, row: i32) -> Option<Tree> {
    let corner = Point {
        x: column as f32 * TREE_GRID_M,
        y: row as f32 * TREE_GRID_M,
    };
    let wood = smooth(0.46, 0.66, noise::smooth(corner, 0.017, 21));
    if noise::cell(column, row, 22) > 0.09 + wood * 0.8 {
        return None;
    }
    let jitter = |salt| noise::cell(column, row, salt) * TREE_GRID_M;
    let centre = Point {
        x: corner.x + jitter(23),
        y: corner.y + jitter(24),
    };
    Some(Tree {
        centre,
        radius: 1.7 + noise::cell(column, row, 25) * (RADIUS_MAX_M - 1.7),
        shade: noise::cell(column, row, 26),
        crown: Crown::Round,
    })
}

/// Paints the shadow of a wall, and the service road behind it.
pub(super) fn wall_shadow(colour: Colour, position: &TrackPosition) -> Colour {
    let falls = position.outward.dot(SHADOW);
    let beyond = position.off_wall;
    let length = falls.abs() * WALL_SHADOW_M;
    let thickness = if position.side.gravel > 0.5 {
        2.0 * TYRE_M
    } else {
        WALL_M
    };
    let distance = if falls > 0.0 {
        beyond - thickness
    } else {
        -beyond
    };
    if distance < -0.2 || distance > length {
        return service_road(colour, position);
    }
    service_road(colour, position).lit(1.0 - 0.42 * smooth(length, length * 0.4, distance))
}

/// Paints the narrow service road behind the wall.
fn service_road(colour: Colour, position: &TrackPosition) -> Colour {
    let across = (position.off_wall - 2.6).abs() - 0.9;
    colour.under(SERVICE_ROAD, cover(across) * 0.55)
}

/// Paints the wall: concrete along straights, stacks of tyres outside corners.
pub(super) fn wall(colour: Colour, position: &TrackPosition) -> Colour {
    let beyond = position.off_wall;
    if !(-0.2..2.0 * TYRE_M + 0.2).contains(&beyond) {
        return colour;
    }
    if position.side.gravel > 0.5 {
        tyres(colour, position)
    } else {
        concrete(colour, position)
    }
}

fn concrete(colour: Colour, position: &TrackPosition) -> Colour {
    let beyond = position.off_wall;
    let share = cover((beyond - WALL_M).max(-beyond));
    let panel = (position.station / 4.0).floor();
    let joint = cover(1.94 - (position.station - panel * 4.0 - 2.0).abs());
    let sponsor = noise::cell(
        (panel / 5.0).floor() as i32,
        i32::from(position.lateral > 0.0),
        41,
    );
    let paint = SPONSORS[(sponsor * SPONSORS.len() as f32) as usize % SPONSORS.len()];
    let face = if (panel as i32) % 2 == 0 {
        paint
    } else {
        SPONSORS[2]
    };
    let top = CONCRETE.under(face, cover(beyond - 0.3));
    colour.under(top.under(JOINT, joint * 0.7), share)
}

fn tyres(colour: Colour, position: &TrackPosition) -> Colour {
    let row = (position.off_wall / TYRE_M).floor();
    if !(0.0..2.0).contains(&row) {
        return colour;
    }
    let shifted = position.station + row * TYRE_M / 2.0;
    let stack = (shifted / TYRE_M).floor();
    let across = position.off_wall - (row + 0.5) * TYRE_M;
    let along = shifted - (stack + 0.5) * TYRE_M;
    let from_middle = (across * across + along * along).sqrt();
    let is_painted = (stack as i32).rem_euclid(8) < 4;
    let rubber = match (is_painted, row < 1.0) {
        (true, true) => Colour::hex(0xd8_d8d4),
        (false, true) => Colour::hex(0xb8_2a28),
        (_, false) => TYRE,
    };
    let round = rubber
        .lit(1.08 - from_middle * 0.7)
        .under(TYRE_HOLE, cover(from_middle - 0.13));
    colour
        .lit(0.55)
        .under(round, cover(from_middle - TYRE_M / 2.0 + 0.02))
}

/// Returns the mean colour of a wall of tyres or of concrete.
pub(super) fn wall_colour(is_tyres: bool) -> Colour {
    if is_tyres { TYRE } else { CONCRETE }
}

/// Paints the crowns of trees and their shadows.
pub(super) fn paint_trees(
    palette: &Palette,
    colour: Colour,
    point: Point,
    trees: &[Tree],
) -> Colour {
    let shadow = trees.iter().map(|tree| {
        let centre = tree.centre.along(SHADOW, tree.radius * 0.8);
        let offset = point.minus(centre);
        let edge = offset.length() - tree.radius * outline(tree, offset);
        smooth(0.25, -0.25, edge)
    });
    let shadowed = colour.lit(1.0 - 0.42 * shadow.fold(0.0, f32::max));
    trees
        .iter()
        .fold(shadowed, |colour, tree| crown(palette, colour, point, tree))
}

/// Returns the reach of a crown in a direction as a share of its radius.
fn outline(tree: &Tree, offset: Point) -> f32 {
    let angle = || offset.y.atan2(offset.x) + tree.shade * 6.0;
    match tree.crown {
        Crown::Round | Crown::Birch => 1.0,
        Crown::Fir | Crown::SnowyFir => 0.80 + 0.16 * (angle() * 9.0).cos(),
        Crown::Palm => 0.35 + 0.65 * (angle() * 3.5).cos().abs().sqrt(),
    }
}

fn crown(palette: &Palette, colour: Colour, point: Point, tree: &Tree) -> Colour {
    let offset = point.minus(tree.centre);
    let distance = offset.length();
    if distance > tree.radius * 1.3 {
        return colour;
    }
    // Rotated, so that the grid of the noise does not show.
    let rotated = Point {
        x: point.x * 0.8 - point.y * 0.6,
        y: point.x * 0.6 + point.y * 0.8,
    };
    let bumps = noise::smooth(rotated, 1.1, 51) - 0.5;
    let ragged = match tree.crown {
        Crown::Round | Crown::Birch => 0.4,
        Crown::Fir | Crown::SnowyFir | Crown::Palm => 0.12,
    };
    let edge = distance - tree.radius * (0.95 * outline(tree, offset) + bumps * ragged);
    let share = cover(edge);
    if share <= 0.0 {
        return colour;
    }
    let leaves = noise::smooth(rotated, 1.9, 52) * 0.6 + noise::smooth(point, 4.3, 53) * 0.4;
    let sun = -offset.dot(SHADOW) / tree.radius;
    let light = 0.42 + sun * 0.34 + (leaves - 0.5) * 0.55 + (tree.shade - 0.5) * 0.25;
    let [bright, dark] = palette.leaves;
    let paint = dark.under(bright, light.clamp(0.0, 1.0));
    let out = distance / tree.radius;
    let paint = match tree.crown {
        Crown::Round => paint,
        Crown::Birch => {
            let fleck = noise::cell((rotated.x * 4.0) as i32, (rotated.y * 4.0) as i32, 28);
            paint.under(
                TRUNK,
                f32::from(u8::from(fleck > 0.9)) * smooth(0.8, 0.3, out) * 0.8,
            )
        }
        Crown::Fir => paint.lit(0.62 + 0.25 * (1.0 - out)),
        Crown::SnowyFir => paint.under(SNOW, smooth(0.46, 0.62, leaves + sun * 0.16) * 0.85),
        Crown::Palm => paint.under(TYRE, smooth(0.16, 0.06, out) * 0.8),
    };
    colour.under(paint, share)
}

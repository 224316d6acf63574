//! The world around a track as an image, computed for each pixel from its
//! position along and across the road, and in the meadow.
//!
//! - [`strip`]: the nearest part of the track; [`features`]: kerbs, gravel and
//!   rubber along it,
//! - [`face`]: the colours of a place; [`terrain`]: its ground; [`props`]: its
//!   objects,
//! - [`ground`]: asphalt, gravel; [`markings`]: paint and kerbs,
//! - [`furniture`]: walls, tyres, trees; [`stand`]: the grandstand,
//! - [`bridge`]: bridges where the track crosses itself,
//! - [`highway`]: the ground of the endless road,
//! - [`plain_road`]: the road as flat pieces, until its tiles are ready,
//! - [`noise`]: deterministic noise, the same on every screen.
//!
//! Pure: a track always gives the same image, tile by tile, in any order and on
//! any thread.

mod bridge;
mod colour;
mod face;
mod features;
mod furniture;
mod ground;
mod highway;
mod markings;
mod noise;
mod plain_road;
mod props;
mod stand;
mod strip;
mod terrain;

use client_core::simulation::Track;

pub use self::bridge::Bridge;
use self::colour::Colour;
use self::face::{Face, Palette};
use self::furniture::{Furniture, Tree};
use self::markings::{GridBox, Markings};
pub use self::plain_road::{Piece, PlainRoad, StretchId};
use self::props::{Prop, Props};
use self::strip::{Branch, Strip, TrackPosition};

/// Side of a tile in pixels, small enough to be painted within milliseconds.
pub const TILE_PIXELS: usize = 512;
/// Resolution of a tile, pixels per metre: enough for a slow car, on which the
/// camera is zoomed in furthest.
pub const PIXELS_PER_M: f32 = 11.0;
/// The side of a tile in metres.
pub const TILE_M: f32 = TILE_PIXELS as f32 / PIXELS_PER_M;
/// Side of a block in pixels. Nearby objects are looked up once per block.
const BLOCK_PIXELS: usize = 16;
/// Bare concrete beside the road of a bridge.
const DECK: Colour = Colour::hex(0x8a_8c8c);
/// The share of light in a bridge's shadow.
const BRIDGE_SHADE: f32 = 0.45;
/// Direction of shadows: to the lower right.
const SHADOW: Point = Point { x: 0.8, y: -0.6 };

/// A point or a direction in the world, m. Single precision is enough for a pixel
/// and twice as fast.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Point {
    x: f32,
    y: f32,
}

impl Point {
    fn minus(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
        }
    }

    fn along(self, direction: Self, distance: f32) -> Self {
        Self {
            x: self.x + direction.x * distance,
            y: self.y + direction.y * distance,
        }
    }

    fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    fn left(self) -> Self {
        Self {
            x: -self.y,
            y: self.x,
        }
    }

    fn length(self) -> f32 {
        self.dot(self).sqrt()
    }
}

/// The index of a tile, whose lower left corner is at (`x`, `y`) × [`TILE_M`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// Column, counted to the right.
    pub x: i32,
    /// Row, counted upwards.
    pub y: i32,
}

/// A track's world, ready to be painted.
#[derive(Debug)]
pub struct Scenery(World);

#[derive(Debug)]
enum World {
    Circuit(Box<Circuit>),
    Highway,
}

#[derive(Debug)]
struct Circuit {
    face: Face,
    palette: Palette,
    strip: Strip,
    props: Props,
    markings: Markings,
    furniture: Furniture,
    has_stand: bool,
    bridges: Vec<Bridge>,
}

impl Scenery {
    /// Makes the world of a track. Takes some milliseconds.
    #[must_use]
    pub fn new(track: &Track) -> Self {
        if track.name() == Track::HIGHWAY {
            return Self(World::Highway);
        }
        let strip = Strip::new(track);
        let face = Face::of(track);
        let props = Props::new(&strip, face);
        let furniture = Furniture::new(&strip, face, &props);
        Self(World::Circuit(Box::new(Circuit {
            face,
            palette: face.palette(),
            markings: Markings::new(track),
            props,
            furniture,
            has_stand: stand::has_room(&strip),
            bridges: Bridge::of(track),
            strip,
        })))
    }

    /// Paints a tile. Pixels are row by row from the top, as blue, green, red and a
    /// byte that is 255 on the deck of a bridge and 0 elsewhere.
    #[must_use]
    pub fn paint(&self, tile: TileId) -> Vec<u8> {
        let mut pixels = vec![0; TILE_PIXELS * TILE_PIXELS * 4];
        for top in (0..TILE_PIXELS).step_by(BLOCK_PIXELS) {
            for left in (0..TILE_PIXELS).step_by(BLOCK_PIXELS) {
                self.paint_block(tile, left, top, &mut pixels);
            }
        }
        pixels
    }

    fn paint_block(&self, tile: TileId, left: usize, top: usize, pixels: &mut [u8]) {
        let half = BLOCK_PIXELS / 2;
        let middle = pixel_centre(tile, left + half, top + half);
        let radius_m = BLOCK_PIXELS as f32 / PIXELS_PER_M;
        let mut block =
            |palette: &Palette,
             props: &[Prop],
             trees: &[Tree],
             colour_at: &mut dyn FnMut(Point) -> (Colour, bool)| {
                for row in top..top + BLOCK_PIXELS {
                    for column in left..left + BLOCK_PIXELS {
                        let point = pixel_centre(tile, column, row);
                        let (colour, is_deck) = colour_at(point);
                        let colour = props::paint(colour, point, props);
                        let colour = furniture::paint_trees(palette, colour, point, trees);
                        let colour = palette.lit(colour);
                        let at = (row * TILE_PIXELS + column) * 4;
                        pixels[at..at + 3].copy_from_slice(&colour.blue_green_red());
                        pixels[at + 3] = if is_deck { u8::MAX } else { 0 };
                    }
                }
            };
        match &self.0 {
            World::Circuit(circuit) => {
                let mut branches = circuit.strip.branches(middle);
                let grid_boxes = circuit.markings.grid_boxes_near(middle, radius_m);
                let trees = circuit.furniture.trees_near(middle, radius_m);
                let near = circuit
                    .bridges
                    .iter()
                    .filter(|bridge| bridge.is_near(middle));
                let bridges: Vec<&Bridge> = near.collect();
                let props = circuit.props.near(middle, radius_m);
                let palette = &circuit.palette;
                block(
                    palette,
                    &props,
                    &trees,
                    &mut |point| match circuit.deck(point, &bridges) {
                        Some(colour) => (colour, true),
                        None => {
                            let colour = circuit.paint(point, &mut branches, &grid_boxes);
                            (circuit.shaded(colour, point, &bridges), false)
                        }
                    },
                );
            }
            World::Highway => {
                let trees = highway::trees_near(middle, radius_m);
                let palette = Face::Meadow.palette();
                block(&palette, &[], &trees, &mut |point| {
                    (highway::paint(point), false)
                });
            }
        }
    }
}

impl Circuit {
    /// Returns the colour of a point on the deck of a bridge.
    fn deck(&self, point: Point, bridges: &[&Bridge]) -> Option<Colour> {
        let position = bridges
            .iter()
            .find_map(|bridge| bridge.deck(&self.strip, point))?;
        let colour = ground::road(&self.palette, DECK, point, &position);
        let colour = self.markings.paint(&self.palette, colour, &position);
        Some(furniture::wall(colour, &position))
    }

    /// Darkens a point in the shadow of a bridge.
    fn shaded(&self, colour: Colour, point: Point, bridges: &[&Bridge]) -> Colour {
        let shade = |bridge: &&Bridge| bridge.shade(&self.strip, point);
        let dark = bridges.iter().map(shade).fold(0.0, f32::max);
        colour.lit(1.0 - (1.0 - BRIDGE_SHADE) * dark)
    }

    /// Returns the colour of a point, without trees.
    fn paint(&self, point: Point, branches: &mut [Branch], grid_boxes: &[GridBox]) -> Colour {
        let position = self.strip.locate(point, branches);
        let beyond = position.map_or(f32::INFINITY, |position| position.off_wall);
        let ground = terrain::colour(self.face, &self.palette, point, beyond);
        let Some(position) = position else {
            return ground;
        };
        let colour = self.on_strip(ground, point, &position);
        let grid = grid_boxes.iter();
        grid.fold(colour, |colour, grid_box| grid_box.paint(colour, point))
    }

    /// Paints the layers from the bottom up: verge, gravel, road, paint, kerbs,
    /// shadows, walls.
    fn on_strip(&self, ground: Colour, point: Point, position: &TrackPosition) -> Colour {
        let colour = ground::run_off(&self.palette, ground, point, position);
        let colour = ground::road(&self.palette, colour, point, position);
        let colour = self.markings.paint(&self.palette, colour, position);
        let colour = furniture::wall_shadow(colour, position);
        let colour = furniture::wall(colour, position);
        if self.has_stand {
            return stand::paint(colour, position);
        }
        colour
    }
}

fn pixel_centre(tile: TileId, column: usize, row: usize) -> Point {
    let down = (TILE_PIXELS - row) as f32 - 0.5;
    Point {
        x: tile.x as f32 * TILE_M + (column as f32 + 0.5) / PIXELS_PER_M,
        y: tile.y as f32 * TILE_M + down / PIXELS_PER_M,
    }
}

/// Returns the share of a pixel on the negative side of an edge `distance` metres
/// away (0–1), with a soft step as wide as a pixel.
fn cover(distance: f32) -> f32 {
    (0.5 - distance * PIXELS_PER_M * 0.8).clamp(0.0, 1.0)
}

/// A soft step from 0 at `from` to 1 at `to`.
fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let share = ((x - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(scenery: &Scenery, x: f64, y: f64) -> [u8; 3] {
        let (x, y) = (x as f32, y as f32);
        let tile = TileId {
            x: (x / TILE_M).floor() as i32,
            y: (y / TILE_M).floor() as i32,
        };
        let column = ((x - tile.x as f32 * TILE_M) * PIXELS_PER_M) as usize;
        let row = TILE_PIXELS - 1 - ((y - tile.y as f32 * TILE_M) * PIXELS_PER_M) as usize;
        let pixels = scenery.paint(tile);
        let at = (row * TILE_PIXELS + column) * 4;
        [pixels[at + 2], pixels[at + 1], pixels[at]]
    }

    #[test]
    fn the_road_is_grey_and_the_meadow_green() {
        let track = Track::by_name("willow-park").unwrap();
        let scenery = Scenery::new(&track);
        let road = track.at(250.0).point(2.0);
        let [r, g, b] = pixel(&scenery, road.x, road.y);
        assert!(r.abs_diff(g) < 16 && g.abs_diff(b) < 16, "{r} {g} {b}");
        let far = track.bounds().max;
        let [r, g, b] = pixel(&scenery, far.x + 200.0, far.y + 200.0);
        assert!(g > r && g > b, "{r} {g} {b}");
    }

    #[test]
    fn a_face_is_seen_beyond_the_walls() {
        let colour_of = |name: &str| {
            let track = Track::by_name(name).unwrap();
            let far = track.bounds().max;
            pixel(&Scenery::new(&track), far.x + 60.0, far.y + 60.0)
        };
        let [r, g, b] = colour_of("harbour-ring");
        assert!(b > g && g > r, "water: {r} {g} {b}");
        let [r, g, b] = colour_of("sunset-bowl");
        assert!(r > g && g > b, "sand: {r} {g} {b}");
        let [r, g, b] = colour_of("kiln-yard");
        assert!(r > g + 20 && g >= b, "brick: {r} {g} {b}");
    }

    #[test]
    fn a_tile_is_the_same_each_time() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let tile = TileId { x: 0, y: 0 };
        assert!(Scenery::new(&track).paint(tile) == Scenery::new(&track).paint(tile));
    }

    #[test]
    fn a_pixel_on_an_edge_is_half_covered() {
        assert!((cover(0.0) - 0.5).abs() < 1e-6);
        assert!(cover(1.0) < 1e-6 && cover(-1.0) > 0.999);
    }
}

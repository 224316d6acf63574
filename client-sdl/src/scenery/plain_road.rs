//! The road as a few flat pieces, computed from the track's samples. It is drawn
//! where a tile of the scenery is not ready: a car is never without a road.

use std::ops::Range;

use client_core::simulation::Track;
use client_core::simulation::highway::{LANE_WIDTH_M, LANES, ROAD_HALF_WIDTH_M, SHOULDER_M};
use domain::Vec2;

use super::colour::Colour;
use super::face::{Face, Palette};
use super::features::{self, Section, Side};
use super::{furniture, ground, highway, markings};
use crate::theme::Rgba;

/// Thickness of a wall, m.
const WALL_M: f64 = 0.6;
/// Half the width of the dark groove in which cars drive, m.
const GROOVE_HALF_M: f64 = 1.15;
/// The share of rubber in the groove, as the mean of the scenery's.
const GROOVE_RUBBER: f32 = 0.25;
/// Sections before and after a car's own in which its road is searched: enough
/// for the length of a car where samples are close together.
const SEARCH_SECTIONS: i32 = 5;

/// A number of a [`Stretch`]. On the highway any number is valid.
pub type StretchId = i32;

/// A quadrilateral of one colour, in the world, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// The corners, in order.
    pub corners: [Vec2; 4],
    /// The colour.
    pub colour: Rgba,
}

/// The road from one sample to the next, or one repetition of the highway.
#[derive(Clone, Debug)]
struct Stretch {
    pieces: Range<usize>,
    /// The asphalt.
    road: [Vec2; 4],
    low: Vec2,
    high: Vec2,
}

/// The road of a track as flat pieces.
#[derive(Clone, Debug)]
pub struct PlainRoad {
    pieces: Vec<Piece>,
    stretches: Vec<Stretch>,
    spacing_m: f64,
    is_endless: bool,
    palette: Palette,
}

impl PlainRoad {
    /// Computes the road of a track.
    #[must_use]
    pub fn new(track: &Track) -> Self {
        if track.name() == Track::HIGHWAY {
            return Self::highway();
        }
        let sections = features::along(track);
        let mut road = Self {
            pieces: Vec::with_capacity(sections.len() * 12),
            stretches: Vec::with_capacity(sections.len()),
            spacing_m: track.spacing_m(),
            is_endless: false,
            palette: Face::of(track).palette(),
        };
        for (index, from) in sections.iter().enumerate() {
            let is_last = index + 1 == sections.len();
            let to = &sections[if is_last { 0 } else { index + 1 }];
            let begin = road.pieces.len();
            road.section(index, from, to);
            if is_last {
                // On top of both sections that it lies on.
                road.start_line(to);
            }
            road.finish_stretch(begin, asphalt(from, to));
        }
        road
    }

    /// Returns the stretches that reach into a rectangle, in driving order: a part
    /// that passes over another comes later.
    pub fn stretches_in(&self, low: Vec2, high: Vec2) -> impl Iterator<Item = StretchId> {
        let ids = if self.is_endless {
            let number = |x: f64| (x / self.spacing_m).floor() as i32;
            number(low.x)..number(high.x) + 1
        } else {
            0..self.stretches.len() as i32
        };
        ids.filter(move |id| {
            let (stretch, offset) = self.stretch(*id);
            let (from, to) = (stretch.low + offset, stretch.high + offset);
            from.x <= high.x && to.x >= low.x && from.y <= high.y && to.y >= low.y
        })
    }

    /// Returns the pieces of a stretch, from the bottom up.
    pub fn pieces(&self, id: StretchId) -> impl Iterator<Item = Piece> {
        let (stretch, offset) = self.stretch(id);
        let pieces = &self.pieces[stretch.pieces.clone()];
        pieces.iter().map(move |piece| Piece {
            corners: piece.corners.map(|corner| corner + offset),
            colour: piece.colour,
        })
    }

    /// Returns the stretch of road under a point near a car that is `station_m`
    /// metres after the start line. `None` beside the road.
    #[must_use]
    pub fn under(&self, point: Vec2, station_m: f64) -> Option<StretchId> {
        let along = if self.is_endless { point.x } else { station_m };
        let middle = (along / self.spacing_m).floor() as i32;
        let mut ids = middle - SEARCH_SECTIONS..=middle + SEARCH_SECTIONS;
        let id = ids.find(|id| {
            let (stretch, offset) = self.stretch(*id);
            contains(&stretch.road, point - offset)
        })?;
        Some(self.wrapped(id))
    }

    /// Returns the distance of the middle of a stretch from the start line, m.
    #[must_use]
    pub fn station_m(&self, id: StretchId) -> f64 {
        (f64::from(id) + 0.5) * self.spacing_m
    }

    /// Returns the corners of the asphalt of all stretches of a circuit.
    pub fn asphalt(&self) -> impl Iterator<Item = &[Vec2; 4]> {
        self.stretches.iter().map(|stretch| &stretch.road)
    }

    /// Returns the colour of the ground beside the road.
    #[must_use]
    pub fn ground(&self) -> Rgba {
        rgba(self.palette.lit(self.palette.ground))
    }

    /// Returns whether the road repeats for ever along the x axis.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        self.is_endless
    }

    fn wrapped(&self, id: StretchId) -> StretchId {
        if self.is_endless {
            id
        } else {
            id.rem_euclid(self.stretches.len() as i32)
        }
    }

    fn stretch(&self, id: StretchId) -> (&Stretch, Vec2) {
        if self.is_endless {
            let offset = Vec2::new(f64::from(id) * self.spacing_m, 0.0);
            return (&self.stretches[0], offset);
        }
        (
            &self.stretches[self.wrapped(id) as usize],
            Vec2::new(0.0, 0.0),
        )
    }

    fn section(&mut self, index: usize, from: &Section, to: &Section) {
        for (sign, side) in [(1.0, pick_left as Pick), (-1.0, pick_right)] {
            let (a, b) = (side(from), side(to));
            let has_gravel = a.gravel > 0.5;
            if has_gravel {
                let edges = [(road(a), wall(a)), (road(b), wall(b))];
                self.band(from, to, sign, edges, ground::gravel(&self.palette));
            }
            let edges = [(wall(a), wall(a) + WALL_M), (wall(b), wall(b) + WALL_M)];
            self.band(from, to, sign, edges, furniture::wall_colour(has_gravel));
        }
        let corners = asphalt(from, to);
        self.piece(corners, ground::asphalt(&self.palette));
        let (a, b) = (f64::from(from.groove), f64::from(to.groove));
        let edges = [
            (a - GROOVE_HALF_M, a + GROOVE_HALF_M),
            (b - GROOVE_HALF_M, b + GROOVE_HALF_M),
        ];
        let rubber = from.rubber * GROOVE_RUBBER;
        self.band(
            from,
            to,
            1.0,
            edges,
            ground::rubbered(&self.palette, rubber),
        );
        for (sign, side) in [(1.0, pick_left as Pick), (-1.0, pick_right)] {
            let (a, b) = (side(from), side(to));
            let (near, far) = markings::edge_line_m();
            let edges = [
                (road(a) - far, road(a) - near),
                (road(b) - far, road(b) - near),
            ];
            self.band(from, to, sign, edges, markings::edge_line_colour());
            self.kerb(index, sign, (from, to), (a, b));
        }
    }

    fn kerb(
        &mut self,
        index: usize,
        sign: f64,
        (from, to): (&Section, &Section),
        (a, b): (&Side, &Side),
    ) {
        let width = |side: &Side| f64::from(markings::kerb_width_m(side.kerb).unwrap_or(0.0));
        if width(a) + width(b) <= 0.0 {
            return;
        }
        let begin = index as f64 * self.spacing_m;
        let stripe = f64::from(markings::KERB_STRIPE_M);
        let end = begin + self.spacing_m;
        let mut station = begin;
        while station < end {
            let number = (station / stripe + 1e-6).floor();
            let next = ((number + 1.0) * stripe).min(end);
            let at = |station: f64| {
                let share = (station - begin) / self.spacing_m;
                let mix = |a: f64, b: f64| a + (b - a) * share;
                let edge = mix(road(a), road(b));
                let outer = edge + mix(width(a), width(b));
                let low = point(from, sign * edge).lerp(point(to, sign * edge), share);
                let high = point(from, sign * outer).lerp(point(to, sign * outer), share);
                (low, high)
            };
            let ((a_low, a_high), (b_low, b_high)) = (at(station), at(next));
            let colour = markings::kerb_colour(&self.palette, number as i64 % 2 == 0);
            self.piece([a_low, b_low, b_high, a_high], colour);
            station = next;
        }
    }

    fn start_line(&mut self, at: &Section) {
        let square = f64::from(markings::CHEQUER_M);
        let columns =
            -(f64::from(at.right.road) / square) as i32..(f64::from(at.left.road) / square) as i32;
        let forward = world(at.tangent);
        for row in 0..markings::CHEQUER_ROWS as i32 {
            for column in columns.clone() {
                let colour = markings::chequer_colour((row + column) % 2 == 0);
                let along =
                    forward * ((f64::from(row) - f64::from(markings::CHEQUER_ROWS) / 2.0) * square);
                let corner = |across: i32| point(at, f64::from(across) * square) + along;
                let (low, high) = (corner(column), corner(column + 1));
                let step = forward * square;
                self.piece([low, low + step, high + step, high], colour);
            }
        }
    }

    fn highway() -> Self {
        let pitch = f64::from(highway::DASH_PITCH_M);
        let mut road = Self {
            pieces: Vec::new(),
            stretches: Vec::new(),
            spacing_m: pitch,
            is_endless: true,
            palette: Face::Meadow.palette(),
        };
        let band = |from: f64, to: f64, low: f64, high: f64| {
            [(from, low), (to, low), (to, high), (from, high)].map(|(x, y)| Vec2::new(x, y))
        };
        let across = |low: f64, high: f64| band(0.0, pitch, low, high);
        let asphalt = across(-ROAD_HALF_WIDTH_M, ROAD_HALF_WIDTH_M);
        let colour = ground::asphalt(&road.palette);
        road.piece(asphalt, colour);
        let edge = ROAD_HALF_WIDTH_M - SHOULDER_M;
        let rail = f64::from(highway::RAIL_M);
        for sign in [1.0, -1.0] {
            let line = f64::from(highway::EDGE_HALF_M);
            let colour = highway::edge_colour(sign > 0.0);
            road.piece(across(sign * edge - line, sign * edge + line), colour);
            let steel = f64::from(highway::RAIL_WIDTH_M) / 2.0;
            road.piece(
                across(sign * rail - steel, sign * rail + steel),
                highway::rail_colour(),
            );
        }
        let (half, dash) = (f64::from(highway::DASH_HALF_M), f64::from(highway::DASH_M));
        let from = (pitch - dash) / 2.0;
        for line in 1..LANES {
            let y = (f64::from(line) - f64::from(LANES) / 2.0) * LANE_WIDTH_M;
            road.piece(
                band(from, from + dash, y - half, y + half),
                markings::edge_line_colour(),
            );
        }
        road.finish_stretch(0, asphalt);
        road
    }

    /// Adds a band between two distances from the centre line at either end.
    fn band(
        &mut self,
        from: &Section,
        to: &Section,
        sign: f64,
        [(a_low, a_high), (b_low, b_high)]: [(f64, f64); 2],
        colour: Colour,
    ) {
        let corners = [
            point(from, sign * a_low),
            point(to, sign * b_low),
            point(to, sign * b_high),
            point(from, sign * a_high),
        ];
        self.piece(corners, colour);
    }

    fn piece(&mut self, corners: [Vec2; 4], colour: Colour) {
        let colour = rgba(self.palette.lit(colour));
        self.pieces.push(Piece { corners, colour });
    }

    fn finish_stretch(&mut self, begin: usize, road: [Vec2; 4]) {
        let pieces = begin..self.pieces.len();
        let corners = || self.pieces[begin..].iter().flat_map(|piece| piece.corners);
        let fold = |start: f64, pick: fn(f64, f64) -> f64| {
            corners().fold(Vec2::new(start, start), |end, corner| {
                Vec2::new(pick(end.x, corner.x), pick(end.y, corner.y))
            })
        };
        self.stretches.push(Stretch {
            pieces,
            road,
            low: fold(f64::INFINITY, f64::min),
            high: fold(f64::NEG_INFINITY, f64::max),
        });
    }
}

fn rgba(colour: Colour) -> Rgba {
    let [b, g, r] = colour.blue_green_red();
    Rgba {
        r,
        g,
        b,
        a: u8::MAX,
    }
}

type Pick = fn(&Section) -> &Side;

fn pick_left(section: &Section) -> &Side {
    &section.left
}

fn pick_right(section: &Section) -> &Side {
    &section.right
}

fn road(side: &Side) -> f64 {
    f64::from(side.road)
}

fn wall(side: &Side) -> f64 {
    f64::from(side.wall)
}

fn asphalt(from: &Section, to: &Section) -> [Vec2; 4] {
    [
        point(from, -road(&from.right)),
        point(to, -road(&to.right)),
        point(to, road(&to.left)),
        point(from, road(&from.left)),
    ]
}

fn world(point: super::Point) -> Vec2 {
    Vec2::new(f64::from(point.x), f64::from(point.y))
}

/// Returns the point `lateral` metres to the left of a section's centre.
fn point(section: &Section, lateral: f64) -> Vec2 {
    world(section.centre) + world(section.tangent).left() * lateral
}

/// Returns whether a point is inside a convex quadrilateral whose corners go
/// counter-clockwise, or on its edge.
fn contains(corners: &[Vec2; 4], point: Vec2) -> bool {
    (0..4).all(|index| {
        let (from, to) = (corners[index], corners[(index + 1) % 4]);
        (to - from).cross(point - from) >= -1e-6
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_of_every_road_is_on_a_stretch() {
        for name in Track::names() {
            let track = Track::by_name(name).unwrap();
            let road = PlainRoad::new(&track);
            for metre in (0..track.length_m()).step_by(3) {
                let station = f64::from(metre) + 0.4;
                let sample = track.at(station);
                for share in [-0.98, -0.5, 0.0, 0.5, 0.98] {
                    let lateral = if share > 0.0 {
                        share * sample.road_left
                    } else {
                        share * sample.road_right
                    };
                    let point = sample.point(lateral);
                    let id = road.under(point, station);
                    let id = id.unwrap_or_else(|| panic!("{name} {station} {share}"));
                    let near = Vec2::new(0.1, 0.1);
                    assert!(
                        road.stretches_in(point - near, point + near)
                            .any(|other| other == id)
                    );
                }
                let beside = sample.point(sample.road_left + 1.5);
                assert_eq!(road.under(beside, station), None, "{name} {station}");
            }
        }
    }

    #[test]
    fn the_highway_goes_on_for_ever() {
        let road = PlainRoad::new(&Track::highway());
        for x in [-250.0, 3.0, 180_000.0] {
            assert!(
                road.under(Vec2::new(x, ROAD_HALF_WIDTH_M - 0.1), 0.0)
                    .is_some()
            );
            assert_eq!(road.under(Vec2::new(x, ROAD_HALF_WIDTH_M + 0.1), 0.0), None);
            let low = Vec2::new(x - 50.0, -40.0);
            let stretches = road.stretches_in(low, Vec2::new(x + 50.0, 40.0));
            let length: f64 = stretches.map(|_| road.spacing_m).sum();
            assert!((100.0..160.0).contains(&length), "{x}: {length}");
        }
    }

    #[test]
    fn the_road_has_asphalt_lines_kerbs_and_walls() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let road = PlainRoad::new(&track);
        let mut colours: Vec<_> = road
            .pieces
            .iter()
            .map(|piece| (piece.colour.r, piece.colour.g, piece.colour.b))
            .collect();
        colours.sort_unstable();
        colours.dedup();
        assert!(colours.len() >= 8, "{colours:?}");
    }
}

//! The objects that make a place: cranes, houses, boulders and others, seen from
//! above. [`paint`] has their looks.

mod paint;

use super::colour::Colour;
use super::face::Face;
use super::strip::Strip;
use super::terrain::QUAY_M;
use super::{Point, SHADOW, noise, stand};

/// Distance from a wall to the nearest object, m, with room for the service road.
const CLEARANCE_M: f32 = 4.5;
/// The largest reach of an object and its shadow, m.
const REACH_MAX_M: f32 = 34.0;

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A gantry crane on the edge of a quay.
    Crane,
    /// Containers side by side.
    Containers,
    /// A boat on the water.
    Boat,
    /// A house with a roof of tiles.
    House,
    /// A market stall with a striped awning.
    Stall,
    /// A round fountain.
    Fountain,
    /// A pile of logs.
    Logs,
    /// A parasol.
    Parasol,
    /// A striped tent.
    Tent,
    /// A boulder.
    Boulder,
    /// A wooden house with snow on its roof.
    Chalet,
    /// The chimney of a kiln.
    Chimney,
    /// Pallets of bricks.
    Bricks,
    /// A factory with a saw-tooth roof.
    Shed,
}

/// How often a kind stands where.
struct Spec {
    kind: Kind,
    /// Side of the squares that have at most one of it each, m.
    cell_m: f32,
    /// Share of the squares that have one.
    chance: f32,
    /// Half the length and half the width, m.
    half: (f32, f32),
    /// Distances of its middle from the nearest wall, m.
    from: f32,
    upto: f32,
}

const ANYWHERE: f32 = f32::INFINITY;

const fn spec(kind: Kind, cell_m: f32, chance: f32, half: (f32, f32)) -> Spec {
    Spec {
        kind,
        cell_m,
        chance,
        half,
        from: 0.0,
        upto: ANYWHERE,
    }
}

/// Returns the objects of a face, those that need most room first.
fn specs(face: Face) -> &'static [Spec] {
    const HARBOUR: [Spec; 3] = [
        Spec {
            from: QUAY_M - 7.5,
            upto: QUAY_M - 3.0,
            ..spec(Kind::Crane, 34.0, 0.8, (10.0, 3.0))
        },
        Spec {
            from: QUAY_M + 7.0,
            ..spec(Kind::Boat, 26.0, 0.35, (6.5, 2.1))
        },
        Spec {
            upto: QUAY_M - 4.5,
            ..spec(Kind::Containers, 11.0, 0.75, (3.05, 3.9))
        },
    ];
    const OLD_TOWN: [Spec; 3] = [
        spec(Kind::Fountain, 60.0, 0.6, (3.2, 3.2)),
        spec(Kind::House, 12.5, 0.95, (6.4, 4.6)),
        spec(Kind::Stall, 9.0, 0.3, (1.7, 1.2)),
    ];
    const FOREST: [Spec; 1] = [spec(Kind::Logs, 24.0, 0.4, (3.0, 1.8))];
    const BOWL: [Spec; 2] = [
        spec(Kind::Tent, 30.0, 0.45, (3.4, 3.4)),
        spec(Kind::Parasol, 11.0, 0.4, (1.6, 1.6)),
    ];
    const PASS: [Spec; 2] = [
        spec(Kind::Chalet, 48.0, 0.55, (5.2, 3.8)),
        spec(Kind::Boulder, 10.0, 0.5, (2.2, 1.7)),
    ];
    const YARD: [Spec; 3] = [
        spec(Kind::Shed, 44.0, 0.7, (12.0, 7.5)),
        spec(Kind::Chimney, 30.0, 0.6, (2.4, 2.4)),
        spec(Kind::Bricks, 10.0, 0.4, (2.3, 1.4)),
    ];
    match face {
        Face::Meadow => &[],
        Face::Harbour => &HARBOUR,
        Face::OldTown => &OLD_TOWN,
        Face::Forest => &FOREST,
        Face::Bowl => &BOWL,
        Face::Pass => &PASS,
        Face::Yard => &YARD,
    }
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prop {
    kind: Kind,
    pub(super) centre: Point,
    /// The direction of its length.
    axis: Point,
    half: (f32, f32),
    /// A random number of its own, 0–1.
    shade: f32,
}

impl Prop {
    /// Returns the distance from its middle to its corners, m.
    pub(super) fn radius(&self) -> f32 {
        self.half.0.hypot(self.half.1)
    }

    /// Returns the distance from its middle within which it changes a pixel, m.
    fn reach(&self) -> f32 {
        self.radius() + self.kind.height_m() + 1.0
    }

    /// Returns a point relative to it: along its length, and to the left.
    fn local(&self, point: Point) -> Point {
        let offset = point.minus(self.centre);
        Point {
            x: offset.dot(self.axis),
            y: offset.dot(self.axis.left()),
        }
    }
}

/// The objects of a track.
#[derive(Debug)]
pub(super) struct Props {
    /// Sorted by x.
    props: Vec<Prop>,
}

impl Props {
    pub(super) fn new(strip: &Strip, face: Face) -> Self {
        let (low, high) = strip.reach();
        let mut props: Vec<Prop> = Vec::new();
        for spec in specs(face) {
            let cells = |from: f32, upto: f32| {
                (from / spec.cell_m) as i32 - 1..(upto / spec.cell_m) as i32 + 1
            };
            for column in cells(low.x, high.x) {
                for row in cells(low.y, high.y) {
                    let Some(prop) = place(strip, spec, column, row) else {
                        continue;
                    };
                    let is_free = props.iter().all(|other| {
                        let apart = other.centre.minus(prop.centre).length();
                        apart > (other.radius() + prop.radius()) * 0.76
                    });
                    if is_free {
                        props.push(prop);
                    }
                }
            }
        }
        props.sort_by(|a, b| a.centre.x.total_cmp(&b.centre.x));
        Self { props }
    }

    /// Returns the objects that change a pixel of a circle.
    pub(super) fn near(&self, middle: Point, radius_m: f32) -> Vec<Prop> {
        let reach = radius_m + REACH_MAX_M;
        let from = self
            .props
            .partition_point(|prop| prop.centre.x < middle.x - reach);
        let near = self.props[from..]
            .iter()
            .take_while(|prop| prop.centre.x < middle.x + reach);
        near.filter(|prop| prop.centre.minus(middle).length() < radius_m + prop.reach())
            .copied()
            .collect()
    }

    /// Returns whether an object stands within `radius_m` metres of a point.
    pub(super) fn is_at(&self, point: Point, radius_m: f32) -> bool {
        let reach = radius_m + REACH_MAX_M;
        let from = self
            .props
            .partition_point(|prop| prop.centre.x < point.x - reach);
        let near = self.props[from..]
            .iter()
            .take_while(|prop| prop.centre.x < point.x + reach);
        let mut near = near.map(|prop| prop.centre.minus(point).length() - prop.radius());
        near.any(|apart| apart < radius_m)
    }
}

fn place(strip: &Strip, spec: &Spec, column: i32, row: i32) -> Option<Prop> {
    let salt = 100 + spec.kind as u32 * 8;
    if noise::cell(column, row, salt) > spec.chance {
        return None;
    }
    let jitter = |index: i32, salt| {
        (index as f32 + 0.2 + 0.6 * noise::cell(column, row, salt)) * spec.cell_m
    };
    let centre = Point {
        x: jitter(column, salt + 1),
        y: jitter(row, salt + 2),
    };
    let shade = noise::cell(column, row, salt + 3);
    let radius = spec.half.0.hypot(spec.half.1);
    let position = strip.locate(centre, &mut strip.branches(centre));
    let beyond = position.map_or(f32::INFINITY, |position| position.off_wall);
    let is_on_stand = position.is_some_and(|position| stand::is_near(&position, radius + 2.0));
    let is_placed = beyond > radius.min(spec.half.1 + 2.5) + CLEARANCE_M
        && (spec.from..=spec.upto).contains(&beyond)
        && !is_on_stand;
    if !is_placed {
        return None;
    }
    // Along the road beside it, as buildings are; far from it, any way.
    let axis = position.map_or_else(
        || {
            let angle = shade * std::f32::consts::TAU;
            Point {
                x: angle.cos(),
                y: angle.sin(),
            }
        },
        |position| position.outward.left(),
    );
    Some(Prop {
        kind: spec.kind,
        centre,
        axis,
        half: spec.half,
        shade,
    })
}

/// Paints objects and their shadows.
pub(super) fn paint(colour: Colour, point: Point, props: &[Prop]) -> Colour {
    if props.is_empty() {
        return colour;
    }
    let shadow = props.iter().map(|prop| paint::shadow(prop, point, SHADOW));
    let colour = colour.lit(1.0 - 0.42 * shadow.fold(0.0, f32::max));
    props
        .iter()
        .fold(colour, |colour, prop| paint::prop(colour, prop, point))
}

#[cfg(test)]
mod tests {
    use client_core::simulation::Track;

    use super::*;

    #[test]
    fn every_face_has_its_objects_and_none_is_on_the_road() {
        for name in Track::names() {
            let track = Track::by_name(name).unwrap();
            let strip = Strip::new(&track);
            let face = Face::of(&track);
            let props = Props::new(&strip, face).props;
            for spec in specs(face) {
                let count = props.iter().filter(|prop| prop.kind == spec.kind).count();
                assert!(count > 3, "{name}: {count} of {:?}", spec.kind);
            }
            for prop in &props {
                let position = strip.locate(prop.centre, &mut strip.branches(prop.centre));
                let beyond = position.map_or(f32::INFINITY, |position| position.off_wall);
                assert!(beyond > prop.half.1 + 1.0, "{name}: {prop:?} {beyond}");
            }
        }
    }
}

//! Markings: edge lines, kerbs, the start line and the grid.

use client_core::simulation::Track;
use domain::SEATS_MAX;

use super::colour::Colour;
use super::face::Palette;
use super::strip::TrackPosition;
use super::{Point, cover, noise};

const WHITE: Colour = Colour::hex(0xe9_e9e4);
const BLACK: Colour = Colour::hex(0x1c_1d20);
/// Width of the line at the edge of the road, m.
const EDGE_LINE_M: f32 = 0.18;
/// Distance from the edge of the road to its line, m.
const EDGE_LINE_INSET_M: f32 = 0.22;
/// Width of a kerb, m.
const KERB_M: f32 = 1.25;
/// A narrower kerb is not painted, m.
const KERB_WIDTH_MIN_M: f32 = 0.15;
/// Length of one colour of a kerb, m.
pub(super) const KERB_STRIPE_M: f32 = 1.5;
/// Side of a square of the start line, m.
pub(super) const CHEQUER_M: f32 = 0.55;
/// Rows of squares of the start line.
pub(super) const CHEQUER_ROWS: f32 = 3.0;

/// The markings of a track.
#[derive(Debug)]
pub(super) struct Markings {
    grid_boxes: Vec<GridBox>,
}

/// A grid box: the markings of one starting position.
#[derive(Clone, Copy, Debug)]
pub(super) struct GridBox {
    centre: Point,
    forward: Point,
}

impl Markings {
    pub(super) fn new(track: &Track) -> Self {
        let grid_box = |seat: usize| {
            let pose = track.grid(seat);
            let (sin, cos) = pose.heading.sin_cos();
            GridBox {
                centre: Point {
                    x: pose.position.x as f32,
                    y: pose.position.y as f32,
                },
                forward: Point {
                    x: cos as f32,
                    y: sin as f32,
                },
            }
        };
        Self {
            grid_boxes: (0..SEATS_MAX).map(grid_box).collect(),
        }
    }

    /// Returns the grid boxes that reach into a circle.
    pub(super) fn grid_boxes_near(&self, middle: Point, radius_m: f32) -> Vec<GridBox> {
        let reach = radius_m + 4.0;
        let is_near = |grid_box: &&GridBox| grid_box.centre.minus(middle).length() < reach;
        self.grid_boxes.iter().filter(is_near).copied().collect()
    }

    /// Paints all markings but the grid.
    pub(super) fn paint(
        &self,
        palette: &Palette,
        colour: Colour,
        position: &TrackPosition,
    ) -> Colour {
        let colour = edge_line(colour, position);
        let colour = kerb(palette, colour, position);
        start_line(colour, position)
    }
}

impl GridBox {
    /// Paints a bracket in front of the car, and a short line on each side.
    pub(super) fn paint(&self, colour: Colour, point: Point) -> Colour {
        let offset = point.minus(self.centre);
        let ahead = offset.dot(self.forward) - 2.65;
        let aside = offset.dot(self.forward.left()).abs();
        let front = (ahead.abs() - 0.08).max(aside - 1.25);
        let sides = ((aside - 1.17).abs() - 0.08).max((ahead + 0.6).abs() - 0.68);
        colour.under(WHITE, cover(front.min(sides)) * 0.88)
    }
}

/// Returns the width of a kerb by its amount (0–1). `None` without a kerb.
pub(super) fn kerb_width_m(amount: f32) -> Option<f32> {
    let width = KERB_M * (amount * 1.4).min(1.0);
    (width >= KERB_WIDTH_MIN_M).then_some(width)
}

/// Returns the distances from the edge of the road to the edges of its line, m.
pub(super) fn edge_line_m() -> (f64, f64) {
    let near = f64::from(EDGE_LINE_INSET_M);
    (near, near + f64::from(EDGE_LINE_M))
}

pub(super) fn edge_line_colour() -> Colour {
    WHITE.lit(0.9)
}

/// Returns a colour of a kerb.
pub(super) fn kerb_colour(palette: &Palette, is_second: bool) -> Colour {
    palette.kerb[usize::from(is_second)]
}

pub(super) fn chequer_colour(is_white: bool) -> Colour {
    if is_white { WHITE } else { BLACK }
}

fn edge_line(colour: Colour, position: &TrackPosition) -> Colour {
    let middle = position.off_road + EDGE_LINE_INSET_M + EDGE_LINE_M / 2.0;
    let share = cover(middle.abs() - EDGE_LINE_M / 2.0);
    if share <= 0.0 {
        return colour;
    }
    let lanes = Point {
        x: position.station,
        y: position.lateral,
    };
    let worn = noise::smooth(lanes, 0.9, 11) * 0.3;
    colour.under(WHITE, share * (1.0 - worn))
}

fn kerb(palette: &Palette, colour: Colour, position: &TrackPosition) -> Colour {
    let Some(width) = kerb_width_m(position.side.kerb) else {
        return colour;
    };
    let across = position.off_road;
    let share = cover((across - width).max(-across - 0.05));
    if share <= 0.0 {
        return colour;
    }
    let phase = position.station / (2.0 * KERB_STRIPE_M);
    // Distance from the middle of the red to the nearest change of colour, m.
    let to_change = ((phase - phase.floor() - 0.5).abs() - 0.25) * 2.0 * KERB_STRIPE_M;
    let paint = palette.kerb[1].under(palette.kerb[0], cover(to_change));
    // A kerb rises towards the outside and drops behind its edge.
    let light = 0.86 + 0.18 * (across / width).clamp(0.0, 1.0);
    let edge = cover((across - width + 0.12).abs() - 0.07) * 0.25;
    colour.under(paint.lit(light - edge), share)
}

fn start_line(colour: Colour, position: &TrackPosition) -> Colour {
    let half = CHEQUER_M * CHEQUER_ROWS / 2.0;
    let share = cover(position.station.abs() - half).min(cover(position.off_road + 0.1));
    if share <= 0.0 {
        return colour;
    }
    let row = ((position.station + half) / CHEQUER_M).floor() as i32;
    let column = (position.lateral / CHEQUER_M).floor() as i32;
    let paint = if (row + column) % 2 == 0 {
        WHITE
    } else {
        BLACK
    };
    colour.under(paint, share)
}

//! Draws the minimap: a whole circuit, or the stretch of highway around the car.

mod highway;

use client_core::simulation::Track;
use domain::Vec2;

use super::painter::Painter;
use crate::area::Area;
use crate::scene::RaceScene;
use crate::theme::{self, Rgba};

/// Interval between the samples of the centre line that are drawn.
const SAMPLE_STEP: usize = 3;
const ROAD: Rgba = Rgba::hex(0xc9_d2dc);
const ROAD_EDGE: Rgba = Rgba::hex(0x05_070a);

/// The mapping of a track into an area.
struct Fit {
    low: Vec2,
    scale: f64,
    area: Area,
    margin: (f32, f32),
}

impl Fit {
    fn new(track: &Track, area: Area) -> Self {
        let bounds = track.bounds();
        let size = bounds.max - bounds.min;
        let scale = (f64::from(area.w) / size.x).min(f64::from(area.h) / size.y);
        let spare = |space: f32, used: f64| (space - (used * scale) as f32) / 2.0;
        let margin = (spare(area.w, size.x), spare(area.h, size.y));
        Self {
            low: bounds.min,
            scale,
            area,
            margin,
        }
    }

    fn point(&self, world: Vec2) -> (f32, f32) {
        let offset = (world - self.low) * self.scale;
        let x = self.area.x + self.margin.0 + offset.x as f32;
        (x, self.area.bottom() - self.margin.1 - offset.y as f32)
    }
}

/// Draws the track without cars.
pub(super) fn outline(painter: &mut Painter<'_>, track: &Track, area: Area) -> Result<(), String> {
    if track.name() == Track::HIGHWAY {
        return highway::outline(painter, area);
    }
    let fit = Fit::new(track, area);
    let width = (area.w / 60.0).clamp(3.5, 7.0);
    let centres = track.samples().iter().step_by(SAMPLE_STEP);
    let points: Vec<(f32, f32)> = centres.map(|sample| fit.point(sample.centre)).collect();
    let mut quads = ribbon(&points, width + 3.0, ROAD_EDGE.alpha(150));
    quads.extend(ribbon(&points, width, ROAD));
    painter.quads(&quads)?;
    let start = track.at(0.0);
    let half = f64::from(width) * 1.1 / fit.scale;
    let line = [fit.point(start.point(half)), fit.point(start.point(-half))];
    painter.quads(&ribbon_piece(line[0], line[1], 4.0, theme::ACCENT).map_or(vec![], |q| vec![q]))
}

/// Draws the track with its cars, on a panel.
pub(super) fn draw(painter: &mut Painter<'_>, scene: &RaceScene, area: Area) -> Result<(), String> {
    painter.rounded(area, 10.0, theme::GLASS)?;
    let inner = area.inset(14.0);
    if scene.is_highway() {
        return highway::draw(painter, scene, inner);
    }
    outline(painter, &scene.track, inner)?;
    let fit = Fit::new(&scene.track, inner);
    let own = scene.focus;
    // The followed car is drawn last, on top of the others.
    let others = (0..scene.cars.len()).filter(|index| Some(*index) != own);
    for index in others.chain(own) {
        let Some(car) = scene.cars.get(index) else {
            continue;
        };
        dot(
            painter,
            fit.point(car.view.position),
            car.view.seat,
            Some(index) == own,
        )?;
    }
    Ok(())
}

/// Draws the dot of a car, larger for the followed one.
fn dot(
    painter: &mut Painter<'_>,
    (x, y): (f32, f32),
    seat: u8,
    is_followed: bool,
) -> Result<(), String> {
    let (ring, radius) = if is_followed {
        (theme::TEXT, 5.5)
    } else {
        (ROAD_EDGE, 4.5)
    };
    painter.disc(x, y, radius + 1.5, ring)?;
    painter.disc(x, y, radius, theme::seat_colour(seat))
}

type Quad = ([(f32, f32); 4], Rgba);

/// Makes the quadrilaterals of a closed line.
fn ribbon(points: &[(f32, f32)], width: f32, colour: Rgba) -> Vec<Quad> {
    let next = points.iter().cycle().skip(1);
    points
        .iter()
        .zip(next)
        .filter_map(|(a, b)| ribbon_piece(*a, *b, width, colour))
        .collect()
}

/// Makes one piece of a line, a little longer than from end to end so that bends
/// have no gaps.
fn ribbon_piece(a: (f32, f32), b: (f32, f32), width: f32, colour: Rgba) -> Option<Quad> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx.hypot(dy);
    if length <= f32::EPSILON {
        return None;
    }
    let (along_x, along_y) = (dx / length * width * 0.15, dy / length * width * 0.15);
    let (across_x, across_y) = (-dy / length * width / 2.0, dx / length * width / 2.0);
    let corners = [
        (a.0 - along_x + across_x, a.1 - along_y + across_y),
        (b.0 + along_x + across_x, b.1 + along_y + across_y),
        (b.0 + along_x - across_x, b.1 + along_y - across_y),
        (a.0 - along_x - across_x, a.1 - along_y - across_y),
    ];
    Some((corners, colour))
}

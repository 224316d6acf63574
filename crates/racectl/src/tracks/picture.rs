//! Pictures of tracks: one alone, or all on a contact sheet.

mod text;

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use domain::Vec2;
use simulation::Track;
use simulation::track::Sample;
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, PixmapPaint, Stroke,
    StrokeDash, Transform,
};

/// Width of a picture and of a cell of the contact sheet.
const WIDTH_PX: u32 = 480;
const HEIGHT_PX: u32 = 360;
/// Margin around the track; the caption is below it.
const MARGIN_PX: f32 = 22.0;
const CAPTION_PX: f32 = 44.0;
const COLUMNS: usize = 3;
/// Half the length of a bridge, metres.
const BRIDGE_M: f64 = 30.0;

const GRASS: [u8; 3] = [58, 94, 60];
const RUN_OFF: [u8; 3] = [122, 142, 96];
const ROAD: [u8; 3] = [62, 64, 70];
const EDGE: [u8; 3] = [236, 236, 228];
const LINE: [u8; 3] = [240, 190, 70];
const START: [u8; 3] = [255, 255, 255];
const ARROW: [u8; 3] = [232, 76, 61];

/// A finished picture.
pub(super) struct Picture(Pixmap);

impl Picture {
    /// Writes the picture as a PNG file.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        self.0
            .save_png(file)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Draws all tracks on one sheet.
pub(super) fn contact_sheet(tracks: &[Track]) -> Picture {
    let rows = tracks.len().div_ceil(COLUMNS).max(1);
    let mut sheet = pixmap(WIDTH_PX * COLUMNS as u32, HEIGHT_PX * rows as u32);
    for (index, track) in tracks.iter().enumerate() {
        let x = (index % COLUMNS) as u32 * WIDTH_PX;
        let y = (index / COLUMNS) as u32 * HEIGHT_PX;
        let picture = of_track(track).0;
        let paint = PixmapPaint::default();
        sheet.draw_pixmap(
            x as i32,
            y as i32,
            picture.as_ref(),
            &paint,
            Transform::identity(),
            None,
        );
    }
    Picture(sheet)
}

/// Draws one track with its name, its length and its racing line.
pub(super) fn of_track(track: &Track) -> Picture {
    let mut canvas = Canvas::of(track);
    canvas.road(track, 0..track.samples().len());
    let line = track.racing_line();
    let driven: Vec<Vec2> = track
        .samples()
        .iter()
        .zip(line.points())
        .map(|(sample, point)| sample.point(point.lateral))
        .collect();
    canvas.line(
        &driven,
        true,
        LINE,
        1.2,
        StrokeDash::new(vec![5.0, 4.0], 0.0),
    );
    for [over, _] in track.survey().crossings {
        let cell = |station: f64| (station.max(0.0) / track.spacing_m()) as usize;
        canvas.road(track, cell(over - BRIDGE_M)..cell(over + BRIDGE_M));
    }
    canvas.start(track);
    let caption_y = (HEIGHT_PX as f32 - CAPTION_PX + 8.0) as u32;
    text::write(&mut canvas.pixmap, 16, caption_y, track.name());
    let length = format!("{:.2} km", f64::from(track.length_m()) / 1000.0);
    let x = WIDTH_PX - 16 - text::width_px(&length);
    text::write(&mut canvas.pixmap, x, caption_y, &length);
    Picture(canvas.pixmap)
}

/// A picture with the scale of a track.
struct Canvas {
    pixmap: Pixmap,
    /// Middle of the track, in metres and in pixels of the picture.
    middle: Vec2,
    middle_px: (f32, f32),
    px_per_m: f64,
}

impl Canvas {
    fn of(track: &Track) -> Self {
        let mut pixmap = pixmap(WIDTH_PX, HEIGHT_PX);
        pixmap.fill(color(GRASS));
        let bounds = track.bounds();
        let size = bounds.max - bounds.min;
        let (width, height) = (
            WIDTH_PX as f32 - 2.0 * MARGIN_PX,
            HEIGHT_PX as f32 - MARGIN_PX - CAPTION_PX,
        );
        let px_per_m = (f64::from(width) / size.x).min(f64::from(height) / size.y);
        Self {
            pixmap,
            middle: bounds.min.lerp(bounds.max, 0.5),
            middle_px: (MARGIN_PX + width / 2.0, MARGIN_PX + height / 2.0),
            px_per_m,
        }
    }

    /// Converts a point to pixels, which count downwards.
    fn to_pixels(&self, point: Vec2) -> (f32, f32) {
        let away = (point - self.middle) * self.px_per_m;
        (
            self.middle_px.0 + away.x as f32,
            self.middle_px.1 - away.y as f32,
        )
    }

    /// Draws run-off, road and its edges along some cells of the track.
    fn road(&mut self, track: &Track, cells: Range<usize>) {
        let count = track.samples().len();
        let pairs = |across: fn(&Sample) -> (f64, f64)| -> Vec<(Vec2, Vec2)> {
            cells
                .clone()
                .chain([cells.end])
                .map(|cell| {
                    let sample = &track.samples()[cell % count];
                    let (left, right) = across(sample);
                    (sample.point(left), sample.point(-right))
                })
                .collect()
        };
        let edges = pairs(|sample| (sample.road_left, sample.road_right));
        self.strip(
            &pairs(|sample| (sample.wall_left, sample.wall_right)),
            RUN_OFF,
        );
        self.strip(&edges, ROAD);
        let (left, right): (Vec<Vec2>, Vec<Vec2>) = edges.into_iter().unzip();
        for edge in [left, right] {
            self.line(&edge, false, EDGE, 1.2, None);
        }
    }

    /// Fills the strip between pairs of points, one cell after the other.
    fn strip(&mut self, pairs: &[(Vec2, Vec2)], rgb: [u8; 3]) {
        let mut paint = paint(rgb);
        // Neighbouring cells share an edge: smoothing it would let the grass through.
        paint.anti_alias = false;
        for pair in pairs.windows(2) {
            let ((left, right), (next_left, next_right)) = (pair[0], pair[1]);
            self.fill(&[left, next_left, next_right, right], &paint);
        }
    }

    fn fill(&mut self, polygon: &[Vec2], paint: &Paint<'_>) {
        if let Some(path) = self.path(polygon, true) {
            let identity = Transform::identity();
            self.pixmap
                .fill_path(&path, paint, FillRule::Winding, identity, None);
        }
    }

    fn line(
        &mut self,
        points: &[Vec2],
        closed: bool,
        rgb: [u8; 3],
        width: f32,
        dash: Option<StrokeDash>,
    ) {
        let stroke = Stroke {
            width,
            dash,
            line_cap: LineCap::Butt,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = self.path(points, closed) {
            let identity = Transform::identity();
            self.pixmap
                .stroke_path(&path, &paint(rgb), &stroke, identity, None);
        }
    }

    /// Draws the start line, and an arrow in the direction of the race.
    fn start(&mut self, track: &Track) {
        let sample = track.at(0.0);
        let across = [
            sample.point(sample.road_left),
            sample.point(-sample.road_right),
        ];
        self.line(&across, false, START, 3.0, None);
        let px = 1.0 / self.px_per_m;
        let side = sample.point(sample.wall_left + 9.0 * px);
        let (along, left) = (sample.tangent * px, sample.tangent.left() * px);
        let arrow = [
            side + along * 13.0,
            side - along * 5.0 + left * 5.0,
            side - along * 5.0 - left * 5.0,
        ];
        self.fill(&arrow, &paint(ARROW));
    }

    /// Returns the path through `points`; `None` when they all coincide.
    fn path(&self, points: &[Vec2], closed: bool) -> Option<tiny_skia::Path> {
        let mut builder = PathBuilder::new();
        for (index, &point) in points.iter().enumerate() {
            let (x, y) = self.to_pixels(point);
            if index == 0 {
                builder.move_to(x, y);
            } else {
                builder.line_to(x, y);
            }
        }
        if closed {
            builder.close();
        }
        builder.finish()
    }
}

fn pixmap(width: u32, height: u32) -> Pixmap {
    Pixmap::new(width, height).expect("the sizes are small constants above zero")
}

fn color([red, green, blue]: [u8; 3]) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

fn paint(rgb: [u8; 3]) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color(rgb));
    paint
}

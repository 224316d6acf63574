//! The ground of the world as textures. A thread renders tiles as the camera
//! approaches, the nearest first.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use client_core::simulation::Track;
use client_core::simulation::track::Sample;
use domain::Vec2;
use sdl2::pixels::PixelFormatEnum;
use sdl2::rect::Rect;
use sdl2::render::{BlendMode, ScaleMode, Texture, TextureCreator};
use sdl2::video::WindowContext;

use super::painter::Painter;
use crate::camera::{Camera, Projection};
use crate::scenery::{Bridge, Scenery, TILE_M, TILE_PIXELS, TileId};
use crate::theme::{self, Rgba};

/// The number of tiles in flight: few, so that the thread renders the tiles that
/// are needed most and no stale ones.
const IN_FLIGHT_MAX: usize = 4;
/// The number of tiles kept, each a megabyte: those of a large window and the
/// latest before them.
const KEPT_MAX: usize = 110;
/// Distance beyond the picture within which tiles are rendered ahead.
const AHEAD_M: f32 = TILE_M * 0.8;
/// Colour of ground that is not rendered yet.
const BARE: Rgba = Rgba::hex(0x4b_8039);

/// Opacity of the layer over the track behind forms and lists.
const BACKDROP_DIMMING: u8 = 212;

/// The ground of one track at a time.
pub struct Tiles<'t> {
    creator: &'t TextureCreator<WindowContext>,
    renderer: Option<TileRenderer>,
    textures: HashMap<TileId, (Texture<'t>, u64)>,
    /// The bridge decks of tiles, which are drawn again over the cars below.
    decks: HashMap<TileId, Texture<'t>>,
    bridges: Vec<Bridge>,
    in_flight: BTreeSet<TileId>,
    frame: u64,
    is_bare: bool,
    backdrop: Option<Arc<Track>>,
}

/// The thread that renders tiles. Dropping it ends and joins the thread.
struct TileRenderer {
    track: Arc<Track>,
    requests: Option<SyncSender<TileId>>,
    results: Receiver<(TileId, Vec<u8>)>,
    thread: Option<JoinHandle<()>>,
}

impl<'t> Tiles<'t> {
    /// Makes an empty cache.
    #[must_use]
    pub fn new(creator: &'t TextureCreator<WindowContext>) -> Self {
        let (textures, in_flight) = (HashMap::new(), BTreeSet::new());
        Self {
            creator,
            renderer: None,
            textures,
            decks: HashMap::new(),
            bridges: Vec::new(),
            in_flight,
            frame: 0,
            is_bare: false,
            backdrop: None,
        }
    }

    /// Returns whether the latest frame had no missing tile.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.is_bare
    }

    /// Draws a dimmed part of a track as the backdrop of the other screens.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn draw_backdrop(&mut self, painter: &mut Painter<'_>) -> Result<(), String> {
        if self.backdrop.is_none() {
            // The track of the latest race is already rendered.
            let last = self
                .renderer
                .as_ref()
                .map(|renderer| Arc::clone(&renderer.track));
            let first = || Track::by_name(Track::names().first()?).map(Arc::new);
            self.backdrop = last.or_else(first);
        }
        let Some(track) = self.backdrop.clone() else {
            return Ok(());
        };
        let camera = Camera::at(tightest_corner(&track));
        let window = painter.window();
        let middle = (window.w * 0.36, window.h * 0.42);
        self.draw(painter, &track, &Projection::new(&camera, middle))?;
        painter.fill(window, theme::BACKGROUND.alpha(BACKDROP_DIMMING))
    }

    /// Requests the tiles around a point before the race is shown.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn prepare(&mut self, track: &Arc<Track>, around: Vec2) -> Result<(), String> {
        self.use_track(track);
        self.collect()?;
        let (x, y) = (around.x as f32, around.y as f32);
        let low = tile_at(x - 2.0 * TILE_M, y - 1.2 * TILE_M);
        let high = tile_at(x + 2.0 * TILE_M, y + 1.2 * TILE_M);
        self.request(low, high, (x, y));
        Ok(())
    }

    /// Draws the ground of the window.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn draw(
        &mut self,
        painter: &mut Painter<'_>,
        track: &Arc<Track>,
        projection: &Projection,
    ) -> Result<(), String> {
        self.frame += 1;
        self.is_bare = false;
        self.use_track(track);
        self.collect()?;
        let window = painter.window();
        painter.fill(window, BARE)?;
        let corner = projection.world(0.0, window.h);
        let opposite = projection.world(window.w, 0.0);
        let low = tile_at(corner.x as f32, corner.y as f32);
        let high = tile_at(opposite.x as f32, opposite.y as f32);
        let scale = painter.pixels_per_point();
        let (canvas, _) = painter.parts();
        for tile in tiles_between(low, high) {
            let Some((texture, used_in)) = self.textures.get_mut(&tile) else {
                self.is_bare = true;
                continue;
            };
            *used_in = self.frame;
            canvas.copy(texture, None, target(tile, projection, scale))?;
        }
        let far = |world: Vec2, sign: f32| {
            tile_at(
                world.x as f32 + sign * AHEAD_M,
                world.y as f32 + sign * AHEAD_M,
            )
        };
        let middle = projection.world(window.middle(), window.h / 2.0);
        let middle = (middle.x as f32, middle.y as f32);
        self.request(far(corner, -1.0), far(opposite, 1.0), middle);
        self.evict();
        Ok(())
    }

    /// Returns whether a car `station_m` metres after the start line is on a
    /// bridge.
    #[must_use]
    pub(super) fn is_on_bridge(&self, station_m: f64) -> bool {
        self.bridges.iter().any(|bridge| bridge.carries(station_m))
    }

    /// Draws the bridges over the road and cars below them.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn draw_bridges(
        &self,
        painter: &mut Painter<'_>,
        projection: &Projection,
    ) -> Result<(), String> {
        let scale = painter.pixels_per_point();
        let (canvas, _) = painter.parts();
        for (tile, deck) in &self.decks {
            canvas.copy(deck, None, target(*tile, projection, scale))?;
        }
        Ok(())
    }

    /// Requests the missing tiles nearest to `middle`.
    fn request(&mut self, low: TileId, high: TileId, middle: (f32, f32)) {
        let Some(renderer) = &self.renderer else {
            return;
        };
        let mut missing: Vec<TileId> = tiles_between(low, high)
            .filter(|tile| !self.textures.contains_key(tile) && !self.in_flight.contains(tile))
            .collect();
        let distance = |tile: &TileId| {
            let x = (tile.x as f32 + 0.5) * TILE_M - middle.0;
            let y = (tile.y as f32 + 0.5) * TILE_M - middle.1;
            x.hypot(y)
        };
        missing.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        for tile in missing {
            if self.in_flight.len() >= IN_FLIGHT_MAX || !renderer.request(tile) {
                return;
            }
            self.in_flight.insert(tile);
        }
    }

    /// Takes the rendered tiles from the thread.
    fn collect(&mut self) -> Result<(), String> {
        while let Some((tile, pixels)) = self.renderer.as_ref().and_then(TileRenderer::next_tile) {
            self.in_flight.remove(&tile);
            let ground = self.texture(PixelFormatEnum::RGB888, BlendMode::None, &pixels)?;
            self.textures.insert(tile, (ground, self.frame));
            if pixels.chunks_exact(4).any(|pixel| pixel[3] > 0) {
                let deck = self.texture(PixelFormatEnum::ARGB8888, BlendMode::Blend, &pixels)?;
                self.decks.insert(tile, deck);
            }
        }
        Ok(())
    }

    fn texture(
        &self,
        format: PixelFormatEnum,
        blend: BlendMode,
        pixels: &[u8],
    ) -> Result<Texture<'t>, String> {
        let side = TILE_PIXELS as u32;
        let mut texture = self
            .creator
            .create_texture_static(format, side, side)
            .map_err(|error| error.to_string())?;
        texture
            .update(None, pixels, TILE_PIXELS * 4)
            .map_err(|error| error.to_string())?;
        texture.set_blend_mode(blend);
        texture.set_scale_mode(ScaleMode::Linear);
        Ok(texture)
    }

    /// Evicts the least recently used tile, if there are too many.
    fn evict(&mut self) {
        if self.textures.len() <= KEPT_MAX {
            return;
        }
        let oldest = self
            .textures
            .iter()
            .min_by_key(|(_, (_, used_in))| *used_in);
        if let Some(tile) = oldest.map(|(tile, _)| *tile) {
            self.textures.remove(&tile);
            self.decks.remove(&tile);
        }
    }

    fn use_track(&mut self, track: &Arc<Track>) {
        if self
            .renderer
            .as_ref()
            .is_some_and(|renderer| renderer.track.name() == track.name())
        {
            return;
        }
        self.textures.clear();
        self.decks.clear();
        self.bridges = if track.name() == Track::HIGHWAY {
            Vec::new()
        } else {
            Bridge::of(track)
        };
        self.in_flight.clear();
        self.backdrop = None;
        self.renderer = Some(TileRenderer::new(Arc::clone(track)));
    }
}

impl TileRenderer {
    fn new(track: Arc<Track>) -> Self {
        let (requests, to_render) = sync_channel::<TileId>(IN_FLIGHT_MAX);
        let (rendered, results) = sync_channel(IN_FLIGHT_MAX);
        let of = Arc::clone(&track);
        let thread = std::thread::spawn(move || {
            let scenery = Scenery::new(&of);
            for tile in to_render {
                if rendered.send((tile, scenery.paint(tile))).is_err() {
                    return;
                }
            }
        });
        Self {
            track,
            requests: Some(requests),
            results,
            thread: Some(thread),
        }
    }

    /// Returns the next rendered tile, if there is one.
    fn next_tile(&self) -> Option<(TileId, Vec<u8>)> {
        self.results.try_recv().ok()
    }

    fn request(&self, tile: TileId) -> bool {
        self.requests
            .as_ref()
            .is_some_and(|requests| requests.try_send(tile).is_ok())
    }
}

impl Drop for TileRenderer {
    fn drop(&mut self) {
        // The thread ends when the channel of requests closes. Its results are
        // drained so that it does not block on a full channel.
        self.requests = None;
        while self.results.recv().is_ok() {}
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the thread that paints the ground has panicked");
        }
    }
}

/// Returns the rectangle of a tile on the screen, pixels. Neighbours share their
/// rounded edges, so that there is no gap between them.
fn target(tile: TileId, projection: &Projection, scale: f32) -> Rect {
    let corner = |x: i32, y: i32| {
        let world = Vec2::new(
            f64::from(x) * f64::from(TILE_M),
            f64::from(y) * f64::from(TILE_M),
        );
        let (x, y) = projection.point(world);
        ((x * scale).round() as i32, (y * scale).round() as i32)
    };
    let (left, bottom) = corner(tile.x, tile.y);
    let (right, top) = corner(tile.x + 1, tile.y + 1);
    Rect::new(left, top, (right - left) as u32, (bottom - top) as u32)
}

fn tightest_corner(track: &Track) -> Vec2 {
    let bend = |sample: &Sample| sample.curvature.abs();
    let samples = track.samples().iter();
    let tightest = samples.max_by(|a, b| bend(a).total_cmp(&bend(b)));
    tightest.map_or(Vec2::new(0.0, 0.0), |sample| sample.centre)
}

fn tile_at(x: f32, y: f32) -> TileId {
    TileId {
        x: (x / TILE_M).floor() as i32,
        y: (y / TILE_M).floor() as i32,
    }
}

fn tiles_between(low: TileId, high: TileId) -> impl Iterator<Item = TileId> {
    (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| TileId { x, y }))
}

//! The ground of the world as textures. A thread renders tiles as the camera
//! approaches, those that are needed first the first. Until a tile is ready the
//! road on it is drawn from the track's samples.
//!
//! - [`renderer`]: the thread,
//! - [`order`]: which tiles to render next,
//! - [`road`]: the road below missing tiles, and whether it reaches every car.

mod order;
mod renderer;
mod road;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use client_core::simulation::Track;
use client_core::simulation::track::Sample;
use domain::Vec2;
use sdl2::pixels::PixelFormatEnum;
use sdl2::rect::Rect;
use sdl2::render::{BlendMode, ScaleMode, Texture, TextureCreator};
use sdl2::video::WindowContext;

use self::order::{Order, Places, View};
use self::renderer::TileRenderer;
use self::road::Road;
use super::painter::Painter;
use crate::camera::{Camera, Projection};
use crate::drawing::DrawingStats;
use crate::scene::RaceScene;
use crate::scenery::{Bridge, TILE_M, TILE_PIXELS, TileId};
use crate::theme;

/// The number of tiles in flight, one that is rendered and one that waits: few, so
/// that the thread renders the tiles that are needed most and no stale ones.
const IN_FLIGHT_MAX: usize = 2;
/// The number of tiles kept, each a megabyte: those of a large window and of two
/// seconds ahead, and the latest before them.
const KEPT_MAX: usize = 110;
/// The part of the world that is prepared around each place of the grid: that of
/// a window of the usual shape, half of it, m.
const PREPARED_HALF_M: Vec2 = Vec2::new(56.0, 32.0);

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
    road: Road,
    order: Order,
    in_flight: BTreeSet<TileId>,
    frame: u64,
    /// The tiles of the latest frame that were missing.
    missing: Vec<TileId>,
    backdrop: Option<Arc<Track>>,
    stats: DrawingStats,
}

impl<'t> Tiles<'t> {
    /// Makes an empty cache.
    #[must_use]
    pub fn new(creator: &'t TextureCreator<WindowContext>) -> Self {
        Self {
            creator,
            renderer: None,
            textures: HashMap::new(),
            decks: HashMap::new(),
            bridges: Vec::new(),
            road: Road::default(),
            order: Order::default(),
            in_flight: BTreeSet::new(),
            frame: 0,
            missing: Vec::new(),
            backdrop: None,
            stats: DrawingStats::default(),
        }
    }

    /// Returns whether the latest frame had no missing tile.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Writes the figures of the frames so far.
    pub fn count_frames(&self, stats: &mut DrawingStats) {
        stats.race_frames = self.stats.race_frames;
        stats.plain_road_frames = self.stats.plain_road_frames;
        stats.missing_road_frames = self.stats.missing_road_frames;
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
        let projection = Projection::new(&camera, middle);
        self.draw(painter, &track, &projection, &Places::at(camera.centre))?;
        painter.fill(window, theme::BACKGROUND.alpha(BACKDROP_DIMMING))
    }

    /// Requests the tiles of the grid before the race is shown, and those of the
    /// straight after it.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn prepare(&mut self, track: &Arc<Track>) -> Result<(), String> {
        self.use_track(track);
        self.collect()?;
        let places = Places::of_grid(track);
        self.request(&View::around(places.first(), PREPARED_HALF_M), &places);
        Ok(())
    }

    /// Draws the ground of a race, and counts whether every car had a road.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn draw_race(
        &mut self,
        painter: &mut Painter<'_>,
        scene: &RaceScene,
        projection: &Projection,
    ) -> Result<(), String> {
        let places = scene.followed().map_or_else(
            || Places::of_grid(&scene.track),
            |car| Places::ahead_of(&scene.track, car),
        );
        self.draw(painter, &scene.track, projection, &places)?;
        self.stats.race_frames += 1;
        if self.missing.is_empty() {
            return Ok(());
        }
        self.stats.plain_road_frames += 1;
        let window = painter.window();
        let is_missing = scene.cars.iter().any(|car| {
            self.road
                .is_missing_under(&car.view, &self.missing, |point| {
                    let (x, y) = projection.point(point);
                    window.contains(x, y)
                })
        });
        self.stats.missing_road_frames += u64::from(is_missing);
        Ok(())
    }

    /// Draws the ground of the window.
    fn draw(
        &mut self,
        painter: &mut Painter<'_>,
        track: &Arc<Track>,
        projection: &Projection,
        places: &Places,
    ) -> Result<(), String> {
        self.frame += 1;
        self.missing.clear();
        self.use_track(track);
        self.collect()?;
        let view = View::of(painter.window(), projection);
        let (textures, missing) = (&self.textures, &mut self.missing);
        missing.extend(view.tiles().filter(|tile| !textures.contains_key(tile)));
        if !self.missing.is_empty() {
            painter.fill(painter.window(), self.road.ground())?;
            self.road.draw(painter, projection, &self.missing)?;
        }
        let scale = painter.pixels_per_point();
        let (canvas, _) = painter.parts();
        for tile in view.tiles() {
            if let Some((texture, used_in)) = self.textures.get_mut(&tile) {
                *used_in = self.frame;
                canvas.copy(texture, None, target(tile, projection, scale))?;
            }
        }
        self.request(&view, places);
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
        if !self.missing.is_empty() {
            let bridges = &self.bridges;
            let is_above = |station: f64| bridges.iter().any(|bridge| bridge.carries(station));
            self.road.draw_above(painter, projection, is_above)?;
        }
        let scale = painter.pixels_per_point();
        let (canvas, _) = painter.parts();
        for (tile, deck) in &self.decks {
            canvas.copy(deck, None, target(*tile, projection, scale))?;
        }
        Ok(())
    }

    /// Requests missing tiles, those that are needed first the first.
    fn request(&mut self, view: &View, places: &Places) {
        let Some(renderer) = &self.renderer else {
            return;
        };
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return;
        }
        let (textures, in_flight) = (&self.textures, &self.in_flight);
        let is_wanted = |tile: TileId| !textures.contains_key(&tile) && !in_flight.contains(&tile);
        let free = IN_FLIGHT_MAX - in_flight.len();
        let road = &self.road;
        let next = self
            .order
            .next(view, places, free, is_wanted, |tile| road.is_on(tile));
        for tile in next {
            if !renderer.request(*tile) {
                return;
            }
            self.in_flight.insert(*tile);
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
        self.road = Road::new(track);
        self.in_flight.clear();
        self.backdrop = None;
        self.renderer = Some(TileRenderer::new(Arc::clone(track)));
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

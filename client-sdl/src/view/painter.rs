//! A window with fonts and textures, measured in points.

use std::fmt::{self, Write as _};
use std::path::Path;

use domain::CarClass;
use sdl2::image::SaveSurface;
use sdl2::pixels::{Color, PixelFormatEnum};
use sdl2::rect::{FPoint, FRect, Rect};
use sdl2::render::{
    BlendMode, ScaleMode, Texture, TextureCreator, Vertex, VertexIndices, WindowCanvas,
};
use sdl2::surface::Surface;
use sdl2::ttf::Sdl2TtfContext;
use sdl2::video::{FullscreenType, WindowContext};

use super::text::TextCache;
use crate::area::Area;
use crate::sprites::{self, Sprite, TrafficKind};
use crate::theme::{self, Rgba};
use crate::typeface;
pub use crate::typeface::{Align, Style};

/// Side of the disc sprite, from which round corners are cut, pixels.
const DISC_PIXELS: usize = 64;

/// The textures of the sprites.
pub(super) struct SpriteTextures<'t> {
    /// One car for every seat and class.
    cars: Vec<Vec<Texture<'t>>>,
    traffic: Vec<Texture<'t>>,
    pub(super) wheel: Texture<'t>,
    pub(super) car_shadow: Texture<'t>,
    pub(super) puff: Texture<'t>,
    disc: Texture<'t>,
}

impl<'t> SpriteTextures<'t> {
    /// Returns the car of a seat.
    pub(super) fn car(&mut self, seat: u8, class: CarClass) -> &mut Texture<'t> {
        let seat = usize::from(seat) % self.cars.len();
        &mut self.cars[seat][class as usize]
    }

    /// Returns a car of the traffic. The same id always gives the same car.
    pub(super) fn traffic(&self, id: u32) -> &Texture<'t> {
        // Mixed, because the ids of neighbours in a lane differ by the number of
        // lanes.
        let mixed = id.wrapping_mul(0x9e37_79b1) >> 16;
        &self.traffic[mixed as usize % self.traffic.len()]
    }
}

/// A window with fonts and textures. Everything is measured in points; the window
/// is 720 points high.
pub struct Painter<'t> {
    canvas: WindowCanvas,
    text: TextCache<'t>,
    pub(super) sprites: SpriteTextures<'t>,
    /// The scale of the interface that the player has chosen, if any.
    scale: Option<f32>,
    pixels_per_point: f32,
    width: f32,
    /// The vertices of the latest quadrilaterals, kept for their memory.
    vertices: Vec<Vertex>,
    /// The latest formatted text, kept for its memory.
    formatted: String,
}

impl<'t> Painter<'t> {
    /// Computes the sprites and prepares the fonts.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn new(
        canvas: WindowCanvas,
        creator: &'t TextureCreator<WindowContext>,
        fonts: &'t Sdl2TtfContext,
    ) -> Result<Self, String> {
        let texture = |sprite: &Sprite| sprite_texture(creator, sprite);
        let cars = theme::SEAT_COLOURS.iter().map(|colour| {
            let of_class = |class| texture(&sprites::car(*colour, class));
            CarClass::ALL.into_iter().map(of_class).collect()
        });
        let traffic = theme::TRAFFIC_COLOURS
            .iter()
            .flat_map(|colour| {
                [TrafficKind::Saloon, TrafficKind::Saloon, TrafficKind::Van]
                    .map(|kind| sprites::traffic(*colour, kind))
            })
            .map(|sprite| texture(&sprite));
        let sprites = SpriteTextures {
            cars: cars.collect::<Result<_, _>>()?,
            traffic: traffic.collect::<Result<_, _>>()?,
            wheel: texture(&sprites::wheel())?,
            car_shadow: texture(&sprites::car_shadow())?,
            puff: texture(&sprites::puff())?,
            disc: texture(&sprites::disc(DISC_PIXELS))?,
        };
        let text = TextCache::new(creator, fonts);
        Ok(Self {
            canvas,
            text,
            sprites,
            scale: None,
            pixels_per_point: 1.0,
            width: 1_280.0,
            vertices: Vec::new(),
            formatted: String::new(),
        })
    }

    /// Sets the pixels of a point, from the next frame on. Without one, points grow
    /// with the window.
    pub fn set_scale(&mut self, scale: Option<f32>) {
        self.scale = scale;
    }

    /// Begins a frame with a background colour.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn begin(&mut self, background: Rgba) -> Result<(), String> {
        let (width, height) = self.canvas.output_size()?;
        self.pixels_per_point = theme::pixels_per_point((width, height), self.scale);
        self.width = width as f32 / self.pixels_per_point;
        self.canvas.set_blend_mode(BlendMode::Blend);
        self.canvas.set_draw_color(sdl_colour(background));
        self.canvas.clear();
        self.text.next_frame();
        Ok(())
    }

    /// Shows the frame.
    pub fn present(&mut self) {
        self.canvas.present();
    }

    /// Returns the window's width, points.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.width
    }

    /// Returns the area of the window.
    #[must_use]
    pub fn window(&self) -> Area {
        let height = self
            .canvas
            .output_size()
            .map_or(theme::HEIGHT, |(_, height)| {
                height as f32 / self.pixels_per_point
            });
        Area::new(0.0, 0.0, self.width, height)
    }

    /// Lets the window fill the screen, or not. Does nothing if it is so already.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn set_full_screen(&mut self, is_full_screen: bool) -> Result<(), String> {
        let wanted = if is_full_screen {
            FullscreenType::Desktop
        } else {
            FullscreenType::Off
        };
        if self.canvas.window().fullscreen_state() == wanted {
            return Ok(());
        }
        self.canvas.window_mut().set_fullscreen(wanted)
    }

    /// Returns the window's size in the units of SDL's mouse positions.
    #[must_use]
    pub fn window_size(&self) -> (u32, u32) {
        self.canvas.window().size()
    }

    /// Returns the number of pixels per point.
    #[must_use]
    pub fn pixels_per_point(&self) -> f32 {
        self.pixels_per_point
    }

    /// Saves the frame as a PNG file, atomically.
    ///
    /// # Errors
    /// Returns the error message of SDL or the file system.
    pub fn save_png(&self, path: &Path) -> Result<(), String> {
        let (width, height) = self.canvas.output_size()?;
        let format = PixelFormatEnum::ARGB8888;
        let mut pixels = self.canvas.read_pixels(None, format)?;
        let surface = Surface::from_data(&mut pixels, width, height, width * 4, format)?;
        // Without an alpha channel, as on the screen.
        let surface = surface.convert_format(PixelFormatEnum::RGB24)?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        surface.save(&unfinished)?;
        std::fs::rename(&unfinished, path).map_err(|error| error.to_string())
    }

    /// Draws a filled rectangle.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn fill(&mut self, area: Area, colour: Rgba) -> Result<(), String> {
        self.canvas.set_draw_color(sdl_colour(colour));
        self.canvas.fill_frect(self.pixels(area))
    }

    /// Draws a filled rectangle with round corners.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn rounded(&mut self, area: Area, radius: f32, colour: Rgba) -> Result<(), String> {
        let outer = self.whole_pixels(area);
        let radius = ((radius * self.pixels_per_point) as i32)
            .min(outer.width() as i32 / 2)
            .min(outer.height() as i32 / 2);
        let (left, top) = (outer.left(), outer.top());
        let (right, bottom) = (outer.right() - radius, outer.bottom() - radius);
        self.canvas.set_draw_color(sdl_colour(colour));
        let width = outer.width() as i32;
        let middle = outer.height() as i32 - 2 * radius;
        let inner = (width - 2 * radius).max(0) as u32;
        let side = radius.max(0) as u32;
        self.canvas.fill_rects(&[
            Rect::new(left + radius, top, inner, side),
            Rect::new(left + radius, bottom, inner, side),
        ])?;
        if middle > 0 {
            self.canvas
                .fill_rect(Rect::new(left, top + radius, width as u32, middle as u32))?;
        }
        let disc = &mut self.sprites.disc;
        disc.set_color_mod(colour.r, colour.g, colour.b);
        disc.set_alpha_mod(colour.a);
        let half = DISC_PIXELS as u32 / 2;
        for (x, source_x) in [(left, 0), (right, half as i32)] {
            for (y, source_y) in [(top, 0), (bottom, half as i32)] {
                let source = Rect::new(source_x, source_y, half, half);
                self.canvas
                    .copy(disc, source, Rect::new(x, y, side, side))?;
            }
        }
        Ok(())
    }

    /// Draws a filled disc.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, colour: Rgba) -> Result<(), String> {
        let area = Area::new(x - radius, y - radius, 2.0 * radius, 2.0 * radius);
        let target = self.pixels(area);
        let disc = &mut self.sprites.disc;
        disc.set_color_mod(colour.r, colour.g, colour.b);
        disc.set_alpha_mod(colour.a);
        self.canvas.copy_f(disc, None, target)
    }

    /// Draws text in an area, aligned in it and cut to its width. Returns its width.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn text_in(&mut self, area: Area, style: Style, text: &str) -> Result<f32, String> {
        let x = match style.align {
            Align::Left => area.x,
            Align::Centre => area.middle(),
            Align::Right => area.right(),
        };
        let y = area.y + area.h / 2.0;
        if self.text_width(style, text)? <= area.w {
            return self.text(x, y, style, text);
        }
        // Measured as drawn: hinting moves letters by parts of a pixel.
        let mut problem = None;
        let cut = typeface::cut(text, area.w, |text| {
            self.text_width(style, text).unwrap_or_else(|error| {
                problem = Some(error);
                f32::INFINITY
            })
        });
        match problem {
            Some(problem) => Err(problem),
            None => self.text(x, y, style, &cut),
        }
    }

    /// Draws text and returns its width. `y` is the middle of the line.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn text(&mut self, x: f32, y: f32, style: Style, text: &str) -> Result<f32, String> {
        if text.is_empty() {
            return Ok(0.0);
        }
        let size = (f32::from(style.size) * self.pixels_per_point).round() as u16;
        let line = self.text.line(size, style.is_bold, text)?;
        let (width, height) = (line.width, line.height);
        let left = match style.align {
            Align::Left => 0.0,
            Align::Centre => width as f32 / 2.0,
            Align::Right => width as f32,
        };
        // Letters are sharp on whole pixels only.
        let left = (x * self.pixels_per_point - left).round() as i32;
        let top = (y * self.pixels_per_point - height as f32 / 2.0).round() as i32;
        line.texture
            .set_color_mod(style.colour.r, style.colour.g, style.colour.b);
        line.texture.set_alpha_mod(style.colour.a);
        self.canvas
            .copy(&line.texture, None, Rect::new(left, top, width, height))?;
        Ok(width as f32 / self.pixels_per_point)
    }

    /// Draws formatted text as [`Painter::text`] does, without an allocation.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn text_args(
        &mut self,
        x: f32,
        y: f32,
        style: Style,
        text: fmt::Arguments<'_>,
    ) -> Result<f32, String> {
        let mut formatted = std::mem::take(&mut self.formatted);
        formatted.clear();
        let is_written = formatted.write_fmt(text).map_err(|error| error.to_string());
        let drawn = is_written.and_then(|()| self.text(x, y, style, &formatted));
        self.formatted = formatted;
        drawn
    }

    /// Returns the width of a text, points.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn text_width(&mut self, style: Style, text: &str) -> Result<f32, String> {
        if text.is_empty() {
            return Ok(0.0);
        }
        let size = (f32::from(style.size) * self.pixels_per_point).round() as u16;
        Ok(self.text.line(size, style.is_bold, text)?.width as f32 / self.pixels_per_point)
    }

    /// Draws quadrilaterals, each of one colour. Corners are in points, in order
    /// around the quadrilateral.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn quads(&mut self, quads: &[([(f32, f32); 4], Rgba)]) -> Result<(), String> {
        if quads.is_empty() {
            return Ok(());
        }
        let scale = self.pixels_per_point;
        self.vertices.clear();
        for (corners, colour) in quads {
            for index in [0, 1, 2, 0, 2, 3] {
                let (x, y) = corners[index];
                self.vertices.push(Vertex {
                    position: FPoint::new(x * scale, y * scale),
                    color: sdl_colour(*colour),
                    tex_coord: FPoint::new(0.0, 0.0),
                });
            }
        }
        self.canvas
            .render_geometry(&self.vertices, None, VertexIndices::Sequential)
    }

    /// Returns the canvas and the textures of the sprites.
    pub(super) fn parts(&mut self) -> (&mut WindowCanvas, &mut SpriteTextures<'t>) {
        (&mut self.canvas, &mut self.sprites)
    }

    /// Returns an area in pixels.
    pub(super) fn pixels(&self, area: Area) -> FRect {
        let scale = self.pixels_per_point;
        FRect::new(
            area.x * scale,
            area.y * scale,
            area.w * scale,
            area.h * scale,
        )
    }

    fn whole_pixels(&self, area: Area) -> Rect {
        let pixel = |point: f32| (point * self.pixels_per_point).round() as i32;
        let (left, top) = (pixel(area.x), pixel(area.y));
        let width = (pixel(area.right()) - left).max(0) as u32;
        Rect::new(left, top, width, (pixel(area.bottom()) - top).max(0) as u32)
    }
}

/// Makes a texture that is filtered when it is rotated or scaled.
fn sprite_texture<'t>(
    creator: &'t TextureCreator<WindowContext>,
    sprite: &Sprite,
) -> Result<Texture<'t>, String> {
    let (width, height) = (sprite.width as u32, sprite.height as u32);
    let mut texture = creator
        .create_texture_static(PixelFormatEnum::ARGB8888, width, height)
        .map_err(|error| error.to_string())?;
    texture
        .update(None, &sprite.pixels, sprite.width * 4)
        .map_err(|error| error.to_string())?;
    texture.set_blend_mode(BlendMode::Blend);
    texture.set_scale_mode(ScaleMode::Linear);
    Ok(texture)
}

pub(super) fn sdl_colour(colour: Rgba) -> Color {
    Color::RGBA(colour.r, colour.g, colour.b, colour.a)
}

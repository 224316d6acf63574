//! A cache of lines of text as textures.

use std::collections::HashMap;

use sdl2::pixels::Color;
use sdl2::render::{Texture, TextureCreator};
use sdl2::rwops::RWops;
use sdl2::ttf::{Font, Sdl2TtfContext};
use sdl2::video::WindowContext;

use crate::typeface::{BOLD, REGULAR};

/// The number of frames for which an unused line is kept. Numbers that change
/// with each frame would otherwise fill the memory.
const FRAMES_KEPT: u64 = 90;
/// Interval between evictions, frames.
const EVICTION_INTERVAL: u64 = 30;
/// The largest font size, beyond that of any screen.
const SIZE_MAX: u16 = 400;

/// A line of white text.
pub(super) struct Line<'t> {
    pub(super) texture: Texture<'t>,
    pub(super) width: u32,
    pub(super) height: u32,
    used_in: u64,
}

/// Font size in pixels, and whether it is bold.
type Face = (u16, bool);

/// The lines that were shown in the latest frames.
pub(super) struct TextCache<'t> {
    creator: &'t TextureCreator<WindowContext>,
    context: &'t Sdl2TtfContext,
    fonts: HashMap<Face, Font<'t, 'static>>,
    lines: HashMap<Face, HashMap<String, Line<'t>>>,
    frame: u64,
}

impl<'t> TextCache<'t> {
    pub(super) fn new(
        creator: &'t TextureCreator<WindowContext>,
        context: &'t Sdl2TtfContext,
    ) -> Self {
        let (fonts, lines) = (HashMap::new(), HashMap::new());
        Self {
            creator,
            context,
            fonts,
            lines,
            frame: 0,
        }
    }

    /// Starts a frame, and evicts unused lines from time to time.
    pub(super) fn next_frame(&mut self) {
        self.frame += 1;
        if self.frame.is_multiple_of(EVICTION_INTERVAL) {
            let oldest = self.frame.saturating_sub(FRAMES_KEPT);
            for lines in self.lines.values_mut() {
                lines.retain(|_, line| line.used_in >= oldest);
            }
        }
    }

    /// Returns a line with a font size in pixels. `text` must not be empty.
    pub(super) fn line(
        &mut self,
        size: u16,
        is_bold: bool,
        text: &str,
    ) -> Result<&mut Line<'t>, String> {
        let face = (size.clamp(1, SIZE_MAX), is_bold);
        let lines = self.lines.entry(face).or_default();
        if !lines.contains_key(text) {
            if !self.fonts.contains_key(&face) {
                self.fonts.insert(face, load(self.context, face)?);
            }
            let line = render(self.creator, &self.fonts[&face], text)?;
            lines.insert(text.to_owned(), line);
        }
        let line = lines
            .get_mut(text)
            .ok_or("a line that was just made is gone")?;
        line.used_in = self.frame;
        Ok(line)
    }
}

fn load(context: &Sdl2TtfContext, (size, is_bold): Face) -> Result<Font<'_, 'static>, String> {
    let bytes = RWops::from_bytes(if is_bold { BOLD } else { REGULAR })?;
    context.load_font_from_rwops(bytes, size)
}

fn render<'t>(
    creator: &'t TextureCreator<WindowContext>,
    font: &Font<'_, '_>,
    text: &str,
) -> Result<Line<'t>, String> {
    let surface = font
        .render(text)
        .blended(Color::WHITE)
        .map_err(|error| error.to_string())?;
    let texture = creator
        .create_texture_from_surface(&surface)
        .map_err(|error| error.to_string())?;
    Ok(Line {
        texture,
        width: surface.width(),
        height: surface.height(),
        used_in: 0,
    })
}

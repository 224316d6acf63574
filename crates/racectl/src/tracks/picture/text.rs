//! Captions, from a font that is compiled in: a server has no fonts.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use tiny_skia::{Pixmap, PremultipliedColorU8};

const HEIGHT: RasterHeight = RasterHeight::Size20;

/// Width of `text`, in pixels.
pub(super) fn width_px(text: &str) -> u32 {
    (get_raster_width(FontWeight::Regular, HEIGHT) * text.chars().count()) as u32
}

/// Writes `text` in white with its upper left corner at (x, y). Characters that
/// the font does not have are left out.
pub(super) fn write(pixmap: &mut Pixmap, x: u32, y: u32, text: &str) {
    let advance = get_raster_width(FontWeight::Regular, HEIGHT);
    for (position, character) in text.chars().enumerate() {
        let Some(glyph) = get_raster(character, FontWeight::Regular, HEIGHT) else {
            continue;
        };
        for (row, line) in glyph.rows().enumerate() {
            for (column, &ink) in line.iter().enumerate() {
                let (x, y) = (x as usize + position * advance + column, y as usize + row);
                blend(pixmap, x, y, ink);
            }
        }
    }
}

fn blend(pixmap: &mut Pixmap, x: usize, y: usize, ink: u8) {
    let (width, height) = (pixmap.width() as usize, pixmap.height() as usize);
    if x >= width || y >= height {
        return;
    }
    let pixel = &mut pixmap.pixels_mut()[y * width + x];
    let mix = |below: u8| below + ((255 - u16::from(below)) * u16::from(ink) / 255) as u8;
    let (red, green, blue) = (mix(pixel.red()), mix(pixel.green()), mix(pixel.blue()));
    if let Some(mixed) = PremultipliedColorU8::from_rgba(red, green, blue, 255) {
        *pixel = mixed;
    }
}

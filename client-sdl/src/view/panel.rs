//! Elements that several screens share.

use super::painter::{Painter, Style};
use crate::area::Area;
use crate::theme::{self, Rgba};

/// Radius of a panel's corners, points.
pub(super) const ROUND: f32 = 10.0;

/// Draws the game's name and the screen's name.
pub(super) fn heading(painter: &mut Painter<'_>, y: f32, subtitle: &str) -> Result<(), String> {
    let middle = painter.width() / 2.0;
    let title = Style::new(theme::TITLE, theme::TEXT).bold().centred();
    painter.text(middle, y, title, "SLIPSTREAM")?;
    let width = painter.text_width(title, "SLIPSTREAM")?;
    // Three speed lines behind the name.
    for (index, share) in [1.0_f32, 0.72, 0.44].into_iter().enumerate() {
        let line_y = y - 12.0 + index as f32 * 12.0;
        let right = middle - width / 2.0 - 18.0 - index as f32 * 7.0;
        let line = Area::new(right - 110.0 * share, line_y - 2.0, 110.0 * share, 4.0);
        painter.rounded(line, 2.0, theme::ACCENT.fade(share))?;
    }
    let style = Style::new(theme::BODY, theme::TEXT_DIM).centred();
    painter.text(middle, y + 46.0, style, subtitle)?;
    Ok(())
}

/// Draws a screen with only a message.
pub(super) fn message(
    painter: &mut Painter<'_>,
    title: &str,
    detail: &str,
    colour: Rgba,
) -> Result<(), String> {
    heading(painter, 200.0, "")?;
    let middle = painter.width() / 2.0;
    let style = Style::new(theme::HEADING, theme::TEXT).centred();
    painter.text(middle, 330.0, style, title)?;
    painter.text(
        middle,
        372.0,
        Style::new(theme::BODY, colour).centred(),
        detail,
    )?;
    Ok(())
}

/// Draws text that is broken between words, and centred vertically.
pub(super) fn wrapped(
    painter: &mut Painter<'_>,
    area: Area,
    style: Style,
    text: &str,
) -> Result<(), String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or("", String::as_str);
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        let fits = painter.text_width(style, &longer)? <= area.w;
        match lines.last_mut() {
            Some(line) if fits || line.is_empty() => *line = longer,
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    let pitch = f32::from(style.size) + 5.0;
    let top = area.y + area.h / 2.0 - (lines.len() - 1) as f32 * pitch / 2.0;
    for (index, line) in lines.iter().enumerate() {
        painter.text(area.x, top + index as f32 * pitch, style, line)?;
    }
    Ok(())
}

/// Draws the help on keys at the lower edge: pairs of key and meaning.
pub(super) fn keys(painter: &mut Painter<'_>, keys: &[(&str, &str)]) -> Result<(), String> {
    let key_style = Style::new(theme::SMALL, theme::TEXT).bold();
    let style = Style::new(theme::SMALL, theme::TEXT_DIM);
    let mut total = 0.0;
    for (key, meaning) in keys {
        total += painter.text_width(key_style, key)? + painter.text_width(style, meaning)? + 48.0;
    }
    let y = painter.window().bottom() - 28.0;
    let mut x = (painter.width() - total + 24.0) / 2.0;
    for (key, meaning) in keys {
        let width = painter.text_width(key_style, key)?;
        painter.rounded(
            Area::new(x, y - 12.0, width + 16.0, 24.0),
            5.0,
            theme::FIELD,
        )?;
        painter.text(x + 8.0, y, key_style, key)?;
        x += width + 24.0;
        x += painter.text(x, y, style, meaning)? + 24.0;
    }
    Ok(())
}

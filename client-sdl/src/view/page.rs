//! Draws the page of a menu.

use super::minimap;
use super::painter::Painter;
use crate::area::Area;
use crate::page::{Item, Page};
use crate::theme::Rgba;
use client_core::simulation::Track;

/// Draws a page. `track` is that of the room, if there is one.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    page: &Page,
    track: Option<&Track>,
) -> Result<(), String> {
    for item in &page.items {
        match item {
            Item::Box { area, radius, fill } => painter.rounded(*area, *radius, *fill)?,
            Item::Text { area, style, text } => {
                painter.text_in(*area, *style, text)?;
            }
            Item::Disc { area, fill } => {
                let radius = area.w / 2.0;
                painter.disc(area.x + radius, area.y + radius, radius, *fill)?;
            }
            Item::Arrow {
                area,
                is_left,
                fill,
            } => painter.quads(&[arrow(*area, *is_left, *fill)])?,
            Item::Track { area } => {
                if let Some(track) = track {
                    minimap::outline(painter, track, *area)?;
                }
            }
        }
    }
    Ok(())
}

fn arrow(area: Area, is_left: bool, fill: Rgba) -> ([(f32, f32); 4], Rgba) {
    let (tip, base) = if is_left {
        (area.x, area.right())
    } else {
        (area.right(), area.x)
    };
    let below = (base, area.bottom());
    let corners = [(base, area.y), (tip, area.y + area.h / 2.0), below, below];
    (corners, fill)
}

//! Drawing: the only part that calls SDL's renderer.
//!
//! [`Painter`] is a window with fonts and textures, measured in points;
//! [`Tiles`] is the ground of the world. [`draw`] draws an [`App`] with them.

mod cars;
mod hud;
mod leaderboard;
mod minimap;
mod page;
pub mod painter;
mod race;
mod text;
pub mod tiles;

use std::time::Instant;

pub use self::painter::Painter;
pub use self::tiles::Tiles;
use crate::app::App;
use crate::screens::Screen;
use crate::theme;

/// Draws the client at `now`.
///
/// # Errors
/// Returns SDL's error message.
pub fn draw(
    app: &App,
    painter: &mut Painter<'_>,
    tiles: &mut Tiles<'_>,
    now: Instant,
) -> Result<(), String> {
    painter.begin(theme::BACKGROUND)?;
    if let Screen::Race(screen) = app.screen() {
        return race::draw(painter, tiles, screen, app, now);
    }
    tiles.draw_backdrop(painter)?;
    let room = app.client().room();
    if let (Screen::Waiting, Some(room)) = (app.screen(), room) {
        // The ground around the grid is rendered before the race begins.
        tiles.prepare(room.track())?;
    }
    if let Some(menu) = app.page(painter.window(), now) {
        page::draw(painter, &menu, room.map(|room| room.track().as_ref()))?;
    }
    Ok(())
}

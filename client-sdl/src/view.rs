//! Drawing: the only part that calls SDL's renderer.
//!
//! [`Painter`] is a window with fonts and textures, measured in points;
//! [`Tiles`] is the ground of the world. [`draw`] draws an [`App`] with them.

mod cars;
mod create;
mod form;
mod hud;
mod leaderboard;
mod lobby;
mod login;
mod minimap;
pub mod painter;
mod panel;
mod race;
mod result;
mod text;
pub mod tiles;
mod waiting;

use std::time::Instant;

use client_core::RaceClientState;

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
    if !matches!(app.screen(), Screen::Race(_)) {
        tiles.draw_backdrop(painter)?;
    }
    match app.screen() {
        Screen::Offline => {
            let reason = match app.client().state() {
                RaceClientState::Offline(Some(reason)) => reason.as_str(),
                RaceClientState::Offline(None)
                | RaceClientState::Unauthenticated
                | RaceClientState::Lobby
                | RaceClientState::Room(_)
                | RaceClientState::Result(_)
                | RaceClientState::Ended(_) => "",
            };
            let title = format!("Connecting to {} …", app.gateway());
            panel::message(painter, &title, reason, theme::TEXT_DIM)?;
        }
        Screen::Login(screen) => login::draw(painter, screen, app.status())?,
        Screen::Lobby(screen) => lobby::draw(painter, screen, app)?,
        Screen::Create(screen) => create::draw(painter, screen)?,
        Screen::Waiting => waiting::draw(painter, tiles, app, now)?,
        Screen::Race(screen) => race::draw(painter, tiles, screen, app, now)?,
        Screen::Result => result::draw(painter, app)?,
        Screen::Ended => {
            let reason = match app.client().state() {
                RaceClientState::Ended(reason) => reason.as_str(),
                RaceClientState::Offline(_)
                | RaceClientState::Unauthenticated
                | RaceClientState::Lobby
                | RaceClientState::Room(_)
                | RaceClientState::Result(_) => "",
            };
            panel::message(
                painter,
                "The server has ended the connection",
                reason,
                theme::ERROR,
            )?;
        }
    }
    if !matches!(app.screen(), Screen::Race(_)) {
        hud::notices(painter, app.notices(), painter.width() / 2.0, now)?;
    }
    Ok(())
}

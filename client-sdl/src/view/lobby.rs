//! Draws the list of rooms.

use client_core::protocol::client::EarlierRace;
use client_core::protocol::lobby::{Phase, RoomEntry};

use super::painter::{Painter, Style};
use super::panel::{self, ROUND};
use crate::app::App;
use crate::area::Area;
use crate::screens::lobby::LobbyScreen;
use crate::theme::{self, Rgba};

/// Positions of the columns from the left of a row, points.
const PHASE_X: f32 = 300.0;
const TRACK_X: f32 = 450.0;
const DISTANCE_X: f32 = 720.0;
const PLAYERS_X: f32 = 860.0;

/// Draws the list of rooms.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    screen: &LobbyScreen,
    app: &App,
) -> Result<(), String> {
    let player = app
        .client()
        .player()
        .map(ToString::to_string)
        .unwrap_or_default();
    panel::heading(painter, 58.0, &format!("welcome, {player}"))?;
    let rooms = app.client().lobby();
    let list = LobbyScreen::list(painter.width());
    titles(painter, list)?;
    if rooms.is_empty() {
        empty(painter, list)?;
    }
    for (index, area) in screen.rows(rooms.len(), painter.width()) {
        if let Some(room) = rooms.get(index) {
            row(painter, room, area, index == screen.chosen)?;
        }
    }
    let car = format!("your car: {}", app.class());
    let style = Style::new(theme::BODY, theme::ACCENT).bold().right();
    painter.text(list.right(), list.y - 52.0, style, &car)?;
    let rows = screen.rows(rooms.len(), painter.width()).len();
    if rows < rooms.len() {
        let style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold().right();
        let place = format!("{} OF {}", screen.chosen + 1, rooms.len());
        painter.text(list.right() - 20.0, list.y - 16.0, style, &place)?;
    }
    let message = Area::new(list.x, list.bottom() + 4.0, list.w, 24.0);
    let style = Style::new(theme::SMALL + 1, theme::ERROR);
    if let Some(error) = &screen.error {
        panel::wrapped(painter, message, style, error)?;
    } else if let Some(status) = app.status() {
        let style = Style {
            colour: theme::WARNING,
            ..style
        };
        panel::wrapped(painter, message, style, &format!("{status} …"))?;
    } else if let Some(last) = app.client().last_race() {
        let style = Style {
            colour: theme::TEXT_DIM,
            ..style
        };
        panel::wrapped(painter, message, style, &last_race(last))?;
    }
    let keys = [
        ("Up", ""),
        ("Down", "choose"),
        ("Enter", "join"),
        ("K", "another car"),
        ("C", "create a room"),
        ("R", "refresh"),
    ];
    panel::keys(painter, &keys)
}

/// What became of the race that the player was in before.
fn last_race(last: &EarlierRace) -> String {
    let EarlierRace { race, is_running } = last;
    let (room, score) = (&race.room, race.score);
    let place = race
        .place
        .map_or_else(String::new, |place| format!("place {place}, "));
    if *is_running {
        format!("your race in {room} still runs ({place}{score} m): join {room} to drive on")
    } else {
        format!("your last race: {room}, {place}{score} m")
    }
}

fn titles(painter: &mut Painter<'_>, list: Area) -> Result<(), String> {
    let style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold();
    let y = list.y - 16.0;
    painter.text(list.x + 20.0, y, style, "ROOM")?;
    painter.text(list.x + PHASE_X, y, style, "STATE")?;
    painter.text(list.x + TRACK_X, y, style, "TRACK")?;
    painter.text(list.x + DISTANCE_X, y, style, "DISTANCE")?;
    painter.text(list.x + PLAYERS_X, y, style, "PLAYERS")?;
    Ok(())
}

fn row(
    painter: &mut Painter<'_>,
    room: &RoomEntry,
    area: Area,
    is_chosen: bool,
) -> Result<(), String> {
    if is_chosen {
        painter.rounded(area.inset(-2.0), ROUND, theme::ACCENT)?;
    }
    let fill = if is_chosen {
        theme::FIELD_CHOSEN
    } else {
        theme::PANEL
    };
    painter.rounded(area, ROUND - 2.0, fill)?;
    let y = area.y + area.h / 2.0;
    let style = Style::new(theme::BODY, theme::TEXT);
    painter.text(area.x + 20.0, y, style.bold(), room.name.as_str())?;
    let (phase, colour) = phase(room.phase);
    painter.disc(area.x + PHASE_X + 5.0, y, 5.0, colour)?;
    painter.text(area.x + PHASE_X + 18.0, y, style, phase)?;
    painter.text(area.x + TRACK_X, y, style, &room.settings.track)?;
    painter.text(area.x + DISTANCE_X, y, style, &room.settings.distance())?;
    let players = format!("{} / {}", room.players.len(), room.settings.seats);
    painter.text(area.x + PLAYERS_X, y, style, &players)?;
    Ok(())
}

fn phase(phase: Phase) -> (&'static str, Rgba) {
    match phase {
        Phase::Waiting => ("waiting", theme::SUCCESS),
        Phase::Countdown => ("starting", theme::WARNING),
        Phase::Racing => ("racing", theme::ACCENT),
        Phase::Finished => ("finished", theme::TEXT_DIM),
        Phase::Closed => ("closed", theme::TEXT_DIM),
    }
}

fn empty(painter: &mut Painter<'_>, list: Area) -> Result<(), String> {
    painter.rounded(
        Area::new(list.x, list.y, list.w, 150.0),
        ROUND,
        theme::PANEL,
    )?;
    let style = Style::new(theme::HEADING, theme::TEXT).centred();
    painter.text(list.middle(), list.y + 56.0, style, "No room is open")?;
    let style = Style::new(theme::BODY, theme::TEXT_DIM).centred();
    let text = "Press C to create one; friends who log in will see it here.";
    painter.text(list.middle(), list.y + 96.0, style, text)?;
    Ok(())
}

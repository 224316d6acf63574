//! Draws the result: the winner and the standings.

use client_core::RaceClientState;
use client_core::protocol::room::{CloseReason, Standing};
use client_core::race::RaceResult;
use client_core::race::room::lap_time;
use domain::Mode;

use super::leaderboard::grouped;
use super::painter::{Painter, Style};
use super::panel::{self, ROUND};
use crate::app::App;
use crate::area::Area;
use crate::theme;

/// Width of the table, points.
const TABLE_WIDTH: f32 = 860.0;
/// Vertical distance between rows, points; less in a full table.
const ROW_PITCH: f32 = 42.0;
/// Height of all rows, points.
const ROWS_HEIGHT: f32 = 416.0;
/// Distances of the columns' right ends from the right of the table, points.
const BEST_X: f32 = 20.0;
const TIME_X: f32 = 160.0;
const LAPS_X: f32 = 300.0;
const SCORE_X: f32 = 390.0;

/// Draws the result.
pub(super) fn draw(painter: &mut Painter<'_>, app: &App) -> Result<(), String> {
    let RaceClientState::Result(result) = app.client().state() else {
        return Ok(());
    };
    let Some(winner) = result.standings.first() else {
        panel::message(
            painter,
            reason(result.reason),
            result.room.as_str(),
            theme::TEXT_DIM,
        )?;
        return panel::keys(painter, &[("Enter", "back to the lobby")]);
    };
    let middle = painter.width() / 2.0;
    let small = Style::new(theme::BODY, theme::TEXT_DIM).centred();
    painter.text(middle, 40.0, small, &format!("{} · result", result.room))?;
    let is_own = app.client().player() == Some(&winner.player);
    let title = if is_own {
        "YOU WIN".to_owned()
    } else {
        format!("{} WINS", winner.player)
    };
    let style = Style::new(theme::TITLE, theme::ACCENT).bold().centred();
    painter.text(middle, 92.0, style, &title)?;
    chequers(painter, middle)?;
    table(painter, result, app, middle)?;
    panel::keys(painter, &[("Enter", "back to the lobby")])
}

fn reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Finished => "The race is over",
        CloseReason::Empty => "Everybody has left the room",
        CloseReason::Abandoned => "The room was closed: nobody was connected",
    }
}

/// Draws two rows of squares, as on a chequered flag.
fn chequers(painter: &mut Painter<'_>, middle: f32) -> Result<(), String> {
    for column in 0..40_u8 {
        for row in 0..2_u8 {
            if (column + row) % 2 == 0 {
                let x = middle - 200.0 + f32::from(column) * 10.0;
                let y = 134.0 + f32::from(row) * 10.0;
                painter.fill(Area::new(x, y, 10.0, 10.0), theme::TEXT)?;
            }
        }
    }
    Ok(())
}

fn table(
    painter: &mut Painter<'_>,
    result: &RaceResult,
    app: &App,
    middle: f32,
) -> Result<(), String> {
    let rows = result.standings.len();
    let pitch = ROW_PITCH.min(ROWS_HEIGHT / rows as f32);
    let height = 56.0 + rows as f32 * pitch;
    let area = Area::new(middle - TABLE_WIDTH / 2.0, 178.0, TABLE_WIDTH, height);
    painter.rounded(area, ROUND + 2.0, theme::PANEL)?;
    let style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold();
    let y = area.y + 24.0;
    painter.text(area.x + 84.0, y, style, "PLAYER")?;
    painter.text(area.right() - SCORE_X, y, style.right(), "METRES")?;
    painter.text(area.right() - TIME_X, y, style.right(), "TIME")?;
    if result.mode == Mode::Circuit {
        painter.text(area.right() - LAPS_X, y, style.right(), "LAPS")?;
        painter.text(area.right() - BEST_X, y, style.right(), "BEST LAP")?;
    }
    for (index, standing) in result.standings.iter().enumerate() {
        let y = area.y + 42.0 + index as f32 * pitch;
        let is_own = app.client().player() == Some(&standing.player);
        row(
            painter,
            standing,
            result.mode,
            Area::new(area.x + 8.0, y, area.w - 16.0, pitch - 2.0),
            is_own,
        )?;
    }
    Ok(())
}

fn row(
    painter: &mut Painter<'_>,
    standing: &Standing,
    mode: Mode,
    area: Area,
    is_own: bool,
) -> Result<(), String> {
    if is_own {
        painter.rounded(area, 6.0, theme::FIELD_CHOSEN)?;
    }
    let y = area.y + area.h / 2.0;
    let style = Style::new(theme::BODY, theme::TEXT);
    let rank_colour = if standing.place == 1 {
        theme::ACCENT
    } else {
        theme::TEXT
    };
    let rank = Style {
        colour: rank_colour,
        ..style.bold().centred()
    };
    painter.text(area.x + 24.0, y, rank, &standing.place.to_string())?;
    let chip = Area::new(area.x + 50.0, y - 9.0, 8.0, 18.0);
    painter.rounded(chip, 3.0, theme::seat_colour(standing.seat))?;
    let name_width = painter.text(area.x + 76.0, y, style.bold(), standing.player.as_str())?;
    if standing.ai {
        let note = Style::new(theme::SMALL - 1, theme::TEXT_DIM);
        painter.text(area.x + 84.0 + name_width, y, note, "AI")?;
    }
    let time = |time_ms: Option<u64>| time_ms.map_or_else(|| "–".to_owned(), lap_time);
    // The rows are 8 points narrower than the table on each side.
    let right = area.right() + 8.0;
    painter.text(right - SCORE_X, y, style.right(), &grouped(standing.score))?;
    painter.text(right - TIME_X, y, style.right(), &time(standing.time_ms))?;
    if mode == Mode::Highway {
        return Ok(());
    }
    painter.text(right - LAPS_X, y, style.right(), &standing.laps.to_string())?;
    painter.text(
        right - BEST_X,
        y,
        style.right(),
        &time(standing.best_lap_ms),
    )?;
    Ok(())
}

//! The result: the winner and the standings.

use client_core::RaceClientState;
use client_core::protocol::room::{CloseReason, Standing};
use client_core::race::RaceResult;
use client_core::race::room::lap_time;
use domain::Mode;

use super::{Action, ScreenContext, message};
use crate::area::Area;
use crate::input::Key;
use crate::page::cap::{self, Cap};
use crate::page::{Page, parts};
use crate::theme;
use crate::typeface::Style;

/// Widest table, points.
const TABLE_WIDTH_MAX: f32 = 860.0;
/// Width below which a table leaves a column out, points.
const TABLE_WIDTH_NARROW: f32 = 480.0;
/// Largest vertical distance between rows, points.
const PITCH_MAX: f32 = 42.0;
/// Height of the titles of the columns, points.
const TITLES_HEIGHT: f32 = 24.0;
/// A car that was not at the end of the race.
const NOT_FINISHED: &str = "DNF";

/// The keys.
pub(super) fn caps() -> Vec<Cap<Action>> {
    vec![Cap::key(Key::Enter, "back to the lobby", Action::Dismiss)]
}

/// Makes the page of the result.
pub(super) fn page(context: &ScreenContext<'_>) -> Page {
    let RaceClientState::Result(result) = context.client.state() else {
        return Page::new(context.window, context.pointer);
    };
    let Some(winner) = result.standings.first() else {
        let detail = (result.room.as_str(), theme::TEXT_DIM);
        return message::message(context, &caps(), reason(result.reason), detail);
    };
    let mut page = Page::new(context.window, context.pointer);
    let area = parts::margins(context.window);
    let area = cap::add(&mut page, area, &caps(), context.bindings);
    let own = context.client.player();
    let title = if own == Some(&winner.player) {
        "YOU WIN".to_owned()
    } else {
        let name = parts::driver_name(winner.player.as_str(), winner.ai);
        format!("{name} WINS")
    };
    let area = headline(
        &mut page,
        area,
        &title,
        &format!("{} · result", result.room),
    );
    // Notices of the race's end have their place only where there is enough of it.
    let (area, _) = area.split_bottom(10.0);
    let is_own = |standing: &Standing| own == Some(&standing.player);
    table(&mut page, area, result, is_own);
    page
}

fn reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Finished => "The race is over",
        CloseReason::Empty => "Everybody has left the room",
        CloseReason::Abandoned => "The room was closed: nobody was connected",
    }
}

/// Adds who won in which room. Returns what is left of the area.
fn headline(page: &mut Page, area: Area, title: &str, subtitle: &str) -> Area {
    let style = Style::new(theme::TITLE, theme::ACCENT).bold().centred();
    let small = Style::new(theme::BODY, theme::TEXT_DIM);
    if !parts::is_roomy(page.window) {
        let (line, rest) = area.split_top(34.0);
        let (left, right) = line.split_left(line.w * 0.62);
        let style = Style {
            size: 22,
            align: crate::typeface::Align::Left,
            ..style
        };
        page.text(left, style, title);
        let small = Style {
            size: theme::SMALL,
            ..small
        };
        page.text(right.trim_left(10.0), small.right(), subtitle);
        return rest;
    }
    let (above, rest) = area.split_top(28.0);
    page.text(above, small.centred(), subtitle);
    let (line, rest) = rest.split_top(72.0);
    page.text(line, style, title);
    let (flag, rest) = rest.split_top(20.0);
    chequers(page, Area::centred(flag, 400.0_f32.min(flag.w), 20.0));
    rest.trim_top(20.0)
}

/// Adds two rows of squares, as on a chequered flag.
fn chequers(page: &mut Page, area: Area) {
    let side = area.h / 2.0;
    let columns = (area.w / side) as u16;
    for column in 0..columns {
        let x = area.x + f32::from(column) * side;
        let y = area.y + f32::from(column % 2) * side;
        page.fill(Area::new(x, y, side, side), 0.0, theme::TEXT);
    }
}

/// The areas of a row's columns.
struct Columns {
    place: Area,
    chip: Area,
    player: Area,
    metres: Area,
    time: Area,
    laps: Option<Area>,
    best: Option<Area>,
}

impl Columns {
    fn new(row: Area, mode: Mode) -> Self {
        let is_narrow = row.w < TABLE_WIDTH_NARROW;
        let gap = if is_narrow { 6.0 } else { 20.0 };
        let time_width = if is_narrow { 72.0 } else { 96.0 };
        let mut rest = row;
        let mut take = |width: f32| {
            let (left, column) = rest.split_right(width + gap);
            rest = left;
            Area { w: width, ..column }
        };
        let is_circuit = mode == Mode::Circuit;
        let best = is_circuit.then(|| take(time_width));
        let laps = (is_circuit && !is_narrow).then(|| take(50.0));
        let time = take(time_width);
        let metres = take(if is_narrow { 56.0 } else { 90.0 });
        let (place, rest) = rest.split_left(if is_narrow { 26.0 } else { 48.0 });
        let (chip, player) = rest.split_left(20.0);
        let (player, _) = player.split_right(8.0);
        Self {
            place,
            chip: Area { w: 8.0, ..chip },
            player,
            metres,
            time,
            laps,
            best,
        }
    }
}

fn table(page: &mut Page, area: Area, result: &RaceResult, is_own: impl Fn(&Standing) -> bool) {
    let rows = result.standings.len() as f32;
    let width = area.w.min(TABLE_WIDTH_MAX);
    let pitch = ((area.h - TITLES_HEIGHT - 12.0) / rows).min(PITCH_MAX);
    let height = TITLES_HEIGHT + 12.0 + rows * pitch;
    let x = area.x + (area.w - width) / 2.0;
    let panel = Area::new(x, area.y, width, height);
    page.fill(panel, parts::ROUND + 2.0, theme::PANEL);
    let (titles, rest) = panel.inset(6.0).split_top(TITLES_HEIGHT);
    let columns = Columns::new(titles, result.mode);
    let size = if panel.w < TABLE_WIDTH_NARROW {
        11
    } else {
        theme::SMALL - 1
    };
    let style = Style::new(size, theme::TEXT_DIM).bold();
    page.text(columns.player, style, "PLAYER");
    page.text(columns.metres, style.right(), "METRES");
    page.text(columns.time, style.right(), "TIME");
    for (column, title) in [(columns.laps, "LAPS"), (columns.best, "BEST LAP")] {
        if let Some(column) = column {
            page.text(column, style.right(), title);
        }
    }
    for (index, standing) in result.standings.iter().enumerate() {
        let y = rest.y + index as f32 * pitch;
        let row = Area::new(rest.x, y, rest.w, pitch - 1.0);
        add_row(page, row, standing, result.mode, is_own(standing));
    }
}

fn add_row(page: &mut Page, row: Area, standing: &Standing, mode: Mode, is_own: bool) {
    if is_own {
        page.fill(row, 5.0, theme::FIELD_CHOSEN);
    }
    let columns = Columns::new(row, mode);
    let is_small = row.h < 22.0 || row.w < TABLE_WIDTH_NARROW;
    let size = if is_small {
        theme::SMALL - 1
    } else {
        theme::BODY
    };
    let style = Style::new(size, theme::TEXT);
    let is_first = standing.place == 1;
    let colour = if is_first { theme::ACCENT } else { theme::TEXT };
    let place = style.in_colour(colour).bold().centred();
    page.text(columns.place, place, &standing.place.to_string());
    let chip_h = (row.h * 0.6).min(18.0);
    let chip_y = row.y + (row.h - chip_h) / 2.0;
    let chip = Area {
        y: chip_y,
        h: chip_h,
        ..columns.chip
    };
    page.fill(chip, 3.0, theme::seat_colour(standing.seat));
    let name = standing.player.as_str();
    parts::driver(page, columns.player, style.bold(), name, standing.ai);
    let figures = style.right();
    page.text(columns.metres, figures, &grouped(standing.score));
    let time = standing
        .time_ms
        .map_or_else(|| NOT_FINISHED.to_owned(), lap_time);
    page.text(columns.time, figures, &time);
    if let Some(column) = columns.laps {
        page.text(column, figures, &standing.laps.to_string());
    }
    if let Some(column) = columns.best {
        let best = standing
            .best_lap_ms
            .map_or_else(|| "–".to_owned(), lap_time);
        page.text(column, figures, &best);
    }
}

/// Formats a number with a comma between each three digits.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{grouped}")
}

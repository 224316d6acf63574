//! How the list of rooms looks.

use client_core::protocol::client::EarlierRace;
use client_core::protocol::lobby::{Phase, RoomEntry};

use super::{LobbyScreen, ScreenContext};
use crate::area::Area;
use crate::form::layout;
use crate::input::Command;
use crate::page::{Item, Page, Target, parts};
use crate::theme::{self, Rgba};
use crate::typeface::Style;

/// Widest list, points.
const WIDTH_MAX: f32 = 1_040.0;
/// Width below which a row has two lines, points.
const WIDTH_OF_ONE_LINE: f32 = 560.0;
/// Height of the line with the filter, points.
const FILTER_HEIGHT: f32 = 30.0;
/// Widest filter, points.
const FILTER_WIDTH_MAX: f32 = 320.0;
/// Height of the titles of the columns, points.
const TITLES_HEIGHT: f32 = 20.0;
/// Shares of a row that the columns have: name, state, track, distance, players.
const SHARES: [f32; 5] = [0.40, 0.15, 0.21, 0.13, 0.11];
const TITLES: [&str; 5] = ["ROOM", "STATE", "TRACK", "DISTANCE", "PLAYERS"];
/// Distance between a row's edges and its texts, points.
const INSET: f32 = 14.0;

impl LobbyScreen {
    /// Makes the page.
    pub(in crate::screens) fn page(&self, context: &ScreenContext<'_>) -> Page {
        let client = context.client;
        let player = client.player().map(ToString::to_string).unwrap_or_default();
        let (mut page, area) = context.frame(&format!("welcome, {player}"), &self.caps(context));
        let is_running = super::running_race(client).is_some();
        let last_race = client.last_race().map(|last| last_race(last, is_running));
        let own = match (self.error(), &last_race) {
            (Some(error), _) => Some((error, theme::ERROR)),
            (None, Some(last)) => Some((last.as_str(), theme::TEXT_DIM)),
            (None, None) => None,
        };
        let area = parts::news(&mut page, area, &context.news(own));
        let width = area.w.min(WIDTH_MAX);
        let area = Area::new(area.x + (area.w - width) / 2.0, area.y, width, area.h);
        let rooms = self.rooms(client);
        let (line, area) = area.split_top(FILTER_HEIGHT);
        self.add_filter(&mut page, line, context, rooms.len());
        let area = area.trim_top(6.0);
        if rooms.is_empty() {
            empty(&mut page, area, !client.lobby().is_empty(), context);
            return page;
        }
        self.add_rows(&mut page, area, &rooms, context);
        page
    }

    fn add_filter(&self, page: &mut Page, line: Area, context: &ScreenContext<'_>, matches: usize) {
        let all = context.client.lobby().len();
        let (field, rest) = line.split_left(FILTER_WIDTH_MAX.min(line.w * 0.5));
        let is_hovered = page.target(field, Target::Field(0));
        layout::add_box(page, field, &self.filter, self.is_filtering, is_hovered);
        let dim = Style::new(theme::SMALL, theme::TEXT_DIM);
        if self.filter.value.is_empty() && !self.is_filtering {
            let key = context.bindings.label(Command::Filter);
            let hint = format!("{key}  filter by room, track or player");
            page.text(field.inset(6.0).trim_left(6.0), dim, &hint);
        }
        let rooms = self.rooms(context.client);
        let place = rooms
            .iter()
            .position(|room| Some(room.race) == self.choice.id());
        let counted = match place {
            Some(place) => format!("{} of {matches}", place + 1),
            None if matches == 1 => "1 room".to_owned(),
            None => format!("{matches} rooms"),
        };
        let counted = if matches == all {
            counted
        } else {
            format!("{counted} ({all} in all)")
        };
        page.text(rest.trim_left(12.0), dim.right(), &counted);
    }

    fn add_rows(
        &self,
        page: &mut Page,
        area: Area,
        rooms: &[&RoomEntry],
        context: &ScreenContext<'_>,
    ) {
        let has_columns = area.w >= WIDTH_OF_ONE_LINE;
        let is_roomy = parts::is_roomy(context.window);
        let (pitch, gap) = match (has_columns, is_roomy) {
            (true, true) => (44.0, 5.0),
            (true, false) => (29.0, 3.0),
            (false, _) => (48.0, 4.0),
        };
        let (titles, area) = if has_columns {
            area.split_top(TITLES_HEIGHT)
        } else {
            (Area::default(), area)
        };
        // An outline reaches beyond its row.
        let area = area.inset(3.0);
        let shown = ((area.h / pitch) as usize).max(1);
        let first = (self.scrolled as usize).min(rooms.len().saturating_sub(shown));
        let list = Area {
            h: (shown.min(rooms.len()) as f32) * pitch - gap,
            ..area
        };
        let list = parts::scrollbar(page, list, first, shown, rooms.len());
        if has_columns {
            let style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold();
            let titles = Area {
                x: list.x,
                w: list.w,
                ..titles
            };
            for (column, title) in columns(titles).iter().zip(TITLES) {
                page.text(*column, style, title);
            }
        }
        for (line, (index, room)) in rooms.iter().enumerate().skip(first).take(shown).enumerate() {
            let y = list.y + line as f32 * pitch;
            let row = Area::new(list.x, y, list.w, pitch - gap);
            let is_chosen = Some(room.race) == self.choice.id();
            add_row(page, row, (index, room), is_chosen, has_columns);
        }
    }
}

fn columns(row: Area) -> [Area; 5] {
    let inner = Area {
        x: row.x + INSET,
        w: row.w - 2.0 * INSET,
        ..row
    };
    let mut x = inner.x;
    SHARES.map(|share| {
        let column = Area::new(x, row.y, inner.w * share - 8.0, row.h);
        x += inner.w * share;
        column
    })
}

fn add_row(
    page: &mut Page,
    row: Area,
    (index, room): (usize, &RoomEntry),
    is_chosen: bool,
    has_columns: bool,
) {
    let is_hovered = page.target(row, Target::Row(index));
    if is_chosen {
        page.fill(row.inset(-2.0), parts::ROUND, theme::ACCENT);
    }
    let fill = match (is_chosen, is_hovered) {
        (true, _) => theme::FIELD_CHOSEN,
        (false, true) => theme::FIELD,
        (false, false) => theme::PANEL,
    };
    page.fill(row, parts::ROUND - 2.0, fill);
    let style = Style::new(theme::BODY, theme::TEXT);
    let name = room.name.as_str();
    let settings = &room.settings;
    let (phase, colour) = phase(room.phase);
    let players = format!("{} / {}", room.players.len(), settings.seats);
    if has_columns {
        let [name_area, phase_area, track, distance, players_area] = columns(row);
        page.text(name_area, style.bold(), name);
        add_phase(page, phase_area, style, phase, colour);
        page.text(track, style, &settings.track);
        page.text(distance, style, &settings.distance());
        page.text(players_area, style, &players);
        return;
    }
    let inner = Area {
        x: row.x + INSET,
        w: row.w - 2.0 * INSET,
        ..row
    };
    let (upper, lower) = inner.inset(2.0).split_top(inner.h * 0.52 - 2.0);
    let (name_area, right) = upper.split_right(70.0);
    page.text(name_area, style.bold(), name);
    page.text(right, style.right(), &players);
    let small = Style::new(theme::SMALL - 1, theme::TEXT_DIM);
    let (left, rest) = lower.split_left(90.0);
    add_phase(page, left, small, phase, colour);
    let detail = format!("{} · {}", settings.track, settings.distance());
    page.text(rest, small, &detail);
}

fn add_phase(page: &mut Page, area: Area, style: Style, phase: &str, colour: Rgba) {
    let middle = area.y + area.h / 2.0;
    let disc = Area::new(area.x, middle - 5.0, 10.0, 10.0);
    page.items.push(Item::Disc {
        area: disc,
        fill: colour,
    });
    page.text(area.trim_left(18.0), style, phase);
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

/// What became of the race that the player was in before.
fn last_race(last: &EarlierRace, is_running: bool) -> String {
    let race = &last.race;
    let (room, score) = (&race.room, race.score);
    match (is_running, race.place) {
        (true, Some(place)) => format!("You are {} in {room}.", ordinal(place)),
        (true, None) => format!("Your race in {room} still runs."),
        (false, Some(place)) => format!("your last race: {room}, place {place}, {score} m"),
        (false, None) => format!("your last race: {room}, {score} m"),
    }
}

fn ordinal(number: u8) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

fn empty(page: &mut Page, area: Area, is_filtered: bool, context: &ScreenContext<'_>) {
    let (panel, _) = area.split_top(150.0);
    page.fill(panel, parts::ROUND, theme::PANEL);
    let create = context.bindings.label(Command::Create);
    let (title, text) = if is_filtered {
        (
            "No room passes the filter",
            "Esc shows all rooms again.".to_owned(),
        )
    } else {
        let text = format!("Press {create} to create one; friends who log in will see it here.");
        ("No room is open", text)
    };
    let (upper, lower) = panel.inset(10.0).split_top((panel.h - 20.0) / 2.0);
    let style = Style::new(theme::HEADING, theme::TEXT).centred();
    page.text(upper, style, title);
    page.wrapped(
        lower,
        Style::new(theme::BODY, theme::TEXT_DIM).centred(),
        &text,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_spoken() {
        let cases = [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (11, "11th"),
            (12, "12th"),
        ];
        for (number, expected) in cases {
            assert_eq!(ordinal(number), expected);
        }
    }
}

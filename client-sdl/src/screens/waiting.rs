//! A room with free seats.

use client_core::protocol::room::SeatView;
use client_core::race::room::RoomClient;

use super::{Action, ScreenContext, message};
use crate::area::Area;
use crate::input::{Command, Key};
use crate::page::cap::Cap;
use crate::page::{Item, Page, parts};
use crate::theme;
use crate::typeface::Style;

/// Widest panel, points.
const WIDTH_MAX: f32 = 1_160.0;
/// Seats of one column beside the track.
const COLUMN_SEATS: u8 = 8;
/// Largest and smallest vertical distance between seats, points.
const PITCH_MAX: f32 = 50.0;
const PITCH_MIN: f32 = 20.0;
/// Widest box of a seat, points.
const SEAT_WIDTH_MAX: f32 = 270.0;

/// The keys in the room. Without a connection the room can be given up.
pub(super) fn caps(context: &ScreenContext<'_>) -> Vec<Cap<Action>> {
    let Some(room) = context.client.room() else {
        return vec![Cap::key(Key::Escape, "to the lobby", Action::Leave)];
    };
    if room.seat().is_none() {
        return vec![Cap::key(Key::Escape, "stop watching", Action::Leave)];
    }
    let car = format!("car: {}", context.class);
    let mut caps = vec![Cap::command(Command::NextCar, car, Action::NextClass)];
    if room.is_host() {
        let label = "fill the room with AI drivers";
        caps.push(Cap::command(Command::Fill, label, Action::FillSeats));
    }
    caps.push(Cap::key(Key::Escape, "leave the room", Action::Leave));
    caps
}

/// Makes the page of the room.
pub(super) fn page(context: &ScreenContext<'_>) -> Page {
    let caps = caps(context);
    let Some(room) = context.client.room() else {
        let detail = ("Your seat stays yours.", theme::WARNING);
        return message::message(context, &caps, "Connection lost, coming back …", detail);
    };
    let view = room.view();
    let settings = &view.settings;
    let subtitle = format!(
        "{} · {} · {}",
        view.name,
        settings.track,
        settings.distance()
    );
    let (mut page, area) = context.frame(&subtitle, &caps);
    let area = parts::news(&mut page, area, &context.news(None));
    let roomy = parts::is_roomy(context.window);
    let area = Area::centred(area, area.w.min(WIDTH_MAX), area.h);
    let (line, area) = area.split_top(if roomy { 48.0 } else { 24.0 });
    let size = if roomy { theme::HEADING } else { theme::BODY };
    let style = Style::new(size, theme::ACCENT).bold().centred();
    page.text(line, style, &headline(room));
    page.fill(area, parts::ROUND + 4.0, theme::PANEL);
    let inner = area.inset(if roomy { 22.0 } else { 8.0 });
    let (seats, map) = split(inner, settings.seats);
    add_seats(&mut page, seats, room);
    if map.w > 60.0 && map.h > 40.0 {
        page.items.push(Item::Track { area: map });
    }
    page
}

fn headline(room: &RoomClient) -> String {
    let view = room.view();
    let missing = usize::from(view.settings.seats).saturating_sub(view.seats.len());
    match missing {
        0 => "Everybody is here".to_owned(),
        1 => "Waiting for 1 more player".to_owned(),
        missing => format!("Waiting for {missing} more players"),
    }
}

/// Returns the areas of the seats and of the track: beside each other or, where an
/// area is higher than wide, the track above.
fn split(area: Area, seats: u8) -> (Area, Area) {
    if area.w < area.h {
        let (map, rest) = area.split_top(area.h * 0.3);
        return (rest.trim_top(10.0), map);
    }
    let columns = f32::from(seats.div_ceil(COLUMN_SEATS));
    let width = (columns * (SEAT_WIDTH_MAX + 14.0)).min(area.w * 0.3 * (1.0 + columns * 0.5));
    let (left, rest) = area.split_left(width);
    (left, rest.trim_left(24.0))
}

fn add_seats(page: &mut Page, area: Area, room: &RoomClient) {
    let view = room.view();
    let seats = view.settings.seats;
    let columns = seats.div_ceil(COLUMN_SEATS).max(1);
    let rows = seats.div_ceil(columns).max(1);
    let pitch = (area.h / f32::from(rows)).clamp(PITCH_MIN, PITCH_MAX);
    let gap = if pitch < 34.0 { 3.0 } else { 6.0 };
    let column = area.w / f32::from(columns);
    for seat in 0..seats {
        let (across, down) = (f32::from(seat / rows), f32::from(seat % rows));
        let x = area.x + across * column;
        let place = Area::new(x, area.y + down * pitch, column - 8.0, pitch - gap);
        let player = view.seats.iter().find(|view| view.seat == seat);
        add_seat(page, place, seat, player, room.seat() == Some(seat));
    }
}

fn add_seat(page: &mut Page, area: Area, seat: u8, player: Option<&SeatView>, is_own: bool) {
    let fill = match (player, is_own) {
        (None, _) => theme::FIELD.fade(0.45),
        (Some(_), true) => theme::FIELD_CHOSEN,
        (Some(_), false) => theme::FIELD,
    };
    page.fill(area, 7.0, fill);
    let (number, rest) = area.split_left(32.0);
    let size = if area.h < 28.0 {
        theme::SMALL
    } else {
        theme::BODY
    };
    let style = Style::new(size, theme::TEXT_DIM);
    let small = Style::new(theme::SMALL, theme::TEXT_DIM).centred();
    page.text(number, small, &(seat + 1).to_string());
    let rest = rest.trim_left(24.0);
    let Some(player) = player else {
        return page.text(rest, style, "free");
    };
    let chip_h = (area.h * 0.5).min(20.0);
    let chip = Area::new(
        number.right() + 3.0,
        area.y + (area.h - chip_h) / 2.0,
        12.0,
        chip_h,
    );
    page.fill(chip, 4.0, theme::seat_colour(seat));
    let (note, colour) = match (is_own, player.connected) {
        (false, false) => ("disconnected", theme::WARNING),
        (true, _) => (player.class.name(), theme::ACCENT),
        (false, true) => (player.class.name(), theme::TEXT_DIM),
    };
    let style = Style::new(theme::SMALL - 1, colour).right();
    let width = style.width(note).min(rest.w / 2.0);
    let (rest, place) = rest.split_right(width + 12.0);
    page.text(Area { w: width, ..place }, style, note);
    let colour = if player.connected {
        theme::TEXT
    } else {
        theme::TEXT_DIM
    };
    let style = Style::new(size, colour).bold();
    let (name, _) = rest.split_right(6.0);
    parts::driver(page, name, style, player.player.as_str(), player.ai);
}

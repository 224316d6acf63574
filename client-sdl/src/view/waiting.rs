//! Draws a room with free seats.

use std::time::Instant;

use client_core::protocol::room::SeatView;

use super::painter::{Painter, Style};
use super::panel::{self, ROUND};
use super::{Tiles, hud, minimap};
use crate::app::App;
use crate::area::Area;
use crate::theme;

/// Size of a seat's box, points.
const SEAT: (f32, f32) = (250.0, 44.0);

/// Draws the seats and the number of missing players.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    tiles: &mut Tiles<'_>,
    app: &App,
    now: Instant,
) -> Result<(), String> {
    hud::notices(painter, app.notices(), painter.width() / 2.0, now)?;
    let Some(room) = app.client().room() else {
        let text = "Your seat stays yours.";
        return panel::message(
            painter,
            "Connection lost, coming back …",
            text,
            theme::WARNING,
        );
    };
    // The ground around the grid is rendered before the race begins.
    tiles.prepare(room.track())?;
    let view = room.view();
    let settings = &view.settings;
    let distance = settings.distance();
    let subtitle = format!("{} · {} · {distance}", view.name, settings.track);
    panel::heading(painter, 70.0, &subtitle)?;
    let missing = usize::from(settings.seats).saturating_sub(view.seats.len());
    let headline = match missing {
        0 => "Everybody is here".to_owned(),
        1 => "Waiting for 1 more player".to_owned(),
        missing => format!("Waiting for {missing} more players"),
    };
    let middle = painter.width() / 2.0;
    let style = Style::new(theme::HEADING, theme::ACCENT).bold().centred();
    painter.text(middle, 172.0, style, &headline)?;
    let panel = Area::new(middle - 560.0, 212.0, 1_120.0, 436.0);
    painter.rounded(panel, ROUND + 4.0, theme::PANEL)?;
    for seat in 0..settings.seats {
        let (column, row) = (f32::from(seat / 8), f32::from(seat % 8));
        let x = panel.x + 24.0 + column * (SEAT.0 + 14.0);
        let area = Area::new(x, panel.y + 22.0 + row * (SEAT.1 + 6.0), SEAT.0, SEAT.1);
        let player = view.seats.iter().find(|view| view.seat == seat);
        let is_own = room.seat() == Some(seat);
        draw_seat(painter, area, seat, player, is_own)?;
    }
    let columns = f32::from(settings.seats.div_ceil(8));
    let map_x = panel.x + 24.0 + columns * (SEAT.0 + 14.0) + 30.0;
    let map = Area::new(
        map_x,
        panel.y + 30.0,
        panel.right() - map_x - 40.0,
        panel.h - 60.0,
    );
    minimap::outline(painter, room.track(), map)?;
    let mut keys = vec![("K", "another car")];
    if room.is_host() {
        keys.push(("F", "fill the room with AI drivers"));
    }
    keys.push(("Esc", "leave the room"));
    panel::keys(painter, &keys)
}

fn draw_seat(
    painter: &mut Painter<'_>,
    area: Area,
    seat: u8,
    player: Option<&SeatView>,
    is_own: bool,
) -> Result<(), String> {
    let fill = if is_own {
        theme::FIELD_CHOSEN
    } else {
        theme::FIELD
    };
    let fill = if player.is_some() {
        fill
    } else {
        theme::FIELD.fade(0.45)
    };
    painter.rounded(area, 8.0, fill)?;
    let y = area.y + area.h / 2.0;
    let number = Style::new(theme::SMALL, theme::TEXT_DIM).centred();
    painter.text(area.x + 20.0, y, number, &(seat + 1).to_string())?;
    let Some(player) = player else {
        painter.text(
            area.x + 64.0,
            y,
            Style::new(theme::BODY, theme::TEXT_DIM),
            "free",
        )?;
        return Ok(());
    };
    let chip = Area::new(area.x + 38.0, area.y + 12.0, 14.0, area.h - 24.0);
    painter.rounded(chip, 4.0, theme::seat_colour(seat))?;
    let colour = if player.connected {
        theme::TEXT
    } else {
        theme::TEXT_DIM
    };
    painter.text(
        area.x + 64.0,
        y,
        Style::new(theme::BODY, colour).bold(),
        player.player.as_str(),
    )?;
    let (note, colour) = match (is_own, player.connected) {
        (false, false) => ("disconnected", theme::WARNING),
        (true, _) => (player.class.name(), theme::ACCENT),
        (false, true) => (player.class.name(), theme::TEXT_DIM),
    };
    let style = Style::new(theme::SMALL - 1, colour).right();
    painter.text(area.right() - 12.0, y, style, note)?;
    Ok(())
}

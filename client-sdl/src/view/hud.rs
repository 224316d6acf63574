//! Instruments, the start lights, notices and warnings.

use std::time::Instant;

use client_core::notice::NoticeKind;
use client_core::race::room::lap_time;

use super::painter::{Painter, Style};
use super::panel::ROUND;
use crate::area::Area;
use crate::notices::NoticeBoard;
use crate::scene::{Dash, RaceScene};
use crate::theme::{self, MARGIN, Rgba};

const LAMP_OFF: Rgba = Rgba::hex(0x2a_1416);
const LAMP_RED: Rgba = Rgba::hex(0xff_2a2a);
const LAMP_GREEN: Rgba = Rgba::hex(0x3d_ff6a);
/// How long GO stays, seconds.
const GO_SECONDS: f64 = 1.4;
/// The number of lamps, and of seconds that are counted.
const LAMPS: i32 = 3;
/// In a narrow window the speed stands beside the minimap, points.
const SPEED_MIDDLE_MIN: f32 = 360.0;
/// The end of the bar under the speed, km/h: hardly any car comes there.
const SPEED_BAR_MAX_KMH: f64 = 280.0;

/// Lap, times and place at the upper left; speed at the lower middle.
pub(super) fn dash(painter: &mut Painter<'_>, dash: &Dash, middle: f32) -> Result<(), String> {
    let area = Area::new(MARGIN, MARGIN, 214.0, 138.0);
    painter.rounded(area, ROUND, theme::GLASS)?;
    let label = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold();
    let large = Style::new(theme::HEADING, theme::TEXT).bold();
    painter.text(area.x + 16.0, area.y + 20.0, label, "LAP")?;
    let width = painter.text(area.x + 16.0, area.y + 48.0, large, &dash.lap.to_string())?;
    let of = Style::new(theme::BODY, theme::TEXT_DIM);
    painter.text(
        area.x + 20.0 + width,
        area.y + 51.0,
        of,
        &format!("/ {}", dash.laps),
    )?;
    painter.text(area.x + 122.0, area.y + 20.0, label, "POSITION")?;
    let place = Style {
        colour: theme::ACCENT,
        ..large
    };
    let width = painter.text(
        area.x + 122.0,
        area.y + 48.0,
        place,
        &dash.place.to_string(),
    )?;
    painter.text(
        area.x + 126.0 + width,
        area.y + 51.0,
        of,
        &format!("/ {}", dash.cars),
    )?;
    let time = Style::new(theme::BODY, theme::TEXT).right();
    painter.text(area.x + 16.0, area.y + 86.0, label, "TIME")?;
    painter.text(
        area.right() - 16.0,
        area.y + 86.0,
        time.bold(),
        &clock(dash.lap_seconds),
    )?;
    painter.text(area.x + 16.0, area.y + 114.0, label, "BEST")?;
    let best = Style {
        colour: theme::TEXT_DIM,
        ..time
    };
    painter.text(
        area.right() - 16.0,
        area.y + 114.0,
        best,
        &clock(dash.best_lap_seconds),
    )?;
    speed(painter, dash.speed_kmh, middle.max(SPEED_MIDDLE_MIN))
}

fn speed(painter: &mut Painter<'_>, speed_kmh: f64, middle: f32) -> Result<(), String> {
    let area = Area::new(
        middle - 95.0,
        painter.window().bottom() - MARGIN - 78.0,
        190.0,
        78.0,
    );
    painter.rounded(area, ROUND, theme::GLASS)?;
    let number = Style::new(40, theme::TEXT).bold().right();
    let y = area.y + 32.0;
    painter.text(area.x + 116.0, y, number, &format!("{speed_kmh:.0}"))?;
    painter.text(
        area.x + 126.0,
        y + 8.0,
        Style::new(theme::SMALL, theme::TEXT_DIM),
        "km/h",
    )?;
    let bar = Area::new(area.x + 16.0, area.bottom() - 19.0, area.w - 32.0, 6.0);
    painter.rounded(bar, 3.0, theme::FIELD)?;
    let share = (speed_kmh / SPEED_BAR_MAX_KMH).clamp(0.0, 1.0) as f32;
    if share > 0.03 {
        let colour = theme::SUCCESS.mix(theme::ERROR, share);
        painter.rounded(
            Area {
                w: bar.w * share,
                ..bar
            },
            3.0,
            colour,
        )?;
    }
    Ok(())
}

fn clock(seconds: Option<f64>) -> String {
    seconds.map_or_else(
        || "–:––.–––".to_owned(),
        |seconds| lap_time((seconds * 1_000.0) as u64),
    )
}

/// Three lamps that go red one by one, then GO.
pub(super) fn start_lights(
    painter: &mut Painter<'_>,
    scene: &RaceScene,
    middle: f32,
) -> Result<(), String> {
    let left = scene.seconds_to_start;
    if left < -GO_SECONDS {
        return Ok(());
    }
    let is_go = left <= 0.0;
    let opacity = if is_go {
        ((left + GO_SECONDS) / 0.5).min(1.0) as f32
    } else {
        1.0
    };
    let area = Area::new(middle - 165.0, 66.0, 330.0, 196.0);
    painter.rounded(area, 18.0, theme::GLASS.fade(opacity))?;
    let counted = left.ceil() as i32;
    for lamp in 0..LAMPS {
        let x = middle + (lamp - 1) as f32 * 100.0;
        let y = area.y + 60.0;
        let is_lit = counted <= LAMPS - lamp;
        let colour = match (is_go, is_lit) {
            (true, _) => LAMP_GREEN,
            (false, true) => LAMP_RED,
            (false, false) => LAMP_OFF,
        };
        painter.disc(x, y, 41.0, Rgba::hex(0x05_0608).fade(opacity))?;
        if is_lit {
            painter.disc(x, y, 39.0, colour.fade(0.35 * opacity))?;
        }
        painter.disc(x, y, 34.0, colour.fade(opacity))?;
        if is_lit {
            painter.disc(x - 9.0, y - 10.0, 9.0, theme::TEXT.fade(0.5 * opacity))?;
        }
    }
    let (text, colour) = match (is_go, counted) {
        (true, _) => ("GO!".to_owned(), LAMP_GREEN),
        (false, counted) if counted <= LAMPS => (counted.to_string(), theme::TEXT),
        (false, _) => ("get ready".to_owned(), theme::TEXT_DIM),
    };
    let size = if is_go || counted <= LAMPS { 64 } else { 34 };
    let style = Style::new(size, colour.fade(opacity)).bold().centred();
    painter.text(middle, area.y + 151.0, style, &text)?;
    Ok(())
}

/// Lines at the upper middle, newest lowest.
pub(super) fn notices(
    painter: &mut Painter<'_>,
    notices: &NoticeBoard,
    middle: f32,
    now: Instant,
) -> Result<(), String> {
    for (index, (notice, opacity)) in notices.lines(now).enumerate() {
        let colour = match notice.kind {
            NoticeKind::Info => theme::TEXT,
            NoticeKind::Success => theme::SUCCESS,
            NoticeKind::Warning => theme::WARNING,
        };
        let style = Style::new(theme::BODY, colour.fade(opacity))
            .bold()
            .centred();
        let width = painter.text_width(style, &notice.text)? + 40.0;
        let y = MARGIN + index as f32 * 38.0;
        let area = Area::new(middle - width / 2.0, y, width, 32.0);
        painter.rounded(area, 16.0, theme::GLASS.fade(opacity))?;
        painter.text(middle, y + 16.0, style, &notice.text)?;
    }
    Ok(())
}

/// A line in the middle that cannot be overlooked.
pub(super) fn warning(
    painter: &mut Painter<'_>,
    text: &str,
    colour: Rgba,
    (middle, y): (f32, f32),
) -> Result<(), String> {
    let style = Style::new(theme::HEADING, theme::ON_ACCENT)
        .bold()
        .centred();
    let width = painter.text_width(style, text)? + 56.0;
    let area = Area::new(middle - width / 2.0, y - 25.0, width, 50.0);
    painter.rounded(area.inset(-3.0), 14.0, theme::GLASS)?;
    painter.rounded(area, 12.0, colour)?;
    painter.text(middle, y, style, text)?;
    Ok(())
}

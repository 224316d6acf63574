//! Draws instruments, the start lights, notices and warnings.

use std::time::Instant;

use client_core::notice::NoticeKind;
use client_core::race::room::lap_time;

use super::leaderboard::grouped;
use super::painter::{Painter, Style};
use crate::area::Area;
use crate::notices::NoticeBoard;
use crate::page::parts::ROUND;
use crate::scene::{Dash, Progress, RaceScene};
use crate::theme::{self, MARGIN, Rgba};

const LAMP_OFF: Rgba = Rgba::hex(0x2a_1416);
const LAMP_RED: Rgba = Rgba::hex(0xff_2a2a);
const LAMP_GREEN: Rgba = Rgba::hex(0x3d_ff6a);
/// Time for which GO is shown.
const GO_SECONDS: f64 = 1.4;
/// The number of lamps, and of seconds in the count.
const LAMPS: i32 = 3;
/// Leftmost position of the speed's middle, beside the minimap, points.
const SPEED_MIDDLE_MIN: f32 = 360.0;
/// The end of the bar below the speed, km/h, which cars hardly reach.
const SPEED_BAR_MAX_KMH: f64 = 280.0;

/// Draws progress, time and rank at the upper left, and the speed at the lower
/// middle.
pub(super) fn dash(painter: &mut Painter<'_>, dash: &Dash, middle: f32) -> Result<(), String> {
    let width = match dash.progress {
        Progress::Laps { .. } => 214.0,
        // A score has more digits than a lap.
        Progress::Metres { .. } => 300.0,
    };
    let area = Area::new(MARGIN, MARGIN, width, 138.0);
    painter.rounded(area, ROUND, theme::GLASS)?;
    let rank = (dash.rank.to_string(), format!("/ {}", dash.cars));
    let rank_x = area.right() - 92.0;
    match &dash.progress {
        Progress::Laps {
            lap,
            laps,
            lap_seconds,
            best_lap_seconds,
        } => {
            let progress = (lap.to_string(), format!("/ {laps}"));
            large(painter, area, area.x + 16.0, "LAP", theme::TEXT, &progress)?;
            line(
                painter,
                area,
                86.0,
                "TIME",
                theme::TEXT,
                &clock(*lap_seconds),
            )?;
            let best = clock(*best_lap_seconds);
            line(painter, area, 114.0, "BEST", theme::TEXT_DIM, &best)?;
        }
        Progress::Metres {
            score,
            target,
            penalties,
            seconds,
        } => {
            let progress = (grouped(*score), format!("/ {}", short_km(*target)));
            large(
                painter,
                area,
                area.x + 16.0,
                "METRES",
                theme::TEXT,
                &progress,
            )?;
            let bar = Area::new(area.x + 16.0, area.y + 68.0, area.w - 32.0, 5.0);
            let share = *score as f32 / *target as f32;
            share_bar(painter, bar, share, theme::ACCENT)?;
            line(painter, area, 90.0, "TIME", theme::TEXT, &clock(*seconds))?;
            let (text, colour) = match penalties {
                0 => ("none".to_owned(), theme::TEXT_DIM),
                metres => (format!("−{} m", grouped(i64::from(*metres))), theme::ERROR),
            };
            line(painter, area, 116.0, "PENALTIES", colour, &text)?;
        }
    }
    large(painter, area, rank_x, "POSITION", theme::ACCENT, &rank)?;
    speed(painter, dash.speed_kmh, middle.max(SPEED_MIDDLE_MIN))
}

/// Draws a large figure and its total below a label.
fn large(
    painter: &mut Painter<'_>,
    area: Area,
    x: f32,
    label: &str,
    colour: Rgba,
    (figure, of): &(String, String),
) -> Result<(), String> {
    let label_style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold();
    painter.text(x, area.y + 20.0, label_style, label)?;
    let style = Style::new(theme::HEADING, colour).bold();
    let width = painter.text(x, area.y + 48.0, style, figure)?;
    let of_style = Style::new(theme::BODY, theme::TEXT_DIM);
    painter.text(x + 4.0 + width, area.y + 51.0, of_style, of)?;
    Ok(())
}

/// Draws a label on the left and its value on the right.
fn line(
    painter: &mut Painter<'_>,
    area: Area,
    y: f32,
    label: &str,
    colour: Rgba,
    text: &str,
) -> Result<(), String> {
    let label_style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).bold();
    painter.text(area.x + 16.0, area.y + y, label_style, label)?;
    let style = Style::new(theme::BODY, colour).bold().right();
    painter.text(area.right() - 16.0, area.y + y, style, text)?;
    Ok(())
}

/// Formats a target, `20k` for 20,000: it is a round number in most rooms.
fn short_km(metres: u32) -> String {
    if metres >= 10_000 && metres.is_multiple_of(1_000) {
        format!("{}k", metres / 1_000)
    } else {
        grouped(i64::from(metres))
    }
}

fn share_bar(painter: &mut Painter<'_>, bar: Area, share: f32, colour: Rgba) -> Result<(), String> {
    painter.rounded(bar, bar.h / 2.0, theme::FIELD)?;
    let share = share.clamp(0.0, 1.0);
    if share * bar.w > bar.h {
        let full = Area {
            w: bar.w * share,
            ..bar
        };
        painter.rounded(full, bar.h / 2.0, colour)?;
    }
    Ok(())
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
    let share = (speed_kmh / SPEED_BAR_MAX_KMH).clamp(0.0, 1.0) as f32;
    share_bar(painter, bar, share, theme::SUCCESS.mix(theme::ERROR, share))
}

fn clock(seconds: Option<f64>) -> String {
    seconds.map_or_else(
        || "–:––.–––".to_owned(),
        |seconds| lap_time((seconds * 1_000.0) as u64),
    )
}

/// Draws three lamps that turn red one by one, then GO.
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

/// Draws notices at the upper middle, the newest lowest.
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

/// Draws a conspicuous line in the middle.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviates_round_targets() {
        let cases = [(20_000, "20k"), (1_500, "1,500"), (12_345, "12,345")];
        for (metres, expected) in cases {
            assert_eq!(short_km(metres), expected);
        }
    }
}

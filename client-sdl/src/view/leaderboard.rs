//! Draws the leaderboard, highest score first.

use client_core::race::room::LeaderboardLine;

use super::painter::{Painter, Style};
use crate::area::Area;
use crate::leaderboard::{LeaderboardRows, panel};
use crate::scene::{Progress, RaceScene};
use crate::theme;

/// Formats the current lap and the number of laps. Empty on the highway until the
/// finish.
fn laps(line: &LeaderboardLine, of: Option<u16>) -> String {
    match of {
        _ if line.is_finished => "fin".to_owned(),
        Some(of) => format!("{}/{of}", (line.laps + 1).min(of)),
        None => String::new(),
    }
}

/// Draws the leaderboard on the right.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    scene: &RaceScene,
    rows: &LeaderboardRows,
) -> Result<(), String> {
    let width = painter.width();
    let area = panel(width, scene.lines.len());
    painter.rounded(area, 10.0, theme::GLASS)?;
    let title = Style::new(theme::SMALL, theme::TEXT).bold();
    painter.text(area.x + 14.0, area.y + 21.0, title, "LEADERBOARD")?;
    let unit = Style::new(theme::SMALL - 2, theme::TEXT_DIM).right();
    painter.text(area.right() - 62.0, area.y + 22.0, unit, "METRES")?;
    let of = laps_of(scene);
    if of.is_some() {
        painter.text(area.right() - 14.0, area.y + 22.0, unit, "LAP")?;
    }
    for line in &scene.lines {
        row(painter, line, rows.row(line.seat, width), of)?;
    }
    Ok(())
}

/// Returns the number of laps of the race. `None` on the highway.
fn laps_of(scene: &RaceScene) -> Option<u16> {
    match scene.dash.as_ref()?.progress {
        Progress::Laps { laps, .. } => Some(laps),
        Progress::Metres { .. } => None,
    }
}

fn row(
    painter: &mut Painter<'_>,
    line: &LeaderboardLine,
    area: Area,
    of: Option<u16>,
) -> Result<(), String> {
    let fill = if line.is_own {
        theme::FIELD_CHOSEN
    } else {
        theme::FIELD.alpha(120)
    };
    painter.rounded(area, 6.0, fill)?;
    let opacity = if line.is_connected { 1.0 } else { 0.45 };
    let y = area.y + area.h / 2.0;
    let rank_colour = if line.rank == 1 {
        theme::ACCENT
    } else {
        theme::TEXT
    };
    let rank = Style::new(theme::BODY, rank_colour.fade(opacity))
        .bold()
        .centred();
    painter.text(area.x + 17.0, y, rank, &line.rank.to_string())?;
    let chip = Area::new(area.x + 33.0, area.y + 7.0, 7.0, area.h - 14.0);
    painter.rounded(chip, 3.0, theme::seat_colour(line.seat).fade(opacity))?;
    let name = Style::new(theme::SMALL + 1, theme::TEXT.fade(opacity));
    let name = if line.is_own { name.bold() } else { name };
    let name_width = painter.text(area.x + 48.0, y, name, line.player.as_str())?;
    if !line.is_connected {
        let strike = Area::new(area.x + 46.0, y, name_width + 4.0, 1.5);
        painter.fill(strike, theme::ERROR)?;
    }
    let score = Style::new(theme::SMALL + 1, theme::TEXT.fade(opacity))
        .bold()
        .right();
    painter.text(area.right() - 54.0, y, score, &grouped(line.score))?;
    let lap = Style::new(theme::SMALL, theme::TEXT_DIM.fade(opacity)).right();
    painter.text(area.right() - 8.0, y, lap, &laps(line, of))?;
    Ok(())
}

/// Formats a number with commas between its thousands.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_thousands() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }
}

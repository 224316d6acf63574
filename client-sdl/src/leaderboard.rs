//! The leaderboard's layout: one row per seat, which glides when ranks change.

use std::collections::BTreeMap;

use client_core::race::room::LeaderboardLine;

use crate::area::Area;
use crate::theme::{LEADERBOARD_WIDTH, MARGIN};

/// Height of the heading, points.
const HEADING_HEIGHT: f32 = 40.0;
/// Vertical distance between rows, points; sixteen rows fit a window.
const ROW_PITCH: f32 = 34.0;
/// Time constant with which a row glides to its new position.
const GLIDE_TIME_CONSTANT_SECONDS: f64 = 0.07;

/// The offset of each seat's row from the top of the rows, points.
#[derive(Debug, Default)]
pub struct LeaderboardRows {
    offsets: BTreeMap<u8, f32>,
}

impl LeaderboardRows {
    /// Advances by `seconds`, with the lines in their current order.
    pub fn update(&mut self, lines: &[LeaderboardLine], seconds: f64) {
        self.offsets
            .retain(|seat, _| lines.iter().any(|line| line.seat == *seat));
        let share = 1.0 - (-seconds / GLIDE_TIME_CONSTANT_SECONDS).exp() as f32;
        for (index, line) in lines.iter().enumerate() {
            let target = index as f32 * ROW_PITCH;
            let offset = self.offsets.entry(line.seat).or_insert(target);
            *offset += (target - *offset) * share;
        }
    }

    /// Returns the row of a seat in a window `width` points wide.
    #[must_use]
    pub fn row(&self, seat: u8, width: f32) -> Area {
        let panel = panel(width, self.offsets.len());
        let offset = self.offsets.get(&seat).copied().unwrap_or(0.0);
        let y = panel.y + HEADING_HEIGHT + offset;
        Area::new(panel.x + 6.0, y, panel.w - 12.0, ROW_PITCH - 4.0)
    }
}

/// Returns the area of the heading and `rows` rows.
#[must_use]
pub fn panel(width: f32, rows: usize) -> Area {
    let height = HEADING_HEIGHT + rows as f32 * ROW_PITCH + 4.0;
    Area::new(
        width - LEADERBOARD_WIDTH - MARGIN,
        MARGIN,
        LEADERBOARD_WIDTH,
        height,
    )
}

#[cfg(test)]
mod tests {
    use client_core::protocol::PlayerName;

    use super::*;

    fn line(seat: u8, score: i64) -> LeaderboardLine {
        LeaderboardLine {
            rank: 0,
            seat,
            player: PlayerName::parse("p").unwrap(),
            score,
            penalty_metres: 0,
            laps: 0,
            is_connected: true,
            is_ai: false,
            is_finished: false,
            is_own: false,
        }
    }

    #[test]
    fn rows_are_in_the_order_of_the_lines_and_sixteen_fit() {
        let lines: Vec<_> = (0..16)
            .map(|seat| line(15 - seat, i64::from(seat)))
            .collect();
        let mut rows = LeaderboardRows::default();
        rows.update(&lines, 0.016);
        assert!(rows.row(15, 1280.0).y < rows.row(14, 1280.0).y);
        assert!(rows.row(0, 1280.0).bottom() < crate::theme::HEIGHT);
    }

    #[test]
    fn a_row_glides_to_its_new_position() {
        let mut rows = LeaderboardRows::default();
        rows.update(&[line(0, 2), line(1, 1)], 0.016);
        let before = rows.row(1, 1280.0).y;
        rows.update(&[line(1, 3), line(0, 2)], 0.016);
        let between = rows.row(1, 1280.0).y;
        for _ in 0..100 {
            rows.update(&[line(1, 3), line(0, 2)], 0.016);
        }
        let after = rows.row(1, 1280.0).y;
        assert!(
            after < between && between < before,
            "{before} {between} {after}"
        );
        assert!((before - after - ROW_PITCH).abs() < 0.5);
    }
}

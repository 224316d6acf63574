//! What the person is told in passing: comes, stays a while, fades.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use client_core::Notice;

/// How long a line is shown in full.
const SHOWN: Duration = Duration::from_millis(3_500);
/// How long it then takes to fade.
const FADING: Duration = Duration::from_millis(700);
/// Lines at once: more could not be read while driving.
const LINES_MAX: usize = 4;
/// Lines that are remembered for the state report.
const HISTORY_MAX: usize = 20;

/// The lines that are shown, and those that were.
#[derive(Debug, Default)]
pub struct NoticeBoard {
    lines: VecDeque<(Notice, Instant)>,
    history: VecDeque<String>,
}

impl NoticeBoard {
    /// Shows a line.
    pub fn push(&mut self, notice: Notice, now: Instant) {
        self.history.push_back(notice.text.clone());
        while self.history.len() > HISTORY_MAX {
            self.history.pop_front();
        }
        self.lines.push_back((notice, now));
        while self.lines.len() > LINES_MAX {
            self.lines.pop_front();
        }
    }

    /// What is shown now, oldest first, with its opacity of 0–1.
    pub fn lines(&self, now: Instant) -> impl Iterator<Item = (&Notice, f32)> {
        self.lines.iter().filter_map(move |(notice, since)| {
            let over = now.saturating_duration_since(*since).saturating_sub(SHOWN);
            let opacity = 1.0 - over.as_secs_f32() / FADING.as_secs_f32();
            (opacity > 0.0).then_some((notice, opacity))
        })
    }

    /// The last lines there were, oldest first.
    pub fn history(&self) -> impl Iterator<Item = &str> {
        self.history.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fades_and_goes_but_is_remembered() {
        let start = Instant::now();
        let mut board = NoticeBoard::default();
        board.push(Notice::info("hello"), start);
        let opacity = |after_ms| {
            let now = start + Duration::from_millis(after_ms);
            board.lines(now).next().map(|(_, opacity)| opacity)
        };
        assert_eq!(opacity(1_000), Some(1.0));
        assert!(opacity(3_850).is_some_and(|opacity| (0.4..0.6).contains(&opacity)));
        assert_eq!(opacity(5_000), None);
        assert_eq!(board.history().collect::<Vec<_>>(), ["hello"]);
    }

    #[test]
    fn shows_the_newest_few_and_remembers_twenty() {
        let now = Instant::now();
        let mut board = NoticeBoard::default();
        for index in 0..50 {
            board.push(Notice::info(index.to_string()), now);
        }
        assert_eq!(board.lines(now).count(), LINES_MAX);
        assert_eq!(board.history().next(), Some("30"));
    }
}

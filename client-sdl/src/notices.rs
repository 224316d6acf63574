//! Notices on the screen: each is shown for a while and fades.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use client_core::Notice;

/// Time for which a line is fully opaque.
const SHOWN: Duration = Duration::from_millis(3_500);
/// Time that it then takes to fade.
const FADING: Duration = Duration::from_millis(700);
/// The number of lines at once: more cannot be read while driving.
const LINES_MAX: usize = 4;
/// The number of lines kept for the state report.
const HISTORY_MAX: usize = 20;

/// The lines that are shown, and the latest ones for the state report.
#[derive(Debug, Default)]
pub struct NoticeBoard {
    lines: VecDeque<(Notice, Instant)>,
    standing: Option<Notice>,
    history: VecDeque<String>,
}

impl NoticeBoard {
    /// Adds a line.
    pub fn push(&mut self, notice: Notice, now: Instant) {
        self.remember(notice.text.clone());
        self.lines.push_back((notice, now));
        while self.lines.len() > LINES_MAX {
            self.lines.pop_front();
        }
    }

    /// Shows a line for as long as it is given, instead of the one before.
    pub fn stand(&mut self, notice: Option<Notice>) {
        if let Some(notice) = notice.as_ref().filter(|_| self.standing != notice) {
            self.remember(notice.text.clone());
        }
        self.standing = notice;
    }

    fn remember(&mut self, text: String) {
        self.history.push_back(text);
        while self.history.len() > HISTORY_MAX {
            self.history.pop_front();
        }
    }

    /// Returns the lines that are shown, with their opacities (0–1): one that stands,
    /// then the others, oldest first.
    pub fn lines(&self, now: Instant) -> impl Iterator<Item = (&Notice, f32)> {
        let standing = self.standing.iter().map(|notice| (notice, 1.0));
        let passing = self.lines.iter().filter_map(move |(notice, since)| {
            let over = now.saturating_duration_since(*since).saturating_sub(SHOWN);
            let opacity = 1.0 - over.as_secs_f32() / FADING.as_secs_f32();
            (opacity > 0.0).then_some((notice, opacity))
        });
        standing.chain(passing)
    }

    /// Returns the latest lines, oldest first, shown or not.
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
    fn a_line_that_stands_does_not_fade() {
        let start = Instant::now();
        let mut board = NoticeBoard::default();
        let warning = || Some(Notice::warning("drive"));
        board.stand(warning());
        board.stand(warning());
        let later = start + Duration::from_secs(20);
        assert_eq!(board.lines(later).next().map(|it| it.1), Some(1.0));
        assert_eq!(board.history().collect::<Vec<_>>(), ["drive"]);
        board.stand(None);
        assert_eq!(board.lines(later).count(), 0);
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

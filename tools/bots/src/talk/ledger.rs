//! Who said what, and who received it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What stands before the number of a line.
const MARK: &str = "line ";
/// How long a confirmed line may take to each bot. A bot that leaves earlier need not
/// have received it.
pub(super) const DELIVERY_MAX: Duration = Duration::from_secs(10);
/// Lost and doubled lines that the report describes.
const EXAMPLES_MAX: usize = 20;

/// The lines of all bots together.
#[derive(Debug)]
pub(crate) struct Ledger {
    lines: Vec<Line>,
    /// By bot.
    presences: Vec<Vec<Presence>>,
    /// Rejections by code.
    pub(super) rejected: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Line {
    said_at: Instant,
    acknowledged_at: Option<Instant>,
    /// How often each bot has received it.
    received: Vec<u8>,
}

/// A time that a bot was in the chat.
#[derive(Clone, Copy, Debug)]
struct Presence {
    from: Instant,
    until: Option<Instant>,
}

/// The totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) said: usize,
    /// Lines that the gateway confirmed.
    pub(super) acknowledged: usize,
    /// Confirmed lines that bots were to receive, counted by bot.
    pub(super) deliveries: usize,
    /// Those that they did not receive.
    pub(super) lost: usize,
    /// Lines that a bot received again, counted by bot.
    pub(super) doubled: usize,
    /// The first lost and doubled lines.
    pub(super) examples: Vec<String>,
}

impl Ledger {
    /// An empty ledger of bots that are not in the chat.
    pub(crate) fn new(bots: usize) -> Self {
        Self {
            lines: Vec::new(),
            presences: vec![Vec::new(); bots],
            rejected: BTreeMap::new(),
        }
    }

    /// The number and the text of the next line.
    pub(super) fn say(&mut self, now: Instant) -> (usize, String) {
        let number = self.lines.len();
        self.lines.push(Line {
            said_at: now,
            acknowledged_at: None,
            received: vec![0; self.presences.len()],
        });
        (number, format!("{MARK}{number}"))
    }

    /// The gateway has confirmed a line.
    pub(super) fn acknowledged(&mut self, number: usize, now: Instant) {
        if let Some(line) = self.lines.get_mut(number) {
            line.acknowledged_at.get_or_insert(now);
        }
    }

    /// A bot has received a text.
    pub(super) fn received(&mut self, bot: usize, text: &str) {
        let number = text.strip_prefix(MARK).and_then(|it| it.parse().ok());
        let line = number.and_then(|number: usize| self.lines.get_mut(number));
        if let Some(times) = line.and_then(|line| line.received.get_mut(bot)) {
            *times = times.saturating_add(1);
        }
    }

    /// A bot is in the chat: what is said from here on reaches it.
    pub(super) fn entered(&mut self, bot: usize, now: Instant) {
        self.presences[bot].push(Presence {
            from: now,
            until: None,
        });
    }

    /// A bot is in the chat no more.
    pub(super) fn left(&mut self, bot: usize, now: Instant) {
        if let Some(presence) = self.presences[bot].last_mut() {
            presence.until.get_or_insert(now);
        }
    }

    /// How many bots are in the chat.
    pub(super) fn present(&self) -> usize {
        let last = self.presences.iter().filter_map(|it| it.last());
        last.filter(|presence| presence.until.is_none()).count()
    }

    /// How often bots came back into the chat.
    pub(super) fn returns(&self) -> usize {
        let times = self.presences.iter().map(Vec::len);
        times.map(|times| times.saturating_sub(1)).sum()
    }

    /// The totals, once [`DELIVERY_MAX`] has passed since the last line.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary {
            said: self.lines.len(),
            ..Summary::default()
        };
        for (number, line) in self.lines.iter().enumerate() {
            summary.acknowledged += usize::from(line.acknowledged_at.is_some());
            for (bot, times) in line.received.iter().enumerate() {
                let is_due = self.is_due(line, bot);
                summary.deliveries += usize::from(is_due);
                let what = match times {
                    0 if is_due => {
                        summary.lost += 1;
                        "did not reach"
                    }
                    0 | 1 => continue,
                    _ => {
                        summary.doubled += 1;
                        "reached more than once"
                    }
                };
                if summary.examples.len() < EXAMPLES_MAX {
                    let example = format!("{MARK}{number} {what} bot {bot}");
                    summary.examples.push(example);
                }
            }
        }
        summary
    }

    /// Whether a line is confirmed and the bot was in the chat all the time from when it
    /// was said until it must have come.
    fn is_due(&self, line: &Line, bot: usize) -> bool {
        let Some(acknowledged_at) = line.acknowledged_at else {
            return false;
        };
        let due = acknowledged_at + DELIVERY_MAX;
        self.presences[bot].iter().any(|presence| {
            presence.from <= line.said_at && presence.until.is_none_or(|until| until >= due)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmed_line_is_lost_only_for_a_bot_that_stayed() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut ledger = Ledger::new(5);
        for bot in 0..3 {
            ledger.entered(bot, begun);
        }
        let (number, text) = ledger.say(at(5));
        ledger.acknowledged(number, at(6));
        ledger.received(0, &text);
        // Bot 1 has not received it, bot 2 left before it had to.
        ledger.left(2, at(7));
        // Bot 3 came later, bot 4 never.
        ledger.entered(3, at(6));
        let summary = ledger.summary();
        assert_eq!((summary.said, summary.acknowledged), (1, 1));
        assert_eq!((summary.deliveries, summary.lost), (2, 1));
        assert_eq!(summary.examples, ["line 0 did not reach bot 1"]);
        assert_eq!(ledger.present(), 3);
    }

    #[test]
    fn a_line_that_was_not_confirmed_may_be_lost_but_not_doubled() {
        let begun = Instant::now();
        let mut ledger = Ledger::new(2);
        ledger.entered(0, begun);
        ledger.entered(1, begun);
        let (_, text) = ledger.say(begun);
        ledger.received(0, &text);
        ledger.received(0, &text);
        ledger.received(0, "good race");
        let summary = ledger.summary();
        assert_eq!((summary.lost, summary.doubled), (0, 1));
        assert_eq!(summary.examples, ["line 0 reached more than once bot 0"]);
    }
}

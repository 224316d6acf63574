//! What was said and who heard it.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::measure::Times;

/// Before the number of a word.
const MARK: &str = "word ";

/// What all users together have measured.
#[derive(Debug)]
pub(crate) struct Record {
    users: u64,
    words: Vec<Word>,
    pub(crate) deliveries: Times,
    /// How late this process was to say what was due.
    pub(crate) lateness: Times,
    /// Refusals by their codes.
    pub(crate) rejected: BTreeMap<String, u64>,
    /// By user.
    pub(crate) tokens: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    said_at: Instant,
    heard: u64,
}

/// The end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) said: u64,
    /// Times that somebody heard a word.
    pub(crate) delivered: u64,
    /// Times that somebody did not.
    pub(crate) lost: u64,
    /// Times that somebody heard one again.
    pub(crate) twice: u64,
}

impl Record {
    /// For so many users, each of whom is to hear everything.
    pub(crate) fn new(users: u64) -> Self {
        Self {
            users,
            words: Vec::new(),
            deliveries: Times::default(),
            lateness: Times::default(),
            rejected: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// The next word.
    pub(crate) fn say(&mut self, now: Instant) -> String {
        self.words.push(Word {
            said_at: now,
            heard: 0,
        });
        format!("{MARK}{}", self.words.len() - 1)
    }

    /// Somebody hears something.
    pub(crate) fn heard(&mut self, text: &str, now: Instant) {
        let number = text
            .strip_prefix(MARK)
            .and_then(|number| number.parse().ok());
        let word = number.and_then(|number: usize| self.words.get_mut(number));
        if let Some(word) = word {
            word.heard += 1;
            self.deliveries
                .add(now.saturating_duration_since(word.said_at));
        }
    }

    /// How it stands.
    pub(crate) fn summary(&self) -> Summary {
        let sum =
            |count: &dyn Fn(u64) -> u64| self.words.iter().map(|word| count(word.heard)).sum();
        Summary {
            said: self.words.len() as u64,
            delivered: sum(&|heard| heard.min(self.users)),
            lost: sum(&|heard| self.users.saturating_sub(heard)),
            twice: sum(&|heard| heard.saturating_sub(self.users)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn counts_who_heard_what() {
        let start = Instant::now();
        let mut record = Record::new(2);
        let words: Vec<String> = (0..3).map(|_| record.say(start)).collect();
        let heard_at = start + Duration::from_millis(8);
        for text in [&words[0], &words[0], &words[1], &words[1], &words[1]] {
            record.heard(text, heard_at);
        }
        record.heard("good race", heard_at);
        let expected = Summary {
            said: 3,
            delivered: 4,
            lost: 2,
            twice: 1,
        };
        assert_eq!(record.summary(), expected);
        assert!((7.9..8.1).contains(&record.deliveries.quantile_ms(0.5)));
    }
}

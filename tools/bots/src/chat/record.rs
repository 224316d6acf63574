//! What was said and who heard it.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::measure::Times;

/// Before the number of a word.
const MARK: &str = "word ";
/// Words that a number keeps.
const BITS: usize = u64::BITS as usize;

/// What all users together have measured.
#[derive(Debug)]
pub(crate) struct Record {
    /// By user: a bit for each word that the user has heard.
    heard: Vec<Vec<u64>>,
    /// When each word was said.
    words: Vec<Instant>,
    twice: u64,
    pub(crate) deliveries: Times,
    /// How late this process was to say what was due.
    pub(crate) lateness: Times,
    /// Refusals by their codes.
    pub(crate) rejected: BTreeMap<String, u64>,
    /// By user.
    pub(crate) tokens: BTreeMap<String, String>,
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
    pub(crate) fn new(users: usize) -> Self {
        Self {
            heard: vec![Vec::new(); users],
            words: Vec::new(),
            twice: 0,
            deliveries: Times::default(),
            lateness: Times::default(),
            rejected: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// The next word.
    pub(crate) fn say(&mut self, now: Instant) -> String {
        self.words.push(now);
        format!("{MARK}{}", self.words.len() - 1)
    }

    /// A user hears something.
    pub(crate) fn heard(&mut self, user: usize, text: &str, now: Instant) {
        let number = text
            .strip_prefix(MARK)
            .and_then(|number| number.parse::<usize>().ok());
        let word = number.and_then(|number| Some((number, self.words.get(number)?)));
        let (Some((number, said_at)), Some(heard)) = (word, self.heard.get_mut(user)) else {
            return;
        };
        let (place, bit) = (number / BITS, 1 << (number % BITS));
        if heard.len() <= place {
            heard.resize(place + 1, 0);
        }
        if heard[place] & bit == 0 {
            heard[place] |= bit;
            self.deliveries.add(now.saturating_duration_since(*said_at));
        } else {
            self.twice += 1;
        }
    }

    /// How it stands.
    pub(crate) fn summary(&self) -> Summary {
        let said = self.words.len() as u64;
        let bits = self.heard.iter().flatten();
        let delivered = bits.map(|bits| u64::from(bits.count_ones())).sum();
        Summary {
            said,
            delivered,
            lost: said * self.heard.len() as u64 - delivered,
            twice: self.twice,
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
        let words: Vec<String> = (0..70).map(|_| record.say(start)).collect();
        let heard_at = start + Duration::from_millis(8);
        // One hears the first twice, and the other not at all: that does not cancel out.
        for (user, word) in [(0, 0), (0, 0), (0, 1), (1, 1), (0, 69), (1, 69)] {
            record.heard(user, &words[word], heard_at);
        }
        record.heard(0, "good race", heard_at);
        record.heard(0, "word 70", heard_at);
        let expected = Summary {
            said: 70,
            delivered: 5,
            lost: 135,
            twice: 1,
        };
        assert_eq!(record.summary(), expected);
        assert!((7.9..8.1).contains(&record.deliveries.quantile_ms(0.5)));
    }
}

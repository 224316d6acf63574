//! What was sent and what each user received.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::measure::Times;

/// What stands before the number of a message.
const MARK: &str = "word ";
/// Messages of one number in a bit set.
const BITS: usize = u64::BITS as usize;

/// The measurements of all users together.
#[derive(Debug)]
pub(crate) struct Record {
    /// By user: a bit for each message that the user has received.
    received: Vec<Vec<u64>>,
    /// When each message was sent.
    sent_at: Vec<Instant>,
    duplicates: u64,
    pub(crate) deliveries: Times,
    /// How late this process was to send what was due.
    pub(crate) lateness: Times,
    /// Rejections by code.
    pub(crate) rejected: BTreeMap<String, u64>,
    /// Session tokens by user.
    pub(crate) tokens: BTreeMap<String, String>,
}

/// The totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) sent: u64,
    /// Messages received, counted by user.
    pub(crate) delivered: u64,
    /// Messages not received, counted by user.
    pub(crate) lost: u64,
    /// Messages received again, counted by user.
    pub(crate) duplicates: u64,
}

impl Record {
    /// An empty record of users who are each to receive every message.
    pub(crate) fn new(users: usize) -> Self {
        Self {
            received: vec![Vec::new(); users],
            sent_at: Vec::new(),
            duplicates: 0,
            deliveries: Times::default(),
            lateness: Times::default(),
            rejected: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// The text of the next message.
    pub(crate) fn send(&mut self, now: Instant) -> String {
        self.sent_at.push(now);
        format!("{MARK}{}", self.sent_at.len() - 1)
    }

    /// Notes that a user has received a text.
    pub(crate) fn received(&mut self, user: usize, text: &str, now: Instant) {
        let number = text
            .strip_prefix(MARK)
            .and_then(|number| number.parse::<usize>().ok());
        let message = number.and_then(|number| Some((number, self.sent_at.get(number)?)));
        let (Some((number, sent_at)), Some(received)) = (message, self.received.get_mut(user))
        else {
            return;
        };
        let (index, bit) = (number / BITS, 1 << (number % BITS));
        if received.len() <= index {
            received.resize(index + 1, 0);
        }
        if received[index] & bit == 0 {
            received[index] |= bit;
            self.deliveries.add(now.saturating_duration_since(*sent_at));
        } else {
            self.duplicates += 1;
        }
    }

    /// The totals so far.
    pub(crate) fn summary(&self) -> Summary {
        let sent = self.sent_at.len() as u64;
        let bits = self.received.iter().flatten();
        let delivered = bits.map(|bits| u64::from(bits.count_ones())).sum();
        Summary {
            sent,
            delivered,
            lost: sent * self.received.len() as u64 - delivered,
            duplicates: self.duplicates,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn counts_deliveries_losses_and_duplicates() {
        let start = Instant::now();
        let mut record = Record::new(2);
        let texts: Vec<String> = (0..70).map(|_| record.send(start)).collect();
        let received_at = start + Duration::from_millis(8);
        // A duplicate for one user does not make up for the loss of another.
        for (user, number) in [(0, 0), (0, 0), (0, 1), (1, 1), (0, 69), (1, 69)] {
            record.received(user, &texts[number], received_at);
        }
        record.received(0, "good race", received_at);
        record.received(0, "word 70", received_at);
        let expected = Summary {
            sent: 70,
            delivered: 5,
            lost: 135,
            duplicates: 1,
        };
        assert_eq!(record.summary(), expected);
        assert!((7.9..8.1).contains(&record.deliveries.quantile_ms(0.5)));
    }
}

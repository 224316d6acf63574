//! Counting what a full stream has discarded before it was read. Pure.

use bus::QueuePosition;

/// The gaps between the messages of a work queue.
///
/// A message that has not been delivered leaves a work queue only when the stream is
/// full. Deliveries are numbered without gaps: between two of them in a row that both
/// are the first of their messages, sequence numbers that are missing were discarded.
/// What other processes have been given in between is not counted, so that several of
/// them count too few rather than too many.
#[derive(Debug)]
pub struct Discards {
    last: QueuePosition,
}

impl Discards {
    /// Counts from where the queue was when it was opened.
    #[must_use]
    pub fn since(last: QueuePosition) -> Self {
        Self { last }
    }

    /// Notes a delivery. Returns how many messages were discarded before it.
    pub fn see(&mut self, position: QueuePosition, is_first: bool) -> u64 {
        let is_next = position.deliveries == self.last.deliveries + 1;
        let gap = position.sequence.saturating_sub(self.last.sequence + 1);
        self.last = QueuePosition {
            deliveries: position.deliveries,
            sequence: position.sequence.max(self.last.sequence),
        };
        if is_next && is_first { gap } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(deliveries: u64, sequence: u64) -> QueuePosition {
        QueuePosition {
            deliveries,
            sequence,
        }
    }

    #[test]
    fn counts_the_gaps_between_first_deliveries() {
        let mut discards = Discards::since(at(4, 10));
        // (delivery, sequence, first, discarded before it)
        for (deliveries, sequence, is_first, expected) in [
            (5, 11, true, 0),
            (6, 21, true, 9),
            (7, 22, true, 0),
            // Repeated.
            (8, 11, false, 0),
            (9, 23, true, 0),
            // Another process was given ten.
            (20, 34, true, 0),
            (21, 36, true, 1),
        ] {
            let discarded = discards.see(at(deliveries, sequence), is_first);
            assert_eq!(discarded, expected, "{deliveries}");
        }
    }

    #[test]
    fn counts_what_was_discarded_before_the_first_delivery() {
        assert_eq!(Discards::since(at(0, 0)).see(at(1, 101), true), 100);
        assert_eq!(Discards::since(at(0, 100)).see(at(1, 101), true), 0);
    }
}

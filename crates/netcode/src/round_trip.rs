//! The round trip to the gateway, measured on each new connection.

use std::time::{Duration, Instant};

use arrayvec::ArrayVec;

/// Pings of one measurement: enough that one of them meets no queue.
const PINGS: usize = 8;
/// Time between two pings. A measurement takes less than half a second and is
/// complete long before the start.
const PING_INTERVAL: Duration = Duration::from_millis(50);

/// A measurement of the round trip: the fastest of several pings, since queues
/// and stalls only ever add to it.
#[derive(Clone, Debug)]
pub struct RoundTrip {
    sent: ArrayVec<Instant, PINGS>,
    first_nonce: u64,
    best: Option<Duration>,
}

impl RoundTrip {
    /// Creates a measurement that begins at the next poll.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sent: ArrayVec::new(),
            first_nonce: 1,
            best: None,
        }
    }

    /// Starts over on a new connection. Pongs of the old one are ignored.
    pub fn restart(&mut self) {
        self.first_nonce = self.first_nonce.wrapping_add(PINGS as u64);
        self.sent.clear();
        self.best = None;
    }

    /// Returns the nonce of the ping that is due, if any.
    pub fn poll(&mut self, now: Instant) -> Option<u64> {
        let is_due = self
            .sent
            .last()
            .is_none_or(|last| now.saturating_duration_since(*last) >= PING_INTERVAL);
        if self.sent.is_full() || !is_due {
            return None;
        }
        self.sent.push(now);
        Some(self.first_nonce.wrapping_add(self.sent.len() as u64 - 1))
    }

    /// Records the answer to a ping. Unknown nonces are ignored.
    pub fn pong(&mut self, nonce: u64, now: Instant) {
        let index = nonce.wrapping_sub(self.first_nonce) as usize;
        if let Some(sent) = self.sent.get(index) {
            let elapsed = now.saturating_duration_since(*sent);
            self.best = Some(self.best.map_or(elapsed, |best| best.min(elapsed)));
        }
    }

    /// The shortest round trip so far.
    #[must_use]
    pub fn best(&self) -> Option<Duration> {
        self.best
    }
}

impl Default for RoundTrip {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_of_eight_wins() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut round_trip = RoundTrip::new();
        let mut nonces = Vec::new();
        for ms in 0..1_000 {
            nonces.extend(round_trip.poll(at(ms)).map(|nonce| (nonce, ms)));
        }
        assert_eq!(nonces.len(), PINGS);
        for (i, (nonce, ms)) in nonces.iter().enumerate() {
            round_trip.pong(*nonce, at(ms + [90, 70, 300][i % 3]));
        }
        assert_eq!(round_trip.best(), Some(Duration::from_millis(70)));
    }

    #[test]
    fn answers_of_an_old_connection_and_foreign_nonces_do_not_count() {
        let now = Instant::now();
        let mut round_trip = RoundTrip::new();
        let old = round_trip.poll(now).unwrap();
        round_trip.restart();
        let new = round_trip.poll(now).unwrap();
        for nonce in [old, 0, u64::MAX, new + 1] {
            round_trip.pong(nonce, now);
        }
        assert_eq!(round_trip.best(), None);
        round_trip.pong(new, now + Duration::from_millis(5));
        assert_eq!(round_trip.best(), Some(Duration::from_millis(5)));
    }
}

//! A token bucket: a rate per second, and a burst.

use std::time::Instant;

/// A limit on how often something may happen.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl Rate {
    /// `(per second, at once)`, full at the start.
    #[must_use]
    pub fn new((per_second, burst): (f64, f64), now: Instant) -> Self {
        Self {
            per_second,
            burst,
            tokens: burst,
            at: now,
        }
    }

    /// Whether one more may happen now. If so it counts.
    pub fn allow(&mut self, now: Instant) -> bool {
        self.refill(now);
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        allowed
    }

    /// Whether one more would be allowed now, without counting it.
    pub fn has_room(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= 1.0
    }

    /// Whether nothing has happened for so long that it need not be kept.
    pub fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.burst
    }

    fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.per_second).min(self.burst);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn allows_a_burst_and_then_the_rate() {
        let start = Instant::now();
        let mut rate = Rate::new((2.0, 3.0), start);
        assert_eq!((0..5).filter(|_| rate.allow(start)).count(), 3);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..5).filter(|_| rate.allow(later)).count(), 2);
        assert!(!rate.is_full(later));
        assert!(rate.is_full(later + Duration::from_secs(10)));
    }
}

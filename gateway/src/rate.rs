//! What one connection may do: a rate per second, and a burst. What a person may do over
//! several connections is the [limiter](crate::limiter)'s.

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
        let much_later = later + Duration::from_secs(10);
        assert_eq!((0..5).filter(|_| rate.allow(much_later)).count(), 3);
    }
}

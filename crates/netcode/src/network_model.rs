//! A connection to test with: delay, jitter, the stalls and bursts of TCP, and
//! its end. The same seed gives the same connection.
//!
//! TCP delivers everything, in order. A lost segment is sent again about a
//! round trip later, and all that was sent after it waits for it and arrives
//! with it: a stall, then a burst.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What a way is like, in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Of every message.
    pub delay: Duration,
    /// On top of it, uniform from nothing to this.
    pub jitter: Duration,
    /// Share of messages, 0–1, whose segment is lost at first.
    pub loss: f64,
    /// After how long a lost segment arrives, on top of the delay: from once to
    /// 1.3 times this (measured, see docs/netcode.md).
    pub resend: Duration,
}

impl Conditions {
    /// One direction of a way with this round trip.
    #[must_use]
    pub fn of_round_trip(round_trip: Duration) -> Self {
        Self {
            delay: round_trip / 2,
            jitter: Duration::ZERO,
            loss: 0.0,
            resend: round_trip,
        }
    }
}

/// One direction of a connection.
#[derive(Clone, Debug)]
pub struct Way<T> {
    conditions: Conditions,
    random: u64,
    /// What is under way, with its time of arrival, in order.
    under_way: VecDeque<(Instant, T)>,
}

impl<T> Way<T> {
    /// A way that is empty.
    #[must_use]
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            random: seed,
            under_way: VecDeque::new(),
        }
    }

    /// What the way is like from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// A message leaves.
    pub fn send(&mut self, message: T, now: Instant) {
        let Conditions {
            delay,
            jitter,
            loss,
            resend,
        } = self.conditions;
        let mut arrival = now + delay + jitter.mul_f64(self.uniform());
        if self.uniform() < loss {
            arrival += resend.mul_f64(1.0 + 0.3 * self.uniform());
        }
        if let Some((last, _)) = self.under_way.back() {
            arrival = arrival.max(*last);
        }
        self.under_way.push_back((arrival, message));
    }

    /// The next message that has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        let (arrival, _) = self.under_way.front()?;
        if *arrival > now {
            return None;
        }
        self.under_way.pop_front().map(|(_, message)| message)
    }

    /// The connection is reset: what is under way is lost.
    pub fn reset(&mut self) {
        self.under_way.clear();
    }

    /// Uniform in 0..1 (splitmix64).
    fn uniform(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(conditions: Conditions, seed: u64) -> Vec<Duration> {
        let start = Instant::now();
        let mut way = Way::new(conditions, seed);
        let mut delays = Vec::new();
        for ms in 0..60_000 {
            let now = start + Duration::from_millis(ms);
            if ms % 33 == 0 {
                way.send(now, now);
            }
            while let Some(sent) = way.receive(now) {
                delays.push(now - sent);
            }
        }
        delays
    }

    fn percentile(delays: &mut [Duration], share: f64) -> u128 {
        delays.sort_unstable();
        delays[(delays.len() as f64 * share) as usize].as_millis()
    }

    #[test]
    fn without_loss_everything_takes_its_time() {
        let conditions = Conditions::of_round_trip(Duration::from_millis(100));
        let delays = arrivals(conditions, 3);
        assert!(delays.iter().all(|delay| delay.as_millis() == 50));
    }

    #[test]
    fn a_loss_stalls_what_comes_after_it() {
        let conditions = Conditions {
            loss: 0.01,
            ..Conditions::of_round_trip(Duration::from_millis(100))
        };
        let mut delays = arrivals(conditions, 3);
        assert_eq!(percentile(&mut delays, 0.5), 50);
        let p99 = percentile(&mut delays, 0.99);
        // Measured on a real connection: 134 ms above the delay.
        assert!((100..200).contains(&p99), "{p99}");
        assert_eq!(arrivals(conditions, 9), arrivals(conditions, 9));
    }

    #[test]
    fn a_reset_loses_what_is_under_way() {
        let now = Instant::now();
        let mut way = Way::new(Conditions::of_round_trip(Duration::from_millis(10)), 1);
        way.send(1, now);
        way.reset();
        way.send(2, now);
        assert_eq!(way.receive(now + Duration::from_millis(4)), None);
        assert_eq!(way.receive(now + Duration::from_millis(5)), Some(2));
    }
}

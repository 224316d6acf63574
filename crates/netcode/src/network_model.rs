//! A simulated TCP connection for tests: delay, jitter, stalls, bursts and reset.
//! The same seed gives the same connection.
//!
//! TCP delivers everything in order. A lost segment is resent about a round trip
//! later, and everything sent after it waits for it and arrives with it: a
//! stall, then a burst.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Conditions of one direction of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Delay of every message.
    pub delay: Duration,
    /// Largest additional delay, uniformly distributed.
    pub jitter: Duration,
    /// Share of messages, 0–1, whose segment is lost once.
    pub loss: f64,
    /// Additional delay of a lost segment: between this and 1.3 times this
    /// (measured, see docs/netcode.md).
    pub resend: Duration,
}

impl Conditions {
    /// Conditions of one direction of a connection with this round trip.
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
pub struct NetworkPath<T> {
    conditions: Conditions,
    random: u64,
    /// Messages in flight with their delivery times, in order.
    in_flight: VecDeque<(Instant, T)>,
}

impl<T> NetworkPath<T> {
    /// Creates a path with nothing in flight.
    #[must_use]
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            random: seed,
            in_flight: VecDeque::new(),
        }
    }

    /// Changes the conditions of the messages that follow.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Sends a message.
    pub fn send(&mut self, message: T, now: Instant) {
        let Conditions {
            delay,
            jitter,
            loss,
            resend,
        } = self.conditions;
        let mut deliver_at = now + delay + jitter.mul_f64(self.uniform());
        if self.uniform() < loss {
            deliver_at += resend.mul_f64(1.0 + 0.3 * self.uniform());
        }
        if let Some((last, _)) = self.in_flight.back() {
            deliver_at = deliver_at.max(*last);
        }
        self.in_flight.push_back((deliver_at, message));
    }

    /// Returns the next message that has been delivered.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        let (deliver_at, _) = self.in_flight.front()?;
        if *deliver_at > now {
            return None;
        }
        self.in_flight.pop_front().map(|(_, message)| message)
    }

    /// Resets the connection: messages in flight are lost.
    pub fn reset(&mut self) {
        self.in_flight.clear();
    }

    /// Returns a random number, uniform in 0..1 (splitmix64).
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

    fn measured_delays(conditions: Conditions, seed: u64) -> Vec<Duration> {
        let start = Instant::now();
        let mut path = NetworkPath::new(conditions, seed);
        let mut delays = Vec::new();
        for ms in 0..60_000 {
            let now = start + Duration::from_millis(ms);
            if ms % 33 == 0 {
                path.send(now, now);
            }
            while let Some(sent) = path.receive(now) {
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
    fn without_loss_every_message_takes_the_delay() {
        let conditions = Conditions::of_round_trip(Duration::from_millis(100));
        let delays = measured_delays(conditions, 3);
        assert!(delays.iter().all(|delay| delay.as_millis() == 50));
    }

    #[test]
    fn a_loss_stalls_what_comes_after_it() {
        let conditions = Conditions {
            loss: 0.01,
            ..Conditions::of_round_trip(Duration::from_millis(100))
        };
        let mut delays = measured_delays(conditions, 3);
        assert_eq!(percentile(&mut delays, 0.5), 50);
        let p99 = percentile(&mut delays, 0.99);
        // Measured on a real connection: 134 ms above the delay.
        assert!((100..200).contains(&p99), "{p99}");
        assert_eq!(
            measured_delays(conditions, 9),
            measured_delays(conditions, 9)
        );
    }

    #[test]
    fn a_reset_loses_what_is_in_flight() {
        let now = Instant::now();
        let mut path = NetworkPath::new(Conditions::of_round_trip(Duration::from_millis(10)), 1);
        path.send(1, now);
        path.reset();
        path.send(2, now);
        assert_eq!(path.receive(now + Duration::from_millis(4)), None);
        assert_eq!(path.receive(now + Duration::from_millis(5)), Some(2));
    }
}

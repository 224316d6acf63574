//! The waits between two connections; pure.

use std::time::Duration;

/// Upper bound of the first wait before reconnecting; each failure doubles it.
const BACKOFF_START: Duration = Duration::from_millis(100);
/// Upper bound of every wait before reconnecting.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Failures as which a gateway's word that it has too many connections counts at
/// least: the wait is up to 1.6 seconds at once, and the load gets away from it.
const CROWDED_FAILURES: u32 = 4;
/// Time for which a welcome must hold to count as a success. A gateway that lets
/// clients in and dies, or dismisses them, is met by growing waits too.
const STEADY: Duration = BACKOFF_MAX;

/// The end of an attempt to have a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It was not established, or broke before the gateway welcomed the player.
    Failed,
    /// The gateway said that it has too many connections or messages.
    Crowded,
    /// It broke this long after the gateway had welcomed the player.
    Welcomed(Duration),
}

/// Exponential backoff with full jitter. A connection resets it when the gateway
/// has welcomed the player: a socket that is accepted proves nothing.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    /// Failures in a row.
    failures: u32,
}

impl Backoff {
    /// Returns the wait before the next attempt; `random` is uniform in `0..1`.
    pub fn wait(&mut self, ended: Attempt, random: f64) -> Duration {
        match ended {
            Attempt::Failed => {}
            Attempt::Crowded => self.failures = self.failures.max(CROWDED_FAILURES),
            Attempt::Welcomed(held) if held >= STEADY => self.failures = 0,
            Attempt::Welcomed(_) => {}
        }
        let bound = BACKOFF_START
            .saturating_mul(1 << self.failures.min(10))
            .min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(backoff: &mut Backoff, ended: Attempt, times: usize) -> Vec<u128> {
        (0..times)
            .map(|_| backoff.wait(ended, 1.0).as_millis())
            .collect()
    }

    #[test]
    fn doubles_up_to_its_bound() {
        let waits = waits(&mut Backoff::default(), Attempt::Failed, 8);
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    }

    #[test]
    fn the_wait_is_anywhere_below_the_bound() {
        for (random, ms) in [(0.0, 0), (0.25, 25), (0.999, 99)] {
            let wait = Backoff::default().wait(Attempt::Failed, random);
            assert_eq!(wait.as_millis(), ms);
        }
    }

    #[test]
    fn only_a_welcome_that_held_resets_it() {
        let mut backoff = Backoff::default();
        waits(&mut backoff, Attempt::Failed, 3);
        let short = Attempt::Welcomed(Duration::from_secs(1));
        assert_eq!(waits(&mut backoff, short, 2), [800, 1_600]);
        let steady = Attempt::Welcomed(STEADY);
        assert_eq!(waits(&mut backoff, steady, 2), [100, 100]);
    }

    #[test]
    fn a_crowded_gateway_is_left_alone_at_once() {
        let mut backoff = Backoff::default();
        assert_eq!(waits(&mut backoff, Attempt::Crowded, 2), [1_600, 3_200]);
    }

    #[test]
    fn a_gateway_that_dismisses_everyone_is_met_ever_less_often() {
        // The jitter of a long run, from a small generator with a seed.
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for _client in 0..200 {
            let (mut backoff, mut at, mut late) = (Backoff::default(), Duration::ZERO, 0);
            while at < Duration::from_secs(60) {
                at += backoff.wait(Attempt::Failed, random());
                late += usize::from(at >= Duration::from_secs(10));
            }
            assert!(late <= 50, "{late} connections in 50 s");
        }
    }
}

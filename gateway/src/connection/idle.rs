//! How long a client may be silent.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is moved with each frame of a client and fires when none comes.
#[derive(Debug)]
pub(super) struct IdleTimer {
    deadline: Instant,
    /// Set to some earlier deadline as a rule: moving it thirty times a second
    /// would cost more than looking again when it fires.
    sleep: Pin<Box<Sleep>>,
}

impl IdleTimer {
    /// A timer that fires at `deadline`.
    pub(super) fn new(deadline: Instant) -> Self {
        Self {
            deadline,
            sleep: Box::pin(sleep_until(deadline)),
        }
    }

    /// Moves the deadline, in either direction.
    pub(super) fn touch(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
        }
    }

    /// Waits for the deadline. May be dropped and called again.
    pub(super) async fn expired(&mut self) {
        loop {
            self.sleep.as_mut().await;
            if Instant::now() >= self.deadline {
                return;
            }
            self.sleep.as_mut().reset(self.deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test]
    async fn fires_only_after_the_last_touch() {
        let begun = Instant::now();
        let mut idle = IdleTimer::new(begun + ms(5));
        for wait in [1, 20] {
            idle.touch(begun + ms(60 + wait));
            let early = tokio::time::timeout(ms(wait), idle.expired());
            assert!(early.await.is_err(), "after {wait} ms");
        }
        idle.expired().await;
        assert!(begun.elapsed() >= ms(80), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn fires_sooner_when_the_deadline_moves_closer() {
        let begun = Instant::now();
        let mut idle = IdleTimer::new(begun + Duration::from_secs(3_600));
        idle.touch(begun + ms(20));
        let fired = tokio::time::timeout(Duration::from_secs(30), idle.expired());
        assert!(fired.await.is_ok());
        assert!(begun.elapsed() >= ms(20), "{:?}", begun.elapsed());
    }
}

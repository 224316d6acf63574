//! A limit on the rooms that a worker which ends hands over at once.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::limits::{HAND_OVER_INTERVAL, HAND_OVERS_MAX};

/// The right to hand one room over; the next room gets it when it is dropped.
/// `None` only when no permits are given.
pub type HandoverPermit = Option<OwnedSemaphorePermit>;

/// Gives permits to rooms: few at once, with a pause between two. All rooms
/// together would keep every core busy and delay races of other workers.
#[derive(Debug)]
pub struct HandoverLimiter {
    permits: Arc<Semaphore>,
    interval: Mutex<Interval>,
}

impl HandoverLimiter {
    /// A limiter whose first permit is ready at once. Must be called within a runtime.
    #[must_use]
    pub fn new() -> Self {
        let mut interval = interval(HAND_OVER_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            permits: Arc::new(Semaphore::new(HAND_OVERS_MAX)),
            interval: Mutex::new(interval),
        }
    }

    /// Waits for a permit.
    pub async fn take(&self) -> HandoverPermit {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        self.interval.lock().await.tick().await;
        Some(permit)
    }
}

impl Default for HandoverLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn permits_are_few_at_once_and_come_one_after_the_other() {
        let handover_limiter = HandoverLimiter::new();
        let begun = Instant::now();
        let mut taken = Vec::new();
        for nth in 0..HAND_OVERS_MAX as u32 {
            taken.push(handover_limiter.take().await);
            let waited = begun.elapsed();
            let due = HAND_OVER_INTERVAL * nth;
            assert!(
                (due..due + Duration::from_millis(2)).contains(&waited),
                "{waited:?}"
            );
        }
        tokio::time::sleep(HAND_OVER_INTERVAL * 100).await;
        assert!(
            handover_limiter.take().now_or_never().is_none(),
            "all are taken"
        );
        taken.pop();
        assert!(handover_limiter.take().now_or_never().is_some());
        assert!(
            handover_limiter.take().now_or_never().is_none(),
            "not at once"
        );
    }
}

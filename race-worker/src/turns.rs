//! Whose turn it is to be handed over when the worker ends.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::limits::{HAND_OVER_INTERVAL, HAND_OVERS_MAX};

/// A turn; the next room has it when it is dropped. `None` only when turns are
/// not given any more.
pub type Turn = Option<OwnedSemaphorePermit>;

/// Gives turns to rooms: few at once, and not one after the other without a
/// pause, for all of them together would keep every core busy and delay races
/// that have nothing to do with it.
#[derive(Debug)]
pub struct Turns {
    places: Arc<Semaphore>,
    pace: Mutex<Interval>,
}

impl Turns {
    /// The first may be had at once. Must be called within a runtime.
    #[must_use]
    pub fn new() -> Self {
        let mut pace = interval(HAND_OVER_INTERVAL);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            places: Arc::new(Semaphore::new(HAND_OVERS_MAX)),
            pace: Mutex::new(pace),
        }
    }

    /// Waits for a turn.
    pub async fn take(&self) -> Turn {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        self.pace.lock().await.tick().await;
        Some(place)
    }
}

impl Default for Turns {
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
    async fn turns_are_few_at_once_and_come_one_after_the_other() {
        let turns = Turns::new();
        let begun = Instant::now();
        let mut taken = Vec::new();
        for nth in 0..HAND_OVERS_MAX as u32 {
            taken.push(turns.take().await);
            let waited = begun.elapsed();
            let due = HAND_OVER_INTERVAL * nth;
            assert!(
                (due..due + Duration::from_millis(2)).contains(&waited),
                "{waited:?}"
            );
        }
        tokio::time::sleep(HAND_OVER_INTERVAL * 100).await;
        assert!(turns.take().now_or_never().is_none(), "all are taken");
        taken.pop();
        assert!(turns.take().now_or_never().is_some());
        assert!(turns.take().now_or_never().is_none(), "not at once");
    }
}

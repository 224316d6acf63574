//! A timer for deadlines that move.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Instant;

use tokio::time::Sleep;

/// A timer that is asked with each message whether its time has come, and
/// mostly told a later one then. Only an earlier time, or one that was reached,
/// costs more than a comparison.
#[derive(Debug)]
pub struct Deadline(Pin<Box<Sleep>>);

impl Default for Deadline {
    fn default() -> Self {
        Self(Box::pin(tokio::time::sleep_until(Instant::now().into())))
    }
}

impl Deadline {
    /// Waits for `due`, or for ever without one. May be dropped and called
    /// again with another time.
    pub async fn reached(&mut self, due: Option<Instant>) {
        let Some(due) = due else {
            return std::future::pending().await;
        };
        let due = due.into();
        poll_fn(|cx| {
            if self.0.deadline() > due {
                self.0.as_mut().reset(due);
            }
            loop {
                ready!(self.0.as_mut().poll(cx));
                if self.0.deadline() >= due || tokio::time::Instant::now() >= due {
                    return Poll::Ready(());
                }
                self.0.as_mut().reset(due);
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_a_time_that_moves_either_way() {
        let start = tokio::time::Instant::now();
        let at = |ms| Some((start + Duration::from_millis(ms)).into_std());
        let mut deadline = Deadline::default();
        for (due, reached) in [(50, 50), (60, 60), (40, 60), (90, 90)] {
            deadline.reached(at(due)).await;
            assert_eq!(start.elapsed(), Duration::from_millis(reached));
        }
        for moving in 1_000..1_100 {
            let wait = Duration::from_millis(1);
            let outcome = tokio::time::timeout(wait, deadline.reached(at(moving))).await;
            assert!(outcome.is_err(), "it is not {moving} ms yet");
        }
        deadline.reached(at(500)).await;
        assert_eq!(start.elapsed(), Duration::from_millis(500));
        let never = tokio::time::timeout(Duration::from_secs(9), deadline.reached(None));
        assert!(never.await.is_err());
    }
}

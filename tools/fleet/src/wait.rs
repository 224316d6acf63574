//! Awaiting an event with a deadline.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The longest wait for something that should happen at once, on two busy cores with
/// unoptimised programs.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Between two polls of something that does not signal its changes.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Polls `look` until it finds something, for [`TIMEOUT`] at most.
///
/// # Errors
/// When the time is up, with `what` was awaited, or when `look` fails.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    eventually_within(TIMEOUT, what, look).await
}

/// Polls `look` until it finds something, for `timeout` at most.
///
/// # Errors
/// As [`eventually`].
pub async fn eventually_within<T>(
    timeout: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > timeout {
            bail!("after {} s still not: {what}", timeout.as_secs());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

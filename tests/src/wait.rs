//! Waiting for what must happen, with a deadline.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long anything may take that should happen at once: two busy cores and
/// unoptimised programs included.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at something that cannot tell when it changes.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Looks until there is something to see, for [`PATIENCE`] at most.
///
/// # Errors
/// When the time is up, naming `what` was awaited, or when a look fails.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    eventually_within(PATIENCE, what, look).await
}

/// Looks until there is something to see, for so long at most.
///
/// # Errors
/// As [`eventually`].
pub async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        if begun.elapsed() > patience {
            bail!("after {} s still not: {what}", patience.as_secs());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

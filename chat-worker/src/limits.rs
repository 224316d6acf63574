//! Timeouts and limits of the chat worker, with their reasons.

use std::time::Duration;

/// Attempts to append before the request is rejected with a retry: the gateway
/// waits 2 s in all.
pub const APPEND_ATTEMPTS: u32 = 4;

/// How long requests in flight may take when the worker ends.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

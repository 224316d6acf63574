//! Every timeout of the chat worker, with its reason.

use std::time::Duration;

/// A presence that its gateway has not renewed for three intervals of 10 s is
/// gone.
pub const PRESENCE_EXPIRY: Duration = Duration::from_secs(30);

/// Attempts to append before the sender is told to try again: the gateway
/// waits 2 s in all.
pub const APPEND_ATTEMPTS: u32 = 4;

/// How long requests under way may take when the worker ends.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

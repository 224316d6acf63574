//! Simulated time.

/// Nanoseconds since the beginning.
pub(crate) type Ns = u64;

pub(crate) const MICROSECOND: Ns = 1_000;
pub(crate) const MILLISECOND: Ns = 1_000 * MICROSECOND;
pub(crate) const SECOND: Ns = 1_000 * MILLISECOND;

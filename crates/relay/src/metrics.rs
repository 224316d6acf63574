//! What a relay's core counts. The recorder is the process's.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Histogram, counter, histogram};

/// Counted with each snapshot: looked up once, after the program has set its
/// recorder.
static SNAPSHOT_INTERVAL: LazyLock<Histogram> =
    LazyLock::new(|| histogram!("gateway_snapshot_interval_seconds"));

/// A snapshot came `interval` after the one before it.
pub(crate) fn snapshot_interval(interval: Duration) {
    SNAPSHOT_INTERVAL.record(interval.as_secs_f64());
}

/// The first snapshot of a new owner came `gap` after the last of the old one.
pub(crate) fn takeover_gap(gap: Duration) {
    histogram!("gateway_takeover_gap_seconds").record(gap.as_secs_f64());
}

/// A message of the bus was not passed on.
pub(crate) fn relay_dropped(reason: &'static str) {
    counter!("gateway_relay_dropped_total", "reason" => reason).increment(1);
}

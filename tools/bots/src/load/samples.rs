//! What every bot saw in every second, for who looks for causes later.

use std::time::{Duration, Instant};

use serde::Serialize;

/// One bot in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The longest time between two snapshots that ended in it.
    pub(crate) gap: Duration,
    /// When that ended; `None` when no snapshot came.
    pub(crate) gap_end: Option<Instant>,
    /// It has not ended, but the measurement has.
    pub(crate) is_open: bool,
    /// Times that ticks were skipped on one connection.
    pub(crate) skipped: u64,
    /// Times that ticks went back.
    pub(crate) back: u64,
    /// Inputs that were not applied in their ticks.
    pub(crate) missed: u64,
    /// Ticks that were computed before their input came.
    pub(crate) late: u64,
    /// Inputs that were given up before anybody acknowledged them.
    pub(crate) lost: u64,
    /// Corrections that somebody could see.
    pub(crate) corrections: u64,
    /// Connections lost in a room.
    pub(crate) sessions_lost: u64,
}

/// A line of the file of samples: JSON. What is 0 is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// When the gap ended, milliseconds since 1970.
    pub(crate) unix_ms: u64,
    pub(crate) bot: String,
    pub(crate) room: String,
    pub(crate) gap_ms: f64,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) is_open: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) skipped: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) back: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) missed: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) late: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) lost: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) corrections: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) sessions_lost: u64,
}

impl Line {
    pub(crate) fn new(sample: &Sample, unix_ms: u64, bot: &str, room: &str) -> Self {
        Self {
            unix_ms,
            bot: bot.to_owned(),
            room: room.to_owned(),
            gap_ms: sample.gap.as_secs_f64() * 1_000.0,
            is_open: sample.is_open,
            skipped: sample.skipped,
            back: sample.back,
            missed: sample.missed,
            late: sample.late,
            lost: sample.lost,
            corrections: sample.corrections,
            sessions_lost: sample.sessions_lost,
        }
    }
}

// The signatures are serde's.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

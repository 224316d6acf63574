//! The measurements of every bot in every second, to look for causes later.

use std::time::{Duration, Instant};

use serde::Serialize;

/// The measurements of one bot in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The longest time between two snapshots that ended in this second.
    pub(crate) gap: Duration,
    /// When it ended; `None` when no snapshot came.
    pub(crate) gap_end: Option<Instant>,
    /// Whether the measurement has ended before the gap.
    pub(crate) is_open: bool,
    /// Times that ticks were skipped on one connection.
    pub(crate) skipped: u64,
    /// Times that ticks went back.
    pub(crate) back: u64,
    /// Inputs that were not applied in their ticks.
    pub(crate) missed: u64,
    /// Ticks that were computed before their input came.
    pub(crate) late: u64,
    /// Inputs that were given up before they were acknowledged.
    pub(crate) lost: u64,
    /// Corrections that a player would see.
    pub(crate) corrections: u64,
    /// Connections lost in a room.
    pub(crate) sessions_lost: u64,
}

/// A line of the file of samples, in JSON. Values of 0 are omitted.
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

// serde determines the signatures.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

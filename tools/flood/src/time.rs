//! The time that processes of one machine share.

use std::time::{SystemTime, UNIX_EPOCH};

/// A part of a run, milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub from_unix_ms: u64,
    /// Its end, not included.
    pub to_unix_ms: u64,
}

impl Window {
    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(&self, unix_ms: u64) -> bool {
        (self.from_unix_ms..self.to_unix_ms).contains(&unix_ms)
    }

    /// Its first and its second half.
    #[must_use]
    pub fn halves(&self) -> [Self; 2] {
        let middle = self.from_unix_ms.midpoint(self.to_unix_ms);
        [
            Self {
                to_unix_ms: middle,
                ..*self
            },
            Self {
                from_unix_ms: middle,
                ..*self
            },
        ]
    }

    /// Its length, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.to_unix_ms.saturating_sub(self.from_unix_ms) as f64 / 1_000.0
    }
}

/// The present, milliseconds since 1970.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

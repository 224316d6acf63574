//! How long snapshots took to follow each other, by half second, for a program that looks
//! at parts of a measurement.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// The width of a class of intervals: a hundredth of the time between two snapshots is
/// three of them.
const CLASS: Duration = Duration::from_micros(100);

/// A line of the file of intervals, in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Intervals {
    /// When the time that it covers ended, milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// By tenths of a millisecond, rounded down: how many intervals ended.
    tenths_ms: BTreeMap<u64, u64>,
    /// What has been lost since the measurement began.
    #[serde(flatten)]
    pub(crate) totals: Totals,
}

/// What has been lost since the measurement began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// Bots that failed and began again.
    pub(crate) failures: u64,
    /// Connections lost in a room.
    pub(crate) sessions_lost: u64,
    /// Inputs given up before they were acknowledged.
    pub(crate) inputs_lost: u64,
    /// Times that ticks were skipped on one connection.
    pub(crate) skipped: u64,
    /// Times that ticks went back.
    pub(crate) back: u64,
}

impl Intervals {
    pub(crate) fn add(&mut self, interval: Duration) {
        let class = interval.as_micros() / CLASS.as_micros();
        let class = u64::try_from(class).unwrap_or(u64::MAX);
        *self.tenths_ms.entry(class).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_intervals_by_tenths_of_a_millisecond() {
        let mut intervals = Intervals::default();
        for microseconds in [33_349, 33_300, 33_299, 2_300_000] {
            intervals.add(Duration::from_micros(microseconds));
        }
        let json = serde_json::to_value(&intervals).unwrap();
        let expected = serde_json::json!({"332": 1, "333": 2, "23000": 1});
        assert_eq!((&json["tenths_ms"], &json["back"]), (&expected, &0.into()));
    }
}

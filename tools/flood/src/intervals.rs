//! The snapshot intervals that `bots load --intervals` writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::quantile::Quantiles;
use crate::time::Window;

/// Classes of intervals in a millisecond.
const CLASSES_PER_MS: f64 = 10.0;
/// How much later than it ended an interval is written.
const WRITE_INTERVAL_MS: u64 = 500;

/// What all bots saw in half a second.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Intervals {
    /// When that half second ended.
    pub unix_ms: u64,
    /// By tenths of a millisecond: how many intervals ended.
    pub tenths_ms: BTreeMap<u64, u64>,
    /// What has been lost since the beginning.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What bots have lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Bots that failed and began again.
    #[serde(default)]
    pub failures: u64,
    /// Connections.
    pub sessions_lost: u64,
    /// Inputs that were given up before they were acknowledged.
    pub inputs_lost: u64,
    /// Times that ticks were skipped on one connection, as for a slow reader.
    pub skipped: u64,
    /// Times that ticks went back.
    pub back: u64,
}

/// What bots saw in a part of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Seen {
    /// Times between two snapshots.
    pub intervals: Quantiles,
    /// Snapshots a second, of all bots.
    pub per_second: f64,
    /// What was lost.
    pub lost: Totals,
}

/// Reads a file of intervals, whose last line may be incomplete.
///
/// # Errors
/// When a line is invalid.
pub fn read(text: &str) -> serde_json::Result<Vec<Intervals>> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(serde_json::from_str).collect()
}

/// What bots saw in a part of the run, to within half a second.
#[must_use]
pub fn seen(lines: &[Intervals], window: Window) -> Seen {
    let late = Window {
        from_unix_ms: window.from_unix_ms,
        to_unix_ms: window.to_unix_ms + WRITE_INTERVAL_MS,
    };
    let during: Vec<&Intervals> = lines
        .iter()
        .filter(|line| late.contains(line.unix_ms))
        .collect();
    let before = lines.iter().rfind(|line| line.unix_ms < late.from_unix_ms);
    let from = before.map_or_else(Totals::default, |line| line.totals);
    let to = during.last().map_or(from, |line| line.totals);
    let classes = during.iter().flat_map(|line| &line.tenths_ms);
    let intervals =
        Quantiles::new(classes.map(|(class, count)| (*class as f64 / CLASSES_PER_MS, *count)));
    let end = during.last().map_or(0, |line| line.unix_ms);
    let begin = before.map_or(window.from_unix_ms, |line| line.unix_ms);
    let seconds = end.saturating_sub(begin) as f64 / 1_000.0;
    Seen {
        intervals,
        per_second: if seconds > 0.0 {
            intervals.count as f64 / seconds
        } else {
            0.0
        },
        lost: Totals {
            failures: to.failures - from.failures,
            sessions_lost: to.sessions_lost - from.sessions_lost,
            inputs_lost: to.inputs_lost - from.inputs_lost,
            skipped: to.skipped - from.skipped,
            back: to.back - from.back,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_only_the_window() {
        let mut text = String::new();
        for (unix_ms, class, lost) in [(1_500, 9_999, 7), (2_000, 333, 7), (2_500, 335, 8)] {
            text += &format!(
                "{{\"unix_ms\":{unix_ms},\"tenths_ms\":{{\"{class}\":10}},\"sessions_lost\":{lost},\
                 \"inputs_lost\":0,\"skipped\":0,\"back\":0}}\n"
            );
        }
        let lines = read(&format!("{text}{{\"unix")).unwrap();
        let window = Window {
            from_unix_ms: 1_600,
            to_unix_ms: 2_100,
        };
        let seen = seen(&lines, window);
        assert_eq!((seen.intervals.count, seen.intervals.max_ms), (20, 33.5));
        assert_eq!((seen.lost.sessions_lost, seen.per_second), (1, 20.0));
        assert!(read("nonsense\n").is_err());
    }
}

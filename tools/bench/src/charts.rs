//! The races of a report as a picture.

use anyhow::{Context, Result};
use plot::Chart;

use crate::report::{Race, Report};
use crate::times::Quantiles;

/// What the processor time is told of, by the names of the bots' report.
const PROGRAMS: [(&str, &str); 3] = [
    ("gateway", "gateway"),
    ("NATS", "nats-server"),
    ("race workers", "race-worker"),
];

/// Processor time of a player, intervals and acknowledgements, by scenario.
/// `None` when there was no race.
///
/// # Errors
/// When the figures cannot be drawn.
pub fn svg(report: &Report) -> Result<Option<String>> {
    if report.races.is_empty() {
        return Ok(None);
    }
    let names = || {
        report
            .races
            .iter()
            .map(|race| format!("{} rooms", race.name()))
    };
    let each = |of: &dyn Fn(&Race) -> f64| report.races.iter().map(of).collect::<Vec<_>>();
    let mut cost = Chart::bars("Processor time of a player", "µs in a second", names());
    for (name, program) in PROGRAMS {
        let of = |race: &Race| race.cores_of(program) * 1e6 / race.bots.max(1) as f64;
        cost = cost.series(name, each(&of));
    }
    let times = |title: &str, of: &dyn Fn(&Race) -> Option<Quantiles>| {
        // Where there are none, no bar.
        let of = |race: &Race| of(race).unwrap_or_default();
        Chart::bars(title, "ms", names())
            .series("p50", each(&|race| of(race).p50))
            .series("p99", each(&|race| of(race).p99))
            .series("p99.9", each(&|race| of(race).p99_9))
    };
    let intervals = times("Between two snapshots", &|race| race.interval_ms);
    let acknowledged = times("From an input to its acknowledgement", &|race| {
        race.acknowledged_ms
    });
    let picture = plot::svg(&[cost, intervals, acknowledged]);
    Ok(Some(picture.context("the figures cannot be drawn")?))
}

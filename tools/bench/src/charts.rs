//! The races of a run as a picture.

use anyhow::{Context, Result};
use plot::Chart;

use crate::results::{Measured, Results};

/// The programs whose processor time is shown, by their names in the results.
const PROGRAMS: [(&str, &str); 3] = [
    ("gateway", "gateway"),
    ("NATS", "nats-server"),
    ("race workers", "race-worker"),
];

/// Processor time per player, intervals and acknowledgements, by scenario.
/// `None` when there was no race.
///
/// # Errors
/// When the figures cannot be drawn.
pub fn svg(results: &Results) -> Result<Option<String>> {
    let races = results.races();
    if races.is_empty() {
        return Ok(None);
    }
    let names = || races.iter().map(|race| format!("{} rooms", race.scenario));
    // No bar where nothing was measured.
    let number = |race: &Measured<'_>, subject: &str, measure: &str| {
        race.number(subject, measure).unwrap_or(0.0)
    };
    let mut cost = Chart::bars("Processor time per player", "µs per second", names());
    for (name, program) in PROGRAMS {
        let each = races.iter().map(|race| {
            let players = number(race, "bots", "players").max(1.0);
            number(race, program, "processor time") * 1e6 / players
        });
        cost = cost.series(name, each.collect::<Vec<_>>());
    }
    let times = |title: &str, measure: &str| {
        ["p50", "p99", "p99.9"].into_iter().fold(
            Chart::bars(title, "ms", names()),
            |chart, quantile| {
                let measure = format!("{measure} {quantile}");
                let each = races.iter().map(|race| number(race, "player", &measure));
                chart.series(quantile, each.collect::<Vec<_>>())
            },
        )
    };
    let intervals = times("Between two snapshots", "interval");
    let acknowledged = times("From an input to its acknowledgement", "acknowledgement");
    let picture = plot::svg(&[cost, intervals, acknowledged]);
    Ok(Some(picture.context("the figures cannot be drawn")?))
}

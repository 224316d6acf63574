//! A run in long form: one row for each scenario, subject and measure.
//!
//! `docs/performance/` has a CSV file of each published run. The table, the
//! picture and the page are made from the rows, so that they can be made again
//! without a measurement.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;

/// The scenario of rows about the run itself.
pub const RUN: &str = "run";
/// The unit of rows whose value is a text.
pub const TEXT: &str = "text";
/// The measure of rows that say why a figure may mislead.
pub const WARNING: &str = "warning";
/// The measure of the row that says how clients connected; a run without it was plain.
pub const CONNECTIONS: &str = "connections";
/// The value of that row.
pub const TLS: &str = "TLS";
/// What stands for something that is not known.
pub const UNKNOWN: &str = "unknown";

/// One value, with all that is needed to compare it with those of other runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When the run began, as in RFC 3339, or only its day.
    pub date: String,
    /// The commit of the programs.
    pub commit: String,
    /// Cores, processor, memory and kernel.
    pub machine: String,
    /// The scenario's name, or [`RUN`].
    pub scenario: String,
    /// 1 for the first time that the run has this scenario.
    pub repeat: u32,
    /// What was measured: a program, `player`, `raw TCP`, `Colyseus`.
    pub subject: String,
    /// The quantity.
    pub measure: String,
    /// Its unit; `1` for counts and ratios, [`TEXT`] for a text.
    pub unit: String,
    /// A number or, where the unit is [`TEXT`], a text.
    pub value: String,
}

/// All rows of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results(pub Vec<Row>);

/// The rows of a scenario.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    rows: Vec<&'a Row>,
}

impl Results {
    /// Reads a CSV file.
    ///
    /// # Errors
    /// When it cannot be read, or its columns are others.
    pub fn read(path: &Path) -> Result<Self> {
        let unreadable = || format!("'{}' cannot be read", path.display());
        let mut reader = csv::Reader::from_path(path).with_context(unreadable)?;
        let rows = reader.deserialize().collect::<Result<Vec<Row>, _>>();
        rows.map(Self).with_context(unreadable)
    }

    /// Writes a CSV file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let unwritable = || format!("'{}' cannot be written", path.display());
        let mut writer = csv::Writer::from_path(path).with_context(unwritable)?;
        for row in &self.0 {
            writer.serialize(row).with_context(unwritable)?;
        }
        writer.flush().with_context(unwritable)
    }

    /// The rows of a scenario, the first time that the run has it.
    #[must_use]
    pub fn scenario<'a>(&'a self, name: &'a str) -> Measured<'a> {
        self.measured(name, 1)
    }

    /// The races that were measured, in the order of the run.
    #[must_use]
    pub fn races(&self) -> Vec<Measured<'_>> {
        let mut races: Vec<(&str, u32)> = Vec::new();
        for row in self.0.iter().filter(|row| row.measure != WARNING) {
            let race = (row.scenario.as_str(), row.repeat);
            if is_race(&row.scenario) && !races.contains(&race) {
                races.push(race);
            }
        }
        let measured = races.into_iter();
        measured
            .map(|(name, repeat)| self.measured(name, repeat))
            .collect()
    }

    /// Whether clients connected with TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scenario(RUN).text("bench", CONNECTIONS) == Some(TLS)
    }

    /// Why figures may mislead, each with its scenario.
    pub fn warnings(&self) -> impl Iterator<Item = (&str, &str)> {
        let warnings = self.0.iter().filter(|row| row.measure == WARNING);
        warnings.map(|row| (row.scenario.as_str(), row.value.as_str()))
    }

    fn measured<'a>(&'a self, scenario: &'a str, repeat: u32) -> Measured<'a> {
        let rows = self.0.iter();
        let rows = rows.filter(|row| (row.scenario.as_str(), row.repeat) == (scenario, repeat));
        Measured {
            scenario,
            rows: rows.collect(),
        }
    }
}

fn is_race(scenario: &str) -> bool {
    matches!(scenario.parse(), Ok(Scenario::Race { .. }))
}

impl<'a> Measured<'a> {
    /// A text; `None` when there is no such row.
    #[must_use]
    pub fn text(&self, subject: &str, measure: &str) -> Option<&'a str> {
        let mut rows = self.rows.iter();
        let row = rows.find(|row| row.subject == subject && row.measure == measure)?;
        Some(&row.value)
    }

    /// A number; `None` when there is no such row.
    #[must_use]
    pub fn number(&self, subject: &str, measure: &str) -> Option<f64> {
        self.text(subject, measure)?.parse().ok()
    }

    /// Whether anything was measured of a subject.
    #[must_use]
    pub fn has(&self, subject: &str) -> bool {
        self.rows.iter().any(|row| row.subject == subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scenario: &str, repeat: u32, measure: &str, value: &str) -> Row {
        Row {
            date: "2026-01-31T10:00:00Z".to_owned(),
            commit: "c0ffee1".to_owned(),
            machine: "2 cores of Z80, 1 MiB, Linux 6".to_owned(),
            scenario: scenario.to_owned(),
            repeat,
            subject: "player".to_owned(),
            measure: measure.to_owned(),
            unit: "ms".to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_file_gives_back_the_rows_that_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.csv");
        let results = Results(vec![
            row("1x4", 1, "interval p50", "33.3"),
            row("1x4", 1, WARNING, "late, by \"5 ms\"\nor more"),
        ]);
        results.write(&path).unwrap();
        assert_eq!(Results::read(&path).unwrap(), results);
        std::fs::write(&path, "date,commit\n1,2\n").unwrap();
        let error = Results::read(&path).unwrap_err().to_string();
        assert!(error.contains("run.csv"), "{error}");
    }

    #[test]
    fn repeated_races_are_told_apart() {
        let results = Results(vec![
            row("chat", 1, "interval p50", "1"),
            row("25x4", 1, "interval p50", "2"),
            row("25x4", 2, "interval p50", "3"),
            row("25x4", 1, "interval p99", "4"),
        ]);
        let races = results.races();
        let p50 = |race: &Measured<'_>| race.number("player", "interval p50");
        assert_eq!(
            races.iter().map(p50).collect::<Vec<_>>(),
            [Some(2.0), Some(3.0)]
        );
        assert_eq!(races[0].number("player", "interval p99"), Some(4.0));
        assert_eq!(races[1].number("player", "interval p99"), None);
        assert!(!results.scenario("connect").has("player"));
    }
}

//! Whether each race has one result in the database.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use fleet::Fleet;

/// How long a result may take after the last race: the messages of a killed
/// persistence process are delivered again after half a minute.
const RESULT_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two queries.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The races that the bots saw end with a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Results {
    /// How many races.
    pub races: usize,
    /// Races that are missing in the database.
    pub lost: Vec<String>,
    /// Races with a player twice, or with another result than the bots saw.
    pub doubled: Vec<String>,
}

/// A race as the bots saw it end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    race: String,
    /// Players, the winner first.
    order: Vec<String>,
    is_contradicted: bool,
}

/// Queries the database for the result of each race in the bots' report.
///
/// # Errors
/// When the report has no races, or the database cannot be queried.
pub async fn check(fleet: &Fleet, bots: &Value) -> Result<Results> {
    let seen = seen(bots).context("the bots' report has no races")?;
    let mut results = Results {
        races: seen.len(),
        ..Results::default()
    };
    let begun = Instant::now();
    for race in seen {
        let query = ["result", "--race", &race.race];
        // A race without a result is an error of the query.
        let mut result = fleet.database(&query).await;
        while result.is_err() && begun.elapsed() < RESULT_TIMEOUT {
            tokio::time::sleep(POLL_INTERVAL).await;
            result = fleet.database(&query).await;
        }
        match result {
            Err(_) => results.lost.push(race.race),
            Ok(result) if race.is_contradicted || order(&result["standings"]) != race.order => {
                results.doubled.push(race.race);
            }
            Ok(_) => {}
        }
    }
    Ok(results)
}

fn seen(bots: &Value) -> Option<Vec<Seen>> {
    let ended = bots["races"]["ended"].as_array()?;
    let finished = ended.iter().filter(|race| race["reason"] == "finished");
    let races = finished.map(|race| {
        Some(Seen {
            race: race["race"].as_str()?.to_owned(),
            order: names(race["order"].as_array()?.iter()),
            is_contradicted: race["contradicted"].as_u64()? > 0,
        })
    });
    races.collect()
}

fn order(standings: &Value) -> Vec<String> {
    let lines = standings.as_array().into_iter().flatten();
    names(lines.map(|line| &line["player"]))
}

fn names<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_reports_of_bots_and_database() {
        let race = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let bots = json!({"races": {"ended": [
            {"race": race, "reason": "finished", "order": ["a", "b"], "contradicted": 0},
            {"race": "other", "reason": "abandoned", "order": [], "contradicted": 0},
        ]}});
        let seen = seen(&bots).unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].race.as_str(), seen[0].is_contradicted),
            (race, false)
        );
        let result = json!({"standings": [{"player": "a"}, {"player": "b"}]});
        assert_eq!(order(&result["standings"]), seen[0].order);
        // A player twice makes another order.
        let twice = json!({"standings": [{"player": "a"}, {"player": "a"}, {"player": "b"}]});
        assert_ne!(order(&twice["standings"]), seen[0].order);
        assert_eq!(super::seen(&json!({})), None);
    }
}

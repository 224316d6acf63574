//! What remains of what is gone: entries of the lobby, checkpoints, seats and people in
//! the chat that nothing stands behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use fleet::Fleet;
use fleet::command::stdout_of;
use serde::Serialize;
use serde_json::Value;

/// How long the servers may take to notice that something is gone.
const CLEAN_AFTER: Duration = Duration::from_secs(10);
/// Between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Leftovers, by their names or keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// Entries of the lobby without a checkpoint, or without players.
    pub lobby: BTreeSet<String>,
    /// Checkpoints without a room in the lobby, or of a room without players.
    pub checkpoints: BTreeSet<String>,
    /// Players with more than one seat, or with one after they left.
    pub seats: BTreeSet<String>,
    /// People in the chat without a connection.
    pub presence: BTreeSet<String>,
}

impl Leftovers {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lobby.len() + self.checkpoints.len() + self.seats.len() + self.presence.len()
    }

    /// Adds those of another look.
    pub fn extend(&mut self, others: Self) {
        self.lobby.extend(others.lobby);
        self.checkpoints.extend(others.checkpoints);
        self.seats.extend(others.seats);
        self.presence.extend(others.presence);
    }
}

/// What the servers store about rooms and people.
#[derive(Clone, Debug, Default)]
struct Stored {
    lobby: BTreeSet<String>,
    checkpoints: BTreeSet<String>,
    /// The seats of each player.
    seats: BTreeMap<String, usize>,
    presence: BTreeSet<String>,
}

/// Looks for leftovers while bots race: none has two seats, and lobby and checkpoints know
/// the same rooms. What opens or closes just then differs only for a moment.
///
/// # Errors
/// When NATS does not answer.
pub async fn among_bots(fleet: &Fleet) -> Result<Leftovers> {
    persisting(fleet, |stored| {
        let twice = stored.seats.iter().filter(|(_, seats)| **seats > 1);
        Leftovers {
            lobby: stored
                .lobby
                .difference(&stored.checkpoints)
                .cloned()
                .collect(),
            checkpoints: stored
                .checkpoints
                .difference(&stored.lobby)
                .cloned()
                .collect(),
            seats: twice.map(|(player, _)| player.clone()).collect(),
            presence: BTreeSet::new(),
        }
    })
    .await
}

/// Looks for leftovers after all bots have left: whatever remains is a leftover.
///
/// # Errors
/// When NATS does not answer.
pub async fn after_bots(fleet: &Fleet) -> Result<Leftovers> {
    persisting(fleet, |stored| Leftovers {
        lobby: stored.lobby,
        checkpoints: stored.checkpoints,
        seats: stored.seats.into_keys().collect(),
        presence: stored.presence,
    })
    .await
}

/// The leftovers that are still there after [`CLEAN_AFTER`].
async fn persisting(fleet: &Fleet, find: impl Fn(Stored) -> Leftovers) -> Result<Leftovers> {
    let begun = Instant::now();
    loop {
        let leftovers = find(stored(fleet).await?);
        if leftovers.is_empty() || begun.elapsed() >= CLEAN_AFTER {
            return Ok(leftovers);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

async fn stored(fleet: &Fleet) -> Result<Stored> {
    let rooms = json(fleet, &["rooms", "--json"]).await?;
    Ok(Stored {
        lobby: keys(fleet, "rooms").await?,
        checkpoints: keys(fleet, "checkpoints").await?,
        seats: seats(&rooms),
        presence: keys(fleet, "presence").await?,
    })
}

async fn keys(fleet: &Fleet, bucket: &str) -> Result<BTreeSet<String>> {
    let keys = json(fleet, &["keys", bucket]).await?;
    Ok(serde_json::from_value(keys)?)
}

async fn json(fleet: &Fleet, arguments: &[&str]) -> Result<Value> {
    let text = stdout_of(fleet.racectl(arguments)?).await?;
    Ok(serde_json::from_str(&text)?)
}

fn seats(rooms: &Value) -> BTreeMap<String, usize> {
    let mut seats = BTreeMap::new();
    let rooms = rooms.as_array().into_iter().flatten();
    let players = rooms.flat_map(|room| room["players"].as_array().into_iter().flatten());
    for player in players.filter_map(Value::as_str) {
        *seats.entry(player.to_owned()).or_default() += 1;
    }
    seats
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_the_seats_of_each_player() {
        let rooms = json!([{"players": ["a", "b"]}, {"players": ["b"]}, {}]);
        let expected = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!(seats(&rooms), expected);
    }
}

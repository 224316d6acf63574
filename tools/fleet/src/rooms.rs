//! Which rooms a race worker owns.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::stdout_of;
use crate::{Fleet, Process};

/// The longest wait for the lobby, which may be unavailable while NATS recovers.
const LOBBY_TIMEOUT: Duration = Duration::from_secs(2);

impl Fleet {
    /// The rooms that a race worker owns according to the lobby.
    ///
    /// # Errors
    /// When the lobby cannot be read.
    pub async fn rooms_of(&self, worker: &Process) -> Result<Vec<String>> {
        let id = worker_id(&worker.log());
        let id = id.with_context(|| format!("{} has not logged its id", worker.name()))?;
        let rooms = stdout_of(self.racectl(&["rooms", "--json"])?);
        let rooms = tokio::time::timeout(LOBBY_TIMEOUT, rooms).await??;
        let rooms: Vec<Value> = serde_json::from_str(&rooms)?;
        let owned = rooms.iter().filter(|room| room["owner"] == id.as_str());
        let names = owned.filter_map(|room| room["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }
}

/// The id that a race worker logs when it starts.
fn worker_id(log: &str) -> Option<String> {
    let mut lines = log.lines().map(serde_json::from_str::<Value>);
    lines.find_map(|line| Some(line.ok()?["worker"].as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_workers_id_in_its_log() {
        let log = "not json\n{\"message\":\"connected\"}\n\
            {\"message\":\"race worker\",\"worker\":\"00c0ffee\"}\n\
            {\"message\":\"claimed\",\"worker\":\"0000beef\"}\n";
        assert_eq!(worker_id(log).as_deref(), Some("00c0ffee"));
        assert_eq!(worker_id("{}"), None);
    }
}

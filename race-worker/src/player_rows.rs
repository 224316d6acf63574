//! The shell around [`player_rows`](room::player_rows): one message for the players of
//! many rooms.

use std::sync::{Arc, MutexGuard, PoisonError};

use bus::store::RECORDS;
use protocol::persist::PersistMessage;
use protocol::subject;
use protocol::version::{self, PERSIST};
use room::player_rows::PlayerRows;
use service::Shutdown;
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use crate::limits::ROWS_INTERVAL;
use crate::metrics;
use crate::worker::Worker;

impl Worker {
    /// The rows that are not written.
    pub(crate) fn player_rows(&self) -> MutexGuard<'_, PlayerRows> {
        self.player_rows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the rows of all players every two seconds, until shutdown.
    pub(crate) async fn write_player_rows(self: Arc<Self>, shutdown: Shutdown) {
        let mut due = interval(ROWS_INTERVAL);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for count in 0_u64.. {
            tokio::select! {
                _ = due.tick() => {}
                () = shutdown.wait() => return,
            }
            let chunks = self.player_rows().take();
            for (n, chunk) in chunks.into_iter().enumerate() {
                let players = chunk.players();
                let payload = version::to_json(&PERSIST, &PersistMessage::Players { players });
                let subject = subject::record_players_of(self.id, n);
                let id = format!("{}:players:{count}:{n}", self.id);
                let appended = self.bus.append(&RECORDS, &subject, &id, payload).await;
                if let Err(error) = &appended {
                    metrics::unsent("players");
                    debug!(%error, "the rows of players wait for newer ones");
                }
                self.player_rows().written(chunk, appended.is_ok());
            }
        }
    }
}

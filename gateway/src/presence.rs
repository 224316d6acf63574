//! Writes the presence of this gateway's connections, and asks for missing notices.

use std::time::Instant;

use bus::CasError;
use futures::StreamExt;
use protocol::chat::{ChatSession, Posted, Presence};
use protocol::version::PRESENCE;
use protocol::{subject, version};
use service::Shutdown;
use tokio::time::{Interval, MissedTickBehavior};

use crate::backend::Backend;
use crate::chat::Missing;
use crate::limits::{NOTICES_IN_FLIGHT_MAX, PRESENCE_TICK, RENEWALS_IN_FLIGHT_MAX};
use crate::metrics;

/// Renews the presence of the connections to this gateway until shutdown.
pub async fn renew(backend: &Backend, shutdown: &Shutdown) {
    let mut ticks = Ticks::new();
    while ticks.next(shutdown).await {
        let due = backend.chat.due_renewals(Instant::now());
        let renewals = futures::stream::iter(due);
        renewals
            .for_each_concurrent(RENEWALS_IN_FLIGHT_MAX, async |session| {
                // One that has left meanwhile must not come back as a ghost.
                if backend.chat.is_connected(&session)
                    && let Err(error) = write(backend, session).await
                {
                    tracing::debug!(%error, "could not renew a presence");
                }
            })
            .await;
    }
}

/// Asks for the notices that are missing until shutdown.
pub async fn repair(backend: &Backend, shutdown: &Shutdown) {
    let mut ticks = Ticks::new();
    while ticks.next(shutdown).await {
        let due = backend.chat.due_notices(Instant::now());
        let notices = futures::stream::iter(due);
        notices
            .for_each_concurrent(NOTICES_IN_FLIGHT_MAX, |missing| ask(backend, missing))
            .await;
    }
}

/// When presence is looked after.
struct Ticks(Interval);

impl Ticks {
    fn new() -> Self {
        let mut ticks = tokio::time::interval(PRESENCE_TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(ticks)
    }

    /// Waits for the next one; returns false on shutdown.
    async fn next(&mut self, shutdown: &Shutdown) -> bool {
        tokio::select! {
            () = shutdown.wait() => false,
            _ = self.0.tick() => true,
        }
    }
}

/// Reports that a connection has left the chat. A presence that no chat worker removes
/// is removed here; the notice is then a missing one for all gateways.
pub async fn leave(backend: &Backend, session: &ChatSession) {
    if let Err(rejection) = backend.chat_leave(session).await {
        tracing::debug!(%rejection, "could not report a departure to the chat");
        withdraw(backend, session).await;
    }
}

/// Removes the presence of a connection that has not come into the chat, or whose
/// departure could not be reported. Unless it succeeds the presence expires.
pub async fn withdraw(backend: &Backend, session: &ChatSession) {
    let key = subject::presence_key(&session.player.id(), session.nonce);
    if let Err(error) = backend.presence.remove(&key).await {
        tracing::debug!(%error, "could not remove a presence");
    }
}

async fn write(backend: &Backend, session: ChatSession) -> Result<(), CasError> {
    let key = subject::presence_key(&session.player.id(), session.nonce);
    let value = version::to_json(&PRESENCE, &Presence { session });
    backend.presence.put(&key, value).await.map(drop)
}

async fn ask(backend: &Backend, missing: Missing) {
    let (session, before, asked) = match missing {
        Missing::Left(session) => {
            metrics::notice_missing("left");
            let asked = backend.chat_leave(&session).await;
            (session, None, asked)
        }
        Missing::Joined { session, before } => {
            metrics::notice_missing("joined");
            let asked = backend.chat_join(&session).await;
            (session, Some(before), asked)
        }
    };
    match asked {
        // A player with another connection: the bucket will show it.
        Ok(Posted { sequence: 0 }) => {}
        Ok(_) => {
            backend.chat.answered(&session.player.id());
            if let Some(before) = before {
                withdraw(backend, &before).await;
            }
        }
        Err(rejection) => tracing::debug!(%rejection, "could not ask for a notice"),
    }
}

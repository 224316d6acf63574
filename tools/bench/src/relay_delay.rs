//! What a gateway adds: the time from a snapshot's arrival over NATS to its arrival
//! over TCP, both in this process, which spectates some rooms as any client may. Both
//! are receive timestamps of the kernel, so the time that this process waits for a
//! processor does not count.

mod tap;
mod tls;

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bus::{Bus, Connection, Seed};
use client_core::Security;
use futures::StreamExt;
use futures::future::try_join_all;
use protocol::account::Password;
use protocol::client::{ClientMessage, Hello};
use protocol::frame;
use protocol::{RoomId, subject};

use self::tap::{Peer, Tap};
use crate::report::RelayDelay;
use crate::times::Times;

/// The snapshots of all rooms.
const SNAPSHOTS: &str = "race.room.*.snapshot";
/// The longest wait until all rooms race: what the bots may take to log in, and again
/// to begin.
const RACING_TIMEOUT: Duration = Duration::from_secs(1_200);
/// Spectators are served too: one among this many players changes little.
const PLAYERS_PER_SPECTATOR: usize = 100;
/// Spectators at most, each in a room of its own.
const SPECTATORS_MAX: usize = 10;

/// Where and when the delay is measured.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The nats-server, and the user as which it is listened to.
    pub nats: Connection,
    /// The race port of a gateway.
    pub gateway: &'a str,
    /// How clients connect to it.
    pub security: &'a Security,
    /// Rooms that will race.
    pub rooms: u16,
    /// Players of all rooms.
    pub players: usize,
    /// Between the start of the last race and the measurement.
    pub warm_up: Duration,
    /// The duration of the measurement.
    pub length: Duration,
}

impl Plan<'_> {
    /// How many rooms have a spectator.
    fn spectators(&self) -> usize {
        let few = self.players / PLAYERS_PER_SPECTATOR;
        few.clamp(1, SPECTATORS_MAX).min(self.rooms.into())
    }

    /// Waits until all rooms race, and measures.
    ///
    /// # Errors
    /// When not all rooms race in time, or the servers cannot be reached.
    pub async fn measure(&self) -> Result<RelayDelay> {
        let rooms = self.racing_rooms().await?;
        let begin = Instant::now() + self.warm_up;
        // Neighbours by name may share a phase.
        let step = rooms.len() / self.spectators();
        let rooms: Vec<_> = rooms.into_iter().step_by(step.max(1)).collect();
        let rooms = rooms.iter().take(self.spectators()).enumerate();
        let delays = rooms.map(|(number, room)| self.spectate(number, room, begin));
        let delays = try_join_all(delays).await?;
        let mut times = Times::new();
        let seen = delays.iter().filter(|delays| !delays.is_empty()).count();
        delays
            .into_iter()
            .flatten()
            .for_each(|delay| times.add(delay));
        let ms = times.quantiles();
        Ok(RelayDelay {
            rooms: seen,
            snapshots: times.count(),
            ms: ms.context("no snapshot came through the gateway")?,
        })
    }

    /// All rooms, once each has sent a snapshot.
    async fn racing_rooms(&self) -> Result<BTreeSet<RoomId>> {
        let bus = Bus::connect(self.nats.clone()).await?;
        let mut snapshots = bus.subscribe(SNAPSHOTS).await?;
        let mut rooms = BTreeSet::new();
        let all = async {
            while rooms.len() < self.rooms.into() {
                let snapshot = snapshots.next().await.context("NATS is gone")?;
                let room = snapshot.subject.split('.').nth(2);
                rooms.insert(RoomId::parse(room.context("a subject without a room")?)?);
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(RACING_TIMEOUT, all).await {
            Ok(all) => all?,
            Err(_) => anyhow::bail!("only {} of {} rooms race", rooms.len(), self.rooms),
        }
        Ok(rooms)
    }

    /// The delays of a room's snapshots from `begin` on.
    async fn spectate(
        &self,
        number: usize,
        room: &RoomId,
        begin: Instant,
    ) -> Result<Vec<Duration>> {
        let seed = self.nats.seed.as_deref().context("a user has a seed")?;
        let (seed, snapshots) = (Seed::read(seed)?, subject::room_snapshot(room));
        let nats_address = self.nats.url.trim_start_matches("nats://");
        let mut nats = Tap::subscribe(nats_address, &seed, &snapshots).await?;
        let greeting = spectator(number, room)?;
        let mut tcp = Tap::open(Peer::Gateway, self.gateway, self.security, &greeting).await?;
        let (mut published, mut relayed) = (HashMap::new(), Vec::new());
        let end = tokio::time::sleep_until((begin + self.length).into());
        tokio::pin!(end);
        loop {
            tokio::select! {
                snapshot = nats.snapshot() => published.extend([snapshot.context("NATS")?]),
                // A gateway ends it when the room closes.
                Ok(snapshot) = tcp.snapshot() => relayed.push(snapshot),
                () = &mut end => break,
            }
        }
        let relayed = relayed.into_iter().filter(|(_, at)| *at >= begin);
        let delay = |(tick, relayed_at): (_, Instant)| {
            let published_at = published.get(&tick)?;
            Some(relayed_at.saturating_duration_since(*published_at))
        };
        Ok(relayed.filter_map(delay).collect())
    }
}

/// What a gateway is sent to sign up and spectate a room.
fn spectator(number: usize, room: &RoomId) -> Result<Vec<u8>> {
    let hello = Hello {
        client: "bench".to_owned(),
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let frames = [
        frame::hello(&hello),
        frame::from_client(&ClientMessage::SignUp {
            // Every name can be taken only once.
            name: format!("bench-{:08x}{number}", since.as_millis() as u32),
            password: Password::new("correct-horse"),
            request: None,
        }),
        frame::from_client(&ClientMessage::Spectate {
            name: room.to_string(),
        }),
    ];
    let mut bytes = Vec::new();
    for frame in frames {
        frame::append(&frame, &mut bytes);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_few_spectators_so_that_they_change_little() {
        let spectators = |rooms, players| {
            let plan = Plan {
                nats: Connection {
                    url: String::new(),
                    name: String::new(),
                    user: bus::User::Operator,
                    seed: None,
                    ca: None,
                },
                gateway: "",
                security: &Security::Plain,
                rooms,
                players,
                warm_up: Duration::ZERO,
                length: Duration::ZERO,
            };
            plan.spectators()
        };
        assert_eq!(spectators(1, 4), 1);
        assert_eq!(spectators(25, 100), 1);
        assert_eq!(spectators(100, 400), 4);
        assert_eq!(spectators(60, 960), 9);
        assert_eq!(spectators(500, 2_000), 10);
        assert_eq!(spectators(2, 2_000), 2);
    }
}

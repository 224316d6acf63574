//! What a gateway adds: from a snapshot's coming over NATS to its coming over
//! TCP, both to one process, which watches some rooms like anybody else. The kernel
//! notes both times: that this process waits for a processor is not in them.

mod tap;

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bus::Bus;
use futures::StreamExt;
use futures::future::try_join_all;
use protocol::account::Password;
use protocol::client::{ClientMessage, Hello};
use protocol::frame;
use protocol::{RoomId, subject};

use self::tap::{Peer, Tap};
use crate::report::Passage;
use crate::times::Times;

/// All rooms.
const SNAPSHOTS: &str = "race.room.*.snapshot";
/// All may take so long to race: as long as the bots have to log in, and again to
/// begin.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// Whoever watches is served too. One among so many players changes little.
const PLAYERS_PER_SPECTATOR: usize = 100;
/// Rooms that are watched at the most.
const WATCHED_MAX: usize = 10;

/// Of what to measure it, and when.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The nats-server.
    pub nats_url: &'a str,
    /// The race port of a gateway.
    pub gateway: &'a str,
    /// Rooms that will race.
    pub rooms: u16,
    /// Players of all rooms.
    pub players: usize,
    /// From when all race until it is measured.
    pub warm_up: Duration,
    /// For how long.
    pub length: Duration,
}

impl Plan<'_> {
    /// How many rooms are watched.
    fn watched(&self) -> usize {
        let few = self.players / PLAYERS_PER_SPECTATOR;
        few.clamp(1, WATCHED_MAX).min(self.rooms.into())
    }

    /// Waits until all race, and measures.
    ///
    /// # Errors
    /// When not all come to race, or the servers cannot be reached.
    pub async fn measure(&self) -> Result<Passage> {
        let rooms = self.racing_rooms().await?;
        let begin = Instant::now() + self.warm_up;
        // Those of one slot do not stand beside each other by name.
        let step = rooms.len() / self.watched();
        let rooms: Vec<_> = rooms.into_iter().step_by(step.max(1)).collect();
        let watched = &rooms[..rooms.len().min(self.watched())];
        let rooms = watched.iter().enumerate();
        let ways =
            try_join_all(rooms.map(|(number, room)| self.watch(number, room, begin))).await?;
        let mut times = Times::new();
        let seen = ways.iter().filter(|ways| !ways.is_empty()).count();
        ways.into_iter().flatten().for_each(|way| times.add(way));
        let ms = times.quantiles();
        Ok(Passage {
            rooms: seen,
            snapshots: times.count(),
            ms: ms.context("no snapshot came through the gateway")?,
        })
    }

    /// All rooms, once somebody races in each.
    async fn racing_rooms(&self) -> Result<BTreeSet<RoomId>> {
        let bus = Bus::connect(self.nats_url, "bench passage").await?;
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
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(all) => all?,
            Err(_) => anyhow::bail!("somebody races in {} of {} rooms", rooms.len(), self.rooms),
        }
        Ok(rooms)
    }

    /// What the gateway adds to the snapshots of a room from `begin` on.
    async fn watch(&self, number: usize, room: &RoomId, begin: Instant) -> Result<Vec<Duration>> {
        let nats_address = self.nats_url.trim_start_matches("nats://");
        let mut nats = Tap::open(Peer::Nats, nats_address, &subscription(room)).await?;
        let mut tcp = Tap::open(Peer::Gateway, self.gateway, &spectator(number, room)?).await?;
        let (mut published, mut relayed) = (HashMap::new(), Vec::new());
        let end = tokio::time::sleep_until((begin + self.length).into());
        tokio::pin!(end);
        loop {
            tokio::select! {
                snapshot = nats.snapshot() => published.extend([snapshot.context("NATS")?]),
                // A gateway may end it, with the room.
                Ok(snapshot) = tcp.snapshot() => relayed.push(snapshot),
                () = &mut end => break,
            }
        }
        let relayed = relayed.into_iter().filter(|(_, came)| *came >= begin);
        let way = |(tick, came): (_, Instant)| {
            let at = published.get(&tick)?;
            Some(came.saturating_duration_since(*at))
        };
        Ok(relayed.filter_map(way).collect())
    }
}

/// What is said to a NATS server to get the snapshots of a room.
fn subscription(room: &RoomId) -> Vec<u8> {
    let options = r#"{"verbose":false,"pedantic":false,"headers":false,"name":"bench passage"}"#;
    let subject = subject::room_snapshot(room);
    format!("CONNECT {options}\r\nSUB {subject} 1\r\n").into_bytes()
}

/// What is said to a gateway to sign up and watch a room.
fn spectator(number: usize, room: &RoomId) -> Result<Vec<u8>> {
    let hello = Hello {
        client: "bench".to_owned(),
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let frames = [
        frame::hello(&hello),
        frame::from_client(&ClientMessage::SignUp {
            // Names are taken once.
            name: format!("bench-{:08x}{number}", since.as_millis() as u32),
            password: Password::new("correct-horse"),
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
    fn few_are_watched_so_that_it_changes_little() {
        let watched = |rooms, players| {
            let plan = Plan {
                nats_url: "",
                gateway: "",
                rooms,
                players,
                warm_up: Duration::ZERO,
                length: Duration::ZERO,
            };
            plan.watched()
        };
        assert_eq!(watched(1, 4), 1);
        assert_eq!(watched(25, 100), 1);
        assert_eq!(watched(100, 400), 4);
        assert_eq!(watched(60, 960), 9);
        assert_eq!(watched(500, 2_000), 10);
        assert_eq!(watched(2, 2_000), 2);
    }
}

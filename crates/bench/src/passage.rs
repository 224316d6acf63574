//! What a gateway adds: from a snapshot's coming over NATS to its coming over
//! TCP, both to one process, which watches a room like anybody else. The kernel
//! notes both times: that this process waits for a processor is not in them.

mod tap;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bus::Bus;
use futures::StreamExt;
use protocol::account::Password;
use protocol::client::{ClientMessage, Hello};
use protocol::frame;
use protocol::limits::PROTOCOL_VERSION;
use protocol::{RoomId, subject};

use self::tap::{Peer, Tap};
use crate::report::{Quantiles, Times};

/// All rooms.
const SNAPSHOTS: &str = "race.room.*.snapshot";
/// The first race may take so long to begin.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for a race, and from `wait` later on measures for `length`.
///
/// # Errors
/// When nobody races, or the servers cannot be reached.
pub async fn measure(
    nats_url: &str,
    gateway: &str,
    wait: Duration,
    length: Duration,
) -> Result<Quantiles> {
    let bus = Bus::connect(nats_url, "bench passage").await?;
    let room = racing_room(&bus).await?;
    tokio::time::sleep(wait).await;
    let nats_address = nats_url.trim_start_matches("nats://");
    let mut nats = Tap::open(Peer::Nats, nats_address, &subscription(&room)).await?;
    let mut tcp = Tap::open(Peer::Gateway, gateway, &spectator(&room)?).await?;
    let (mut published, mut relayed) = (HashMap::new(), Vec::new());
    let end = tokio::time::sleep(length);
    tokio::pin!(end);
    loop {
        tokio::select! {
            snapshot = nats.snapshot() => published.extend([snapshot.context("NATS")?]),
            // A gateway may end it, with the room.
            Ok(snapshot) = tcp.snapshot() => relayed.push(snapshot),
            () = &mut end => break,
        }
    }
    let mut ways = Times::new();
    for (tick, came) in relayed {
        if let Some(&at) = published.get(&tick) {
            ways.add(came.saturating_duration_since(at));
        }
    }
    let none = || format!("no snapshot of room {room} came through the gateway");
    ways.quantiles().with_context(none)
}

/// Some room where somebody races.
async fn racing_room(bus: &Bus) -> Result<RoomId> {
    let mut snapshots = bus.subscribe(SNAPSHOTS).await?;
    let first = tokio::time::timeout(PATIENCE, snapshots.next()).await;
    let first = first.ok().flatten().context("nobody races")?;
    let room = first.subject.split('.').nth(2);
    Ok(RoomId::parse(room.context("a subject without a room")?)?)
}

/// What is said to a NATS server to get the snapshots of a room.
fn subscription(room: &RoomId) -> Vec<u8> {
    let options = r#"{"verbose":false,"pedantic":false,"headers":false,"name":"bench passage"}"#;
    let subject = subject::room_snapshot(room);
    format!("CONNECT {options}\r\nSUB {subject} 1\r\n").into_bytes()
}

/// What is said to a gateway to sign up and watch a room.
fn spectator(room: &RoomId) -> Result<Vec<u8>> {
    let hello = Hello {
        client: "bench".to_owned(),
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let frames = [
        frame::hello(PROTOCOL_VERSION, &hello),
        frame::from_client(&ClientMessage::SignUp {
            // Names are taken once.
            name: format!("bench-{:08x}", since.as_millis() as u32),
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

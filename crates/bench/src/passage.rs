//! What a gateway adds: from a snapshot's coming over NATS to its coming over
//! TCP, both to one process, which watches a room like anybody else.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bus::Bus;
use futures::StreamExt;
use protocol::account::Password;
use protocol::client::{ClientMessage, Hello};
use protocol::frame::{self, FrameKind};
use protocol::limits::PROTOCOL_VERSION;
use protocol::snapshot::{RelayedHeader, SnapshotHeader};
use protocol::{RoomId, Tick, subject};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

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
    let mut on_nats = bus.subscribe(subject::room_snapshot(&room)).await?;
    let mut on_tcp = watch(gateway, &room).await?;
    let mut is_watching = true;
    let mut ways = Times::new();
    let (mut seen, end) = (HashMap::new(), Instant::now() + length);
    while Instant::now() < end {
        tokio::select! {
            Some(message) = on_nats.next() => {
                if let Ok((header, _)) = SnapshotHeader::split(&message.payload) {
                    seen.insert(header.tick, Instant::now());
                }
            }
            frame = on_tcp.recv(), if is_watching => match frame {
                Some((came, frame)) => {
                    if let Some(at) = tick(&frame).and_then(|tick| seen.remove(&tick)) {
                        ways.add(came.saturating_duration_since(at));
                    }
                }
                None => is_watching = false,
            },
            () = tokio::time::sleep_until(end.into()) => {}
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

/// The tick of a snapshot; `None` for other frames.
fn tick(frame: &[u8]) -> Option<Tick> {
    let Ok((FrameKind::Snapshot, body)) = frame::split(frame) else {
        return None;
    };
    let (header, _body) = RelayedHeader::split(body).ok()?;
    Some(header.tick)
}

/// Signs up and watches a room: its frames, with the times at which they came.
async fn watch(gateway: &str, room: &RoomId) -> Result<UnboundedReceiver<(Instant, Vec<u8>)>> {
    let stream = TcpStream::connect(gateway).await?;
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
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
    let mut stream = Vec::new();
    for frame in frames {
        frame::append(&frame, &mut stream);
    }
    writer.write_all(&stream).await?;
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        // A closed way up would end the connection.
        let (_writer, mut reader) = (writer, BufReader::new(reader));
        while let Ok(length) = reader.read_u16().await {
            let mut frame = vec![0; usize::from(length)];
            let is_whole = reader.read_exact(&mut frame).await.is_ok();
            if !is_whole || sender.send((Instant::now(), frame)).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_snapshots_have_a_tick() {
        let header = SnapshotHeader {
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            owner: protocol::WorkerId::new(1),
            slot: protocol::beat::Slot::default(),
            epoch: protocol::Epoch::FIRST,
            tick: 77,
            acks: Default::default(),
        };
        let snapshot = frame::snapshot(&header.encode_into(Vec::new())).unwrap();
        assert_eq!(tick(&snapshot), Some(77));
        assert_eq!(tick(&snapshot[..3]), None);
        assert_eq!(tick(&frame::from_client(&ClientMessage::ListRooms)), None);
        assert_eq!(tick(&[]), None);
    }
}

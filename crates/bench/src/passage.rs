//! What a gateway adds: from a snapshot's coming over NATS to its coming over
//! TCP, both to one process, which watches a room like anybody else.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bus::Bus;
use futures::StreamExt;
use hdrhistogram::Histogram;
use protocol::Tick;
use protocol::account::Password;
use protocol::client::{ClientMessage, Hello};
use protocol::frame::{self, FrameKind};
use protocol::limits::PROTOCOL_VERSION;
use protocol::snapshot::{RelayedHeader, SnapshotHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::report::Quantiles;

/// All rooms.
const SNAPSHOTS: &str = "race.room.*.snapshot";
/// The first race may take so long to begin.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest way that is told apart, µs: ten seconds.
const MICROSECONDS_MAX: u64 = 10_000_000;

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
    let mut on_nats = bus.subscribe(format!("race.room.{room}.snapshot")).await?;
    let mut on_tcp = watch(gateway, &room).await?;
    let mut is_watching = true;
    let mut ways = Histogram::<u64>::new_with_max(MICROSECONDS_MAX, 3)?;
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
                        let way = came.saturating_duration_since(at);
                        ways.saturating_record(way.as_micros() as u64);
                    }
                }
                None => is_watching = false,
            },
            () = tokio::time::sleep_until(end.into()) => {}
        }
    }
    if ways.is_empty() {
        bail!("no snapshot of room {room} came through the gateway");
    }
    let quantile = |share| ways.value_at_quantile(share) as f64 / 1_000.0;
    Ok(Quantiles {
        p50: quantile(0.5),
        p99: quantile(0.99),
        p99_9: quantile(0.999),
        max: ways.max() as f64 / 1_000.0,
    })
}

/// The name of some room where somebody races.
async fn racing_room(bus: &Bus) -> Result<String> {
    let mut snapshots = bus.subscribe(SNAPSHOTS).await?;
    let first = tokio::time::timeout(PATIENCE, snapshots.next()).await;
    let first = first.ok().flatten().context("nobody races")?;
    let room = first.subject.split('.').nth(2);
    Ok(room.context("a subject without a room")?.to_owned())
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
async fn watch(gateway: &str, room: &str) -> Result<UnboundedReceiver<(Instant, Vec<u8>)>> {
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
            name: room.to_owned(),
        }),
    ];
    for frame in frames {
        writer.write_u16(u16::try_from(frame.len())?).await?;
        writer.write_all(&frame).await?;
    }
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

//! Raw NATS: the bytes of snapshots from one connection to another, each room
//! with a subject of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bus::Bus;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::{SNAPSHOTS_PER_SECOND, Traffic};
use crate::processor;
use crate::report::{Quantiles, Times};

/// Nobody of ours listens there.
const SUBJECT: &str = "bench.room";
/// The rooms take turns, so many between two snapshots.
const SLOTS: u32 = 16;
/// Messages under way at the end have so long to come.
const DRAIN: Duration = Duration::from_millis(500);

/// What NATS did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NatsFloor {
    /// Messages that were published, and came.
    pub published: u64,
    /// Those that came.
    pub delivered: u64,
    /// Bytes of each.
    pub bytes: usize,
    /// In what time.
    pub seconds: f64,
    /// Processor time of the nats-server.
    pub cpu_seconds: f64,
    /// From publish to delivery, ms.
    pub way_ms: Quantiles,
}

/// Publishes on a nats-server that has nothing else to do, whose process id is
/// given.
///
/// # Errors
/// When it cannot be reached.
pub async fn measure(
    url: &str,
    pid: &str,
    traffic: Traffic,
    length: Duration,
) -> Result<NatsFloor> {
    let publisher = Bus::connect(url, "bench publisher").await?;
    let subscriber = Bus::connect(url, "bench subscriber").await?;
    let start = Instant::now();
    let mut ways = Times::new();
    let mut messages = subscriber.subscribe(format!("{SUBJECT}.*")).await?;
    // Whatever is published from now on is after the subscription.
    tokio::time::sleep(DRAIN).await;
    let before = processor::used(pid).context("the nats-server has ended")?;
    let (begun, mut published) = (Instant::now(), 0_u64);
    let receiving = tokio::spawn(async move {
        let mut delivered = 0_u64;
        while let Ok(Some(message)) = tokio::time::timeout(DRAIN * 2, messages.next()).await {
            if let Some(sent) = message.payload.first_chunk::<8>() {
                let way = start
                    .elapsed()
                    .saturating_sub(Duration::from_nanos(u64::from_be_bytes(*sent)));
                ways.add(way);
                delivered += 1;
            }
        }
        (delivered, ways)
    });
    let slot = Duration::from_secs(1) / (SNAPSHOTS_PER_SECOND * SLOTS);
    for number in 0..length.as_secs() as u32 * SNAPSHOTS_PER_SECOND * SLOTS {
        tokio::time::sleep_until((begun + slot * number).into()).await;
        let turn = (number % SLOTS) as usize;
        for room in (turn..traffic.rooms).step_by(SLOTS as usize) {
            let mut payload = vec![0x55; traffic.payload_bytes];
            payload[..8].copy_from_slice(&(start.elapsed().as_nanos() as u64).to_be_bytes());
            published += u64::from(publisher.publish(format!("{SUBJECT}.{room}"), payload));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let used = processor::used(pid).context("the nats-server has ended")? - before;
    let (delivered, ways) = receiving.await?;
    let way_ms = ways.quantiles().context("nothing came through NATS")?;
    Ok(NatsFloor {
        published,
        delivered,
        bytes: traffic.payload_bytes,
        seconds,
        cpu_seconds: used.as_secs_f64(),
        way_ms,
    })
}

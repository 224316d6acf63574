//! Raw NATS: the bytes of snapshots from one connection to another, and those of
//! inputs back, each room with subjects of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bus::{Bus, Connection, Subscription, User};
use fleet::Fleet;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::{PHASES, SNAPSHOTS_PER_SECOND, Traffic};
use crate::processor;
use crate::times::{Quantiles, Times};

/// The subjects of rooms, which are checked against the rights of the two users as those
/// of a race are. No room is called as these, so that no program subscribes to them.
const ROOMS: &str = "race.room.bench_";
/// The last word of a room's snapshots.
const SNAPSHOT: &str = "snapshot";
/// The last word of a room's inputs.
const INPUTS: &str = "in";
/// How long messages in flight at the end may take to arrive.
const DRAIN: Duration = Duration::from_millis(500);
/// A message begins with the time at which it was published.
pub const TIME_BYTES: usize = size_of::<u64>();

/// What raw NATS costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NatsFloor {
    /// The scenario whose messages were sent.
    pub scenario: String,
    /// Messages that were published, both ways.
    pub published: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Bytes of a snapshot.
    pub snapshot_bytes: usize,
    /// Bytes of a room's inputs.
    pub inputs_bytes: usize,
    /// The time that this took.
    pub seconds: f64,
    /// Processor time of the nats-server.
    pub cpu_seconds: f64,
    /// From publishing to delivery.
    pub latency_ms: Quantiles,
}

impl NatsFloor {
    /// Processor time of the nats-server per second.
    #[must_use]
    pub fn cores(&self) -> f64 {
        self.cpu_seconds / self.seconds
    }
}

/// Publishes on the nats-server of the fleet, with the process id `pid` that has nothing else to do.
///
/// # Errors
/// When it cannot be reached.
pub async fn measure(
    fleet: &Fleet,
    pid: &str,
    scenario: String,
    traffic: Traffic,
    length: Duration,
) -> Result<NatsFloor> {
    // One connection each, like a race worker and a gateway.
    let worker = Bus::connect(connection(fleet, User::RaceWorker)).await?;
    let gateway = Bus::connect(connection(fleet, User::Gateway)).await?;
    let start = Instant::now();
    let snapshots = gateway.subscribe(format!("race.room.*.{SNAPSHOT}")).await?;
    let inputs = worker.subscribe(format!("race.room.*.{INPUTS}")).await?;
    // The subscriptions reach the server before the first message.
    tokio::time::sleep(DRAIN).await;
    let receiving = [snapshots, inputs].map(|messages| tokio::spawn(receive(messages, start)));
    let before = processor::used(pid).context("the nats-server has ended")?;
    let (begun, mut published) = (Instant::now(), 0_u64);
    let phase = Duration::from_secs(1) / (SNAPSHOTS_PER_SECOND * PHASES);
    let phases = length.as_secs() as u32 * SNAPSHOTS_PER_SECOND * PHASES;
    for number in 0..phases {
        tokio::time::sleep_until((begun + phase * number).into()).await;
        let first = (number % PHASES) as usize;
        for room in (first..traffic.rooms).step_by(PHASES as usize) {
            for (bus, subject, bytes) in [
                (&gateway, INPUTS, traffic.inputs_bytes),
                (&worker, SNAPSHOT, traffic.snapshot_bytes),
            ] {
                let mut payload = vec![0x55; bytes.max(TIME_BYTES)];
                let now = start.elapsed().as_nanos() as u64;
                payload[..TIME_BYTES].copy_from_slice(&now.to_be_bytes());
                let subject = format!("{ROOMS}{room}.{subject}");
                published += u64::from(bus.publish(subject, payload));
            }
        }
    }
    tokio::time::sleep_until((begun + phase * phases).into()).await;
    let seconds = begun.elapsed().as_secs_f64();
    let after = processor::used(pid).context("the nats-server has ended")?;
    let (mut delivered, mut latencies) = (0, Times::new());
    for received in receiving {
        let (count, times) = received.await?;
        delivered += count;
        latencies.join(&times);
    }
    let latency_ms = latencies.quantiles().context("nothing came through NATS")?;
    Ok(NatsFloor {
        scenario,
        published,
        delivered,
        snapshot_bytes: traffic.snapshot_bytes,
        inputs_bytes: traffic.inputs_bytes,
        seconds,
        cpu_seconds: after.saturating_sub(before).as_secs_f64(),
        latency_ms,
    })
}

/// How this process connects as a user of the fleet's NATS server.
pub(crate) fn connection(fleet: &Fleet, user: User) -> Connection {
    Connection {
        url: fleet.nats_url().to_owned(),
        name: format!("bench {user}"),
        user,
        seed: Some(fleet.nats_users().seed(user.name())),
        ca: None,
    }
}

/// Counts messages until none arrives for a while, and takes their latencies.
async fn receive(mut messages: Subscription, start: Instant) -> (u64, Times) {
    let (mut delivered, mut latencies) = (0, Times::new());
    while let Ok(Some(message)) = tokio::time::timeout(DRAIN * 2, messages.next()).await {
        if let Some(sent) = message.payload.first_chunk::<TIME_BYTES>() {
            let sent = Duration::from_nanos(u64::from_be_bytes(*sent));
            latencies.add(start.elapsed().saturating_sub(sent));
            delivered += 1;
        }
    }
    (delivered, latencies)
}

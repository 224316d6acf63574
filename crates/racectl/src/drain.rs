//! Draining a worker.

use std::time::Duration;

use anyhow::{Context, Result};
use bus::RequestError;
use protocol::room::{DrainRequest, Draining};
use protocol::{WorkerId, subject};

use crate::nats_options::NatsOptions;

/// Timeout of the reply: a worker replies at once, and hands over afterwards.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Asks a worker to hand its rooms over and end, as SIGTERM does.
///
/// # Errors
/// When there is no such worker, or NATS cannot be reached.
pub async fn drain(nats: &NatsOptions, worker: WorkerId) -> Result<()> {
    let bus = nats.connect().await?;
    let subject = subject::worker_drain(worker);
    let request = DrainRequest { worker };
    let reply: Result<Draining, _> = bus.request(subject, &request, ANSWER_TIMEOUT).await;
    let draining = match reply {
        Err(RequestError::NoResponders { .. }) => {
            anyhow::bail!("there is no race worker {worker}: `racectl rooms` lists the owners");
        }
        reply => reply.with_context(|| format!("race worker {worker} does not answer"))?,
    };
    println!("race worker {worker} hands {} rooms over", draining.rooms);
    Ok(())
}

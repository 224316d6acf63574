//! Setting the race worker up, and ending it.

use std::sync::Arc;

use bus::{Bus, Call};
use futures::StreamExt;
use protocol::checkpoint::Claimed;
use protocol::{Rejection, RejectionCode, WorkerId, subject};
use service::{BoxError, Context, Shutdown};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::endpoints::Worker;
use crate::limits::{DRAIN_TIMEOUT, LEAVE_TIMEOUT};
use crate::options::Options;

/// Runs the worker until shutdown.
///
/// # Errors
/// When the bus is missing.
pub async fn run(options: Options, mut context: Context) -> Result<(), BoxError> {
    let id = WorkerId::new(random_id());
    let bus = Bus::connect(&options.service.nats, &format!("race-worker-{id}")).await?;
    let worker = Arc::new(Worker {
        id,
        checkpoints: bus
            .bucket(subject::BUCKET_CHECKPOINTS, "who owns which room", None)
            .await?,
        rooms: bus.bucket(subject::BUCKET_ROOMS, "the lobby", None).await?,
        bus: bus.clone(),
        tasks: TaskTracker::new(),
        draining: Shutdown::default(),
        rooms_max: options.rooms_max,
        rooms_taken: 0.into(),
        tracks: Default::default(),
    });
    bus.ensure_persist_stream().await?;

    let mut ping = bus.subscribe(subject::worker_ping(id)).await?;
    let service = bus
        .service("race-worker", "runs rooms", subject::RACE_WORKERS)
        .await?;
    let mut create = service.endpoint(subject::RACE_CREATE).await?;
    let mut claim = service.endpoint(subject::RACE_CLAIM).await?;
    info!(worker = %id, "race worker");
    context.serving(&[])?;

    let calls = TaskTracker::new();
    loop {
        tokio::select! {
            () = context.shutdown.wait() => break,
            Some(call) = create.next() => {
                calls.spawn(serve_create(Arc::clone(&worker), call));
            }
            Some(call) = claim.next() => {
                calls.spawn(serve_claim(Arc::clone(&worker), call));
            }
            Some(message) = ping.next() => {
                if let Some(inbox) = message.reply {
                    bus.publish(inbox, "");
                }
            }
        }
    }

    // Out of the queue group first, so that no room comes back.
    context.health().set_ready(false);
    service.stop().await;
    let leftovers = async {
        while let Some(call) = create.next().await {
            calls.spawn(serve_create(Arc::clone(&worker), call));
        }
        while let Some(call) = claim.next().await {
            call.answer(&Err::<Claimed, _>(ending())).await;
        }
    };
    if tokio::time::timeout(LEAVE_TIMEOUT, leftovers)
        .await
        .is_err()
    {
        warn!("could not leave the queue group in time");
    }
    calls.close();
    calls.wait().await;
    worker.draining.trigger();
    worker.tasks.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, worker.tasks.wait())
        .await
        .is_err()
    {
        warn!("some rooms were not handed over");
    }
    bus.drain().await;
    Ok(())
}

async fn serve_create(worker: Arc<Worker>, call: Call) {
    let reply = match call.read() {
        Ok(request) => worker.create(request).await,
        Err(rejection) => Err(rejection),
    };
    call.answer(&reply).await;
}

async fn serve_claim(worker: Arc<Worker>, call: Call) {
    let reply = match call.read() {
        Ok(request) => worker.claim(request).await,
        Err(rejection) => Err(rejection),
    };
    call.answer(&reply).await;
}

fn ending() -> Rejection {
    Rejection::new(RejectionCode::Unavailable, "this worker is ending")
}

/// Worker ids need not be secret, only different.
fn random_id() -> u32 {
    let random = ulid::Ulid::generate().random();
    (random ^ (random >> 40)) as u32
}

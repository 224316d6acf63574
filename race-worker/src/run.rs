//! Setting the race worker up, and ending it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bus::{Bus, BusError, Call, Connection, Endpoint, Inbound, Service, Store, User, store};
use futures::StreamExt;
use protocol::checkpoint::Claimed;
use protocol::room::{DrainRequest, Draining};
use protocol::{Rejection, RejectionCode, Reply, WorkerId, subject};
use room::schedule::{ScheduleOptions, SharedSchedule};
use service::{BoxError, Context, Shutdown};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::admission::{Admission, OBSERVE_INTERVAL};
use crate::handover_limiter::HandoverLimiter;
use crate::limits::{DRAIN_TIMEOUT, LEAVE_TIMEOUT};
use crate::metrics;
use crate::options::Options;
use crate::worker::Worker;

/// What the worker writes to.
const STORES: [Store; 7] = [
    store::CHECKPOINTS,
    store::ROOMS,
    store::HELD_RESULTS,
    store::QUARANTINE,
    store::RESULTS,
    store::RECORDS,
    store::REPLAYS,
];

/// Runs the worker until shutdown.
///
/// # Errors
/// When the bus is missing.
pub async fn run(options: Options, mut context: Context) -> Result<(), BoxError> {
    let id = WorkerId::new(random_id());
    let bus = Bus::connect(Connection {
        url: options.service.nats.clone(),
        name: format!("race-worker-{id}"),
        user: User::RaceWorker,
        seed: options.service.nats_seed.clone(),
        ca: options.service.nats_ca.clone(),
    })
    .await?;
    let _keeper = bus.keep(&STORES).await?;
    let schedule = ScheduleOptions::from(options.schedule);
    metrics::schedule(schedule);
    let worker = Arc::new(Worker {
        id,
        checkpoints: bus.bucket(&store::CHECKPOINTS).await?,
        rooms: bus.bucket(&store::ROOMS).await?,
        results: bus.bucket(&store::HELD_RESULTS).await?,
        quarantine: bus.bucket(&store::QUARANTINE).await?,
        bus: bus.clone(),
        tasks: TaskTracker::new(),
        draining: Shutdown::default(),
        handover_limiter: HandoverLimiter::new(),
        ticks: 0.into(),
        late_ticks: 0.into(),
        timers: context.timers.clone(),
        schedule: SharedSchedule::new(Instant::now(), schedule),
        rooms_max: options.rooms_max,
        rooms_taken: 0.into(),
        seats: 0.into(),
        claims: Default::default(),
        timeouts: options.timeouts.into(),
        player_rows: Default::default(),
        tracks: Default::default(),
    });
    let needs = bus.clone();
    context.health().check(move || needs.problems());

    let mut ping = bus.subscribe(subject::worker_ping(id)).await?;
    let mut drain = bus.subscribe(subject::worker_drain(id)).await?;
    let service = bus
        .service("race-worker", "runs rooms", subject::RACE_WORKERS)
        .await?;
    let mut create = CreateEndpoint::open(&service).await?;
    let mut claim = service.endpoint(subject::RACE_CLAIM).await?;
    info!(worker = %id, "race worker");
    context.serving(&[])?;

    let sweeping = tokio::spawn(Arc::clone(&worker).adopt_orphans(context.shutdown.clone()));
    let writing = tokio::spawn(Arc::clone(&worker).write_player_rows(context.shutdown.clone()));
    let calls = TaskTracker::new();
    let mut observing = tokio::time::interval(OBSERVE_INTERVAL);
    loop {
        tokio::select! {
            () = context.shutdown.wait() => break,
            Some(call) = create.endpoint.next() => {
                calls.spawn(serve_create(Arc::clone(&worker), call));
            }
            Some(call) = claim.next() => {
                calls.spawn(serve_claim(Arc::clone(&worker), call));
            }
            Some(message) = ping.next() => {
                if let Some(reply_to) = message.reply {
                    bus.publish(reply_to, "");
                }
            }
            Some(message) = drain.next() => {
                if !asks_to_drain(&message, id) {
                    warn!("refused a request to drain that does not name this worker");
                    continue;
                }
                info!("asked to hand all rooms over and end");
                if let Some(reply_to) = message.reply {
                    let rooms = worker.rooms_taken.load(Ordering::Relaxed);
                    let reply: Reply<Draining> = Ok(Draining { rooms });
                    bus.publish_json(reply_to, &reply);
                }
                context.shutdown.trigger();
            }
            _ = observing.tick() => {
                let seats = worker.seats.load(Ordering::Relaxed);
                metrics::phases(worker.schedule.adapt(seats));
                create.regulate(&worker, &service).await?;
            }
        }
    }

    // Out of the queue group first, so that no room comes back.
    context.health().set_serving(false);
    service.stop().await;
    let leftovers = async {
        while let Some(call) = create.endpoint.next().await {
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
    if let Err(error) = sweeping.await {
        warn!(%error, "the sweep failed");
    }
    if let Err(error) = writing.await {
        warn!(%error, "writing the rows of players failed");
    }
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

/// Whether a message is a request to drain this worker, and no answer that JetStream was
/// made to send here.
fn asks_to_drain(message: &Inbound, id: WorkerId) -> bool {
    let request: Option<DrainRequest> = message.read();
    request.is_some_and(|request| request.worker == id)
}

/// `race.create`, which a worker with too many rooms stays away from.
struct CreateEndpoint {
    endpoint: Endpoint,
    is_open: bool,
    admission: Admission,
}

impl CreateEndpoint {
    async fn open(service: &Service) -> Result<Self, BusError> {
        metrics::admission(true);
        Ok(Self {
            endpoint: service.endpoint(subject::RACE_CREATE).await?,
            is_open: true,
            admission: Admission::new(Instant::now()),
        })
    }

    /// Opens or closes it by what the worker has to do.
    async fn regulate(&mut self, worker: &Worker, service: &Service) -> Result<(), BusError> {
        let now = Instant::now();
        let ticks = worker.ticks.swap(0, Ordering::Relaxed);
        let late = worker.late_ticks.swap(0, Ordering::Relaxed);
        self.admission.observe(ticks, late, now);
        let has_room = worker.rooms_taken.load(Ordering::Relaxed) < worker.rooms_max;
        match (self.is_open, self.admission.is_open(now) && has_room) {
            (true, false) => {
                warn!(has_room, "too much to do, taking no new rooms");
                self.endpoint.leave().await;
                self.is_open = false;
            }
            (false, true) => {
                info!("taking new rooms again");
                self.endpoint = service.endpoint(subject::RACE_CREATE).await?;
                self.is_open = true;
            }
            (true, true) | (false, false) => return Ok(()),
        }
        metrics::admission(self.is_open);
        Ok(())
    }
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

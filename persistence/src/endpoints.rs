//! The endpoints `account.*` and `result.replay`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Bus, BusError, Call, Endpoint, Service};
use protocol::account::{Account, Leaderboard, Profile, ProfileRequest};
use protocol::replay::ReplayPage;
use protocol::{Rejection, RejectionCode, Reply, subject};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::error::{StoreError, chain};
use crate::store::Store;
use crate::{PROGRAM, metrics, now};

/// Most calls in flight; more wait in NATS or go to another process. Most of them
/// wait for a hash; this many take about the timeout of a caller.
const CALLS_AT_ONCE: usize = 64;
/// How long calls in flight may take at shutdown: longer than the slowest
/// statement.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The running endpoints.
pub struct Endpoints {
    service: Service,
    tasks: TaskTracker,
}

#[derive(Clone, Copy)]
enum Operation {
    Signup,
    Login,
    Profile,
    Leaderboard,
    Replay,
}

impl Operation {
    const ALL: [Self; 5] = [
        Self::Signup,
        Self::Login,
        Self::Profile,
        Self::Leaderboard,
        Self::Replay,
    ];

    fn subject(self) -> &'static str {
        match self {
            Self::Signup => subject::ACCOUNT_SIGNUP,
            Self::Login => subject::ACCOUNT_LOGIN,
            Self::Profile => subject::ACCOUNT_PROFILE,
            Self::Leaderboard => subject::ACCOUNT_LEADERBOARD,
            Self::Replay => subject::RESULT_REPLAY,
        }
    }
}

impl Endpoints {
    /// Joins the queue group and serves calls until [`stop`](Self::stop).
    ///
    /// # Errors
    /// When the NATS server refuses.
    pub async fn start(bus: &Bus, store: &Store) -> Result<Self, BusError> {
        let service = bus
            .service(
                PROGRAM,
                "accounts, leaderboard and replays",
                subject::PERSISTENCE,
            )
            .await?;
        let tasks = TaskTracker::new();
        let permits = Arc::new(Semaphore::new(CALLS_AT_ONCE));
        for operation in Operation::ALL {
            let endpoint = service.endpoint(operation.subject()).await?;
            let calls = tasks.clone();
            tasks.spawn(serve(
                operation,
                endpoint,
                store.clone(),
                permits.clone(),
                calls,
            ));
        }
        Ok(Self { service, tasks })
    }

    /// Leaves the queue group and completes the calls in flight.
    pub async fn stop(self) {
        self.service.stop().await;
        self.tasks.close();
        if tokio::time::timeout(STOP_TIMEOUT, self.tasks.wait())
            .await
            .is_err()
        {
            warn!("calls did not end in time");
        }
    }
}

/// Serves each call in a task of its own while there are permits.
async fn serve(
    operation: Operation,
    mut endpoint: Endpoint,
    store: Store,
    permits: Arc<Semaphore>,
    calls: TaskTracker,
) {
    loop {
        let Some(call) = endpoint.next().await else {
            return;
        };
        let permit = permits
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let store = store.clone();
        calls.spawn(async move {
            handle(operation, &store, call).await;
            drop(permit);
        });
    }
}

async fn handle(operation: Operation, store: &Store, call: Call) {
    let started = Instant::now();
    match operation {
        Operation::Signup => {
            let reply = signup(store, &call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Login => {
            let reply = login(store, &call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Profile => {
            let reply = profile(store, &call).await;
            answer(operation, call, reply, started).await;
        }
        // The payload is ignored, so that it may be empty.
        Operation::Leaderboard => {
            let reply = leaderboard(store).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Replay => {
            let reply = replay(store, &call).await;
            answer(operation, call, reply, started).await;
        }
    }
}

async fn signup(store: &Store, call: &Call) -> Reply<Account> {
    store.signup(call.read()?, now()).await.map_err(refuse)
}

async fn login(store: &Store, call: &Call) -> Reply<Account> {
    store.login(call.read()?).await.map_err(refuse)
}

async fn profile(store: &Store, call: &Call) -> Reply<Profile> {
    let request: ProfileRequest = call.read()?;
    store.profile(&request.player).await.map_err(refuse)
}

async fn leaderboard(store: &Store) -> Reply<Leaderboard> {
    store.leaderboard().await.map_err(refuse)
}

async fn replay(store: &Store, call: &Call) -> Reply<ReplayPage> {
    store.replay(call.read()?).await.map_err(refuse)
}

/// Logs the cause, and returns the rejection that a player sees.
fn refuse(error: StoreError) -> Rejection {
    let cause = chain(&error);
    let rejection = Rejection::from(error);
    if rejection.code == RejectionCode::Unavailable {
        warn!(error = cause, "a call could not be answered");
        metrics::failed("call");
    }
    rejection
}

async fn answer<T: Serialize>(operation: Operation, call: Call, reply: Reply<T>, started: Instant) {
    let subject = operation.subject();
    let outcome = match &reply {
        Ok(_) => "ok",
        Err(rejection) if rejection.code == RejectionCode::Unavailable => "unavailable",
        Err(rejection) => {
            debug!(subject, %rejection, "refused");
            "refused"
        }
    };
    metrics::call(subject, outcome, started.elapsed());
    call.answer(&reply).await;
}

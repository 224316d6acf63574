//! The endpoints `account.*` and `result.replay`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Bus, BusError, Call, Endpoint, Service};
use protocol::account::{
    Account, LastRaceAnswer, LastRaceRequest, Leaderboard, LeaderboardRequest, Profile,
    ProfileRequest,
};
use protocol::replay::ReplayPage;
use protocol::{Rejection, RejectionCode, Reply, subject};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::conditions::{Conditions, Part};
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
    LastRace,
    Replay,
}

/// What calls are served from.
#[derive(Clone)]
struct Backend {
    store: Store,
    conditions: Conditions,
}

impl Operation {
    const ALL: [Self; 6] = [
        Self::Signup,
        Self::Login,
        Self::Profile,
        Self::Leaderboard,
        Self::LastRace,
        Self::Replay,
    ];

    fn subject(self) -> &'static str {
        match self {
            Self::Signup => subject::ACCOUNT_SIGNUP,
            Self::Login => subject::ACCOUNT_LOGIN,
            Self::Profile => subject::ACCOUNT_PROFILE,
            Self::Leaderboard => subject::ACCOUNT_LEADERBOARD,
            Self::LastRace => subject::ACCOUNT_LAST_RACE,
            Self::Replay => subject::RESULT_REPLAY,
        }
    }
}

impl Endpoints {
    /// Joins the queue group and serves calls until [`stop`](Self::stop).
    ///
    /// # Errors
    /// When the NATS server refuses.
    pub async fn start(
        bus: &Bus,
        store: &Store,
        conditions: &Conditions,
    ) -> Result<Self, BusError> {
        let backend = Backend {
            store: store.clone(),
            conditions: conditions.clone(),
        };
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
                backend.clone(),
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
    backend: Backend,
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
        let backend = backend.clone();
        calls.spawn(async move {
            handle(operation, &backend, call).await;
            drop(permit);
        });
    }
}

async fn handle(operation: Operation, backend: &Backend, call: Call) {
    let started = Instant::now();
    match operation {
        Operation::Signup => {
            let reply = backend.signup(&call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Login => {
            let reply = backend.login(&call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Profile => {
            let reply = backend.profile(&call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Leaderboard => {
            let reply = backend.leaderboard(&call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::LastRace => {
            let reply = backend.last_race(&call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Replay => {
            let reply = backend.replay(&call).await;
            answer(operation, call, reply, started).await;
        }
    }
}

impl Backend {
    async fn signup(&self, call: &Call) -> Reply<Account> {
        self.reply(self.store.signup(call.read()?, now()).await)
    }

    async fn login(&self, call: &Call) -> Reply<Account> {
        self.reply(self.store.login(call.read()?).await)
    }

    async fn profile(&self, call: &Call) -> Reply<Profile> {
        let request: ProfileRequest = call.read()?;
        self.reply(self.store.profile(&request.player).await)
    }

    async fn leaderboard(&self, call: &Call) -> Reply<Leaderboard> {
        let request = if call.payload().is_empty() {
            LeaderboardRequest::default()
        } else {
            call.read()?
        };
        self.reply(self.store.leaderboard(request).await)
    }

    async fn last_race(&self, call: &Call) -> Reply<LastRaceAnswer> {
        let request: LastRaceRequest = call.read()?;
        let last_race = self.reply(self.store.last_race(&request.player).await)?;
        Ok(LastRaceAnswer { last_race })
    }

    async fn replay(&self, call: &Call) -> Reply<ReplayPage> {
        self.reply(self.store.replay(call.read()?).await)
    }

    /// Reports a failure of the database, and turns an error into the rejection that a
    /// player sees.
    fn reply<T>(&self, outcome: Result<T, StoreError>) -> Reply<T> {
        outcome.map_err(|error| {
            let cause = chain(&error);
            let is_database = error.is_failure() || error.is_conflict();
            let rejection = Rejection::from(error);
            if rejection.code == RejectionCode::Unavailable {
                metrics::failed("call");
                if is_database {
                    self.conditions.database_failed(Part::Calls, &cause);
                } else {
                    warn!(error = cause, "a call could not be answered");
                }
            }
            rejection
        })
    }
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

//! The endpoints `account.*` and `result.replay`.
//!
//! Each call is read as soon as it comes and served in a task of its own, so that none
//! waits unseen in the client of NATS. What needs a password hash waits in the
//! [`hash_queue`](crate::hash_queue), which is bounded by itself; of the other calls a
//! number is served at once, and more are refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Bus, BusError, Call, Endpoint, Service};
use protocol::account::{
    Account, DeletedAccount, LastRaceAnswer, LastRaceRequest, Leaderboard, LeaderboardRequest,
    Profile, ProfileRequest,
};
use protocol::replay::ReplayPage;
use protocol::{Rejection, RejectionCode, Reply, subject};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::conditions::{Conditions, Part};
use crate::error::{StoreError, chain};
use crate::store::Store;
use crate::{PROGRAM, metrics, now};

/// Most calls in flight that read the database only. Each takes milliseconds, and ends
/// within seconds when the database does not answer.
const READS_AT_ONCE: usize = 256;
/// Most calls in flight about passwords: all that can wait for a hash, and as many that
/// write the database, which has taken seconds to answer then.
const ACCOUNT_CALLS_AT_ONCE: usize = 4096;
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
    ChangePassword,
    Delete,
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
    const ALL: [Self; 8] = [
        Self::Signup,
        Self::Login,
        Self::ChangePassword,
        Self::Delete,
        Self::Profile,
        Self::Leaderboard,
        Self::LastRace,
        Self::Replay,
    ];

    fn subject(self) -> &'static str {
        match self {
            Self::Signup => subject::ACCOUNT_SIGNUP,
            Self::Login => subject::ACCOUNT_LOGIN,
            Self::ChangePassword => subject::ACCOUNT_CHANGE_PASSWORD,
            Self::Delete => subject::ACCOUNT_DELETE,
            Self::Profile => subject::ACCOUNT_PROFILE,
            Self::Leaderboard => subject::ACCOUNT_LEADERBOARD,
            Self::LastRace => subject::ACCOUNT_LAST_RACE,
            Self::Replay => subject::RESULT_REPLAY,
        }
    }
}

/// What bounds the calls in flight.
#[derive(Clone)]
struct Permits {
    reads: Arc<Semaphore>,
    accounts: Arc<Semaphore>,
}

impl Permits {
    fn new() -> Self {
        Self {
            reads: Arc::new(Semaphore::new(READS_AT_ONCE)),
            accounts: Arc::new(Semaphore::new(ACCOUNT_CALLS_AT_ONCE)),
        }
    }

    fn take(&self, operation: Operation) -> Option<OwnedSemaphorePermit> {
        let permits = match operation {
            Operation::Signup
            | Operation::Login
            | Operation::ChangePassword
            | Operation::Delete => &self.accounts,
            Operation::Profile
            | Operation::Leaderboard
            | Operation::LastRace
            | Operation::Replay => &self.reads,
        };
        Arc::clone(permits).try_acquire_owned().ok()
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
        let permits = Permits::new();
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

/// Serves each call in a task of its own while there are permits, and refuses others.
async fn serve(
    operation: Operation,
    mut endpoint: Endpoint,
    backend: Backend,
    permits: Permits,
    calls: TaskTracker,
) {
    while let Some(call) = endpoint.next().await {
        let Some(permit) = permits.take(operation) else {
            let message = "all servers are busy, try again in a moment";
            let busy = Rejection::new(RejectionCode::Unavailable, message);
            answer::<()>(operation, call, Err(busy), Instant::now()).await;
            continue;
        };
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
        Operation::ChangePassword => {
            let reply = backend.change_password(&call).await;
            answer(operation, call, reply, started).await;
        }
        Operation::Delete => {
            let reply = backend.delete(&call).await;
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

    async fn change_password(&self, call: &Call) -> Reply<()> {
        self.reply(self.store.change_password(call.read()?).await)
    }

    async fn delete(&self, call: &Call) -> Reply<DeletedAccount> {
        self.reply(self.store.delete_account(call.read()?, now()).await)
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
            if error.is_overload() {
                // Counted by the queue of hashes.
                return Rejection::from(error);
            }
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

//! `/live`, `/ready` and `/metrics`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::shutdown::Shutdown;

/// Interval of the upkeep of the metrics: a busy program collects some hundred
/// kilobytes in it.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Interval in which a change of the readiness is noticed, for the log and the metrics:
/// `/ready` itself is derived when it is asked for.
const READINESS_INTERVAL: Duration = Duration::from_secs(1);

/// Says what is missing, a sentence for each; nothing when nothing is.
type Check = Box<dyn Fn() -> Vec<String> + Send + Sync>;

/// The readiness of a process: whether it serves, and what it lacks at the moment.
/// Clones share it.
#[derive(Clone, Default)]
pub struct Health(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_serving: AtomicBool,
    checks: Mutex<Vec<Check>>,
}

/// A condition of readiness that a part of a program fulfils or not. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Condition(Arc<Mutex<Option<String>>>);

impl Health {
    /// Sets whether the program serves: after its start, and until it ends.
    pub fn set_serving(&self, is_serving: bool) {
        self.0.is_serving.store(is_serving, Ordering::Relaxed);
    }

    /// Adds a check, which is made whenever the readiness is asked for.
    pub fn check(&self, check: impl Fn() -> Vec<String> + Send + Sync + 'static) {
        self.checks().push(Box::new(check));
    }

    /// Adds a condition, which is fulfilled until it fails. Its problems begin with
    /// `what`.
    #[must_use]
    pub fn condition(&self, what: &'static str) -> Condition {
        let condition = Condition::default();
        let checked = condition.clone();
        self.check(move || {
            let problem = checked.problem().clone();
            problem
                .map(|problem| format!("{what}: {problem}"))
                .into_iter()
                .collect()
        });
        condition
    }

    /// What is missing; empty when the program is ready.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        if !self.0.is_serving.load(Ordering::Relaxed) {
            return vec!["it is starting or ending".to_owned()];
        }
        self.checks().iter().flat_map(|check| check()).collect()
    }

    fn checks(&self) -> MutexGuard<'_, Vec<Check>> {
        let checks = self.0.checks.lock();
        checks.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Condition {
    /// Notes that it is fulfilled.
    pub fn ok(&self) {
        *self.problem() = None;
    }

    /// Notes what is wrong.
    pub fn fail(&self, problem: impl Into<String>) {
        *self.problem() = Some(problem.into());
    }

    fn problem(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds the address and serves until shutdown. Returns the bound address.
///
/// # Errors
/// When the address cannot be bound.
pub(crate) async fn serve(
    address: SocketAddr,
    health: Health,
    metrics: PrometheusHandle,
    shutdown: Shutdown,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    tokio::spawn(tidy_up(metrics.clone(), shutdown.clone()));
    tokio::spawn(report(health.clone(), shutdown.clone()));
    let bound = listener.local_addr()?;
    let router = Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready))
        .with_state(health)
        .route("/metrics", get(|| async move { metrics.render() }));
    tokio::spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(async move { shutdown.wait().await })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the health endpoint ended");
        }
    });
    Ok(bound)
}

/// Drains the recorded values into the histograms at intervals: each value is kept
/// until then, whether the metrics are scraped or not.
async fn tidy_up(metrics: PrometheusHandle, shutdown: Shutdown) {
    let mut due = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        tokio::select! {
            _ = due.tick() => metrics.run_upkeep(),
            () = shutdown.wait() => return,
        }
    }
}

/// Logs when the readiness changes, a line each.
async fn report(health: Health, shutdown: Shutdown) {
    let mut due = tokio::time::interval(READINESS_INTERVAL);
    let mut was_ready = true;
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = shutdown.wait() => return,
        }
        if !health.0.is_serving.load(Ordering::Relaxed) {
            continue;
        }
        let problems = health.problems();
        let is_ready = problems.is_empty();
        gauge!("ready").set(f64::from(u8::from(is_ready)));
        if is_ready != was_ready {
            was_ready = is_ready;
            if is_ready {
                info!("ready again");
            } else {
                warn!(problems = problems.join("; "), "not ready");
            }
        }
    }
}

async fn ready(State(health): State<Health>) -> (StatusCode, String) {
    let problems = health.problems();
    if problems.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let lines = problems.iter().map(|problem| format!("- {problem}\n"));
    let text = format!("not ready\n{}", lines.collect::<String>());
    (StatusCode::SERVICE_UNAVAILABLE, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_ready_while_it_serves_and_nothing_is_missing() {
        let health = Health::default();
        assert_eq!(health.problems(), ["it is starting or ending"]);
        health.set_serving(true);
        assert!(health.problems().is_empty());

        let database = health.condition("database");
        health.check(|| vec!["the stream CHAT is missing".to_owned()]);
        database.fail("it is read-only");
        let both = ["database: it is read-only", "the stream CHAT is missing"];
        assert_eq!(health.problems(), both);
        database.ok();
        assert_eq!(health.problems(), both[1..]);
    }
}

//! `/live`, `/ready` and `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;

/// Interval of the upkeep of the metrics: a busy program collects some hundred
/// kilobytes in it.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The readiness of a process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<AtomicBool>);

impl Health {
    /// Sets what `/ready` answers.
    pub fn set_ready(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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

async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

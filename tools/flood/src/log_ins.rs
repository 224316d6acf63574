//! People who log in: with their accounts and right passwords, each from the own address.
//!
//! Log-ins begin when they are due whatever became of earlier ones, and are timed from
//! then until the welcome, over all refusals: no waiting time is omitted.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use client_core::Security;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::account::{self, RETRY_DELAY, Refusal, enter, log_in};
use crate::quantile::Quantiles;
use crate::time::{Window, unix_ms};
use crate::wire::{self, Route};

/// Accounts that log in in turns: each has eight seconds until its next turn, and a gateway
/// lets a player log in once in six.
const PEOPLE: usize = 40;
/// Between two log-ins: some a second, far from what a server can check.
const INTERVAL: Duration = Duration::from_millis(200);
/// A person has given up by then.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest wait for the log-ins of a window, and for the end of a flood's effects.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(90);
/// A log-in of this length is as without a flood.
const RECOVERED_MS: f64 = 500.0;

/// The log-ins of a run. Dropping it ends them.
#[derive(Debug)]
pub struct LogIns {
    attempts: Shared,
    _running: JoinSet<()>,
}

/// A log-in.
#[derive(Clone, Debug)]
struct Attempt {
    due_unix_ms: u64,
    /// How long it took, ms; `None` while it is under way.
    took_ms: Option<f64>,
    /// Why it was refused, perhaps more than once.
    refusals: Vec<String>,
}

/// What people saw in a part of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LogInsSeen {
    /// How long log-ins took, over all refusals.
    pub times: Quantiles,
    /// Refusals on the way, by code.
    pub refusals: BTreeMap<String, u64>,
}

type Shared = Arc<Mutex<Vec<Attempt>>>;

impl LogIns {
    /// The names of the accounts.
    #[must_use]
    pub fn names() -> Vec<String> {
        (0..PEOPLE)
            .map(|number| format!("person-{number}"))
            .collect()
    }

    /// Makes the accounts and begins.
    ///
    /// # Errors
    /// When an account cannot be made.
    pub async fn start(gateway: SocketAddr, security: &Security) -> Result<Self> {
        let mut people = Vec::new();
        for (number, name) in Self::names().into_iter().enumerate() {
            let route = Route {
                from: Ipv4Addr::new(127, 0, 1, 1 + number as u8),
                to: gateway,
                has_small_buffer: false,
                security: security.clone(),
            };
            enter(&route, &name).await?;
            people.push((route, name));
        }
        let attempts = Shared::default();
        let mut running = JoinSet::new();
        running.spawn(run(people, Arc::clone(&attempts)));
        Ok(Self {
            attempts,
            _running: running,
        })
    }

    /// Waits until log-ins are as short as without a flood. Returns how long that took, if
    /// it was not in vain.
    pub async fn recovered(&self) -> Option<Duration> {
        let (begun, begun_unix_ms) = (Instant::now(), unix_ms());
        let recovering = async {
            loop {
                sleep(INTERVAL).await;
                let attempts = lock(&self.attempts);
                let is_under_way = attempts
                    .iter()
                    .any(|it| it.due_unix_ms < begun_unix_ms && it.took_ms.is_none());
                let is_short = attempts.iter().rev().any(|it| {
                    it.due_unix_ms >= begun_unix_ms
                        && it.took_ms.is_some_and(|took| took <= RECOVERED_MS)
                });
                if is_short && !is_under_way {
                    return begun.elapsed();
                }
            }
        };
        timeout(RECOVERY_TIMEOUT, recovering).await.ok()
    }

    /// What people saw whose log-ins were due in that part of the run.
    #[must_use]
    pub fn seen(&self, window: Window) -> LogInsSeen {
        let attempts = lock(&self.attempts);
        let due = attempts.iter().filter(|it| window.contains(it.due_unix_ms));
        let mut seen = LogInsSeen::default();
        let mut times = Vec::new();
        for attempt in due {
            let patience_ms = PATIENCE.as_secs_f64() * 1_000.0;
            times.push((attempt.took_ms.unwrap_or(patience_ms), 1));
            for code in &attempt.refusals {
                *seen.refusals.entry(code.clone()).or_default() += 1;
            }
        }
        seen.times = Quantiles::new(times);
        seen
    }
}

async fn run(people: Vec<(Route, String)>, attempts: Shared) {
    let mut under_way = JoinSet::new();
    let mut due = interval(INTERVAL);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for (route, name) in people.iter().cycle() {
        let begun = due.tick().await;
        let late_ms = begun.elapsed().as_millis() as u64;
        let number = {
            let mut attempts = lock(&attempts);
            attempts.push(Attempt {
                due_unix_ms: unix_ms().saturating_sub(late_ms),
                took_ms: None,
                refusals: Vec::new(),
            });
            attempts.len() - 1
        };
        under_way.spawn(attempt(
            route.clone(),
            name.clone(),
            begun,
            number,
            Arc::clone(&attempts),
        ));
        while under_way.try_join_next().is_some() {}
    }
}

async fn attempt(route: Route, name: String, begun: Instant, number: usize, attempts: Shared) {
    let message = log_in(&name);
    let welcomed = async {
        while let Err(refusal) = account::open(&route, &message).await {
            let code = match refusal {
                Refusal::Rejected(code) => wire::name(&code),
                Refusal::Goodbye(code) => wire::name(&code),
                Refusal::Lost => "lost".to_owned(),
            };
            lock(&attempts)[number].refusals.push(code);
            sleep(RETRY_DELAY).await;
        }
    };
    // A person who has given up has waited for so long.
    let _ = timeout(PATIENCE, welcomed).await;
    lock(&attempts)[number].took_ms = Some(begun.elapsed().as_secs_f64() * 1_000.0);
}

fn lock(attempts: &Shared) -> MutexGuard<'_, Vec<Attempt>> {
    attempts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_that_has_not_ended_is_a_long_one() {
        let attempt = |due_unix_ms, took_ms, refusals: &[&str]| Attempt {
            due_unix_ms,
            took_ms,
            refusals: refusals.iter().map(|&code| code.to_owned()).collect(),
        };
        let attempts = vec![
            attempt(900, Some(1.0), &["lost"]),
            attempt(1_000, Some(20.0), &["too_fast", "too_fast"]),
            attempt(1_100, None, &[]),
            attempt(2_000, Some(3.0), &[]),
        ];
        let log_ins = LogIns {
            attempts: Arc::new(Mutex::new(attempts)),
            _running: JoinSet::new(),
        };
        let seen = log_ins.seen(Window {
            from_unix_ms: 1_000,
            to_unix_ms: 2_000,
        });
        assert_eq!((seen.times.count, seen.times.p50_ms), (2, 20.0));
        assert_eq!(seen.times.max_ms, 30_000.0);
        assert_eq!(seen.refusals, BTreeMap::from([("too_fast".to_owned(), 2)]));
    }
}

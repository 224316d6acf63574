//! Connections that are logged in and do nothing but stay open.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use client_core::Security;
use protocol::client::ClientMessage;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

use super::attacker::Attacker;
use super::sessions;
use super::tally::Shared;
use crate::options::AttackOptions;
use crate::wire::Wire;

/// Between two pings, as of every client.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// Connections that are made at once.
const ENTERING_MAX: usize = 64;
/// Files of the process that are no connections.
const OTHER_FILES: u64 = 64;

/// Makes the connections.
///
/// # Errors
/// When there cannot be so many, or one cannot resume.
pub(super) async fn enter(
    options: &Arc<AttackOptions>,
    security: &Security,
    tally: &Shared,
) -> Result<JoinSet<()>> {
    allow_files(u64::from(options.attackers) + OTHER_FILES)?;
    let (mut entering, mut idle) = (JoinSet::new(), JoinSet::new());
    let tokens = sessions::begin(options).await?;
    for (number, token) in (0..).zip(tokens) {
        if entering.len() >= ENTERING_MAX
            && let Some(entered) = entering.join_next().await
        {
            idle.spawn(stay(entered??, tally.clone()));
        }
        let (options, security) = (Arc::clone(options), security.clone());
        let mut attacker = Attacker::with_token(number, options, security, token);
        entering.spawn(async move { attacker.enter().await });
    }
    while let Some(entered) = entering.join_next().await {
        idle.spawn(stay(entered??, tally.clone()));
    }
    tally.lock().connections = idle.len() as u64;
    Ok(idle)
}

/// Pings until the connection ends, which is noted as a loss.
async fn stay(mut wire: Wire, tally: Shared) {
    let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    let ping = ClientMessage::Ping { nonce: 0 };
    loop {
        let is_open = tokio::select! {
            _ = pings.tick() => wire.say(&ping).await.is_ok(),
            received = wire.receive() => received.is_ok(),
        };
        if !is_open {
            tally.lock().lost += 1;
            return;
        }
    }
}

/// Raises the limit of open files, if that is needed.
fn allow_files(files: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < files) {
        bail!(
            "{files} open files are needed, and this system allows {:?}",
            limit.maximum
        );
    }
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")
}

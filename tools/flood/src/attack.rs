//! The attacking process.
//!
//! It makes the accounts of its attackers, says `ready`, waits for a line on standard
//! input, attacks, and prints what became of that as a line of JSON. It ends with its
//! standard input: no flood outlives the program that measures it.

mod attacker;
mod floods;
mod idle;
mod sessions;
mod stalled;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use client_core::Security;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::attacker::Attacker;
use self::stalled::Watching;
use self::tally::Shared;
pub use self::tally::{Ending, Tally};
use crate::gateway::processor_seconds;
use crate::kind::FloodKind;
use crate::options::AttackOptions;

/// How much lower the priority of attackers is: what they take from the servers on the
/// same machine is bounded, since real attackers take nothing from them.
const NICENESS: i32 = 5;
/// Accounts that are made at once: a server computes some password hashes a second, and
/// this is not the flood yet.
const ENTERING_MAX: usize = 4;
/// The line that says that the attackers are logged in.
pub const READY: &str = "ready";

/// Attackers that are ready.
enum Prepared {
    Flood(Vec<Attacker>),
    Stalled(Watching),
    Idle(JoinSet<()>),
}

/// Attacks as the options say.
///
/// # Errors
/// When the attackers cannot log in before they attack, or the measuring program ends.
pub async fn run(options: &AttackOptions) -> Result<()> {
    rustix::process::nice(NICENESS)?;
    let begin = Notify::new();
    tokio::select! {
        done = attack(options, &begin) => done,
        ended = follow_input(&begin) => ended,
    }
}

/// Passes on the line that begins the attack, until standard input ends. A thread reads it:
/// one of the runtime would keep the process from ending before its input.
async fn follow_input(begin: &Notify) -> Result<()> {
    let (sender, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(std::io::Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while lines.recv().await.is_some() {
        begin.notify_one();
    }
    bail!("the measuring program has ended")
}

async fn attack(options: &AttackOptions, begin: &Notify) -> Result<()> {
    let options = Arc::new(options.clone());
    let security = options.tls.security()?;
    let tally = Shared::default();
    let prepared = match options.kind {
        FloodKind::Stalled => {
            let attackers = prepare(&options, &security).await?;
            Prepared::Stalled(Watching::enter(&options, &security, attackers).await?)
        }
        FloodKind::Idle => Prepared::Idle(idle::enter(&options, &security, &tally).await?),
        FloodKind::Control
        | FloodKind::Strangers
        | FloodKind::Lists
        | FloodKind::SignUps
        | FloodKind::Guesses
        | FloodKind::Reconnects
        | FloodKind::Chat => Prepared::Flood(prepare(&options, &security).await?),
    };
    println!("{READY}");
    begin.notified().await;
    let used = || processor_seconds(std::process::id()).unwrap_or(0.0);
    let before = used();
    let length = Duration::from_secs(options.seconds);
    match prepared {
        Prepared::Stalled(watching) => watching.stall(&tally).await,
        // One that ends earlier was closed by the gateway.
        Prepared::Idle(connections) => drop(timeout(length, connections.join_all()).await),
        Prepared::Flood(attackers) => {
            let mut attacks = JoinSet::new();
            for attacker in attackers {
                attacks.spawn(floods::attack(attacker, tally.clone()));
            }
            // No attack ends by itself.
            drop(timeout(length, attacks.join_all()).await);
        }
    }
    tally.lock().processor_ms = ((used() - before) * 1_000.0) as u64;
    println!("{}", serde_json::to_string(&*tally.lock())?);
    Ok(())
}

/// Makes the attackers, with accounts if they need some.
async fn prepare(options: &Arc<AttackOptions>, security: &Security) -> Result<Vec<Attacker>> {
    let mut attackers = Vec::new();
    let mut entering = JoinSet::new();
    for number in 0..options.attackers {
        if entering.len() >= ENTERING_MAX
            && let Some(entered) = entering.join_next().await
        {
            attackers.push(entered??);
        }
        entering.spawn(Attacker::prepare(
            number,
            Arc::clone(options),
            security.clone(),
        ));
    }
    while let Some(entered) = entering.join_next().await {
        attackers.push(entered??);
    }
    Ok(attackers)
}

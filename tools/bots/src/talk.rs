//! Bots that chat while they race: whether each line that a gateway confirmed reached
//! everyone who was in the chat, once.
//!
//! [`ledger`] keeps who said and received what, without I/O; [`talker`] is one bot's
//! connection to the chat. Where [`chat`](crate::chat) measures times and ends when a
//! user leaves, these bots come back whatever the servers do.

mod ledger;
mod talker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use client_core::{GatewayAddress, Security};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::ledger::{DELIVERY_MAX, Ledger};
use self::talker::Talker;

/// Concurrent log-ins: each costs a password hash.
const LOGGING_IN_MAX: usize = 32;
/// Longest wait until all bots are in the chat.
const LOG_IN_TIMEOUT: Duration = Duration::from_secs(120);
/// Between two looks at the number of bots in the chat.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Lines that a bot may be asked for before it has said one: more are left out.
const TURNS_MAX: usize = 2;

/// Bots in the chat. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Talk {
    ledger: Shared,
    talkers: JoinSet<()>,
    turns: Vec<mpsc::Sender<()>>,
    /// Asks the bots in turn for lines.
    pacer: JoinSet<()>,
}

/// The ledger that all talkers of a process write to.
#[derive(Clone, Debug)]
struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    /// Has bots with these accounts enter the chat.
    ///
    /// # Errors
    /// When not all of them get into it.
    pub(crate) async fn start(
        gateways: &[GatewayAddress],
        security: &Security,
        names: &[String],
    ) -> Result<Self> {
        let mut talk = Self {
            ledger: Shared(Arc::new(Mutex::new(Ledger::new(names.len())))),
            talkers: JoinSet::new(),
            turns: Vec::new(),
            pacer: JoinSet::new(),
        };
        let begun = Instant::now();
        for (number, name) in names.iter().enumerate() {
            let first = number % gateways.len();
            let mut gateways = gateways.to_vec();
            gateways.rotate_left(first);
            let (turn, turns) = mpsc::channel(TURNS_MAX);
            talk.turns.push(turn);
            let talker = Talker::new(number, name, gateways, security, talk.ledger.clone());
            talk.talkers.spawn(talker.run(turns));
            talk.await_entries(LOGGING_IN_MAX, begun).await?;
        }
        talk.await_entries(0, begun).await?;
        Ok(talk)
    }

    /// Waits until all but `others_max` bots are in the chat.
    async fn await_entries(&self, others_max: usize, begun: Instant) -> Result<()> {
        loop {
            let present = self.ledger.lock().present();
            if self.turns.len().saturating_sub(present) <= others_max {
                return Ok(());
            }
            if begun.elapsed() > LOG_IN_TIMEOUT {
                let all = self.turns.len();
                bail!("only {present} of {all} bots are in the chat after {LOG_IN_TIMEOUT:?}");
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Has the bots say `rate` lines a second, until [`Talk::finish`].
    pub(crate) fn begin(&mut self, rate: u32) {
        let turns = self.turns.clone();
        self.pacer.spawn(async move {
            let mut due = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
            for turn in turns.iter().cycle() {
                due.tick().await;
                // A bot that is not in the chat has turns enough.
                let _ = turn.try_send(());
            }
        });
    }

    /// Ends the talk and waits for the last lines. Returns the report.
    pub(crate) async fn finish(mut self) -> Value {
        self.pacer.shutdown().await;
        tokio::time::sleep(DELIVERY_MAX).await;
        self.talkers.shutdown().await;
        let ledger = self.ledger.lock();
        let summary = ledger.summary();
        json!({
            "bots": self.turns.len(),
            "said": summary.said,
            "acknowledged": summary.acknowledged,
            "deliveries": summary.deliveries,
            "lost": summary.lost,
            "doubled": summary.doubled,
            "examples": summary.examples,
            "rejected": ledger.rejected,
            "returns": ledger.returns(),
        })
    }
}

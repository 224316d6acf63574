//! Floods a gateway and reports what the players who do no harm saw of it.
//!
//! `flood measure` starts a set of servers of its own, has `bots load` race on them, logs
//! in and chats beside them, and measures all of that before and during each flood, with
//! the memory and processor time of the gateway. `flood attack` is the other end: a
//! process of its own, at a lower priority, so that its hunger for processor time is not
//! measured as the servers' fault.
//!
//! - [`kind`]: the floods. [`attack`]: what attackers do, and [`attackers`]: their process.
//! - [`players`]: the bots. [`log_ins`], [`talk`]: people who log in and who chat.
//! - [`gateway`]: what the gateway uses and counts.
//! - [`intervals`], [`quantile`], [`verdict`], [`report`]: what it comes to. Pure.
//! - [`wire`]: raw frames over TCP, from any local address. [`account`]: the log-in.
//!
//! Addresses: the gateway has its usual limits. People come each from an address of its own
//! in 127.0.1.0/24, attackers from as many as the flood has in 127.1.0.0/16, their accounts
//! are made each from an address of its own in 127.2.0.0/16, bots come sixteen to an
//! address from 127.3.0.0/16, and witnesses each from an address of its own in
//! 127.4.0.0/16. So what a gateway does about an address never meets a player by chance.
//!
//! Invariant: it floods only servers that it has started itself.

pub mod account;
pub mod attack;
pub mod attackers;
pub mod gateway;
pub mod intervals;
pub mod kind;
pub mod log_ins;
pub mod options;
pub mod players;
pub mod quantile;
pub mod report;
mod run;
pub mod talk;
pub mod time;
pub mod verdict;
pub mod wire;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

use self::options::Command;
pub use self::options::Options;

/// Does what the command line asks, until it is done or interrupted. Either way no
/// process is left. Returns whether no bound was exceeded.
///
/// # Errors
/// When a process cannot be started or the bots fail, with the reason for a person.
pub fn run(options: &Options) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            done = execute(options) => done,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                bail!("interrupted");
            }
            _ = terminated.recv() => bail!("terminated"),
        }
    })
}

async fn execute(options: &Options) -> Result<bool> {
    match &options.command {
        Command::Measure(options) => run::run(options).await,
        Command::Attack(options) => attack::run(options).await.map(|()| true),
    }
}

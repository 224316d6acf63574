//! Injects faults into a running Slipstream and reports what its players saw.
//!
//! It starts a set of servers of its own, has `bots load` race on them, and at
//! random times from a seed kills or stops one of the processes and starts it
//! again. The bots say when which snapshot came; this program knows when it did
//! what. Putting the two together is its work.
//!
//! - [`plan`]: which [`fault`] is injected when, from a seed. Pure.
//! - [`samples`], [`report`]: what the bots saw, by the fault it came from. Pure.
//! - [`load`]: the bots. [`results`]: what the database has. The servers are a
//!   [`fleet`].
//!
//! It is a program of its own and no part of `bots`: a bot knows only what a
//! person's client knows, and nobody's client kills servers. It shares no code
//! with the servers; it starts them as an operator does.
//!
//! Invariant: it touches only processes that it has started itself.

pub mod fault;
pub mod load;
pub mod options;
pub mod plan;
pub mod report;
pub mod results;
mod run;
pub mod samples;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

pub use self::options::Options;

/// Does what the command line asks, until that is done or somebody ends it.
/// Either way no process is left.
///
/// # Errors
/// When a process cannot be started or the bots fail, with the reason for a
/// person.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            done = run::run(options) => done,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                bail!("interrupted");
            }
            _ = terminated.recv() => bail!("terminated"),
        }
    })
}

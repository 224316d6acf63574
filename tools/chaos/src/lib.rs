//! Injects faults into a running Slipstream and reports what its players saw.
//!
//! It starts a set of servers of its own, has `bots load` race on them, and at
//! random times from a seed kills or stops one of the processes and restarts or
//! resumes it. The bots record when snapshots came, this program when it injected
//! faults; its report combines the two.
//!
//! - [`plan`]: which [`fault`] is injected when, from a seed. Pure.
//! - [`samples`], [`report`]: what the bots saw, by the fault that caused it. Pure.
//! - [`load`]: the bots. [`results`]: the results in the database. The servers are a
//!   [`fleet`].
//!
//! It is a program of its own and no part of `bots`: a bot knows only what a
//! person's client knows, and no client kills servers. It shares no code with the
//! servers; it starts them as an operator does.
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

/// Does what the command line asks, until it is done or interrupted. Either way no
/// process is left.
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

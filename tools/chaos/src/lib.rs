//! Injects faults into a running Slipstream and reports what its players saw.
//!
//! It starts a set of servers of its own, has `bots load` race and chat on them, and at
//! random times from a seed injects a fault and ends it: a process is killed, stopped or
//! cut off from NATS, a disk is full, NATS comes back empty, the database server is
//! killed. The bots record when snapshots came, this program when it injected faults;
//! its report combines the two, and says what was lost, doubled or left behind.
//!
//! - [`plan`]: which [`fault`] is injected when, from a seed. Pure.
//! - [`samples`], [`report`]: what the bots saw, by the fault that caused it. Pure.
//! - [`load`]: the bots. [`results`]: the results in the database. [`leftovers`]: what
//!   remains of what is gone. The servers are a [`fleet`].
//! - [`targets`]: what faults happen to. [`disk`], [`cut`] and [`database`] are the
//!   targets that are not processes of the fleet.
//!
//! It is a program of its own and no part of `bots`: a bot knows only what a
//! person's client knows, and no client kills servers. It shares no code with the
//! servers; it starts them as an operator does.
//!
//! Invariant: it touches only processes, disks, containers and packets of what it has
//! started itself.

pub mod cut;
pub mod database;
pub mod disk;
pub mod fault;
pub mod leftovers;
pub mod load;
pub mod options;
pub mod plan;
pub mod report;
pub mod results;
mod run;
pub mod samples;
mod targets;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

pub use self::options::Options;

/// Does what the command line asks, until it is done or interrupted. Either way no
/// process is left. Returns whether the servers kept all that they promise.
///
/// # Errors
/// When a process cannot be started or the bots fail, with the reason for a
/// person.
pub fn run(options: &Options) -> Result<bool> {
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

//! Measures Slipstream on this machine: the standard scenarios, and what the
//! machine can do at best.
//!
//! It starts servers of its own, has `bots` load them in one scenario after the
//! other, and measures in the same run what raw NATS and raw TCP cost for the
//! same messages: [`floor`]. Spectators of its own measure what a gateway adds:
//! [`relay_delay`].
//!
//! A [`report`] becomes [`results`], the rows of a CSV file; from these the
//! [`table`], the [`charts`] and the [`page`] of the documentation are made.
//!
//! It is a program of its own and no part of `bots`: a bot knows only what a
//! person's client knows, and no client starts servers.

pub mod baseline;
pub mod charts;
pub mod floor;
pub mod machine;
pub mod options;
pub mod page;
pub mod processor;
pub mod relay_delay;
pub mod report;
pub mod results;
mod run;
pub mod scenario;
pub mod table;
pub mod times;
pub mod tools;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

use self::options::Command;
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
        let work = async {
            match &options.command {
                Command::Run(options) => run::run(options).await,
                Command::Report { docs } => page::rewrite(docs),
                Command::TcpWriter(options) => floor::tcp::write(options).await,
            }
        };
        tokio::select! {
            done = work => done,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                bail!("interrupted");
            }
            _ = terminated.recv() => bail!("terminated"),
        }
    })
}

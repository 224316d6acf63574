//! AI drivers that play like anybody else: over TCP, through a gateway.
//!
//! [`driver`] is one player: a `client_core` session whose hands are the
//! simulation's AI; a [`watcher`] learns what it learns. [`race`] fills a room with them and reports how it ended;
//! [`load`] fills many and reports how the servers bear it.
//!
//! Invariant: a bot knows only what a person's client knows.

mod account;
pub mod driver;
pub mod load;
pub mod options;
mod progress;
pub mod race;
pub mod watcher;

use self::options::Command;
pub use self::options::Options;

/// Does what the command line asks.
///
/// # Errors
/// When the race cannot be run, with the reason for a person.
pub fn run(options: Options) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match options.command {
        Command::Race(options) => runtime.enable_all().build()?.block_on(race::run(&options)),
        Command::Load(options) => {
            let threads = usize::from(options.threads);
            let runtime = runtime.worker_threads(threads).enable_all().build()?;
            runtime.block_on(load::run(&options))
        }
    }
}

//! AI drivers that play like any player: over TCP, through a gateway.
//!
//! [`driver`] is one player: a `client_core` session that the simulation's AI
//! drives; [`hooks`] observe it. [`race`] fills a room with bots and reports the
//! result. [`load`] fills many rooms and measures the servers; [`chat`] and
//! [`connect`] measure chat messages and log-ins. With [`talk`] the bots of a load
//! chat while they race.
//!
//! Invariant: a bot knows only what a person's client knows.

mod account;
pub mod chat;
pub mod connect;
pub mod driver;
pub mod hooks;
pub mod load;
mod measure;
pub mod options;
pub mod process;
mod progress;
pub mod race;
mod reach;
mod talk;

use self::options::Command;
pub use self::options::Options;

/// Threads for the bots of one room: an AI driver needs a few µs per frame.
const RACE_THREADS: u8 = 2;

/// Does what the command line asks.
///
/// # Errors
/// When the race cannot be run, with the reason for a person.
pub fn run(options: Options) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    match options.command {
        Command::Race(options) => runtime(RACE_THREADS)?.block_on(race::run(&options)),
        Command::Load(options) => runtime(options.threads)?.block_on(load::run(&options)),
        Command::Chat(options) => runtime(options.threads)?.block_on(chat::run(&options)),
        Command::Connect(options) => runtime(1)?.block_on(connect::run(&options)),
    }
}

fn runtime(threads: u8) -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.into())
        .enable_all()
        .build()
}

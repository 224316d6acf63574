//! AI drivers that play like anybody else: over TCP, through a gateway.
//!
//! [`driver`] is one player: a `client_core` session whose hands are the
//! simulation's AI; a [`watcher`] learns what it learns. [`race`] fills a room with them and reports how it ended;
//! [`load`] fills many and reports how the servers bear it; [`chat`] and
//! [`connect`] do so for words and for people that come in.
//!
//! Invariant: a bot knows only what a person's client knows.

mod account;
pub mod chat;
pub mod connect;
pub mod driver;
pub mod load;
mod measure;
pub mod options;
pub mod process;
mod progress;
pub mod race;
mod reach;
pub mod watcher;

use self::options::Command;
pub use self::options::Options;

/// Threads for the bots of one room: an AI takes a few µs of a frame.
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

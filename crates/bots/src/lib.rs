//! AI drivers that play like anybody else: over TCP, through a gateway.
//!
//! [`driver`] is one player: a `client_core` session whose hands are the
//! simulation's AI. [`race`] fills a room with them and reports how it ended.
//!
//! Invariant: a bot knows only what a person's client knows.

pub mod driver;
pub mod options;
pub mod race;

pub use options::Options;

/// Does what the command line asks.
///
/// # Errors
/// When the race cannot be run, with the reason for a person.
pub fn run(options: Options) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let runtime = tokio::runtime::Runtime::new()?;
    match options.command {
        options::Command::Race(options) => runtime.block_on(race::run(&options)),
    }
}

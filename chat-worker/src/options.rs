//! The chat worker's command line.

use clap::Parser;
use service::ServiceOptions;

/// Slipstream's chat worker: checks and orders what is said
#[derive(Clone, Debug, Parser)]
#[command(name = "chat-worker", version)]
pub struct Options {
    /// Options that every server program has.
    #[command(flatten)]
    pub service: ServiceOptions,
}

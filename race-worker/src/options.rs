//! The race worker's command line.

use clap::Parser;
use service::ServiceOptions;

/// Slipstream's race worker: runs rooms
#[derive(Clone, Debug, Parser)]
#[command(name = "race-worker", version)]
pub struct Options {
    /// Most rooms that this worker takes, 1 to 10000
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_ROOMS_MAX",
        default_value_t = 500,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub rooms_max: u32,

    /// What every program has.
    #[command(flatten)]
    pub service: ServiceOptions,
}

//! The gateway's command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use service::ServiceOptions;

use crate::limiter::LimitOptions;
use crate::proxy_header::ProxyOptions;

/// Slipstream's gateway: clients connect here
#[derive(Clone, Debug, Parser)]
#[command(name = "gateway", version)]
pub struct Options {
    /// Where race clients connect; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SLIPSTREAM_RACE_LISTEN",
        default_value = "0.0.0.0:10000"
    )]
    pub race_listen: SocketAddr,

    /// Where chat clients connect; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SLIPSTREAM_CHAT_LISTEN",
        default_value = "0.0.0.0:10001"
    )]
    pub chat_listen: SocketAddr,

    /// The keys that sign session tokens, the same for all gateways; made when it is
    /// missing, and read again when it changes
    #[arg(
        long,
        value_name = "FILE",
        env = "SLIPSTREAM_SESSION_KEY_FILE",
        default_value = ".data/session.keys"
    )]
    pub session_key_file: PathBuf,

    /// How addresses come through a load balancer.
    #[command(flatten)]
    pub proxy: ProxyOptions,

    /// What people and addresses may do.
    #[command(flatten)]
    pub limits: LimitOptions,

    /// Inputs of a room leave together, this many milliseconds before its next
    /// snapshot is expected, 0 to 30; 0: each as it comes
    #[arg(
        long,
        value_name = "MS",
        env = "SLIPSTREAM_FLUSH_LEAD_MS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(0..=30)
    )]
    pub flush_lead_ms: u64,

    /// Rooms send their inputs at common instants, this many milliseconds apart, 0
    /// to 8; 0: each room at its own time
    #[arg(
        long,
        value_name = "MS",
        env = "SLIPSTREAM_FLUSH_GRID_MS",
        default_value_t = 4,
        value_parser = clap::value_parser!(u64).range(0..=8)
    )]
    pub flush_grid_ms: u64,

    /// What every program has.
    #[command(flatten)]
    pub service: ServiceOptions,
}

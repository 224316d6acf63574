//! Options that every server program has.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The exit status of a bad command line, as in `sysexits.h`.
pub const EXIT_USAGE: u8 = 64;

/// Options that every server program has.
#[derive(Args, Clone, Debug)]
pub struct ServiceOptions {
    /// NATS server, or several separated by commas; tls:// for TLS
    #[arg(
        long,
        value_name = "URL",
        env = "SLIPSTREAM_NATS_URL",
        default_value = "nats://127.0.0.1:4222"
    )]
    pub nats: String,

    /// The seed of this program's NATS user, a file that only its owner can read, as
    /// `racectl nats-users` makes it; by default .data/nats-users/PROGRAM.nk
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_NATS_SEED")]
    pub nats_seed: Option<PathBuf>,

    /// Who may have signed the certificate of a NATS server with TLS, in PEM; by
    /// default those whom the system trusts
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_NATS_CA")]
    pub nats_ca: Option<PathBuf>,

    /// Where to serve /live, /ready and /metrics; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SLIPSTREAM_HTTP",
        default_value = "127.0.0.1:0"
    )]
    pub http: SocketAddr,

    /// Write the addresses in use to this file, as JSON, once serving
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_ANNOUNCE")]
    pub announce: Option<PathBuf>,

    /// Threads that do the work, 1 to 64. More processes scale better: one
    /// thread never wakes another for a message
    #[arg(
        long,
        value_name = "N",
        env = "SLIPSTREAM_THREADS",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    pub threads: u16,

    /// How log lines look
    #[arg(long, value_enum, env = "SLIPSTREAM_LOG_FORMAT", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How log lines look. What is logged follows `RUST_LOG`, by default `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

//! The command line of an attack.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use client_core::TlsOptions;

use crate::kind::FloodKind;

/// Options of an attack, which `flood measure` gives. It begins with a line on standard
/// input, and ends when that ends.
#[derive(Args, Clone, Debug)]
pub struct AttackOptions {
    /// The flood
    #[arg(long, value_enum)]
    pub kind: FloodKind,
    /// The race port of a gateway
    #[arg(long, value_name = "ADDRESS")]
    pub race: SocketAddr,
    /// The chat port of the gateway
    #[arg(long, value_name = "ADDRESS")]
    pub chat: SocketAddr,
    /// Whether connections are encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,
    /// The NATS server, for sessions without accounts
    #[arg(long, value_name = "URL")]
    pub nats: Option<String>,
    /// The seed of the operator there
    #[arg(long, value_name = "FILE")]
    pub nats_seed: Option<PathBuf>,
    /// The keys that sign session tokens
    #[arg(long, value_name = "FILE")]
    pub session_keys: Option<PathBuf>,
    /// The number of attackers
    #[arg(long, value_name = "N")]
    pub attackers: u32,
    /// The number of addresses that they come from
    #[arg(long, value_name = "N")]
    pub addresses: u32,
    /// For how long they attack
    #[arg(long, value_name = "SECONDS")]
    pub seconds: u64,
    /// Names whose passwords are guessed
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub victims: Vec<String>,
    /// Rooms to watch
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub rooms: Vec<String>,
}

//! The command line of `bots chat`.

use std::path::PathBuf;

use clap::Args;
use client_core::{GatewayAddress, TlsOptions};

use super::{numbered, prefix, process};
use crate::process::Process;

/// A gateway accepts two messages a second from a user; one leaves room for jitter.
pub(super) const RATE_PER_USER_MAX: u32 = 1;

/// Options of the chat load.
#[derive(Args, Clone, Debug)]
pub struct ChatOptions {
    /// The chat ports of gateways, as host and port; users are spread over them
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_CHAT_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10001"
    )]
    pub gateways: Vec<GatewayAddress>,

    /// Whether connections are encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,

    /// How many users, 1 to 9,999
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u16).range(1..=9_999)
    )]
    pub users: u16,

    /// Messages a second from all users together, 1 to 10,000; at most one per user
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub rate: u32,

    /// For how long, 1 to 3,600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub seconds: u64,

    /// How many threads the bots may use, 1 to 64
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=64)
    )]
    pub threads: u8,

    /// Server processes whose processor time and memory to report
    #[arg(long, value_name = "NAME=PID,...", value_delimiter = ',', value_parser = process)]
    pub pids: Vec<Process>,

    /// Session tokens of the users, read and written: the next run needs no password
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,

    /// Prefix of the user names; a number follows
    #[arg(long, value_name = "TEXT", default_value = "chat-", value_parser = prefix)]
    pub prefix: String,

    /// Print what was measured as one line of JSON
    #[arg(long)]
    pub json: bool,
}

impl ChatOptions {
    /// Checks what no single option shows.
    pub(super) fn check(&self) -> Result<(), String> {
        let allowed = u32::from(self.users) * RATE_PER_USER_MAX;
        if self.rate > allowed {
            return Err(format!(
                "--rate {}: {} users may send {allowed} messages a second at the most",
                self.rate, self.users
            ));
        }
        numbered(&self.prefix, u32::from(self.users) - 1)
            .map_err(|error| format!("--prefix {:?}: {error}", self.prefix))?;
        Ok(())
    }
}

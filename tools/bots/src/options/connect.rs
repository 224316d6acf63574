//! The command line of `bots connect`.

use clap::Args;
use client_core::{GatewayAddress, TlsOptions};

/// Longest prefix of the names that leaves room for the run and a number.
const PREFIX_CHARS_MAX: usize = 4;

/// Options of the log-in load.
#[derive(Args, Clone, Debug)]
pub struct ConnectOptions {
    /// The race ports of gateways, as host and port; connections are spread over them
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10000"
    )]
    pub gateways: Vec<GatewayAddress>,

    /// Whether connections are encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,

    /// Attempts a second, 1 to 5,000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=5_000)
    )]
    pub rate: u32,

    /// For how long each of sign-up, log-in and resume, 1 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=600)
    )]
    pub seconds: u32,

    /// Prefix of the account names, at most 4 characters; the run and a number follow
    #[arg(long, value_name = "TEXT", default_value = "c", value_parser = short)]
    pub prefix: String,

    /// Print what was measured as one line of JSON
    #[arg(long)]
    pub json: bool,
}

fn short(text: &str) -> Result<String, String> {
    if text.len() > PREFIX_CHARS_MAX {
        return Err(format!(
            "{text:?} has more than {PREFIX_CHARS_MAX} characters"
        ));
    }
    super::prefix(text)
}

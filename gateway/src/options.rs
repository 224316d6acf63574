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

    /// The certificate for clients and those that lead to its CA, as PEM: both
    /// client ports speak TLS. Read again on SIGHUP
    #[arg(
        long,
        value_name = "FILE",
        env = "SLIPSTREAM_TLS_CERTIFICATE",
        requires = "tls_key"
    )]
    pub tls_certificate: Option<PathBuf>,

    /// The private key of the certificate, as PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "SLIPSTREAM_TLS_KEY",
        requires = "tls_certificate"
    )]
    pub tls_key: Option<PathBuf>,

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_and_key_go_together() {
        let (certificate, key) = (["--tls-certificate", "c"], ["--tls-key", "k"]);
        for (half, other) in [(certificate, "--tls-key"), (key, "--tls-certificate")] {
            let error = Options::try_parse_from([&["gateway"], &half[..]].concat()).unwrap_err();
            assert!(error.to_string().contains(other), "{error}");
        }
        let both = [&["gateway"], &certificate[..], &key[..]].concat();
        let options = Options::try_parse_from(both).unwrap();
        assert!(options.tls_certificate.is_some() && options.tls_key.is_some());
    }
}

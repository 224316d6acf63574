//! How racectl reaches NATS.

use std::path::PathBuf;

use bus::{Bus, BusError, Connection, User};
use clap::Args;

/// How racectl reaches NATS.
#[derive(Args, Clone, Debug)]
pub struct NatsOptions {
    /// NATS server, or several separated by commas; tls:// for TLS
    #[arg(
        long = "nats",
        value_name = "URL",
        env = "SLIPSTREAM_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        global = true
    )]
    pub url: String,

    /// The seed of the NATS user `operator`, a file that only its owner can read; by
    /// default .data/nats-users/operator.nk
    #[arg(
        long = "nats-seed",
        value_name = "FILE",
        env = "SLIPSTREAM_NATS_SEED",
        global = true
    )]
    pub seed: Option<PathBuf>,

    /// Who may have signed the certificate of a NATS server with TLS, in PEM; by
    /// default those whom the system trusts
    #[arg(
        long = "nats-ca",
        value_name = "FILE",
        env = "SLIPSTREAM_NATS_CA",
        global = true
    )]
    pub ca: Option<PathBuf>,
}

impl NatsOptions {
    /// Connects as the operator.
    ///
    /// # Errors
    /// When NATS cannot be reached, or does not know the operator.
    pub async fn connect(&self) -> Result<Bus, BusError> {
        let connection = Connection {
            url: self.url.clone(),
            name: "racectl".to_owned(),
            user: User::Operator,
            seed: self.seed.clone(),
            ca: self.ca.clone(),
        };
        Bus::connect(connection).await
    }
}

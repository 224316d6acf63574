//! What a fleet is made of.

use crate::LOOPBACK;

/// The servers of a fleet.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many race workers.
    pub race_workers: usize,
    /// How many gateways.
    pub gateways: usize,
    /// Which NATS server.
    pub nats: NatsSource,
    /// The URL of an existing database; by default SQLite in a file of the run.
    pub database_url: Option<String>,
}

/// Where a fleet has its NATS server from.
#[derive(Clone, Debug)]
pub enum NatsSource {
    /// The fleet starts one that listens on this host.
    Own {
        /// A name or an IP address.
        host: String,
    },
    /// One that runs already.
    Existing {
        /// Where it is.
        url: String,
    },
}

impl Default for Plan {
    /// One of each, reachable from this machine only.
    fn default() -> Self {
        Self {
            race_workers: 1,
            gateways: 1,
            nats: NatsSource::Own {
                host: LOOPBACK.to_owned(),
            },
            database_url: None,
        }
    }
}

//! The composition of a fleet.

use crate::LOOPBACK;
use crate::nats_users::NatsUsers;

/// The servers of a fleet.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The number of race workers.
    pub race_workers: usize,
    /// The number of gateways.
    pub gateways: usize,
    /// The NATS server.
    pub nats: NatsSource,
    /// The URL of an existing database; by default SQLite in a file of the run.
    pub database_url: Option<String>,
    /// Whether the gateways speak TLS, with a certificate of the run's own CA.
    pub tls: bool,
    /// Whether its gateways allow what the usual limits refuse: [`WIDE_LIMITS`](crate::WIDE_LIMITS).
    pub has_wide_limits: bool,
    /// Whether each server runs under a group of its own, by which a firewall can
    /// tell them apart. It needs root.
    pub own_groups: bool,
}

/// The NATS server that a fleet uses.
#[derive(Clone, Debug)]
pub enum NatsSource {
    /// The fleet starts a server that listens on this host.
    Own {
        /// A name or an IP address.
        host: String,
    },
    /// A server that runs already.
    Existing {
        /// Its URL.
        url: String,
        /// The users that it lets in.
        users: NatsUsers,
    },
}

impl Default for Plan {
    /// One instance of each program, reachable from this machine only, with wide limits:
    /// all clients of a test or a tool come from one address.
    fn default() -> Self {
        Self {
            race_workers: 1,
            gateways: 1,
            nats: NatsSource::Own {
                host: LOOPBACK.to_owned(),
            },
            database_url: None,
            tls: false,
            has_wide_limits: true,
            own_groups: false,
        }
    }
}

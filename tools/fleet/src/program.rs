//! The programs of servers.

use clap::ValueEnum;

/// A program that servers are instances of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Program {
    /// Runs rooms.
    RaceWorker,
    /// Serves clients.
    Gateway,
    /// Connects all others.
    NatsServer,
    /// Validates and orders chat messages.
    ChatWorker,
    /// Uses the database.
    Persistence,
}

impl Program {
    /// All programs, each after those that it writes to.
    pub(crate) const START_ORDER: [Self; 5] = [
        Self::NatsServer,
        Self::Persistence,
        Self::ChatWorker,
        Self::RaceWorker,
        Self::Gateway,
    ];

    /// The name of its executable file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RaceWorker => "race-worker",
            Self::Gateway => "gateway",
            Self::NatsServer => "nats-server",
            Self::ChatWorker => "chat-worker",
            Self::Persistence => "persistence",
        }
    }
}

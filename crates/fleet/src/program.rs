//! What servers there are, and what can be done to them.

use clap::ValueEnum;

/// A program that servers are instances of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// Runs rooms.
    RaceWorker,
    /// Where clients connect.
    Gateway,
    /// What everything goes through.
    NatsServer,
    /// Checks and orders what is said.
    ChatWorker,
    /// Knows the database.
    Persistence,
}

impl Program {
    /// Its name as a file.
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

/// What is done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// SIGKILL, and another one in its place after a moment.
    Kill,
    /// SIGSTOP, and SIGCONT after two seconds.
    Stop,
}

impl Harm {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
        }
    }
}

//! The NATS users, one for each program. What each may do is in
//! `deploy/nats/nats-server.conf`.

use std::fmt;
use std::path::{Path, PathBuf};

/// A NATS user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The gateways.
    Gateway,
    /// The race workers.
    RaceWorker,
    /// The chat workers.
    ChatWorker,
    /// The persistence processes.
    Persistence,
    /// Operators, with racectl or the tool of NATS.
    Operator,
}

impl User {
    /// All users.
    pub const ALL: [Self; 5] = [
        Self::Gateway,
        Self::RaceWorker,
        Self::ChatWorker,
        Self::Persistence,
        Self::Operator,
    ];

    /// The name of its program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::RaceWorker => "race-worker",
            Self::ChatWorker => "chat-worker",
            Self::Persistence => "persistence",
            Self::Operator => "operator",
        }
    }

    /// What the subjects of answers to its requests begin with. No other user can
    /// subscribe to them.
    #[must_use]
    pub fn inbox_prefix(self) -> String {
        format!("_INBOX_{self}")
    }

    /// The file of its seed, in a folder of all.
    #[must_use]
    pub fn seed_file(self) -> String {
        format!("{self}.nk")
    }

    /// Where `deploy/up` has its seed, seen from the repository.
    #[must_use]
    pub fn default_seed(self) -> PathBuf {
        Path::new(".data/nats-users").join(self.seed_file())
    }

    /// The variable of the NATS server's configuration that holds its public key.
    #[must_use]
    pub fn variable(self) -> String {
        format!("NKEY_{}", self.name().to_uppercase().replace('-', "_"))
    }

    /// Whether it may create and change streams and buckets. A gateway, which strangers
    /// talk to, and an operator who looks on use what is there.
    pub(crate) const fn creates_stores(self) -> bool {
        match self {
            Self::RaceWorker | Self::ChatWorker | Self::Persistence => true,
            Self::Gateway | Self::Operator => false,
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = include_str!("../../../deploy/nats/nats-server.conf");

    #[test]
    fn the_configuration_of_the_server_has_each_user_with_its_inboxes() {
        for user in User::ALL {
            let (variable, inbox) = (user.variable(), user.inbox_prefix());
            assert!(CONFIG.contains(&format!("${variable},")), "{variable}");
            assert!(CONFIG.contains(&format!("\"{inbox}.>\"")), "{inbox}");
        }
    }
}

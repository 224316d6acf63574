//! The floods.

use clap::ValueEnum;
use serde::Serialize;

/// A kind of flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FloodKind {
    /// Logged-in clients send control frames that cannot be read, as fast as they can.
    Control,
    /// Connections without a log-in send frames of three bytes, as fast as they can.
    Strangers,
    /// Logged-in clients ask for the lobby and for the people present as often as they may,
    /// and read nothing.
    Lists,
    /// New names, as fast as they are answered.
    SignUps,
    /// Wrong passwords for names that exist, as fast as they are answered.
    Guesses,
    /// Clients connect, resume and vanish, again and again.
    Reconnects,
    /// Chat lines as fast as they are answered, on another connection after a refusal.
    Chat,
    /// Spectators stop reading for a time.
    Stalled,
}

impl FloodKind {
    /// The number of attackers for which faults have been measured.
    #[must_use]
    pub const fn attackers(self) -> u32 {
        match self {
            Self::Control => 1,
            Self::Strangers => 4,
            Self::SignUps => 40,
            Self::Lists => 60,
            Self::Guesses => 200,
            Self::Reconnects | Self::Chat | Self::Stalled => 50,
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Strangers => "strangers",
            Self::Lists => "lists",
            Self::SignUps => "sign-ups",
            Self::Guesses => "guesses",
            Self::Reconnects => "reconnects",
            Self::Chat => "chat",
            Self::Stalled => "stalled",
        }
    }

    /// Whether its attackers have accounts.
    #[must_use]
    pub const fn has_accounts(self) -> bool {
        match self {
            Self::Control | Self::Lists | Self::Reconnects | Self::Chat | Self::Stalled => true,
            Self::Strangers | Self::SignUps | Self::Guesses => false,
        }
    }

    /// Whether attacker `number` attacks the chat port, and not the race port.
    #[must_use]
    pub const fn is_on_chat(self, number: u32) -> bool {
        match self {
            Self::Lists | Self::Reconnects => number % 2 == 1,
            Self::Chat => true,
            Self::Control | Self::Strangers | Self::SignUps | Self::Guesses | Self::Stalled => {
                false
            }
        }
    }
}

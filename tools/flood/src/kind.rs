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
    /// Logged-in connections that only stay open.
    Idle,
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
            Self::Idle => 10_000,
        }
    }

    /// The largest number of attackers.
    #[must_use]
    pub const fn attackers_max(self) -> u32 {
        match self {
            Self::Control
            | Self::Strangers
            | Self::Lists
            | Self::SignUps
            | Self::Guesses
            | Self::Reconnects
            | Self::Chat
            | Self::Stalled => 2_000,
            Self::Idle => 50_000,
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
            Self::Idle => "idle",
        }
    }

    /// Whether its attackers have accounts. Those of [`FloodKind::Idle`] have sessions, and
    /// nothing behind them: ten thousand accounts are minutes of password hashes.
    #[must_use]
    pub const fn has_accounts(self) -> bool {
        match self {
            Self::Control | Self::Lists | Self::Reconnects | Self::Chat | Self::Stalled => true,
            Self::Strangers | Self::SignUps | Self::Guesses | Self::Idle => false,
        }
    }

    /// Whether it is compared with the time before its attackers have logged in, and not
    /// with the time between that and the flood.
    #[must_use]
    pub const fn is_measured_from_before(self) -> bool {
        match self {
            Self::Idle => true,
            Self::Control
            | Self::Strangers
            | Self::Lists
            | Self::SignUps
            | Self::Guesses
            | Self::Reconnects
            | Self::Chat
            | Self::Stalled => false,
        }
    }

    /// Whether attacker `number` attacks the chat port, and not the race port.
    #[must_use]
    pub const fn is_on_chat(self, number: u32) -> bool {
        match self {
            Self::Lists | Self::Reconnects => number % 2 == 1,
            Self::Chat => true,
            Self::Control
            | Self::Strangers
            | Self::SignUps
            | Self::Guesses
            | Self::Stalled
            | Self::Idle => false,
        }
    }
}

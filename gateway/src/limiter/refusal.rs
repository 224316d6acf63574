//! What a person is told when a limit is reached.

use std::time::Duration;

use protocol::{Rejection, RejectionCode};

use super::bucket::{Limit, in_words};
use crate::metrics;

/// A limit, with its figures where a person is told them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitName {
    /// Of a player, by kind.
    Player(PlayerLimit, Limit),
    /// Wrong passwords for one name from one address.
    Guesses,
    /// Wrong passwords from one address.
    GuessesOfAddress(Limit),
    /// Wrong passwords for one name.
    GuessesOfName(Limit),
    /// Accounts made from one address.
    SignUps(Limit),
    /// New connections from one address.
    Connects(Limit),
}

/// What a player may do only so often, over all of the player's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlayerLimit {
    /// Control messages of any kind.
    Control,
    /// Chat lines.
    Chat,
    /// Log-ins and resumes, each of which the chat or a room hears of.
    LogIns,
    /// Attempts to take a seat.
    Joins,
    /// Attempts to watch a room.
    Spectating,
    /// Rooms made.
    Rooms,
}

impl PlayerLimit {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Control,
        Self::Chat,
        Self::LogIns,
        Self::Joins,
        Self::Spectating,
        Self::Rooms,
    ];
}

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which one.
    pub limit: LimitName,
    /// How long until there is a token.
    pub wait: Duration,
}

impl LimitName {
    /// The name that metrics have for it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Player(PlayerLimit::Control, _) => "control",
            Self::Player(PlayerLimit::Chat, _) => "chat",
            Self::Player(PlayerLimit::LogIns, _) => "log_ins",
            Self::Player(PlayerLimit::Joins, _) => "joins",
            Self::Player(PlayerLimit::Spectating, _) => "spectating",
            Self::Player(PlayerLimit::Rooms, _) => "rooms",
            Self::Guesses => "guesses",
            Self::GuessesOfAddress(_) => "guesses_of_address",
            Self::GuessesOfName(_) => "guesses_of_name",
            Self::SignUps(_) => "sign_ups",
            Self::Connects(_) => "connects",
        }
    }

    fn in_words(self) -> String {
        let (what, may, limit) = match self {
            Self::Player(PlayerLimit::Control, limit) => ("requests", "you may make", limit),
            Self::Player(PlayerLimit::Chat, limit) => ("chat lines", "you may send", limit),
            Self::Player(PlayerLimit::LogIns, limit) => ("log-ins", "you may make", limit),
            Self::Player(PlayerLimit::Joins, limit) => ("rooms joined", "you may join", limit),
            Self::Player(PlayerLimit::Spectating, limit) => {
                ("rooms watched", "you may watch", limit)
            }
            Self::Player(PlayerLimit::Rooms, limit) => ("rooms", "you may create", limit),
            Self::Guesses => {
                return "too many wrong passwords for this name from your address".to_owned();
            }
            Self::GuessesOfAddress(limit) => {
                ("wrong passwords from your address", "it may send", limit)
            }
            Self::GuessesOfName(limit) => ("wrong passwords for this name", "it may have", limit),
            Self::SignUps(limit) => ("sign-ups from your address", "it may make", limit),
            Self::Connects(limit) => ("new connections from your address", "it may open", limit),
        };
        format!("too many {what}: {may} {}", limit.in_words())
    }
}

impl Refusal {
    /// What a person is told: what there was too much of, what is allowed, how long to wait.
    #[must_use]
    pub fn message(&self) -> String {
        let (words, wait) = (self.limit.in_words(), in_words(self.wait));
        format!("{words}, try again in {wait}")
    }

    /// Counts it, and makes it a rejection.
    #[must_use]
    pub fn reject(self) -> Rejection {
        metrics::limited(self.limit.label());
        Rejection::new(RejectionCode::TooFast, self.message()).with_retry_after(self.wait)
    }
}

//! The conversation about accounts, with the `account.*` endpoints.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
use crate::names::{PlayerId, PlayerName};
use crate::rejection::{Rejection, RejectionCode};

/// A password on its way to be hashed. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Wraps what a person typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Checks the length at sign-up.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn check(&self) -> Result<(), Rejection> {
        let chars = self.0.chars().count();
        if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) {
            return Ok(());
        }
        Err(Rejection::new(
            RejectionCode::BadPassword,
            format!(
                "a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters, \
                 this one has {chars}"
            ),
        ))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The request of `account.signup` and `account.login`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Who.
    pub name: PlayerName,
    /// The proof.
    pub password: Password,
}

/// The answer of `account.signup` and `account.login`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The name as it was chosen at sign-up, whatever the case at log-in.
    pub name: PlayerName,
}

/// The request of `account.profile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRequest {
    /// Whose profile.
    pub player: PlayerId,
}

/// The answer of `account.profile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// As chosen at sign-up.
    pub name: PlayerName,
    /// Races with a result.
    pub races: u64,
    /// Races won.
    pub wins: u64,
    /// Metres of all races, penalties taken off.
    pub score: i64,
}

/// The answer of `account.leaderboard`: the best players, most wins first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaderboard {
    /// At most 20 of them.
    pub players: Vec<Profile>,
}

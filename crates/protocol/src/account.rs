//! The conversation about accounts, with the `account.*` endpoints.
//!
//! What needs a password hash states its deadline, the time by the asking gateway's
//! clock after which nobody waits for the answer: persistence computes no hash for it
//! after that. Clocks may differ by [`CLOCK_DIFFERENCE_MAX`]. A caller whose clock is
//! ahead by more is served too late now and then; of one whose clock is behind by more
//! than that and its patience, every request looks too late and is refused. A request
//! without a deadline, as tools send it, has [`DEADLINE_DEFAULT`].
//!
//! [`CLOCK_DIFFERENCE_MAX`]: crate::limits::CLOCK_DIFFERENCE_MAX
//! [`DEADLINE_DEFAULT`]: crate::limits::DEADLINE_DEFAULT

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::ids::{RaceId, RequestId, UnixMillis};
use crate::limits::{LEADERBOARD_PLAYERS_MAX, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
use crate::names::{PlayerId, PlayerName, RoomName};
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

    /// The secret itself, as it was typed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret in the one form that is hashed and compared, Unicode's NFC (UAX #15,
    /// and RFC 8265 for passwords): one keyboard sends `é` as one character, another as
    /// two.
    #[must_use]
    pub fn normalised(&self) -> String {
        self.0.nfc().collect()
    }

    /// Checks the length of a new password. It counts what a person typed, in any
    /// encoding: the characters of the normalised form.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn check(&self) -> Result<(), Rejection> {
        let chars = self.0.nfc().count();
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
    /// The identity of a sign-up: the same again, with the same password, gets the
    /// first answer. A log-in needs none.
    #[serde(default)]
    pub request: Option<RequestId>,
    /// When nobody waits for the answer any longer.
    #[serde(default)]
    pub deadline: Option<UnixMillis>,
    /// Whether the name has logged in lately from the address that asks: its log-in does
    /// not wait among those who guess passwords from elsewhere.
    #[serde(default)]
    pub is_known_address: bool,
}

impl Credentials {
    /// Credentials from an address of which nothing is known, without a deadline.
    #[must_use]
    pub const fn new(name: PlayerName, password: Password) -> Self {
        Self {
            name,
            password,
            request: None,
            deadline: None,
            is_known_address: false,
        }
    }
}

/// The request of `account.change_password`. The answer is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChange {
    /// Whose password; the gateway knows it.
    pub player: PlayerId,
    /// The proof.
    pub old: Password,
    /// What replaces it.
    pub new: Password,
    /// When nobody waits for the answer any longer.
    #[serde(default)]
    pub deadline: Option<UnixMillis>,
}

/// The request of `account.delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDeletion {
    /// Whose account; the gateway knows it.
    pub player: PlayerId,
    /// The proof.
    pub password: Password,
    /// When nobody waits for the answer any longer.
    #[serde(default)]
    pub deadline: Option<UnixMillis>,
}

/// The answer of `account.delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedAccount {
    /// The name under which its results are kept.
    pub anonymous: PlayerName,
}

/// The answer of `account.signup` and `account.login`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The name as it was chosen at sign-up, whatever the case at log-in.
    pub name: PlayerName,
    /// The player's last race, if there was one.
    #[serde(default)]
    pub last_race: Option<LastRace>,
}

/// A player's last race as the database knows it: from its result, else from where
/// the player was last seen in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastRace {
    /// The race, which may still run.
    pub race: RaceId,
    /// The name of its room.
    pub room: RoomName,
    /// The track, where it is known.
    #[serde(default)]
    pub track: Option<String>,
    /// The place in the result; without a result the rank by score among the
    /// players of the race.
    #[serde(default)]
    pub place: Option<u8>,
    /// Metres, penalties taken off.
    pub score: i64,
    /// Laps completed.
    pub lap: u16,
    /// Position in metres, where it is known.
    #[serde(default)]
    pub x_m: Option<f64>,
    /// Position in metres, where it is known.
    #[serde(default)]
    pub y_m: Option<f64>,
    /// When the race ended; `None` without a result.
    #[serde(default)]
    pub ended_at: Option<UnixMillis>,
}

/// The request of `account.last_race`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRaceRequest {
    /// Whose race.
    pub player: PlayerId,
}

/// The answer of `account.last_race`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastRaceAnswer {
    /// `None` for a player without a race, and for an unknown player.
    #[serde(default)]
    pub last_race: Option<LastRace>,
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

/// The request of `account.leaderboard`: a page. An empty payload means the first
/// page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderboardRequest {
    /// How many players come before the page.
    #[serde(default)]
    pub offset: u64,
    /// Most players on the page; at most [`LEADERBOARD_PLAYERS_MAX`] are given.
    #[serde(default = "players_max")]
    pub limit: u64,
}

impl Default for LeaderboardRequest {
    fn default() -> Self {
        Self {
            offset: 0,
            limit: LEADERBOARD_PLAYERS_MAX,
        }
    }
}

fn players_max() -> u64 {
    LEADERBOARD_PLAYERS_MAX
}

/// The answer of `account.leaderboard`: players with a result, most wins first, then
/// the highest score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaderboard {
    /// The players of the page.
    pub players: Vec<Profile>,
    /// How many players come before the page.
    #[serde(default)]
    pub offset: u64,
    /// How many players the leaderboard has.
    #[serde(default)]
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_compares_passwords_in_one_form() {
        let composed = Password::new("caf\u{e9}-noir");
        let decomposed = Password::new("cafe\u{301}-noir");
        assert_ne!(composed, decomposed);
        assert_eq!(composed.normalised(), decomposed.normalised());
        // Six keys in either encoding, and five.
        for (text, is_allowed) in [
            ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", true),
            ("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", true),
            ("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", false),
        ] {
            assert_eq!(Password::new(text).check().is_ok(), is_allowed, "{text}");
        }
        let longest = "e\u{301}".repeat(PASSWORD_CHARS_MAX);
        assert!(Password::new(longest.clone()).check().is_ok());
        assert!(Password::new(longest + "e").check().is_err());
    }

    #[test]
    fn reads_requests_without_a_deadline() {
        let credentials: Credentials =
            serde_json::from_str(r#"{"name":"Ada","password":"secret1"}"#).unwrap();
        assert_eq!((credentials.request, credentials.deadline), (None, None));
    }
}

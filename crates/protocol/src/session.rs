//! Sessions: the values of the bucket `sessions`, and the rules by which they change.
//!
//! A session is one log-in of a player at a port. Each log-in and resume writes it by
//! compare-and-set with the connection that holds it, so that a player is in one place
//! at each port whatever the number of gateways. A token carries session and
//! generation: each resume with the newest one begins the next generation, and the
//! token before stays good until the newest is first used, since the answer that
//! carried it may be lost. An older one can only be a copy: it ends the session.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::budgets::PlayerBudgets;
use crate::ids::{GatewayId, SessionNonce, UnixMillis};
use crate::limits::{SESSION_LIFETIME_MS, TICKET_LIFETIME_MS};

/// The port that a session is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// Lobby and race, by default 10000.
    Race,
    /// Chat, by default 10001.
    Chat,
}

impl Port {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Race, Self::Chat];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Race => Self::Chat,
            Self::Chat => Self::Race,
        }
    }

    /// Its name in keys and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Race => "race",
            Self::Chat => "chat",
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One log-in, drawn at random: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(u64);

impl SessionId {
    /// Wraps a number drawn at random.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| de::Error::custom("a session id is 16 hexadecimal digits"))
    }
}

/// The connection that holds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The gateway of the connection.
    pub gateway: GatewayId,
    /// The connection.
    pub connection: SessionNonce,
}

/// A session of a player at a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The log-in.
    pub id: SessionId,
    /// The generation of the newest token.
    pub generation: u32,
    /// The connection that logged in or resumed last.
    #[serde(flatten)]
    pub holder: Holder,
    /// When the player logged in.
    pub begun_at: UnixMillis,
    /// Passwords that were checked before this moment begin no session: the password has
    /// been replaced since, or the account deleted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub proofs_since: UnixMillis,
    /// Whether it is over: logged out, ended by an operator, or a copy of a token was
    /// used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ended: bool,
    /// A session at the chat port that may begin without a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// What the player had spent of the limits when the connection closed. Without it the
    /// connection lives, or its gateway died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budgets: Option<PlayerBudgets>,
}

/// The right to begin a session at the chat port, given to the holder of one at the
/// race port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The session that begins.
    pub session: SessionId,
    /// When it was given.
    pub given_at: UnixMillis,
}

/// What a token states of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSession {
    /// The log-in.
    pub id: SessionId,
    /// The generation.
    pub generation: u32,
}

/// Why a token is not good, though its signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    /// It was logged out, or an operator or a changed password ended it.
    #[error("this session has ended, log in again")]
    Ended,
    /// Another log-in has taken its place.
    #[error("you logged in somewhere else, log in again")]
    Replaced,
    /// It is older than sessions get.
    #[error("this session has expired, log in again")]
    Expired,
    /// The token was used and replaced: somebody has a copy.
    #[error("this token was used before, so the session has been ended: log in again")]
    Reused,
}

impl Session {
    /// The session of a log-in.
    #[must_use]
    pub const fn begin(id: SessionId, holder: Holder, now: UnixMillis) -> Self {
        Self {
            id,
            generation: 1,
            holder,
            begun_at: now,
            proofs_since: 0,
            is_ended: false,
            ticket: None,
            budgets: None,
        }
    }

    /// The session of a log-in, in the place of another one. The password was checked not
    /// before `proven_at`.
    ///
    /// # Errors
    /// When the password has been replaced since, or the account deleted.
    pub fn log_in(
        self,
        found: Option<&Self>,
        proven_at: UnixMillis,
    ) -> Result<Self, SessionRefusal> {
        let proofs_since = found.map_or(0, |found| found.proofs_since);
        if proven_at < proofs_since {
            return Err(SessionRefusal::Ended);
        }
        Ok(Self {
            proofs_since,
            ..self
        })
    }

    /// The session with which passwords that were checked before `now` begin none.
    #[must_use]
    pub fn with_proofs_since(self, now: UnixMillis) -> Self {
        Self {
            proofs_since: now,
            ..self
        }
    }

    /// The session after a token of it was used by `holder`.
    ///
    /// # Errors
    /// When the token is not good. After [`SessionRefusal::Reused`] the session must be
    /// [ended](Self::ended).
    pub fn resume(
        &self,
        token: TokenSession,
        holder: Holder,
        now: UnixMillis,
    ) -> Result<Self, SessionRefusal> {
        if token.id != self.id {
            return Err(SessionRefusal::Replaced);
        }
        if self.is_ended {
            return Err(SessionRefusal::Ended);
        }
        if self.expires_at() <= now {
            return Err(SessionRefusal::Expired);
        }
        let generation = match self.generation.checked_sub(token.generation) {
            Some(0) => self.generation.checked_add(1),
            Some(1) => Some(self.generation),
            Some(_) | None => None,
        };
        Ok(Self {
            generation: generation.ok_or(SessionRefusal::Reused)?,
            holder,
            budgets: None,
            ..self.clone()
        })
    }

    /// The session of a ticket that this session, at the race port, has given.
    /// `present` is the one at the chat port.
    ///
    /// # Errors
    /// When there is no such ticket, it is too old, or the player has logged in at the
    /// chat port since.
    pub fn redeem(
        &self,
        present: Option<&Self>,
        token: TokenSession,
        holder: Holder,
        now: UnixMillis,
    ) -> Result<Self, SessionRefusal> {
        let ticket = self.ticket.filter(|ticket| ticket.session == token.id);
        let ticket = ticket.ok_or(SessionRefusal::Replaced)?;
        if self.is_ended {
            return Err(SessionRefusal::Ended);
        }
        if ticket.given_at.saturating_add(TICKET_LIFETIME_MS) <= now {
            return Err(SessionRefusal::Expired);
        }
        if present.is_some_and(|present| present.begun_at > ticket.given_at) {
            return Err(SessionRefusal::Replaced);
        }
        let proofs_since = present.map_or(0, |present| present.proofs_since);
        let begun = Self::begin(ticket.session, holder, now).with_proofs_since(proofs_since);
        begun.resume(token, holder, now)
    }

    /// The session with a ticket for the chat port.
    #[must_use]
    pub fn with_ticket(&self, session: SessionId, now: UnixMillis) -> Self {
        let ticket = Ticket {
            session,
            given_at: now,
        };
        Self {
            ticket: Some(ticket),
            ..self.clone()
        }
    }

    /// The session when its connection has closed.
    #[must_use]
    pub fn closed(&self, budgets: PlayerBudgets) -> Self {
        Self {
            budgets: Some(budgets),
            ..self.clone()
        }
    }

    /// The session when it is over.
    #[must_use]
    pub fn ended(&self) -> Self {
        Self {
            is_ended: true,
            ticket: None,
            ..self.clone()
        }
    }

    /// What its newest token states.
    #[must_use]
    pub const fn token(&self) -> TokenSession {
        TokenSession {
            id: self.id,
            generation: self.generation,
        }
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn expires_at(&self) -> UnixMillis {
        self.begun_at.saturating_add(SESSION_LIFETIME_MS)
    }
}

/// Takes a reference, as serde asks for.
fn is_zero(number: &UnixMillis) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;

//! The session that outlives a run: the gateway's token, with which the player goes
//! on under the same name without a password.
//!
//! [`SessionKeeper`] decides what is kept; [`SessionChange`]s tell the shell, which
//! owns the files ([`store`]).

pub mod store;

use client_core::RaceClient;
use client_core::protocol::PlayerName;

/// A session that can be gone on with.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptSession {
    /// The player.
    pub player: PlayerName,
    /// The gateway's token, which is as good as the password.
    pub token: String,
}

impl std::fmt::Debug for KeptSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptSession")
            .field("player", &self.player)
            .finish_non_exhaustive()
    }
}

/// What has to be done with the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// Keep a session in the place of the player's earlier ones.
    Keep(KeptSession),
    /// Delete a session that is over.
    Forget(KeptSession),
}

/// Follows the session of the client.
///
/// A token that was replaced ends its session for all who hold one of it, so the
/// kept one is read at the moment in which it is used: another client of the same
/// player may have replaced it since the start.
#[derive(Debug, Default)]
pub struct SessionKeeper {
    /// The player under whose name the client may go on.
    offered: Option<PlayerName>,
    /// The player whose kept session is to be read and used.
    wanted: Option<PlayerName>,
    /// Whether the files are to be looked at for a session to offer.
    is_offer_due: bool,
    /// The session in use, or the one that is being resumed.
    used: Option<KeptSession>,
    changes: Vec<SessionChange>,
}

impl SessionKeeper {
    /// Offers to go on under the name of an earlier run.
    pub fn offer(&mut self, player: PlayerName) {
        self.offered = Some(player);
    }

    /// Returns the player under whose name the client may go on.
    #[must_use]
    pub fn offered(&self) -> Option<&PlayerName> {
        self.offered.as_ref()
    }

    /// Asks for the kept session of the offered player.
    pub fn go_on(&mut self) {
        self.wanted = self.offered.clone();
    }

    /// Takes the player whose kept session is to be read for
    /// [`SessionKeeper::resume`].
    pub fn take_wanted(&mut self) -> Option<PlayerName> {
        self.wanted.take()
    }

    /// Uses a kept session, or withdraws the offer without one.
    pub fn resume(&mut self, session: Option<KeptSession>) {
        self.offered = None;
        self.used = session;
    }

    /// Stops using the session because the player logs in otherwise: it may be
    /// offered again.
    pub fn put_back(&mut self) {
        if let Some(session) = self.used.take() {
            self.offered = Some(session.player);
        }
    }

    /// Parts with a session that was taken over elsewhere: its file is left, since the
    /// other client may have written it, and looked at again.
    pub fn part(&mut self) {
        self.used = None;
        self.is_offer_due = true;
    }

    /// Takes the wish to look at the files for a session to offer.
    pub fn take_offer_wish(&mut self) -> bool {
        std::mem::take(&mut self.is_offer_due)
    }

    /// Follows the client after what happened to it. A session is over once the
    /// client has dropped its token: at a log-out, or at a refusal.
    pub fn observe(&mut self, client: &RaceClient) {
        match (client.player(), client.token()) {
            (Some(player), Some(token)) => {
                let is_known = |used: &KeptSession| used.player == *player && used.token == token;
                if !self.used.as_ref().is_some_and(is_known) {
                    let session = KeptSession {
                        player: player.clone(),
                        token: token.to_owned(),
                    };
                    self.used = Some(session.clone());
                    self.offered = None;
                    self.changes.push(SessionChange::Keep(session));
                }
            }
            // The first welcome of the resumed session is awaited.
            (None, Some(_)) => {}
            (_, None) => {
                let over = self.used.take();
                self.changes.extend(over.map(SessionChange::Forget));
            }
        }
    }

    /// Takes what has to be done with the files, in this order.
    pub fn take_changes(&mut self) -> Vec<SessionChange> {
        std::mem::take(&mut self.changes)
    }
}

#[cfg(test)]
mod tests;

//! The session of an earlier run in the running client.

use client_core::protocol::PlayerName;

use super::App;
use crate::session::{KeptSession, SessionChange};

impl App {
    /// Offers to go on with the session of an earlier run.
    pub fn offer_session(&mut self, session: KeptSession) {
        self.session.offer(session);
    }

    /// Returns the player under whose name the client may go on without a password.
    #[must_use]
    pub fn offered_player(&self) -> Option<&PlayerName> {
        self.session.offered()
    }

    /// Takes what has to be done with the files of sessions.
    pub fn take_session_changes(&mut self) -> Vec<SessionChange> {
        self.session.take_changes()
    }

    /// Logs in with the offered session.
    pub(super) fn go_on(&mut self) {
        if let Some(player) = self.session.offered() {
            self.user = player.to_string();
        }
        if let Some(token) = self.session.resume() {
            self.client.resume(&token);
        }
    }
}

//! The session of an earlier run in the running client.

use client_core::protocol::PlayerName;

use super::App;
use crate::screens::Screen;
use crate::session::{KeptSession, SessionChange};

impl App {
    /// Offers to go on under the name of an earlier run.
    pub fn offer_session(&mut self, player: PlayerName) {
        self.session.offer(player);
    }

    /// Takes the player whose kept session is to be read for [`App::resume`].
    pub fn take_wanted_session(&mut self) -> Option<PlayerName> {
        self.session.take_wanted()
    }

    /// Takes the wish to look for a kept session to offer.
    pub fn take_offer_wish(&mut self) -> bool {
        self.session.take_offer_wish()
    }

    /// Goes on with a kept session, or asks for the password without one.
    pub fn resume(&mut self, session: Option<KeptSession>) {
        match &session {
            Some(session) => {
                self.user = session.player.to_string();
                self.client.resume(&session.token);
            }
            None => {
                if let Screen::Login(screen) = &mut self.screen {
                    screen.is_busy = false;
                    screen.error = Some("The session is over: log in again.".to_owned());
                }
            }
        }
        self.session.resume(session);
    }

    /// Takes what has to be done with the files of sessions.
    pub fn take_session_changes(&mut self) -> Vec<SessionChange> {
        self.session.take_changes()
    }
}

//! How a bot gets into the game, and what it does when that is refused.

use client_core::protocol::{Rejection, RejectionCode};
use client_core::{RaceClient, RaceClientState};

/// Bots are not people: their accounts guard nothing.
const PASSWORD: &str = "bots-have-no-secrets";

/// Where a bot is with its account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    name: String,
    /// The name is taken, hopefully by itself.
    is_known: bool,
}

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing: an answer that crossed with the news.
    None,
    /// The servers are not there yet: the same once more.
    AskAgain,
    /// The token of an earlier session is good no more: make the account.
    SignUp,
    /// Log in with the password.
    LogIn,
    /// The room is there: take a seat in it.
    Join,
    /// The room is gone: make it again.
    Create,
    /// It will not get better.
    GiveUp,
}

impl Account {
    /// Goes on with the token of an earlier session, or signs up.
    pub(crate) fn open(name: &str, token: Option<&str>, client: &mut RaceClient) -> Self {
        let account = Self {
            name: name.to_owned(),
            is_known: false,
        };
        match token {
            Some(token) => client.resume(token),
            None => account.sign_up(client),
        }
        account
    }

    /// Tries to sign up.
    pub(crate) fn sign_up(&self, client: &mut RaceClient) {
        client.sign_up(&self.name, PASSWORD);
    }

    /// The account exists: logs in.
    pub(crate) fn log_in(&mut self, client: &mut RaceClient) {
        self.is_known = true;
        client.log_in(&self.name, PASSWORD);
    }

    /// Repeats what was refused for the moment, before the log-in.
    pub(crate) fn log_in_again(&self, client: &mut RaceClient) {
        match client.state() {
            RaceClientState::Unauthenticated if self.is_known => {
                client.log_in(&self.name, PASSWORD);
            }
            RaceClientState::Unauthenticated => self.sign_up(client),
            RaceClientState::Offline(_)
            | RaceClientState::Lobby
            | RaceClientState::Room(_)
            | RaceClientState::Result(_)
            | RaceClientState::Ended(_) => {}
        }
    }

    /// What to do about a refusal; `persists` as in
    /// [`Driver`](crate::driver::Driver).
    pub(crate) fn remedy(
        &self,
        rejection: &Rejection,
        client: &RaceClient,
        persists: bool,
    ) -> Remedy {
        match rejection.code {
            RejectionCode::NameTaken if !self.is_known => Remedy::LogIn,
            RejectionCode::BadToken if !self.is_known && client.player().is_none() => {
                Remedy::SignUp
            }
            // Tokens expire; the password does not.
            RejectionCode::BadToken if persists => Remedy::LogIn,
            RejectionCode::RoomMissing if persists => Remedy::Create,
            RejectionCode::RoomExists if persists => Remedy::Join,
            // The room is not there yet, or the servers are not.
            RejectionCode::RoomMissing | RejectionCode::Unavailable => Remedy::AskAgain,
            RejectionCode::TooFast | RejectionCode::RoomFull | RejectionCode::RaceStarted
                if persists =>
            {
                Remedy::AskAgain
            }
            // An answer that crossed with the room's news.
            RejectionCode::AlreadyInRoom | RejectionCode::NotInRoom => Remedy::None,
            // Somebody took the last seat while the room was to be filled.
            RejectionCode::RaceStarted if client.room().is_some() => Remedy::None,
            _ => Remedy::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persists_only_when_told_to() {
        let mut client = RaceClient::default();
        let mut account = Account::open("bot", None, &mut client);
        let cases = [
            (RejectionCode::NameTaken, Remedy::LogIn, Remedy::LogIn),
            (
                RejectionCode::Unavailable,
                Remedy::AskAgain,
                Remedy::AskAgain,
            ),
            (RejectionCode::RoomMissing, Remedy::AskAgain, Remedy::Create),
            (RejectionCode::RoomExists, Remedy::GiveUp, Remedy::Join),
            (RejectionCode::RoomFull, Remedy::GiveUp, Remedy::AskAgain),
            (RejectionCode::BadToken, Remedy::SignUp, Remedy::SignUp),
            (RejectionCode::BadSettings, Remedy::GiveUp, Remedy::GiveUp),
        ];
        for (code, once, persistently) in cases {
            let rejection = Rejection::new(code, "no");
            assert_eq!(account.remedy(&rejection, &client, false), once, "{code:?}");
            assert_eq!(
                account.remedy(&rejection, &client, true),
                persistently,
                "{code:?}"
            );
        }
        account.log_in(&mut client);
        let taken = Rejection::new(RejectionCode::NameTaken, "no");
        assert_eq!(account.remedy(&taken, &client, true), Remedy::GiveUp);
        let expired = Rejection::new(RejectionCode::BadToken, "no");
        assert_eq!(account.remedy(&expired, &client, false), Remedy::GiveUp);
        assert_eq!(account.remedy(&expired, &client, true), Remedy::LogIn);
    }
}

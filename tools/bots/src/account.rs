//! The account of a bot, and what the bot does about rejections.

use client_core::protocol::{Rejection, RejectionCode};
use client_core::{RaceClient, RaceClientState};

/// The accounts of bots protect nothing.
pub(crate) const PASSWORD: &str = "bots-have-no-secrets";

/// The account of a bot.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    name: String,
    /// Whether the account exists.
    exists: bool,
}

/// What to do about a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing: the answer crossed with an event.
    None,
    /// The servers are not ready: repeat the request.
    Retry,
    /// The token of an earlier session is invalid: create the account.
    SignUp,
    /// Log in with the password.
    LogIn,
    /// The room exists: join it.
    Join,
    /// The room is gone: create it again.
    Create,
    /// The rejection is final.
    GiveUp,
}

impl Account {
    /// Resumes with the token of an earlier session, or signs up.
    pub(crate) fn open(name: &str, token: Option<&str>, client: &mut RaceClient) -> Self {
        let account = Self {
            name: name.to_owned(),
            exists: false,
        };
        match token {
            Some(token) => client.resume(token),
            None => account.sign_up(client),
        }
        account
    }

    /// Signs up.
    pub(crate) fn sign_up(&self, client: &mut RaceClient) {
        client.sign_up(&self.name, PASSWORD);
    }

    /// Logs in to the existing account.
    pub(crate) fn log_in(&mut self, client: &mut RaceClient) {
        self.exists = true;
        client.log_in(&self.name, PASSWORD);
    }

    /// Repeats a sign-up or log-in.
    pub(crate) fn retry(&self, client: &mut RaceClient) {
        match client.state() {
            RaceClientState::Unauthenticated if self.exists => client.log_in(&self.name, PASSWORD),
            RaceClientState::Unauthenticated => self.sign_up(client),
            RaceClientState::Offline(_)
            | RaceClientState::Lobby
            | RaceClientState::Room(_)
            | RaceClientState::Result(_)
            | RaceClientState::Ended(_) => {}
        }
    }

    /// What to do about a rejection; `persists` as in
    /// [`Driver`](crate::driver::Driver).
    pub(crate) fn remedy(
        &self,
        rejection: &Rejection,
        client: &RaceClient,
        persists: bool,
    ) -> Remedy {
        match rejection.code {
            RejectionCode::NameTaken if !self.exists => Remedy::LogIn,
            RejectionCode::BadToken if !self.exists && client.player().is_none() => Remedy::SignUp,
            // Tokens expire; the password does not.
            RejectionCode::BadToken if persists => Remedy::LogIn,
            RejectionCode::RoomMissing if persists => Remedy::Create,
            RejectionCode::RoomExists if persists => Remedy::Join,
            // The room does not exist yet, or the servers are not ready.
            RejectionCode::RoomMissing | RejectionCode::Unavailable => Remedy::Retry,
            RejectionCode::TooFast | RejectionCode::RoomFull | RejectionCode::RaceStarted
                if persists =>
            {
                Remedy::Retry
            }
            // An answer that crossed with an event of the room.
            RejectionCode::AlreadyInRoom | RejectionCode::NotInRoom => Remedy::None,
            // The last seat was taken before the room could be filled.
            RejectionCode::RaceStarted if client.room().is_some() => Remedy::None,
            _ => Remedy::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persists_only_when_configured() {
        let mut client = RaceClient::default();
        let mut account = Account::open("bot", None, &mut client);
        let cases = [
            (RejectionCode::NameTaken, Remedy::LogIn, Remedy::LogIn),
            (RejectionCode::Unavailable, Remedy::Retry, Remedy::Retry),
            (RejectionCode::RoomMissing, Remedy::Retry, Remedy::Create),
            (RejectionCode::RoomExists, Remedy::GiveUp, Remedy::Join),
            (RejectionCode::RoomFull, Remedy::GiveUp, Remedy::Retry),
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

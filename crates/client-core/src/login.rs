//! The credentials with which a client logs in and resumes.

use protocol::RequestId;
use protocol::account::Password;
use protocol::client::ClientMessage;

use crate::request;

/// The credentials of a client.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// Name and password of an account that is to be created, and which request
    /// that is.
    SignUp(String, Password, RequestId),
    /// Name and password of an account.
    Password(String, Password),
    /// A gateway's token, which replaces the password after the first welcome.
    Token(String),
}

impl Login {
    /// Makes a sign-up: the one that is under way if it is for the same name and
    /// password, else a new one.
    pub(crate) fn sign_up(under_way: Option<Self>, name: &str, password: &str) -> Self {
        let password = Password::new(password);
        let request = match under_way {
            Some(Self::SignUp(before, its_password, request))
                if before == name && its_password == password =>
            {
                request
            }
            Some(Self::SignUp(..) | Self::Password(..) | Self::Token(_)) | None => {
                request::new_id()
            }
        };
        Self::SignUp(name.to_owned(), password, request)
    }

    /// Returns the message that logs in.
    pub(crate) fn message(&self) -> ClientMessage {
        match self.clone() {
            Self::SignUp(name, password, request) => ClientMessage::SignUp {
                name,
                password,
                request: Some(request),
            },
            Self::Password(name, password) => ClientMessage::LogIn { name, password },
            Self::Token(token) => ClientMessage::Resume { token },
        }
    }

    /// Returns the token, if the client has one.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Token(token) => Some(token),
            Self::SignUp(..) | Self::Password(..) => None,
        }
    }
}

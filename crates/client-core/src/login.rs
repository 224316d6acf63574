//! The credentials with which a client logs in and resumes.

use protocol::account::Password;
use protocol::client::ClientMessage;

/// The credentials of a client.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// Name and password of an account that is to be created.
    SignUp(String, Password),
    /// Name and password of an account.
    Password(String, Password),
    /// A gateway's token, which replaces the password after the first welcome.
    Token(String),
}

impl Login {
    /// Returns the message that logs in.
    pub(crate) fn message(&self) -> ClientMessage {
        match self.clone() {
            Self::SignUp(name, password) => ClientMessage::SignUp { name, password },
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

//! How a client logs in, and logs in again.

use protocol::account::Password;
use protocol::client::ClientMessage;

/// What a client proves itself with.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// A new account.
    SignUp(String, Password),
    /// An account.
    Password(String, Password),
    /// A token of a gateway: from the first welcome on, the password is not
    /// needed any more.
    Token(String),
}

impl Login {
    /// What is sent.
    pub(crate) fn message(&self) -> ClientMessage {
        match self.clone() {
            Self::SignUp(name, password) => ClientMessage::SignUp { name, password },
            Self::Password(name, password) => ClientMessage::LogIn { name, password },
            Self::Token(token) => ClientMessage::Resume { token },
        }
    }

    /// The token, when there is one already.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Token(token) => Some(token),
            Self::SignUp(..) | Self::Password(..) => None,
        }
    }
}

//! What can happen to the window: one closed set of messages.

use client_core::protocol::account::Password;
use tokio::sync::mpsc;

/// Messages that wait for the window: far more than a person presses between
/// two turns of the main loop.
const INBOX_MAX: usize = 256;

/// Something that the person or a background task wants. Events of the link
/// have their own way to [`App`](crate::App), in their own bounded queue.
#[derive(Debug)]
pub enum Message {
    /// Log in.
    LogIn(Credentials),
    /// Make an account and log in.
    SignUp(Credentials),
    /// Log in with a token that was handed over, or say why there is none.
    Token(Result<String, String>),
    /// Log in again: the last refusal was for the moment only.
    Retry,
    /// Say what stands in the entry.
    Say(String),
    /// Connect again after the end of a connection.
    Reconnect,
    /// Close the window and end.
    Quit,
}

/// Who a person says to be, unchecked.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// As typed.
    pub name: String,
    /// As typed.
    pub password: Password,
}

/// Where widgets and background tasks post their messages. Clones share it.
#[derive(Clone, Debug)]
pub struct Outbox(mpsc::Sender<Message>);

/// Where [`App`](crate::App) reads them.
pub type Inbox = mpsc::Receiver<Message>;

impl Outbox {
    /// Both ends of the way to the application.
    #[must_use]
    pub fn new() -> (Self, Inbox) {
        let (sender, inbox) = mpsc::channel(INBOX_MAX);
        (Self(sender), inbox)
    }

    /// Posts a message; never waits, since the main loop may be the caller.
    pub fn post(&self, message: Message) {
        if let Err(error) = self.0.try_send(message) {
            tracing::warn!(%error, "a message was dropped");
        }
    }
}

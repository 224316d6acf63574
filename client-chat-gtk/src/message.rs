//! The messages to the application: one closed set.

use client_core::protocol::account::Password;
use tokio::sync::mpsc;

/// Bound on messages that wait: far more than a user causes in one iteration of
/// the main loop.
const MESSAGES_MAX: usize = 256;

/// A request of the user or of a background task. Link events reach
/// [`App`](crate::App) through a bounded queue of their own.
#[derive(Debug)]
pub enum Message {
    /// Log in.
    LogIn(Credentials),
    /// Create an account and log in.
    SignUp(Credentials),
    /// Log in with the token of the token file, or show why there is none.
    Token(Result<String, String>),
    /// Repeat a log-in that was refused as unavailable.
    Retry,
    /// Send the text of the entry.
    Say(String),
    /// Connect again after a connection has ended.
    Reconnect,
    /// Close the window and exit.
    Quit,
}

/// Name and password as typed, unchecked.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name.
    pub name: String,
    /// The password.
    pub password: Password,
}

/// The sending end of the application's message channel, for widgets and
/// background tasks. Clones share the channel.
#[derive(Clone, Debug)]
pub struct MessageSender(mpsc::Sender<Message>);

/// The receiving end, which [`App`](crate::App) reads.
pub type MessageReceiver = mpsc::Receiver<Message>;

impl MessageSender {
    /// Makes the channel and returns both ends.
    #[must_use]
    pub fn new() -> (Self, MessageReceiver) {
        let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
        (Self(sender), receiver)
    }

    /// Posts a message. Never blocks, since the main loop may be the caller: a
    /// message beyond the bound is dropped.
    pub fn post(&self, message: Message) {
        if let Err(error) = self.0.try_send(message) {
            tracing::warn!(%error, "a message was dropped");
        }
    }
}

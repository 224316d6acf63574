//! The log-in over raw frames.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use protocol::RejectionCode;
use protocol::account::Password;
use protocol::client::{ClientMessage, GoodbyeCode, ServerMessage};
use tokio::time::{sleep, timeout};

use crate::wire::{Received, Route, Wire};

/// The accounts of a flood protect nothing.
pub const PASSWORD: &str = "floods-have-no-secrets";
/// Before a log-in that was refused is repeated, as by a patient person's client.
pub const RETRY_DELAY: Duration = Duration::from_millis(100);
/// How long the account of an attacker or a player may take to be made: dozens wait for
/// their password hashes, and a flood before may have left a queue.
const ENTER_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a gateway may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a log-in did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was refused.
    Rejected(RejectionCode),
    /// The gateway said goodbye.
    Goodbye(GoodbyeCode),
    /// The connection was lost, or no answer came.
    Lost,
}

impl From<io::Error> for Refusal {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

/// The log-in to an account of this program.
#[must_use]
pub fn log_in(name: &str) -> ClientMessage {
    ClientMessage::LogIn {
        name: name.to_owned(),
        password: Password::new(PASSWORD),
    }
}

/// Asks for an account, a log-in or a resume. Returns the new token.
///
/// # Errors
/// When it is refused.
pub async fn authenticate(wire: &mut Wire, message: &ClientMessage) -> Result<String, Refusal> {
    wire.say(message).await?;
    let answered = async {
        loop {
            let Received::Message(message) = wire.receive().await? else {
                continue;
            };
            match *message {
                ServerMessage::Welcome { token, .. } => return Ok(token),
                ServerMessage::Rejected(rejection) => {
                    return Err(Refusal::Rejected(rejection.code));
                }
                ServerMessage::Goodbye { code, .. } => return Err(Refusal::Goodbye(code)),
                _ => {}
            }
        }
    };
    timeout(ANSWER_TIMEOUT, answered)
        .await
        .unwrap_or(Err(Refusal::Lost))
}

/// Connects and logs in or resumes once.
///
/// # Errors
/// When it is refused.
pub async fn open(route: &Route, message: &ClientMessage) -> Result<(Wire, String), Refusal> {
    let mut wire = Wire::open(route).await?;
    let token = authenticate(&mut wire, message).await?;
    Ok((wire, token))
}

/// Makes an account, unless it exists, and logs in. Repeats what is refused for a time.
///
/// # Errors
/// When it is not possible at all.
pub async fn enter(route: &Route, name: &str) -> Result<(Wire, String)> {
    let sign_up = ClientMessage::SignUp {
        name: name.to_owned(),
        password: Password::new(PASSWORD),
        request: None,
    };
    let mut message = sign_up;
    let entering = async {
        loop {
            match open(route, &message).await {
                Ok(entered) => return Ok(entered),
                Err(Refusal::Rejected(RejectionCode::NameTaken)) => message = log_in(name),
                Err(Refusal::Rejected(code @ RejectionCode::WrongCredentials)) => {
                    bail!("{name} cannot log in: {code:?}")
                }
                Err(Refusal::Rejected(_) | Refusal::Goodbye(_) | Refusal::Lost) => {
                    sleep(RETRY_DELAY).await;
                }
            }
        }
    };
    let entered = timeout(ENTER_TIMEOUT, entering).await;
    entered.with_context(|| format!("{name} cannot log in within {ENTER_TIMEOUT:?}"))?
}

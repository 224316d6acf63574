//! Background tasks: waiting for a token file, and for signals.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::message::{Message, MessageSender};

/// Time that a token file may take to appear: the player has to log in to the
/// race client first.
pub const TOKEN_FILE_TIMEOUT: Duration = Duration::from_secs(60);

/// Interval between looks at the token file, too short to be noticed.
const TOKEN_FILE_POLL: Duration = Duration::from_millis(200);

/// Size limit of a token file. A token has some hundred characters, so a larger
/// file is the wrong one.
const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// Waits for the token file and posts its token, or the reason why there is
/// none.
pub async fn hand_over_token(path: &Path, timeout: Duration, sender: &MessageSender) {
    let token = wait_for_token(path, timeout).await;
    sender.post(Message::Token(token));
}

async fn wait_for_token(path: &Path, timeout: Duration) -> Result<String, String> {
    let deadline = Instant::now() + timeout;
    let mut before = None;
    loop {
        let token = read_token(path).await?;
        // Two equal reads in a row: the file is not being written.
        if token.is_some() && token == before {
            return token.ok_or_else(String::new);
        }
        if Instant::now() >= deadline {
            return Err(format!(
                "the token file {} did not appear within {} seconds",
                path.display(),
                timeout.as_secs()
            ));
        }
        before = token;
        sleep(TOKEN_FILE_POLL).await;
    }
}

/// Returns the token, or `None` while the file is missing or empty.
async fn read_token(path: &Path) -> Result<Option<String>, String> {
    let cannot =
        |error: io::Error| format!("cannot read the token file {}: {error}", path.display());
    let length = match tokio::fs::metadata(path).await {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
    };
    if length > TOKEN_BYTES_MAX {
        return Err(format!("{} is too large for a token file", path.display()));
    }
    let text = match tokio::fs::read_to_string(path).await {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
    };
    let token = text.trim();
    Ok((!token.is_empty()).then(|| token.to_owned()))
}

/// Posts [`Message::Quit`] on Ctrl-C and SIGTERM.
///
/// # Errors
/// Returns an error if the signal handlers cannot be installed.
pub async fn quit_on_signals(sender: &MessageSender) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        sender.post(Message::Quit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_ENOUGH: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn waits_for_the_token_to_appear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let write = async {
            sleep(TOKEN_FILE_POLL / 2).await;
            tokio::fs::write(&path, " abc.def\n").await.unwrap();
        };
        let (token, ()) = tokio::join!(wait_for_token(&path, LONG_ENOUGH), write);
        assert_eq!(token.unwrap(), "abc.def");
    }

    #[tokio::test]
    async fn says_why_there_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let problem = wait_for_token(&path, Duration::ZERO).await.unwrap_err();
        assert!(problem.contains("did not appear"), "{problem}");
        let problem = wait_for_token(folder.path(), Duration::ZERO)
            .await
            .unwrap_err();
        assert!(problem.contains("token file"), "{problem}");
        tokio::fs::write(&path, "x".repeat(5_000)).await.unwrap();
        let problem = wait_for_token(&path, Duration::ZERO).await.unwrap_err();
        assert!(problem.contains("too large"), "{problem}");
    }

    #[tokio::test]
    async fn posts_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        tokio::fs::write(&path, "abc").await.unwrap();
        let (sender, mut receiver) = MessageSender::new();
        hand_over_token(&path, LONG_ENOUGH, &sender).await;
        assert!(matches!(receiver.recv().await, Some(Message::Token(Ok(token))) if token == "abc"));
    }
}

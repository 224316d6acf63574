//! What happens on the other threads: waiting for a file, and for signals.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::message::{Message, Outbox};

/// How long a token file may take to appear: the race client's person has to
/// log in first.
pub const TOKEN_FILE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often the token file is looked for. Nobody notices a shorter wait.
const TOKEN_FILE_POLL: Duration = Duration::from_millis(200);

/// A token is some hundred characters; what is larger is another file.
const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// Waits for the file of a token and posts the token in it, or a sentence
/// that says why there is none.
pub async fn hand_over_token(path: &Path, timeout: Duration, outbox: &Outbox) {
    let token = wait_for_token(path, timeout).await;
    outbox.post(Message::Token(token));
}

async fn wait_for_token(path: &Path, timeout: Duration) -> Result<String, String> {
    let deadline = Instant::now() + timeout;
    let mut before = None;
    loop {
        let token = read_token(path).await?;
        // A file that is being written reads differently the next time.
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

/// The token, if there is one yet.
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

/// Posts [`Message::Quit`] at Ctrl-C and SIGTERM.
///
/// # Errors
/// When the signals cannot be caught.
pub async fn quit_on_signals(outbox: &Outbox) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        outbox.post(Message::Quit);
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
        let (outbox, mut inbox) = Outbox::new();
        hand_over_token(&path, LONG_ENOUGH, &outbox).await;
        assert!(matches!(inbox.recv().await, Some(Message::Token(Ok(token))) if token == "abc"));
    }
}

//! A Unix socket through which tests look at the screen: a line in, a line of
//! JSON out. The frame loop answers between two frames and never waits.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Questions that wait for the next frame: more than tests ask at once.
const QUESTIONS_MAX: usize = 16;
/// The longest line: a path and a word.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What is on the screen?
    State,
    /// Save a picture of the window.
    Screenshot(PathBuf),
}

/// A question and the way back.
#[derive(Debug)]
pub struct Asked {
    /// What was asked.
    pub question: Question,
    answer: oneshot::Sender<String>,
}

impl Asked {
    /// Answers with one line.
    pub fn answer(self, line: String) {
        // Who asked may have gone.
        let _ = self.answer.send(line);
    }
}

/// The socket. Dropping it closes and removes it.
#[derive(Debug)]
pub struct StateSocket {
    asked: mpsc::Receiver<Asked>,
    path: PathBuf,
    task: JoinHandle<()>,
}

impl StateSocket {
    /// Listens at a path; a socket that a dead process left there is replaced.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub fn open(runtime: &Handle, path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let _guard = runtime.enter();
        let listener = UnixListener::bind(path)?;
        let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
        let task = runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // It ends with its peer, or with the receiver of its questions.
                tokio::spawn(serve(stream, questions.clone()));
            }
        });
        Ok(Self {
            asked,
            path: path.to_owned(),
            task,
        })
    }

    /// The next question, if one waits.
    pub fn poll(&mut self) -> Option<Asked> {
        self.asked.try_recv().ok()
    }
}

impl Drop for StateSocket {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the state socket was not removed");
        }
    }
}

async fn serve(stream: UnixStream, questions: mpsc::Sender<Asked>) {
    if let Err(error) = converse(stream, &questions).await {
        tracing::debug!(%error, "a conversation on the state socket broke");
    }
}

async fn converse(stream: UnixStream, questions: &mpsc::Sender<Asked>) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = String::new();
        if (&mut reader)
            .take(LINE_BYTES_MAX)
            .read_line(&mut line)
            .await?
            == 0
        {
            return Ok(());
        }
        let mut answer = match parse(line.trim()) {
            Ok(question) => {
                let (sender, receiver) = oneshot::channel();
                let asked = Asked {
                    question,
                    answer: sender,
                };
                if questions.send(asked).await.is_err() {
                    return Ok(());
                }
                let Ok(answer) = receiver.await else {
                    return Ok(());
                };
                answer
            }
            Err(problem) => json!({ "ok": false, "error": problem }).to_string(),
        };
        answer.push('\n');
        writer.write_all(answer.as_bytes()).await?;
    }
}

fn parse(line: &str) -> Result<Question, String> {
    match line.split_once(' ').unwrap_or((line, "")) {
        ("state", "") => Ok(Question::State),
        ("screenshot", path) if !path.is_empty() => Ok(Question::Screenshot(path.into())),
        _ => Err(format!(
            "expected `state` or `screenshot PATH`, not {line:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_questions_and_says_what_is_allowed() {
        assert_eq!(parse("state"), Ok(Question::State));
        let path = PathBuf::from("/tmp/a b.png");
        assert_eq!(
            parse("screenshot /tmp/a b.png"),
            Ok(Question::Screenshot(path))
        );
        for line in ["", "state now", "screenshot", "stop"] {
            assert!(
                parse(line).is_err_and(|error| error.contains("screenshot PATH")),
                "{line}"
            );
        }
    }

    #[test]
    fn answers_between_two_frames_and_removes_the_socket() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sock");
        let mut socket = StateSocket::open(runtime.handle(), &path).unwrap();
        let peer = path.clone();
        let peer = runtime.spawn(async move {
            let (reader, mut writer) = UnixStream::connect(peer).await.unwrap().into_split();
            writer.write_all(b"nonsense\nstate\n").await.unwrap();
            let mut lines = BufReader::new(reader).lines();
            let first = lines.next_line().await.unwrap().unwrap();
            (first, lines.next_line().await.unwrap().unwrap())
        });
        let asked = runtime.block_on(socket.asked.recv()).unwrap();
        assert_eq!(asked.question, Question::State);
        asked.answer(r#"{"screen":"lobby"}"#.to_owned());
        let (first, second) = runtime.block_on(peer).unwrap();
        assert!(first.contains(r#""ok":false"#));
        assert_eq!(second, r#"{"screen":"lobby"}"#);
        drop(socket);
        assert!(!path.exists());
    }
}

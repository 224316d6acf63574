//! A Unix socket through which tests observe the client: a line in, a line of
//! JSON out. The frame loop answers between frames and never waits.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Bound on requests that wait for the next frame: more than tests send at once.
const REQUESTS_MAX: usize = 16;
/// The longest line: a word and a path.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// A request on the state socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Report the state of the client.
    State,
    /// Save a screenshot to this path.
    Screenshot(PathBuf),
}

/// A request and the channel for its answer.
#[derive(Debug)]
pub struct PendingRequest {
    /// The request.
    pub request: Request,
    answer: oneshot::Sender<String>,
}

impl PendingRequest {
    /// Answers with one line.
    pub fn answer(self, line: String) {
        // The peer may have disconnected.
        let _ = self.answer.send(line);
    }
}

/// The socket. Dropping it closes and removes it.
#[derive(Debug)]
pub struct StateSocket {
    pending: mpsc::Receiver<PendingRequest>,
    path: PathBuf,
    task: JoinHandle<()>,
}

impl StateSocket {
    /// Listens at a path. Replaces a socket that a dead process has left there.
    ///
    /// # Errors
    /// Returns an error if it cannot listen there.
    pub fn open(runtime: &Handle, path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let _guard = runtime.enter();
        let listener = UnixListener::bind(path)?;
        let (requests, pending) = mpsc::channel(REQUESTS_MAX);
        let task = runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Ends with its peer, or with the receiver of its requests.
                tokio::spawn(serve(stream, requests.clone()));
            }
        });
        Ok(Self {
            pending,
            path: path.to_owned(),
            task,
        })
    }

    /// Returns the next request, if one waits.
    pub fn poll(&mut self) -> Option<PendingRequest> {
        self.pending.try_recv().ok()
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

async fn serve(stream: UnixStream, requests: mpsc::Sender<PendingRequest>) {
    if let Err(error) = converse(stream, &requests).await {
        tracing::debug!(%error, "a conversation on the state socket broke");
    }
}

async fn converse(stream: UnixStream, requests: &mpsc::Sender<PendingRequest>) -> io::Result<()> {
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
            Ok(request) => {
                let (sender, receiver) = oneshot::channel();
                let pending = PendingRequest {
                    request,
                    answer: sender,
                };
                if requests.send(pending).await.is_err() {
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

fn parse(line: &str) -> Result<Request, String> {
    match line.split_once(' ').unwrap_or((line, "")) {
        ("state", "") => Ok(Request::State),
        ("screenshot", path) if !path.is_empty() => Ok(Request::Screenshot(path.into())),
        _ => Err(format!(
            "expected `state` or `screenshot PATH`, not {line:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_requests_and_explains_what_is_allowed() {
        assert_eq!(parse("state"), Ok(Request::State));
        let path = PathBuf::from("/tmp/a b.png");
        assert_eq!(
            parse("screenshot /tmp/a b.png"),
            Ok(Request::Screenshot(path))
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
        let pending = runtime.block_on(socket.pending.recv()).unwrap();
        assert_eq!(pending.request, Request::State);
        pending.answer(r#"{"screen":"lobby"}"#.to_owned());
        let (first, second) = runtime.block_on(peer).unwrap();
        assert!(first.contains(r#""ok":false"#));
        assert_eq!(second, r#"{"screen":"lobby"}"#);
        drop(socket);
        assert!(!path.exists());
    }
}

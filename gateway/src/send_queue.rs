//! Frames on their way to one client.
//!
//! Frames that must arrive stand in a queue whose bytes are bounded; of snapshots only
//! the newest is kept. A slow reader skips snapshots and never sees an old one; one
//! that lets the queue fill is dismissed. No frame is left out in silence.
//!
//! A frame before which nothing waits is written by the task that brings it: no
//! other task is woken for it, and snapshots that come in a burst, as after a
//! takeover, all arrive. [`SendQueue::write`] is the writer task's loop: it takes
//! over when the client does not read as fast as frames come, and ends the stream.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame::{self, LENGTH_BYTES};
use protocol::limits::SERVER_FRAME_BYTES_MAX;
use protocol::{Rejection, RejectionCode};
use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::limits::{
    GOODBYE_TIMEOUT, SEND_QUEUE_BYTES_MAX, SEND_QUEUE_RESUME_BYTES, WRITE_TIMEOUT,
};
use crate::metrics;

/// Frames are gathered up to this size for one write: a dozen events fit.
const BATCH_BYTES: usize = 4 * 1024;

/// What a connection that has caught up keeps for its next frames: a snapshot of a full
/// room fits.
const KEPT_BATCH_BYTES: usize = 1024;
/// The same, frames.
const KEPT_FRAMES: usize = 8;

/// What a frame takes while it waits.
pub(crate) const fn cost(frame: &Bytes) -> usize {
    size_of::<Bytes>() + LENGTH_BYTES + frame.len()
}

/// The way to one client. The connection, the relay of its room and the chat
/// share it.
#[derive(Debug)]
pub struct SendQueue {
    state: Mutex<State>,
    /// Something waits that was not written at once.
    unwritten: Notify,
    /// Little waits, after much did.
    drained: Notify,
    limits: Limits,
    /// Nothing more is accepted: said goodbye, left, or broken.
    closed: CancellationToken,
}

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    write: Duration,
    goodbye: Duration,
}

struct State {
    /// `None` once the stream has ended.
    writer: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// Whole frames with their lengths, of which the first bytes are written.
    batch: Vec<u8>,
    written: usize,
    is_flushed: bool,
    frames: VecDeque<Bytes>,
    /// What they take.
    frames_bytes: usize,
    snapshot: Option<Bytes>,
    /// The stream ends after what waits.
    is_closing: bool,
}

/// What the writer task finds after a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Frames came meanwhile.
    Batch,
    /// Nothing waits.
    Wait,
    /// The stream has ended.
    End,
}

impl SendQueue {
    /// A queue that writes to `writer`.
    #[must_use]
    pub fn new(writer: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        let limits = Limits {
            write: WRITE_TIMEOUT,
            goodbye: GOODBYE_TIMEOUT,
        };
        Self::with_limits(writer, limits)
    }

    fn with_limits(writer: impl AsyncWrite + Send + Unpin + 'static, limits: Limits) -> Self {
        Self {
            state: Mutex::new(State {
                writer: Some(Box::new(writer)),
                batch: Vec::new(),
                written: 0,
                is_flushed: true,
                frames: VecDeque::new(),
                frames_bytes: 0,
                snapshot: None,
                is_closing: false,
            }),
            unwritten: Notify::new(),
            drained: Notify::new(),
            limits,
            closed: CancellationToken::new(),
        }
    }

    /// Sends a frame that must arrive. A full queue closes the connection. A frame that
    /// is larger than frames may be is counted and not sent.
    pub fn push(&self, frame: Bytes) {
        if is_too_large(&frame) {
            return;
        }
        self.enqueue(|state| {
            let waiting = state.waiting();
            if waiting == 0 || waiting + cost(&frame) <= SEND_QUEUE_BYTES_MAX {
                return state.push(frame);
            }
            state.dismiss_slow_reader();
            self.closed.cancel();
        });
    }

    /// Sends a control message; in the place of one that is larger than a frame may be,
    /// a rejection that says so.
    pub fn send(&self, message: &ServerMessage) {
        let frame = frame::from_server(message);
        let bytes = frame.len();
        if bytes <= SERVER_FRAME_BYTES_MAX {
            return self.push(frame);
        }
        // Counted and logged there.
        self.push(frame);
        let rejection = Rejection::new(
            RejectionCode::BadMessage,
            format!("the answer has {bytes} bytes and fits no frame"),
        );
        metrics::rejected(rejection.code);
        self.push(frame::from_server(&ServerMessage::Rejected(rejection)));
    }

    /// Sends a snapshot, in the place of one that still waits.
    pub fn push_snapshot(&self, frame: Bytes) {
        if is_too_large(&frame) {
            return;
        }
        self.enqueue(|state| {
            if state.snapshot.replace(frame).is_some() {
                metrics::snapshot_skipped();
            }
        });
    }

    /// Says goodbye and ends the stream once that is written.
    pub fn close(&self, message: &ServerMessage) {
        self.enqueue(|state| state.close(message));
        self.closed.cancel();
    }

    /// Ends the stream after what waits, without a word: the client has left.
    pub fn end(&self) {
        self.enqueue(|state| state.is_closing = true);
        self.closed.cancel();
    }

    /// Fires when nothing more is accepted.
    #[must_use]
    pub fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }

    /// Waits until so little waits for the client that it may ask for more. At most one
    /// task may run it.
    pub async fn drained(&self) {
        loop {
            {
                let state = self.lock();
                if state.is_drained() || state.is_over() {
                    return;
                }
            }
            self.drained.notified().await;
        }
    }

    /// Writes what was not written at once, until the stream has ended or is broken, or
    /// the client takes too long for its goodbye. At most one task may run it.
    pub async fn write(&self) {
        let overdue = async {
            self.closed.cancelled().await;
            tokio::time::sleep(self.limits.goodbye).await;
        };
        tokio::select! {
            () = self.write_all() => {}
            () = overdue => {}
        }
        self.lock().writer = None;
        self.closed.cancel();
        self.drained.notify_one();
    }

    async fn write_all(&self) {
        loop {
            self.unwritten.notified().await;
            loop {
                let batch = poll_fn(|cx| self.lock().poll_batch(cx));
                let written = tokio::time::timeout(self.limits.write, batch).await;
                match written {
                    Ok(Ok(Next::Batch)) => {}
                    Ok(Ok(Next::Wait)) => break,
                    Ok(Ok(Next::End) | Err(_)) => return,
                    Err(_elapsed) => self.stalled(),
                }
                if self.lock().is_drained() {
                    self.drained.notify_one();
                }
            }
            self.drained.notify_one();
        }
    }

    /// The client has read nothing for too long.
    fn stalled(&self) {
        let mut state = self.lock();
        if !state.is_closing {
            state.dismiss_slow_reader();
            self.closed.cancel();
        }
    }

    /// Lets `change` queue something, and writes it if nothing came before it.
    fn enqueue(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        if state.is_over() {
            return;
        }
        let was_idle = state.is_idle();
        change(&mut state);
        let is_handed_over = if state.is_closing {
            true
        } else if was_idle {
            let mut cx = Context::from_waker(Waker::noop());
            !matches!(state.poll_batch(&mut cx), Poll::Ready(Ok(Next::Wait)))
        } else {
            // The writer task is at work already.
            false
        };
        drop(state);
        if is_handed_over {
            self.unwritten.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        let nothing_waits = self.frames.is_empty() && self.snapshot.is_none();
        nothing_waits && self.batch.is_empty() && self.is_flushed
    }

    /// Whether nothing more is accepted.
    fn is_over(&self) -> bool {
        self.is_closing || self.writer.is_none()
    }

    /// The bytes that wait.
    fn waiting(&self) -> usize {
        let snapshot = self.snapshot.as_ref().map_or(0, cost);
        self.frames_bytes + snapshot + self.batch.len() - self.written
    }

    fn is_drained(&self) -> bool {
        self.waiting() <= SEND_QUEUE_RESUME_BYTES
    }

    fn push(&mut self, frame: Bytes) {
        self.frames_bytes += cost(&frame);
        self.frames.push_back(frame);
    }

    fn pop(&mut self) -> Option<Bytes> {
        match self.frames.pop_front() {
            Some(frame) => {
                self.frames_bytes -= cost(&frame);
                Some(frame)
            }
            None => self.snapshot.take(),
        }
    }

    fn close(&mut self, message: &ServerMessage) {
        if let ServerMessage::Goodbye { code, .. } = message {
            metrics::goodbye(*code);
        }
        self.push(frame::from_server(message));
        self.snapshot = None;
        self.is_closing = true;
    }

    fn dismiss_slow_reader(&mut self) {
        // What the client has not read it shall not read before this.
        self.frames.clear();
        self.frames_bytes = 0;
        self.close(&ServerMessage::goodbye(
            GoodbyeCode::SlowReader,
            "the connection is too slow for what happens here",
        ));
    }

    /// Writes one batch; pending while the client does not read.
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Next>> {
        if self.batch.is_empty() {
            self.gather();
        }
        let Some(writer) = &mut self.writer else {
            return Poll::Ready(Ok(Next::End));
        };
        let mut writer = Pin::new(writer.as_mut());
        while self.written < self.batch.len() {
            self.is_flushed = false;
            match ready!(writer.as_mut().poll_write(cx, &self.batch[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.written += bytes,
            }
        }
        if !self.is_flushed {
            ready!(writer.as_mut().poll_flush(cx))?;
            self.is_flushed = true;
        }
        self.batch.clear();
        self.batch.shrink_to(KEPT_BATCH_BYTES);
        self.written = 0;
        if !self.frames.is_empty() || self.snapshot.is_some() {
            return Poll::Ready(Ok(Next::Batch));
        }
        if self.is_closing {
            ready!(writer.poll_shutdown(cx))?;
            return Poll::Ready(Ok(Next::End));
        }
        Poll::Ready(Ok(Next::Wait))
    }

    fn gather(&mut self) {
        let mut frames = 0;
        while self.batch.len() < BATCH_BYTES
            && let Some(frame) = self.pop()
        {
            frame::append(&frame, &mut self.batch);
            frames += 1;
        }
        if self.frames.is_empty() {
            self.frames.shrink_to(KEPT_FRAMES);
        }
        metrics::frames_sent(frames, self.batch.len() as u64);
    }
}

/// Whether a frame is larger than frames may be, which is counted and logged: it is
/// made of a message of another program.
fn is_too_large(frame: &Bytes) -> bool {
    let is_too_large = frame.len() > SERVER_FRAME_BYTES_MAX;
    if is_too_large {
        tracing::warn!(bytes = frame.len(), "a frame is too large to be sent");
        metrics::frame_too_large();
    }
    is_too_large
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("frames", &self.frames.len())
            .field("frames_bytes", &self.frames_bytes)
            .field("unwritten", &(self.batch.len() - self.written))
            .field("is_closing", &self.is_closing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};

    use super::*;

    /// A queue, and the client's end of a stream that holds `bytes`.
    fn connected(bytes: usize) -> (SendQueue, DuplexStream) {
        let (near, far) = duplex(bytes);
        (SendQueue::new(near), far)
    }

    async fn read(client: &mut DuplexStream, bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        client.read_exact(&mut read).await.unwrap();
        read
    }

    /// What the client reads until the stream ends.
    async fn read_to_end(queue: &SendQueue, client: &mut DuplexStream) -> Vec<u8> {
        let mut read = Vec::new();
        let reading = client.read_to_end(&mut read);
        let (read_bytes, ()) = tokio::join!(reading, queue.write());
        read_bytes.unwrap();
        read
    }

    #[tokio::test]
    async fn writes_at_once_without_a_writer_task() {
        let (queue, mut client) = connected(64);
        queue.push_snapshot(Bytes::from_static(b"s1"));
        queue.push(Bytes::from_static(b"e1"));
        queue.push_snapshot(Bytes::from_static(b"s2"));
        assert_eq!(read(&mut client, 12).await, b"\0\x02s1\0\x02e1\0\x02s2");
    }

    #[tokio::test]
    async fn a_slow_reader_gets_every_event_and_the_newest_snapshot() {
        let (queue, mut client) = connected(3);
        queue.push(Bytes::from_static(b"e1"));
        for snapshot in [&b"s1"[..], b"s2", b"s3"] {
            queue.push_snapshot(Bytes::from_static(snapshot));
        }
        queue.push(Bytes::from_static(b"e2"));
        queue.end();
        let read = read_to_end(&queue, &mut client).await;
        assert_eq!(read, b"\0\x02e1\0\x02e2\0\x02s3");
    }

    #[tokio::test]
    async fn a_frame_larger_than_the_stream_holds_arrives_whole() {
        let (queue, mut client) = connected(1_000);
        let frame = Bytes::from(vec![7; 60_000]);
        queue.push(frame.clone());
        queue.push(Bytes::from_static(b"after"));
        queue.end();
        let read = read_to_end(&queue, &mut client).await;
        assert_eq!(read.len(), 2 + frame.len() + 2 + 5);
        assert_eq!(read[..3], [234, 96, 7], "the length, then the frame");
        assert_eq!(read[2 + frame.len()..], *b"\0\x05after");
    }

    #[tokio::test]
    async fn an_answer_that_fits_no_frame_is_refused_aloud() {
        let (queue, mut client) = connected(1 << 10);
        queue.push(Bytes::from(vec![7; SERVER_FRAME_BYTES_MAX + 1]));
        let token = "x".repeat(SERVER_FRAME_BYTES_MAX);
        queue.send(&ServerMessage::ChatToken { token });
        queue.end();
        let read = read_to_end(&queue, &mut client).await;
        let (frame, rest) = frame::next(&read).unwrap();
        let said = String::from_utf8_lossy(&frame[1..]);
        assert!(
            said.contains("rejected") && said.contains("bad_message"),
            "{said}"
        );
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn the_writer_task_goes_on_with_what_comes_later() {
        let (queue, mut client) = connected(4);
        let talking = async {
            for _ in 0..3 {
                queue.push(Bytes::from_static(b"abcd"));
                assert_eq!(read(&mut client, 6).await, b"\0\x04abcd");
            }
            queue.end();
        };
        tokio::join!(queue.write(), talking);
    }

    #[tokio::test]
    async fn a_full_queue_ends_with_a_typed_reason() {
        let (queue, mut client) = connected(1);
        let fit = SEND_QUEUE_BYTES_MAX / cost(&Bytes::from_static(b"e"));
        for _ in 0..fit {
            queue.push(Bytes::from_static(b"e"));
        }
        assert!(!queue.closed().is_cancelled(), "it is full, and not more");
        for _ in 0..2 {
            queue.push(Bytes::from_static(b"e"));
        }
        assert!(queue.closed().is_cancelled());
        queue.push(Bytes::from_static(b"too late"));
        let read = read_to_end(&queue, &mut client).await;
        assert!(read.starts_with(b"\0\x01e"), "what was being written");
        assert!(read.windows(11).any(|w| w == b"slow_reader"));
        assert!(!read.windows(8).any(|w| w == b"too late"));
    }

    #[tokio::test]
    async fn what_waits_is_bounded_in_bytes_whatever_the_frames_are() {
        for bytes in [1, 100, 3_000, 30_000, SERVER_FRAME_BYTES_MAX] {
            let (queue, _client) = connected(1);
            let frame = Bytes::from(vec![7; bytes]);
            for _ in 0..10_000 {
                queue.push(frame.clone());
                queue.push_snapshot(Bytes::from_static(&[9; 1_000]));
                let state = queue.lock();
                let most = SEND_QUEUE_BYTES_MAX.max(cost(&frame)) + 2_000;
                assert!(state.waiting() <= most, "{} of {bytes}", state.waiting());
                let kept = state.frames.capacity() * size_of::<Bytes>() + state.batch.capacity();
                assert!(kept <= 2 * SEND_QUEUE_BYTES_MAX, "{kept} of {bytes}");
            }
            assert!(queue.closed().is_cancelled(), "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_told_why_once_it_reads_again() {
        let (near, mut client) = duplex(64);
        let limits = Limits {
            write: Duration::from_millis(20),
            goodbye: Duration::from_secs(30),
        };
        let queue = SendQueue::with_limits(near, limits);
        queue.push(Bytes::from(vec![7; 100]));
        queue.push(Bytes::from_static(b"an event that it misses"));
        let stalling = async {
            queue.closed().cancelled().await;
            let mut read = Vec::new();
            client.read_to_end(&mut read).await.unwrap();
            read
        };
        let (read, ()) = tokio::join!(stalling, queue.write());
        let (first, rest) = frame::next(&read).unwrap();
        assert_eq!(first.len(), 100, "what was being written arrives whole");
        let (last, rest) = frame::next(rest).unwrap();
        assert!(last.windows(11).any(|it| it == b"slow_reader") && rest.is_empty());
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_its_goodbye_is_gone_all_the_same() {
        let (near, _client) = duplex(1);
        let limits = Limits {
            write: Duration::from_secs(30),
            goodbye: Duration::from_millis(20),
        };
        let queue = SendQueue::with_limits(near, limits);
        queue.close(&ServerMessage::goodbye(GoodbyeCode::Idle, "bye"));
        let ended = tokio::time::timeout(Duration::from_secs(20), queue.write());
        assert!(ended.await.is_ok());
    }

    #[tokio::test]
    async fn nothing_is_accepted_after_a_goodbye() {
        let (queue, mut client) = connected(1_000);
        queue.close(&ServerMessage::goodbye(GoodbyeCode::Idle, "bye"));
        queue.push(Bytes::from_static(b"later"));
        queue.close(&ServerMessage::goodbye(GoodbyeCode::Draining, "again"));
        let read = read_to_end(&queue, &mut client).await;
        let said = String::from_utf8_lossy(&read);
        assert!(said.contains("bye") && !said.contains("later") && !said.contains("again"));
    }

    #[tokio::test]
    async fn a_client_that_is_gone_closes_the_queue() {
        let (queue, client) = connected(8);
        drop(client);
        queue.push(Bytes::from_static(b"e"));
        let ended = tokio::time::timeout(Duration::from_secs(30), queue.write());
        assert!(ended.await.is_ok());
        assert!(queue.closed().is_cancelled());
    }
}

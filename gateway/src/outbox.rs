//! What waits to be written to one client.
//!
//! Frames that must arrive stand in a bounded queue; of snapshots only the
//! latest is kept. A slow reader therefore skips snapshots and never sees an
//! old one; one that lets the queue fill is told goodbye.
//!
//! A frame before which nothing waits is written by whoever brings it, so that
//! no task is woken for it, and snapshots that come at once, as after a
//! takeover, all arrive. Only what the socket does not take waits.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrayvec::ArrayVec;
use bytes::Bytes;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame;
use tokio::sync::Notify;

use crate::limits::OUTBOX_FRAMES_MAX;
use crate::metrics;
use crate::socket::Socket;

/// A frame with its length is copied together up to this size: one piece costs
/// the system less than two. A snapshot of sixteen cars fits.
const ONE_PIECE_BYTES_MAX: usize = 512;

/// The way to one client. Shared by the connection, the relay of its room and
/// the chat.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Bytes>,
    snapshot: Option<Bytes>,
    /// Set once: nothing is queued any more.
    closing: bool,
    /// Where frames may go at once.
    socket: Option<Arc<Socket>>,
    /// What is left of a frame that the socket has taken in part.
    rest: Bytes,
    /// The writer has a batch, which comes first.
    is_writing: bool,
}

/// What [`Outbox::take`] hands to the writer.
#[derive(Debug, Default)]
pub struct Batch {
    /// The end of a frame, to be written first and as it is.
    pub rest: Bytes,
    /// In the order to be written.
    pub frames: Vec<Bytes>,
    /// Whether the connection ends after them.
    pub closing: bool,
}

/// What became of a frame that was to be written at once.
enum Written {
    Whole,
    InPart,
    /// Something else comes first, or the socket is full.
    Not,
}

impl Outbox {
    /// One whose frames go to `socket` at once when they can.
    #[must_use]
    pub fn to(socket: Arc<Socket>) -> Self {
        let waiting = Waiting {
            socket: Some(socket),
            ..Waiting::default()
        };
        Self {
            waiting: Mutex::new(waiting),
            changed: Notify::new(),
        }
    }

    /// Lets go of the socket.
    pub fn detach(&self) {
        self.lock().socket = None;
    }

    /// Writes or queues a frame that must arrive. A full queue closes the
    /// connection.
    pub fn push(&self, frame: Bytes) {
        {
            let mut waiting = self.lock();
            if waiting.closing {
                return;
            }
            match waiting.write_now(&frame) {
                Written::Whole => return,
                Written::InPart => return self.changed.notify_one(),
                Written::Not => {}
            }
            if waiting.frames.len() >= OUTBOX_FRAMES_MAX {
                // It has not read 256 frames; it shall read this one next.
                waiting.frames.clear();
                waiting.close(&goodbye(
                    GoodbyeCode::SlowReader,
                    "the connection is too slow for what happens here",
                ));
            } else {
                waiting.frames.push_back(frame);
            }
        }
        self.changed.notify_one();
    }

    /// Queues a control message.
    pub fn send(&self, message: &ServerMessage) {
        self.push(frame::from_server(message));
    }

    /// Writes a snapshot, or lets it wait in the place of the one that does.
    pub fn snapshot(&self, frame: Bytes) {
        {
            let mut waiting = self.lock();
            match waiting.write_now(&frame) {
                Written::Whole => return,
                Written::InPart => {}
                Written::Not if waiting.closing => return,
                Written::Not => {
                    if waiting.snapshot.replace(frame).is_some() {
                        metrics::snapshot_skipped();
                    }
                }
            }
        }
        self.changed.notify_one();
    }

    /// Says goodbye and ends the connection once that is written.
    pub fn close(&self, message: &ServerMessage) {
        self.lock().close(message);
        self.changed.notify_one();
    }

    /// Ends the connection without a word: the client has left.
    pub fn end(&self) {
        self.lock().closing = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to write. What was taken before is
    /// written.
    pub async fn take(&self) -> Batch {
        loop {
            {
                let mut waiting = self.lock();
                waiting.is_writing = waiting.closing || !waiting.is_empty();
                if waiting.is_writing {
                    let mut frames: Vec<Bytes> = waiting.frames.drain(..).collect();
                    frames.extend(waiting.snapshot.take());
                    return Batch {
                        rest: std::mem::take(&mut waiting.rest),
                        frames,
                        closing: waiting.closing,
                    };
                }
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.frames.is_empty() && self.snapshot.is_none()
    }

    /// Writes a frame at once, if nothing comes before it.
    fn write_now(&mut self, frame: &Bytes) -> Written {
        let Some(socket) = &self.socket else {
            return Written::Not;
        };
        if self.closing || self.is_writing || !self.is_empty() {
            return Written::Not;
        }
        // Larger ones are never made.
        let Ok(length) = u16::try_from(frame.len()) else {
            return Written::Whole;
        };
        let head = length.to_be_bytes();
        let whole = head.len() + frame.len();
        let sent = match whole {
            ..=ONE_PIECE_BYTES_MAX => {
                let mut piece = ArrayVec::<u8, ONE_PIECE_BYTES_MAX>::new();
                piece.extend(head);
                // It fits, by the pattern.
                let _ = piece.try_extend_from_slice(frame);
                socket.write(&piece)
            }
            _ => socket.write_vectored(&[IoSlice::new(&head), IoSlice::new(frame)]),
        };
        match sent {
            // The writer will be told the same error.
            Err(_) | Ok(0) => Written::Not,
            Ok(bytes) => {
                metrics::frames_sent(1, bytes as u64);
                if bytes >= whole {
                    return Written::Whole;
                }
                self.rest = rest(head, frame, bytes);
                Written::InPart
            }
        }
    }

    fn close(&mut self, message: &ServerMessage) {
        if self.closing {
            return;
        }
        if let ServerMessage::Goodbye { code, .. } = message {
            metrics::goodbye(*code);
        }
        self.frames.push_back(frame::from_server(message));
        self.snapshot = None;
        self.closing = true;
    }
}

/// What is left of a frame and its length after the first `written` bytes.
fn rest(head: [u8; 2], frame: &Bytes, written: usize) -> Bytes {
    match written.checked_sub(head.len()) {
        Some(of_frame) => frame.slice(of_frame..),
        None => [&head[written..], frame].concat().into(),
    }
}

/// A goodbye with the sensible answer to "shall I come back?".
#[must_use]
pub fn goodbye(code: GoodbyeCode, reason: impl Into<String>) -> ServerMessage {
    let retry = match code {
        GoodbyeCode::Version | GoodbyeCode::BadFrame | GoodbyeCode::Replaced => false,
        GoodbyeCode::Idle
        | GoodbyeCode::SlowReader
        | GoodbyeCode::Draining
        | GoodbyeCode::TooMany => true,
    };
    ServerMessage::Goodbye {
        code,
        reason: reason.into(),
        retry,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::socket::tests::connected;

    #[tokio::test]
    async fn a_slow_reader_gets_every_event_and_the_latest_snapshot() {
        let outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"e1"));
        for snapshot in [&b"s1"[..], b"s2", b"s3"] {
            outbox.snapshot(Bytes::from_static(snapshot));
        }
        outbox.push(Bytes::from_static(b"e2"));
        let batch = outbox.take().await;
        assert_eq!(batch.frames, [&b"e1"[..], b"e2", b"s3"]);
        assert!(!batch.closing);
    }

    #[tokio::test]
    async fn snapshots_that_come_at_once_both_arrive() {
        let (mut client, socket) = connected().await;
        socket.writable().await.unwrap();
        let outbox = Outbox::to(socket);
        outbox.snapshot(Bytes::from_static(b"s1"));
        outbox.push(Bytes::from_static(b"e1"));
        outbox.snapshot(Bytes::from_static(b"s2"));
        let mut read = [0; 12];
        client.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"\0\x02s1\0\x02e1\0\x02s2");
    }

    #[tokio::test]
    async fn nothing_overtakes_what_waits_or_is_being_written() {
        let (_client, socket) = connected().await;
        socket.writable().await.unwrap();
        let outbox = Outbox::to(socket);
        outbox.lock().frames.push_back(Bytes::from_static(b"e1"));
        outbox.snapshot(Bytes::from_static(b"s1"));
        assert_eq!(outbox.take().await.frames, [&b"e1"[..], b"s1"]);
        outbox.snapshot(Bytes::from_static(b"s2"));
        assert_eq!(
            outbox.take().await.frames,
            [&b"s2"[..]],
            "s1 was on its way"
        );
    }

    #[tokio::test]
    async fn what_a_full_socket_does_not_take_waits_for_the_writer() {
        let (mut client, socket) = connected().await;
        let outbox = Outbox::to(Arc::clone(&socket));
        let frame = Bytes::from(vec![7; 60_000]);
        let mut offered = 0;
        while outbox.lock().is_empty() {
            outbox.snapshot(frame.clone());
            offered += 1;
        }
        outbox.snapshot(Bytes::from_static(b"latest"));
        let batch = outbox.take().await;
        let waiting = batch.rest.len() + batch.frames.len() - 1;
        assert!(waiting > 0, "either the end of a frame or a whole one");
        assert_eq!(batch.frames.last().unwrap(), &b"latest"[..]);
        let (was_whole, rest) = (batch.rest.is_empty(), batch.rest.len());
        let taken = offered * (2 + frame.len()) - rest - usize::from(was_whole) * (2 + frame.len());
        let mut read = vec![0; taken];
        client.read_exact(&mut read).await.unwrap();
        assert_eq!(
            read[..3],
            [234, 96, 7],
            "the length of a frame and its first byte"
        );
    }

    #[test]
    fn a_frame_is_continued_where_the_socket_stopped() {
        let frame = Bytes::from_static(b"abc");
        let head = [0, 3];
        assert_eq!(rest(head, &frame, 1), &b"\x03abc"[..]);
        assert_eq!(rest(head, &frame, 2), &b"abc"[..]);
        assert_eq!(rest(head, &frame, 4), &b"c"[..]);
    }

    #[tokio::test]
    async fn a_full_queue_ends_with_a_typed_reason() {
        let outbox = Outbox::default();
        for _ in 0..=OUTBOX_FRAMES_MAX {
            outbox.push(Bytes::from_static(b"e"));
        }
        outbox.push(Bytes::from_static(b"too late"));
        let batch = outbox.take().await;
        assert!(batch.closing);
        assert_eq!(batch.frames.len(), 1);
        assert!(batch.frames[0].windows(11).any(|w| w == b"slow_reader"));
    }
}

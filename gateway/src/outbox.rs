//! What waits to be written to one client.
//!
//! Frames that must arrive stand in a bounded queue; of snapshots only the
//! latest is kept. A slow reader therefore skips snapshots and never sees an
//! old one; one that lets the queue fill is told goodbye.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame;
use tokio::sync::Notify;

use crate::limits::OUTBOX_FRAMES_MAX;
use crate::metrics;

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
}

/// What [`Outbox::take`] hands to the writer.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order to be written.
    pub frames: Vec<Bytes>,
    /// Whether the connection ends after them.
    pub closing: bool,
}

impl Outbox {
    /// Queues a frame that must arrive. A full queue closes the connection.
    pub fn push(&self, frame: Bytes) {
        {
            let mut waiting = self.lock();
            if waiting.closing {
                return;
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

    /// Replaces the snapshot that waits, if one does.
    pub fn snapshot(&self, frame: Bytes) {
        if self.lock().snapshot.replace(frame).is_some() {
            metrics::snapshot_skipped();
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

    /// Waits until there is something to write.
    pub async fn take(&self) -> Batch {
        loop {
            {
                let mut waiting = self.lock();
                if waiting.closing || !waiting.frames.is_empty() || waiting.snapshot.is_some() {
                    let mut frames: Vec<Bytes> = waiting.frames.drain(..).collect();
                    frames.extend(waiting.snapshot.take());
                    return Batch {
                        frames,
                        closing: waiting.closing,
                    };
                }
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
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
    use super::*;

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

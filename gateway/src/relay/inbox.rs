//! Where connections leave their drivers' inputs, without waking anybody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::Seat;
use tokio::sync::Notify;

use crate::limits::INBOX_FRAMES_MAX;

/// Input frames of several seats, one after the other in one buffer.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Of each frame: the seat, and where it ends.
    ends: Vec<(Seat, usize)>,
}

impl Frames {
    /// Adds a frame.
    pub fn push(&mut self, seat: Seat, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push((seat, self.bytes.len()));
    }

    /// All frames, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (Seat, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |(seat, end)| {
            let frame = &self.bytes[start..*end];
            start = *end;
            (*seat, frame)
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets them; the memory is used again.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// The inputs of a room that its relay has not seen yet.
#[derive(Debug, Default)]
pub struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    is_closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: Frames,
    /// The relay wants to be told of the next one.
    is_watched: bool,
}

impl Inbox {
    /// Leaves a frame; `false` when there is no room for it.
    pub fn put(&self, seat: Seat, frame: &[u8]) -> bool {
        let was_watched = {
            let mut waiting = self.lock();
            if waiting.frames.len() >= INBOX_FRAMES_MAX {
                return false;
            }
            waiting.frames.push(seat, frame);
            std::mem::take(&mut waiting.is_watched)
        };
        if was_watched {
            self.arrived.notify_one();
        }
        true
    }

    /// Nobody will look for frames any more: the room is gone.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Whether the room is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Exchanges what is here for `empty` frames.
    pub fn swap(&self, empty: &mut Frames) {
        std::mem::swap(&mut self.lock().frames, empty);
    }

    /// Waits until something is here.
    pub async fn arrived(&self) {
        loop {
            {
                let mut waiting = self.lock();
                if !waiting.frames.is_empty() {
                    return;
                }
                waiting.is_watched = true;
            }
            self.arrived.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_that_something_came_and_hands_it_over_in_order() {
        let inbox = Inbox::default();
        let (mut frames, putting) = (Frames::default(), async {
            tokio::task::yield_now().await;
            assert!(inbox.put(3, b"abc"));
            assert!(inbox.put(0, b""));
            assert!(inbox.put(3, b"d"));
        });
        tokio::join!(inbox.arrived(), putting);
        inbox.swap(&mut frames);
        let all: Vec<_> = frames.iter().collect();
        assert_eq!(all, [(3, &b"abc"[..]), (0, b""), (3, b"d")]);
        frames.clear();
        assert!(frames.is_empty());
        inbox.swap(&mut frames);
        assert!(frames.is_empty());
    }

    #[test]
    fn is_bounded() {
        let inbox = Inbox::default();
        let taken = (0..2 * INBOX_FRAMES_MAX).filter(|_| inbox.put(0, b"x"));
        assert_eq!(taken.count(), INBOX_FRAMES_MAX);
    }
}

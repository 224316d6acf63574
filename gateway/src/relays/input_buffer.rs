//! Input frames that connections leave for the relay, without waking it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::Seat;
use relay::SeatFrames;
use tokio::sync::Notify;

use crate::limits::INPUT_BUFFER_FRAMES_MAX;

/// The inputs of a room that its relay has not taken yet.
#[derive(Debug, Default)]
pub struct InputBuffer {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    is_closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: SeatFrames,
    /// The relay waits for the next one.
    is_awaited: bool,
}

impl InputBuffer {
    /// Adds a frame; `false` when there is no room for it.
    pub fn put(&self, seat: Seat, frame: &[u8]) -> bool {
        let was_awaited = {
            let mut waiting = self.lock();
            if waiting.frames.len() >= INPUT_BUFFER_FRAMES_MAX {
                return false;
            }
            waiting.frames.push(seat, frame);
            std::mem::take(&mut waiting.is_awaited)
        };
        if was_awaited {
            self.arrived.notify_one();
        }
        true
    }

    /// Marks the room as gone: no frame will be taken.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Whether the room is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Takes all frames, in exchange for an empty list whose memory is used again.
    pub fn swap(&self, empty: &mut SeatFrames) {
        std::mem::swap(&mut self.lock().frames, empty);
    }

    /// Waits for a frame.
    pub async fn arrived(&self) {
        loop {
            {
                let mut waiting = self.lock();
                if !waiting.frames.is_empty() {
                    return;
                }
                waiting.is_awaited = true;
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
    async fn wakes_the_relay_and_hands_frames_over_in_order() {
        let buffer = InputBuffer::default();
        let (mut frames, putting) = (SeatFrames::default(), async {
            tokio::task::yield_now().await;
            assert!(buffer.put(3, b"abc"));
            assert!(buffer.put(0, b""));
            assert!(buffer.put(3, b"d"));
        });
        tokio::join!(buffer.arrived(), putting);
        buffer.swap(&mut frames);
        let all: Vec<_> = frames.iter().collect();
        assert_eq!(all, [(3, &b"abc"[..]), (0, b""), (3, b"d")]);
        frames.clear();
        assert!(frames.is_empty());
        buffer.swap(&mut frames);
        assert!(frames.is_empty());
    }

    #[test]
    fn is_bounded() {
        let buffer = InputBuffer::default();
        let taken = (0..2 * INPUT_BUFFER_FRAMES_MAX).filter(|_| buffer.put(0, b"x"));
        assert_eq!(taken.count(), INPUT_BUFFER_FRAMES_MAX);
    }
}

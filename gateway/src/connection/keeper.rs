//! What a connection needs besides being read.
//!
//! The keeper writes what the [outbox](crate::outbox) does not write itself, and
//! says goodbye to a client that was silent for too long, or when the gateway
//! ends. So whoever reads waits for bytes, and for nothing else.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use protocol::client::GoodbyeCode;
use service::Shutdown;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::oneshot;

use crate::limits::WRITE_TIMEOUT;
use crate::metrics;
use crate::outbox::{Batch, Outbox, goodbye};

/// Largest write: enough for a burst of events, small enough to reuse.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Until when a client may be silent.
#[derive(Debug)]
pub(super) struct Silence {
    origin: Instant,
    /// Since `origin`.
    until_ms: AtomicU64,
}

/// Who breaks a silence.
#[derive(Debug)]
pub(super) struct Speaker {
    silence: Arc<Silence>,
    until: Instant,
}

impl Speaker {
    /// A word now is not noted when the last one was so shortly ago: drivers
    /// send thirty in a second.
    const PRECISION: Duration = Duration::from_millis(500);

    pub(super) fn new(silence: Arc<Silence>) -> Self {
        Self {
            until: silence.origin,
            silence,
        }
    }

    /// Something was heard `now`; it is good for so long, or a little less.
    pub(super) fn speaks(&mut self, now: Instant, patience: Duration) {
        let until = now + patience;
        if until.saturating_duration_since(self.until) >= Self::PRECISION || until < self.until {
            self.until = until;
            self.silence.set(until);
        }
    }
}

impl Silence {
    /// Until `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            origin: now,
            until_ms: AtomicU64::new(0),
        }
    }

    fn set(&self, until: Instant) {
        let until = until.saturating_duration_since(self.origin);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until_ms.store(until, Ordering::Relaxed);
    }

    /// Waits until it has been silent for too long.
    async fn is_too_long(&self) {
        loop {
            let until = Duration::from_millis(self.until_ms.load(Ordering::Relaxed));
            let until = self.origin + until;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until.into()).await;
        }
    }
}

/// Keeps a connection until it ends, or its client is gone: then `gone` is
/// dropped.
pub(super) async fn keep(
    socket: Arc<OwnedWriteHalf>,
    outbox: Arc<Outbox>,
    silence: Arc<Silence>,
    shutdown: Shutdown,
    gone: oneshot::Sender<()>,
) {
    let mut buffer = BytesMut::with_capacity(WRITE_BUFFER_BYTES);
    loop {
        let batch = next(&outbox, &silence, &shutdown).await;
        let mut frames = 0;
        buffer.put_slice(&batch.rest);
        for frame in &batch.frames {
            // Larger ones are never made: the lobby is cut to fit.
            let Ok(length) = u16::try_from(frame.len()) else {
                continue;
            };
            buffer.put_u16(length);
            buffer.put_slice(frame);
            frames += 1;
        }
        metrics::frames_sent(frames, buffer.len() as u64);
        let written = tokio::time::timeout(WRITE_TIMEOUT, write_all(&socket, &mut buffer)).await;
        if !matches!(written, Ok(Ok(()))) || batch.closing {
            // Whoever lets go last shuts the socket down. What the client has
            // not read by now is lost either way.
            outbox.detach();
            drop(gone);
            return;
        }
    }
}

/// What is to be written next: a goodbye when it is time for one.
async fn next(outbox: &Outbox, silence: &Silence, shutdown: &Shutdown) -> Batch {
    let (code, reason) = tokio::select! {
        biased;
        batch = outbox.take() => return batch,
        () = shutdown.wait() => (GoodbyeCode::Draining, "this server is being restarted"),
        () = silence.is_too_long() => {
            (GoodbyeCode::Idle, "nothing was heard of you for too long")
        }
    };
    outbox.close(&goodbye(code, reason));
    outbox.take().await
}

async fn write_all(socket: &OwnedWriteHalf, buffer: &mut BytesMut) -> io::Result<()> {
    while buffer.has_remaining() {
        socket.writable().await?;
        match socket.try_write(buffer) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) => buffer.advance(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn silence_is_too_long_only_after_the_last_word() {
        let begun = Instant::now();
        let silence = Arc::new(Silence::new(begun));
        let mut speaker = Speaker::new(Arc::clone(&silence));
        let ms = Duration::from_millis;
        speaker.speaks(begun, ms(500));
        speaker.speaks(begun + ms(499), ms(500));
        assert_eq!(silence.until_ms.load(Ordering::Relaxed), 500, "hardly more");
        speaker.speaks(begun + ms(500), ms(500));
        assert_eq!(silence.until_ms.load(Ordering::Relaxed), 1_000);
        // Patience may shrink.
        speaker.speaks(begun + ms(501), ms(20));
        let speaking = async {
            tokio::time::sleep(ms(5)).await;
            speaker.speaks(begun, ms(1_030));
        };
        tokio::join!(silence.is_too_long(), speaking);
        assert!(begun.elapsed() >= ms(1_030), "{:?}", begun.elapsed());
    }
}

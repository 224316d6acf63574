//! What a connection needs besides being read.
//!
//! The keeper writes what the [outbox](crate::outbox) does not write itself, and
//! says goodbye to a client that was silent for too long, or when the gateway
//! ends. So whoever reads waits for bytes, and for nothing else.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use protocol::client::GoodbyeCode;
use protocol::frame;
use service::Shutdown;
use tokio::sync::{oneshot, watch};

use crate::limits::WRITE_TIMEOUT;
use crate::metrics;
use crate::outbox::{Batch, Outbox, goodbye};
use crate::socket::Socket;

/// Largest write: enough for a burst of events, small enough to reuse.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Who breaks a silence.
#[derive(Debug)]
pub(super) struct Speaker {
    silence: watch::Sender<Instant>,
    /// What the silence says.
    until: Instant,
}

impl Speaker {
    /// A word now is not noted when the last one was so shortly ago: drivers
    /// send thirty in a second.
    const PRECISION: Duration = Duration::from_millis(500);

    /// Something was heard `now`; it is good for so long, or a little less.
    pub(super) fn speaks(&mut self, now: Instant, patience: Duration) {
        let until = now + patience;
        if until.saturating_duration_since(self.until) >= Self::PRECISION || until < self.until {
            self.until = until;
            // Who waits for a later time sees by then that it is later still.
            self.silence
                .send_if_modified(|noted| until < std::mem::replace(noted, until));
        }
    }
}

/// Until when a client may be silent.
#[derive(Debug)]
pub(super) struct Silence(watch::Receiver<Instant>);

impl Silence {
    /// Until `now`, unless its breaker speaks.
    pub(super) fn new(now: Instant) -> (Speaker, Self) {
        let (silence, heard) = watch::channel(now);
        let until = now;
        (Speaker { silence, until }, Self(heard))
    }

    /// Waits until it has been silent for too long.
    async fn is_too_long(&mut self) {
        loop {
            let until = *self.0.borrow_and_update();
            if Instant::now() >= until {
                return;
            }
            let sleep = tokio::time::sleep_until(until.into());
            tokio::select! {
                () = sleep => {}
                // Patience has shrunk.
                Ok(()) = self.0.changed() => {}
            }
        }
    }
}

/// Keeps a connection until it ends, or its client is gone: then `gone` is
/// dropped.
pub(super) async fn keep(
    socket: Arc<Socket>,
    outbox: Arc<Outbox>,
    mut silence: Silence,
    shutdown: Shutdown,
    gone: oneshot::Sender<()>,
) {
    let mut buffer = BytesMut::with_capacity(WRITE_BUFFER_BYTES);
    loop {
        let batch = next(&outbox, &mut silence, &shutdown).await;
        buffer.put_slice(&batch.rest);
        for frame in &batch.frames {
            frame::append(frame, &mut buffer);
        }
        metrics::frames_sent(batch.frames.len() as u64, buffer.len() as u64);
        let written = tokio::time::timeout(WRITE_TIMEOUT, write_all(&socket, &mut buffer)).await;
        if !matches!(written, Ok(Ok(()))) || batch.closing {
            outbox.detach();
            socket.end_writing();
            drop(gone);
            return;
        }
    }
}

/// What is to be written next: a goodbye when it is time for one.
async fn next(outbox: &Outbox, silence: &mut Silence, shutdown: &Shutdown) -> Batch {
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

async fn write_all(socket: &Socket, buffer: &mut BytesMut) -> io::Result<()> {
    while buffer.has_remaining() {
        match socket.write(buffer) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) => buffer.advance(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test]
    async fn silence_is_too_long_only_after_the_last_word() {
        let begun = Instant::now();
        let (mut speaker, mut silence) = Silence::new(begun);
        speaker.speaks(begun, ms(500));
        speaker.speaks(begun + ms(499), ms(500));
        assert_eq!(*silence.0.borrow(), begun + ms(500), "hardly more");
        let speaking = async {
            tokio::time::sleep(ms(5)).await;
            speaker.speaks(begun, ms(1_030));
        };
        tokio::join!(silence.is_too_long(), speaking);
        assert!(begun.elapsed() >= ms(1_030), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_silence_is_over_sooner_when_patience_shrinks_meanwhile() {
        let begun = Instant::now();
        let (mut speaker, mut silence) = Silence::new(begun);
        speaker.speaks(begun, Duration::from_secs(3_600));
        let speaking = async {
            tokio::time::sleep(ms(5)).await;
            speaker.speaks(begun, ms(20));
        };
        let both = async { tokio::join!(silence.is_too_long(), speaking) };
        let waited = tokio::time::timeout(Duration::from_secs(30), both).await;
        assert!(waited.is_ok(), "waits for what was allowed before");
        assert!(begun.elapsed() >= ms(20), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_silence_whose_breaker_is_gone_ends_in_time() {
        let begun = Instant::now();
        let (mut speaker, mut silence) = Silence::new(begun);
        speaker.speaks(begun, ms(500));
        drop(speaker);
        silence.is_too_long().await;
        assert!(begun.elapsed() >= ms(500), "{:?}", begun.elapsed());
    }
}

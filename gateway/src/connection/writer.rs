//! Writing to one client what its [outbox](crate::outbox) does not write itself.

use std::io;
use std::sync::Arc;

use bytes::{Buf, BufMut, BytesMut};
use tokio::net::tcp::OwnedWriteHalf;
use tokio_util::sync::CancellationToken;

use crate::limits::WRITE_TIMEOUT;
use crate::metrics;
use crate::outbox::Outbox;

/// Largest write: enough for a burst of events, small enough to reuse.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Writes what the outbox holds until it closes or the client is gone.
pub(super) async fn write(
    socket: Arc<OwnedWriteHalf>,
    outbox: Arc<Outbox>,
    gone: CancellationToken,
) {
    let _gone = gone.drop_guard();
    let mut buffer = BytesMut::with_capacity(WRITE_BUFFER_BYTES);
    loop {
        let batch = outbox.take().await;
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
            return outbox.detach();
        }
    }
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

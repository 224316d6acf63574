//! Writing to one client.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio_util::sync::CancellationToken;

use crate::limits::WRITE_TIMEOUT;
use crate::metrics;
use crate::outbox::Outbox;

/// Largest write: enough for a burst of events, small enough to reuse.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Writes what the outbox holds until it closes or the client is gone.
pub(super) async fn write(
    mut writer: OwnedWriteHalf,
    outbox: Arc<Outbox>,
    gone: CancellationToken,
) {
    let _gone = gone.drop_guard();
    let mut buffer = BytesMut::with_capacity(WRITE_BUFFER_BYTES);
    loop {
        let batch = outbox.take().await;
        let mut frames = 0;
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
        let written = tokio::time::timeout(WRITE_TIMEOUT, writer.write_all_buf(&mut buffer)).await;
        if !matches!(written, Ok(Ok(()))) || batch.closing {
            // What the client has not read by now is lost either way.
            let _ = writer.shutdown().await;
            return;
        }
    }
}

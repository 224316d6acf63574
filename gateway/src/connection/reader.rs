//! Reads the frames of one client, no faster than its budget and its own reading allow.

use std::io;
use std::time::Instant;

use bytes::BytesMut;
use futures::StreamExt;
use protocol::frame::LENGTH_BYTES;
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use tokio::io::AsyncRead;
use tokio_util::codec::{FramedRead, LengthDelimitedCodec};

use super::budget::Budget;
use crate::metrics;
use crate::send_queue::SendQueue;

/// First size of the buffer that frames are read into: some inputs fit.
const READ_BUFFER_BYTES: usize = 1024;

/// What finds the frames in a client's bytes, and refuses those that are too long.
#[must_use]
pub fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .length_field_length(LENGTH_BYTES)
        .max_frame_length(CLIENT_FRAME_BYTES_MAX)
        .new_codec()
}

/// The frames of one client.
#[derive(Debug)]
pub(super) struct Reader<R> {
    frames: FramedRead<R, LengthDelimitedCodec>,
    budget: Budget,
    /// Whether this pause for want of budget is counted.
    is_throttled: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// The frames that come from `stream`.
    pub(super) fn new(stream: R, now: Instant) -> Self {
        Self {
            frames: FramedRead::with_capacity(stream, codec(), READ_BUFFER_BYTES),
            budget: Budget::new(now),
            is_throttled: false,
        }
    }

    /// Waits for the next frame, which is charged; `None` once the client has closed.
    /// Nothing is read without budget, nor while too much waits for the client: it has
    /// to read its answers before it asks for more. May be dropped and called again.
    pub(super) async fn next(&mut self, send_queue: &SendQueue) -> Option<io::Result<BytesMut>> {
        if self.budget.ends_turn() {
            tokio::task::yield_now().await;
        }
        if let Some(until) = self.budget.exhausted_until() {
            if !std::mem::replace(&mut self.is_throttled, true) {
                metrics::client_throttled();
            }
            tokio::time::sleep_until(until.into()).await;
        }
        send_queue.drained().await;
        let frame = self.frames.next().await?;
        self.is_throttled = false;
        Some(frame.inspect(|frame| {
            self.budget
                .charge(LENGTH_BYTES + frame.len(), Instant::now());
            metrics::frame_received(frame.len() as u64);
        }))
    }

    /// The bytes that have come and are not a frame yet.
    pub(super) fn unread(&self) -> &[u8] {
        self.frames.read_buffer()
    }

    /// The stream, without what was read of it.
    pub(super) fn into_stream(self) -> R {
        self.frames.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use protocol::frame;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::limits::{FRAME_RATE, SEND_QUEUE_RESUME_BYTES};

    /// A queue that a client reads at once, as far as this matters.
    fn unread() -> (SendQueue, DuplexStream) {
        let (near, far) = duplex(64);
        (SendQueue::new(near), far)
    }

    /// The frames in `bytes`, which come in pieces of `length`.
    async fn read(bytes: &[u8], length: usize) -> Vec<io::Result<BytesMut>> {
        let (near, mut far) = duplex(length);
        let (send_queue, _client) = unread();
        let mut reader = Reader::new(near, Instant::now());
        let reading = async {
            let mut frames = Vec::new();
            while let Some(frame) = reader.next(&send_queue).await {
                let is_broken = frame.is_err();
                frames.push(frame);
                if is_broken {
                    break;
                }
            }
            frames
        };
        let sending = async {
            far.write_all(bytes).await.unwrap();
            drop(far);
        };
        tokio::join!(reading, sending).0
    }

    #[tokio::test]
    async fn reads_every_frame_in_whatever_pieces_its_bytes_come() {
        let max = CLIENT_FRAME_BYTES_MAX;
        let lengths = [3, 0, max, 1, 2, max, max, 700, max - 1, 5];
        let expected: Vec<Vec<u8>> = (0..).zip(lengths).map(|(i, n)| vec![i; n]).collect();
        let mut bytes = Vec::new();
        expected.iter().for_each(|it| frame::append(it, &mut bytes));
        for length in [1, 2, 3, 7, 100, max, max + 1, max + 2, max + 3, 1 << 20] {
            let read: Vec<BytesMut> = read(&bytes, length)
                .await
                .into_iter()
                .collect::<io::Result<_>>()
                .unwrap();
            assert_eq!(read, expected, "in pieces of {length}");
        }
    }

    #[tokio::test]
    async fn refuses_a_frame_that_is_too_long_before_it_is_there() {
        let mut bytes = vec![0, 1, 7];
        bytes.extend((CLIENT_FRAME_BYTES_MAX as u16 + 1).to_be_bytes());
        let read = read(&bytes, 1 << 20).await;
        assert_eq!(read[0].as_ref().unwrap(), &[7][..]);
        let error = read[1].as_ref().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_flood_is_read_at_its_rate_and_others_run_beside_it() {
        const TIME: Duration = Duration::from_secs(1);
        let (near, mut far) = duplex(1 << 16);
        let (send_queue, _client) = unread();
        let mut reader = Reader::new(near, Instant::now());
        let mut frames = 0;
        let reading = async {
            while let Some(Ok(_)) = reader.next(&send_queue).await {
                frames += 1;
            }
        };
        let flooding = async {
            let flood = [0, 1, 1].repeat(1 << 12);
            while far.write_all(&flood).await.is_ok() {}
        };
        let both = async { tokio::join!(reading, flooding) };
        assert!(tokio::time::timeout(TIME, both).await.is_err());
        let (rate, burst) = FRAME_RATE;
        let most = burst + 2.0 * rate * TIME.as_secs_f64();
        assert!(f64::from(frames) <= most, "{frames} frames in {TIME:?}");
        assert!(f64::from(frames) >= burst, "{frames} frames in {TIME:?}");
    }

    #[tokio::test]
    async fn a_client_has_to_read_its_answers_before_it_asks_for_more() {
        let (near, mut far) = duplex(64);
        let (send_queue, mut client) = unread();
        let mut reader = Reader::new(near, Instant::now());
        far.write_all(b"\0\x01a").await.unwrap();
        let answer = Bytes::from(vec![7; SEND_QUEUE_RESUME_BYTES + 100]);
        send_queue.push(answer);
        let asking = async {
            let soon = Duration::from_millis(50);
            let early = tokio::time::timeout(soon, reader.next(&send_queue)).await;
            assert!(early.is_err(), "the answer before is not read");
            client
                .read_exact(&mut [0; SEND_QUEUE_RESUME_BYTES + 102])
                .await
                .unwrap();
            reader.next(&send_queue).await.unwrap().unwrap()
        };
        tokio::select! {
            frame = asking => assert_eq!(frame, &b"a"[..]),
            () = send_queue.write() => panic!("nothing has ended"),
        }
    }
}

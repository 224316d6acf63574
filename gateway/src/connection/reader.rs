//! Frames from the bytes of one client.

use std::io;
use std::ops::Range;

use protocol::frame::{self, LENGTH_BYTES};
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The largest frame with its length.
const BUFFER_BYTES: usize = LENGTH_BYTES + CLIENT_FRAME_BYTES_MAX;

/// Reads frames into a buffer of its own. Frames of a driver mostly come one by
/// one, so that each is at the buffer's beginning and nothing is allocated.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    socket: R,
    buffer: Box<[u8; BUFFER_BYTES]>,
    /// What was read and not given yet.
    unread: Range<usize>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(socket: R) -> Self {
        Self {
            socket,
            buffer: Box::new([0; BUFFER_BYTES]),
            unread: 0..0,
        }
    }

    /// The next frame; `None` when the client has closed. May be dropped and
    /// called again.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a frame that is too long; otherwise
    /// what the socket says.
    pub(super) async fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let frame = loop {
            if let Some(frame) = self.take_whole()? {
                break frame;
            }
            if self.unread.start > 0 {
                let left = self.unread.len();
                self.buffer.copy_within(self.unread.clone(), 0);
                self.unread = 0..left;
            }
            let read = self
                .socket
                .read(&mut self.buffer[self.unread.end..])
                .await?;
            if read == 0 {
                return Ok(None);
            }
            self.unread.end += read;
        };
        Ok(Some(&self.buffer[frame]))
    }

    /// Where the next frame is, if all of it is here.
    fn take_whole(&mut self) -> io::Result<Option<Range<usize>>> {
        let unread = &self.buffer[self.unread.clone()];
        let length = frame::length(unread).unwrap_or(0);
        if length > CLIENT_FRAME_BYTES_MAX {
            let message = format!("a frame of {length} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let Some((frame, rest)) = frame::next(unread) else {
            return Ok(None);
        };
        let end = self.unread.end - rest.len();
        let frame = end - frame.len()..end;
        self.unread.start = end;
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
        Ok(Some(frame))
    }

    pub(super) fn into_inner(self) -> R {
        self.socket
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::ReadBuf;

    use super::*;

    /// Gives its bytes in pieces of some length.
    struct Pieces(Vec<u8>, usize);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            to: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let bytes = self.1.min(self.0.len()).min(to.remaining());
            let piece: Vec<u8> = self.0.drain(..bytes).collect();
            to.put_slice(&piece);
            Poll::Ready(Ok(()))
        }
    }

    fn frames(lengths: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let frames: Vec<Vec<u8>> = lengths
            .iter()
            .enumerate()
            .map(|(nth, length)| vec![nth as u8; *length])
            .collect();
        let mut bytes = Vec::new();
        for frame in &frames {
            bytes.extend((frame.len() as u16).to_be_bytes());
            bytes.extend(frame);
        }
        (frames, bytes)
    }

    #[tokio::test]
    async fn gives_every_frame_however_its_bytes_come() {
        let max = CLIENT_FRAME_BYTES_MAX;
        let (expected, bytes) = frames(&[3, 0, max, 1, 2, max, max, 700, max - 1, 5]);
        for piece in [1, 2, 3, 7, 100, max, max + 1, max + 2, max + 3, 1 << 20] {
            let mut reader = FrameReader::new(Pieces(bytes.clone(), piece));
            for frame in &expected {
                let given = reader.next().await.unwrap().unwrap();
                assert_eq!(given, frame, "in pieces of {piece}");
            }
            assert!(reader.next().await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn refuses_a_frame_that_is_too_long_before_it_is_there() {
        let (_, mut bytes) = frames(&[4]);
        bytes.extend((CLIENT_FRAME_BYTES_MAX as u16 + 1).to_be_bytes());
        let mut reader = FrameReader::new(Pieces(bytes, 64));
        assert_eq!(reader.next().await.unwrap().unwrap().len(), 4);
        let error = reader.next().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("4097"), "{error}");
    }

    #[tokio::test]
    async fn half_a_frame_at_the_end_is_none() {
        let (_, mut bytes) = frames(&[4, 4]);
        bytes.pop();
        let mut reader = FrameReader::new(Pieces(bytes, 64));
        assert!(reader.next().await.unwrap().is_some());
        assert!(reader.next().await.unwrap().is_none());
    }
}

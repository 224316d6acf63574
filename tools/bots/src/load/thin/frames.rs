//! Frames of a stream of bytes, read in place.

use client_core::protocol::frame;

/// The beginning of a frame that is incomplete.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    partial: Vec<u8>,
}

impl Frames {
    /// Takes bytes; calls `each` with every complete frame, without its length.
    pub(crate) fn read<E>(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(bytes);
            let mut joined = std::mem::take(&mut self.partial);
            let mut rest = joined.as_slice();
            while let Some((frame, after)) = frame::next(rest) {
                rest = after;
                each(frame)?;
            }
            joined.drain(..joined.len() - rest.len());
            self.partial = joined;
            return Ok(());
        }
        while let Some((frame, rest)) = frame::next(bytes) {
            bytes = rest;
            each(frame)?;
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// Forgets an incomplete frame, for a new connection.
    pub(crate) fn clear(&mut self) {
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn finds_the_frames_however_the_bytes_are_split() {
        let frames = [&b"one"[..], b"", b"three", &[7; 300]];
        let mut stream = Vec::new();
        for frame in frames {
            frame::append(frame, &mut stream);
        }
        for size in 1..stream.len() {
            let (mut reader, mut read) = (Frames::default(), Vec::new());
            for chunk in stream.chunks(size) {
                let each = |frame: &[u8]| {
                    read.push(frame.to_vec());
                    Ok::<(), Infallible>(())
                };
                reader.read(chunk, each).unwrap();
            }
            assert_eq!(read, frames, "in pieces of {size}");
        }
    }

    #[test]
    fn forgets_an_incomplete_frame_of_an_old_connection() {
        let mut reader = Frames::default();
        let mut count = 0;
        let mut each = |_: &[u8]| {
            count += 1;
            Ok::<(), Infallible>(())
        };
        reader.read(&[0, 9, 1], &mut each).unwrap();
        reader.clear();
        reader.read(&[0, 1, 1], &mut each).unwrap();
        assert_eq!(count, 1);
    }
}

//! Frames from the bytes of one client.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use protocol::frame::{self, FrameKind, LENGTH_BYTES};
use protocol::limits::CLIENT_FRAME_BYTES_MAX;

use crate::metrics;
use crate::socket::Socket;

/// The largest frame with its length.
const BUFFER_BYTES: usize = LENGTH_BYTES + CLIENT_FRAME_BYTES_MAX;

/// So many buffers of a driver are read at once: more than a network that stood
/// still for two seconds has kept.
const LOOKS_MAX: usize = 8;

/// Reads frames into a buffer of its own. Frames of a driver mostly come one by
/// one, so that each is at the buffer's beginning and nothing is allocated.
#[derive(Debug)]
pub(super) struct FrameReader {
    socket: Arc<Socket>,
    /// The last look found less than there was room for.
    is_dry: bool,
    frames: Frames,
}

impl FrameReader {
    pub(super) fn new(socket: Arc<Socket>) -> Self {
        Self {
            socket,
            is_dry: false,
            frames: Frames::default(),
        }
    }

    /// The next frame, as soon as it is there; `None` when the client has closed.
    /// May be dropped and called again.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a frame that is too long; otherwise
    /// what the socket says.
    pub(super) async fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let frame = loop {
            if let Some(frame) = self.frames.take_whole()? {
                break frame;
            }
            if self.look().await? == 0 {
                return Ok(None);
            }
        };
        let frame = self.frames.get(frame);
        metrics::frame_received(frame.len() as u64);
        Ok(Some(frame))
    }

    /// The runtime need not watch the socket: [`Self::inputs`] will look.
    pub(super) fn unwatch(&self) {
        self.socket.unwatch();
    }

    /// Takes the inputs that are there by now, as far as some looks go: somebody who
    /// floods must let others go first. `false` when there is something else, which
    /// is left for [`Self::next`]: another frame, the end, an error.
    pub(super) fn inputs(&mut self, mut take: impl FnMut(&[u8])) -> bool {
        // Whoever reads next looks before it waits.
        self.is_dry = false;
        for _ in 0..LOOKS_MAX {
            let room = self.frames.room();
            let bytes_max = room.len();
            let (is_open, is_all) = match self.socket.read(room) {
                Ok(bytes) => {
                    self.frames.filled(bytes);
                    (bytes > 0, bytes < bytes_max)
                }
                Err(error) => (error.kind() == io::ErrorKind::WouldBlock, true),
            };
            while let Ok(Some(frame)) = self.frames.whole() {
                let bytes = self.frames.get(frame.clone());
                let Ok((FrameKind::Input, input)) = frame::split(bytes) else {
                    return false;
                };
                metrics::frame_received(bytes.len() as u64);
                take(input);
                self.frames.pass(&frame);
            }
            if !is_open || self.frames.whole().is_err() {
                return false;
            }
            if is_all {
                break;
            }
        }
        true
    }

    /// Reads what a client still sends, until it closes too: closing with unread
    /// bytes would reset the connection, and the goodbye with it.
    pub(super) async fn discard(mut self, bytes_max: usize) {
        let mut left = bytes_max;
        while left > 0 {
            self.frames.clear();
            match self.look().await {
                Ok(bytes @ 1..) => left = left.saturating_sub(bytes),
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Reads what is there, as soon as there is something.
    async fn look(&mut self) -> io::Result<usize> {
        loop {
            // Somebody who floods must let others go first.
            tokio::task::coop::consume_budget().await;
            if std::mem::take(&mut self.is_dry) {
                self.socket.readable().await?;
            }
            let room = self.frames.room();
            let (socket, bytes_max) = (&self.socket, room.len());
            match socket.read(room) {
                Ok(bytes) => {
                    self.is_dry = bytes < bytes_max;
                    self.frames.filled(bytes);
                    return Ok(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_dry = true,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Bytes that were read, and the frames in them.
#[derive(Debug)]
struct Frames {
    buffer: Box<[u8; BUFFER_BYTES]>,
    /// What was read and not given yet.
    unread: Range<usize>,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            buffer: Box::new([0; BUFFER_BYTES]),
            unread: 0..0,
        }
    }
}

impl Frames {
    /// Where to put the next bytes: at least one, as no frame is longer than the
    /// buffer.
    fn room(&mut self) -> &mut [u8] {
        if self.unread.start > 0 {
            let left = self.unread.len();
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..left;
        }
        &mut self.buffer[self.unread.end..]
    }

    /// So many bytes were put there.
    fn filled(&mut self, bytes: usize) {
        self.unread.end += bytes;
    }

    fn get(&self, frame: Range<usize>) -> &[u8] {
        &self.buffer[frame]
    }

    fn clear(&mut self) {
        self.unread = 0..0;
    }

    /// Where the next frame is, if all of it is here.
    fn whole(&self) -> io::Result<Option<Range<usize>>> {
        let unread = &self.buffer[self.unread.clone()];
        let length = frame::length(unread).unwrap_or(0);
        if length > CLIENT_FRAME_BYTES_MAX {
            let message = format!("a frame of {length} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(frame::next(unread).map(|(frame, rest)| {
            let end = self.unread.end - rest.len();
            end - frame.len()..end
        }))
    }

    /// The next frame, whose place this is, is unread no more.
    fn pass(&mut self, frame: &Range<usize>) {
        self.unread.start = frame.end;
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
    }

    /// As [`Self::whole`], and passes it.
    fn take_whole(&mut self) -> io::Result<Option<Range<usize>>> {
        let frame = self.whole()?;
        if let Some(frame) = &frame {
            self.pass(frame);
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::client::ClientMessage;
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::socket::tests::{arrived, connected};

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

    /// Puts the piece where it belongs; gives what had no room.
    fn put<'a>(piece: &'a [u8], frames: &mut Frames) -> &'a [u8] {
        let room = frames.room();
        let (taken, rest) = piece.split_at(piece.len().min(room.len()));
        room[..taken.len()].copy_from_slice(taken);
        frames.filled(taken.len());
        rest
    }

    #[test]
    fn gives_every_frame_however_its_bytes_come() {
        let max = CLIENT_FRAME_BYTES_MAX;
        let (expected, bytes) = frames(&[3, 0, max, 1, 2, max, max, 700, max - 1, 5]);
        for length in [1, 2, 3, 7, 100, max, max + 1, max + 2, max + 3, 1 << 20] {
            let (mut frames, mut given) = (Frames::default(), Vec::new());
            for mut piece in bytes.chunks(length) {
                while !piece.is_empty() {
                    piece = put(piece, &mut frames);
                    while let Some(frame) = frames.take_whole().unwrap() {
                        given.push(frames.get(frame).to_vec());
                    }
                }
            }
            assert_eq!(given, expected, "in pieces of {length}");
        }
    }

    #[test]
    fn refuses_a_frame_that_is_too_long_before_it_is_there() {
        let (_, mut bytes) = frames(&[4]);
        bytes.extend((CLIENT_FRAME_BYTES_MAX as u16 + 1).to_be_bytes());
        let mut frames = Frames::default();
        put(&bytes, &mut frames);
        assert_eq!(frames.take_whole().unwrap().unwrap().len(), 4);
        let error = frames.take_whole().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("4097"), "{error}");
    }

    #[tokio::test]
    async fn half_a_frame_at_the_end_is_none() {
        let (mut client, socket) = connected().await;
        let (_, mut bytes) = frames(&[4, 4]);
        bytes.pop();
        client.write_all(&bytes).await.unwrap();
        drop(client);
        let mut reader = FrameReader::new(socket);
        assert!(reader.next().await.unwrap().is_some());
        assert!(reader.next().await.unwrap().is_none());
    }

    fn input(body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame::append(&frame::binary(FrameKind::Input, body), &mut bytes);
        bytes
    }

    /// The bodies of the inputs that are there, and whether there is nothing else.
    fn inputs(reader: &mut FrameReader) -> (Vec<Vec<u8>>, bool) {
        let mut bodies = Vec::new();
        let is_all = reader.inputs(|input| bodies.push(input.to_vec()));
        (bodies, is_all)
    }

    #[tokio::test]
    async fn takes_inputs_without_being_told_of_them_and_leaves_the_rest() {
        let (mut client, socket) = connected().await;
        let mut reader = FrameReader::new(Arc::clone(&socket));
        let ping = frame::from_client(&ClientMessage::Ping { nonce: 7 });
        let mut bytes = [input(b"a"), input(b"b"), input(b"c"), input(b"d")].concat();
        frame::append(&ping, &mut bytes);
        bytes.extend(input(b"e"));
        client.write_all(&bytes[..18]).await.unwrap();
        // The next two were read before it was asked for inputs, one in part.
        let first = reader.next().await.unwrap().unwrap();
        assert_eq!(first[1..], *b"a");
        reader.unwatch();
        assert_eq!(
            inputs(&mut reader),
            (vec![b"b".into(), b"c".into(), b"d".into()], true)
        );
        assert_eq!(inputs(&mut reader), (vec![], true));
        client.write_all(&bytes[18..]).await.unwrap();
        let given_back = async {
            while inputs(&mut reader) == (vec![], true) {
                tokio::task::yield_now().await;
            }
        };
        given_back.await;
        assert_eq!(reader.next().await.unwrap().unwrap(), ping);
        assert_eq!(reader.next().await.unwrap().unwrap()[1..], *b"e");
        drop(client);
        let ended = async {
            while inputs(&mut reader).1 {
                tokio::task::yield_now().await;
            }
        };
        ended.await;
        assert!(reader.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn takes_all_that_a_stalled_network_has_kept_at_once() {
        let (mut client, socket) = connected().await;
        let mut reader = FrameReader::new(Arc::clone(&socket));
        let (mut bytes, body) = (Vec::new(), [7; 350]);
        (0..60).for_each(|_| bytes.extend(input(&body)));
        client.write_all(&bytes).await.unwrap();
        reader.unwatch();
        while arrived(&socket) < bytes.len() as u64 {
            tokio::task::yield_now().await;
        }
        assert_eq!(inputs(&mut reader).0.len(), 60);
    }

    #[tokio::test]
    async fn discards_until_the_client_closes_or_has_sent_enough() {
        let (mut client, socket) = connected().await;
        client.write_all(&[1; 10_000]).await.unwrap();
        FrameReader::new(Arc::clone(&socket)).discard(5_000).await;
        let reader = FrameReader::new(socket);
        drop(client);
        let ended = tokio::time::timeout(Duration::from_secs(30), reader.discard(1 << 20));
        assert!(ended.await.is_ok());
    }
}

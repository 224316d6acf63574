//! The bytes of a connection, before they are messages.

use bytes::{Bytes, BytesMut};
use gateway::connection;
use protocol::frame::{self, LENGTH_BYTES};
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use tokio_util::codec::Decoder;

use crate::checks::bounded;

/// A stream that comes in pieces of the length of its first byte: the gateway finds the
/// frames that are in it, and refuses it at the first that is too long.
pub fn frame_stream(bytes: &[u8]) {
    let Some((piece, stream)) = bytes.split_first() else {
        return;
    };
    let (mut codec, mut buffer) = (connection::codec(), BytesMut::new());
    let mut found: Vec<Bytes> = Vec::new();
    let mut is_refused = false;
    for piece in stream.chunks(usize::from(*piece).max(1)) {
        buffer.extend_from_slice(piece);
        while !is_refused {
            match codec.decode(&mut buffer) {
                Ok(Some(frame)) => found.push(frame.freeze()),
                Ok(None) => break,
                Err(_) => is_refused = true,
            }
        }
        assert!(buffer.len() <= LENGTH_BYTES + CLIENT_FRAME_BYTES_MAX + piece.len() || is_refused);
    }

    let (expected, rest) = frames(stream);
    assert_eq!(found, expected);
    let is_too_long = frame::length(rest).is_some_and(|length| length > CLIENT_FRAME_BYTES_MAX);
    assert_eq!(is_refused, is_too_long);
}

/// The frames of a stream that may be in it, and what follows them.
fn frames(mut stream: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut frames = Vec::new();
    while let Some((frame, rest)) = frame::next(stream)
        && frame.len() <= CLIENT_FRAME_BYTES_MAX
    {
        let mut written = Vec::new();
        frame::append(frame, &mut written);
        assert_eq!(frame::next(&written), Some((frame, &[][..])));
        frames.push(frame);
        stream = rest;
    }
    (frames, stream)
}

/// The first frame of a client.
pub fn hello(bytes: &[u8]) {
    let Ok(hello) = bounded(bytes, || frame::read_hello(bytes)) else {
        return;
    };
    let written = frame::hello(&hello);
    assert_eq!(frame::read_hello(&written).ok(), Some(hello));
}

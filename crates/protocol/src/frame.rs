//! Frames of the TCP connection between client and gateway.
//!
//! On the wire: length (`u16`, big-endian, of what follows), kind (`u8`),
//! body. The first frame of a client is [`FrameKind::Hello`], whose body
//! begins with the version byte. Most of this module sees a frame without its
//! length; [`length`], [`next`] and [`append`] are for those who read and write
//! the bytes of a stream themselves.

use bytes::{BufMut, Bytes, BytesMut};
use domain::UnknownVersion;
use serde::Serialize;

use crate::client::{ClientMessage, Hello, ServerMessage};
use crate::snapshot;
use crate::version::{CONVERSATION, ReadError};

/// The width of the length that precedes each frame.
pub const LENGTH_BYTES: usize = 2;

/// What a frame's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// Version byte, then JSON [`Hello`]. Client only, first only.
    Hello = 0,
    /// JSON [`ClientMessage`] or [`ServerMessage`].
    Control = 1,
    /// Binary [`crate::input::InputFrame`]. Client only.
    Input = 2,
    /// Binary [`crate::snapshot::RelayedHeader`], then
    /// [`crate::snapshot::SnapshotBody`]. Gateway only.
    Snapshot = 3,
    /// JSON [`crate::room::RoomEvent`]. Gateway only.
    Event = 4,
    /// JSON [`crate::chat::ChatMessage`]. Gateway only.
    Chat = 5,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Hello,
            Self::Control,
            Self::Input,
            Self::Snapshot,
            Self::Event,
            Self::Chat,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// Why a frame was refused.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// No kind byte, or one that is not in use.
    #[error("a frame begins with its kind, 0 to 5")]
    Kind,
    /// A frame that this side never receives.
    #[error("a frame of kind {0:?} does not belong here")]
    Unexpected(FrameKind),
    /// A client of another version.
    #[error("this gateway speaks version {}, the client version {}", .0.format.newest(), .0.found)]
    Version(UnknownVersion),
    /// The body is not the JSON that its kind promises.
    #[error("a message that cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// Splits a frame into kind and body.
///
/// # Errors
/// [`FrameError::Kind`].
pub fn split(frame: &[u8]) -> Result<(FrameKind, &[u8]), FrameError> {
    let (kind, body) = frame.split_first().ok_or(FrameError::Kind)?;
    let kind = FrameKind::from_byte(*kind).ok_or(FrameError::Kind)?;
    Ok((kind, body))
}

/// Puts the kind before a body that is bytes already.
#[must_use]
pub fn binary(kind: FrameKind, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(1 + body.len());
    frame.put_u8(kind as u8);
    frame.put_slice(body);
    frame.freeze()
}

/// The frame that relays a snapshot from NATS to clients.
///
/// # Errors
/// When the bytes are of another version, or too short to be a snapshot.
pub fn snapshot(snapshot: &[u8]) -> Result<Bytes, ReadError> {
    let mut frame = Vec::with_capacity(1 + snapshot.len());
    frame.push(FrameKind::Snapshot as u8);
    snapshot::relay_into(snapshot, frame).map(Bytes::from)
}

/// The length of the first frame in a stream's bytes, once it is here.
#[must_use]
pub fn length(stream: &[u8]) -> Option<usize> {
    let length = stream.first_chunk::<LENGTH_BYTES>()?;
    Some(u16::from_be_bytes(*length).into())
}

/// The first frame in a stream's bytes, without its length, and what follows it;
/// `None` while not all of it is here.
#[must_use]
pub fn next(stream: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = length(stream)?;
    stream[LENGTH_BYTES..].split_at_checked(length)
}

/// Appends a frame with its length to a stream's bytes.
///
/// # Panics
/// If the length does not fit its two bytes. Neither side makes such frames; a gateway
/// checks those that are made from messages of other programs.
pub fn append(frame: &[u8], stream: &mut impl BufMut) {
    let length = u16::try_from(frame.len()).expect("frames are shorter than 64 KiB");
    stream.put_u16(length);
    stream.put_slice(frame);
}

fn json<T: Serialize>(mut head: Vec<u8>, message: &T) -> Bytes {
    serde_json::to_writer(&mut head, message).expect("wire types serialise to JSON");
    head.into()
}

/// The first frame of a client.
#[must_use]
pub fn hello(hello: &Hello) -> Bytes {
    json(vec![FrameKind::Hello as u8, CONVERSATION.written()], hello)
}

/// A control frame of a client.
#[must_use]
pub fn from_client(message: &ClientMessage) -> Bytes {
    json(vec![FrameKind::Control as u8], message)
}

/// A control frame of a gateway.
#[must_use]
pub fn from_server(message: &ServerMessage) -> Bytes {
    json(vec![FrameKind::Control as u8], message)
}

/// Reads the first frame of a client.
///
/// # Errors
/// When it is no hello, of another version, or not JSON.
pub fn read_hello(frame: &[u8]) -> Result<Hello, FrameError> {
    let (kind, body) = split(frame)?;
    if kind != FrameKind::Hello {
        return Err(FrameError::Unexpected(kind));
    }
    let (version, json) = body.split_first().unwrap_or((&0, &[]));
    CONVERSATION.check(*version).map_err(FrameError::Version)?;
    Ok(serde_json::from_slice(json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let hello_frame = hello(&Hello {
            client: "test".into(),
        });
        assert_eq!(read_hello(&hello_frame).unwrap().client, "test");

        let frame = from_client(&ClientMessage::Spectate { name: "r1".into() });
        let (kind, body) = split(&frame).unwrap();
        assert_eq!(kind, FrameKind::Control);
        assert_eq!(body, br#"{"type":"spectate","name":"r1"}"#);
    }

    #[test]
    fn finds_the_frames_of_a_stream() {
        let mut stream = Vec::new();
        append(b"one", &mut stream);
        append(&[7; 300], &mut stream);
        let (first, rest) = next(&stream).unwrap();
        assert_eq!((first, length(rest)), (&b"one"[..], Some(300)));
        assert_eq!(next(&rest[..rest.len() - 1]), None);
        assert_eq!(next(rest), Some((&[7; 300][..], &[][..])));
        assert_eq!((length(&[1]), next(&[])), (None, None));
    }

    #[test]
    #[should_panic(expected = "shorter than 64 KiB")]
    fn a_frame_that_is_too_long_is_never_left_out_in_silence() {
        append(&[0; 0x1_0000], &mut Vec::new());
    }

    #[test]
    fn refuses_other_clients_with_the_reason() {
        let mut other = BytesMut::from(hello(&Hello {
            client: "old".into(),
        }));
        other[1] = 9;
        let refused = read_hello(&other).unwrap_err().to_string();
        assert_eq!(
            refused,
            "this gateway speaks version 4, the client version 9"
        );
        assert!(read_hello(&[FrameKind::Hello as u8]).is_err());
        assert!(matches!(split(&Bytes::new()), Err(FrameError::Kind)));
        assert!(matches!(
            split(&Bytes::from_static(&[77, 1])),
            Err(FrameError::Kind)
        ));
        assert!(read_hello(&binary(FrameKind::Input, &[])).is_err());
    }
}

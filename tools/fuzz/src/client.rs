//! The clients without their windows: any gateway, any player, any times.

pub mod chat;
pub mod race;

use bytes::Bytes;
use client_core::LinkEvent;
use protocol::client::ClientMessage;
use protocol::frame::{self, FrameKind};
use protocol::input::InputFrame;
use protocol::limits::CLIENT_FRAME_BYTES_MAX;

use crate::sample;

/// The control messages of a gateway, as they are sent.
fn server_frames() -> Vec<Bytes> {
    let messages = sample::server_messages();
    messages.iter().map(frame::from_server).collect()
}

/// A change of the connection.
fn link_event(number: u8) -> LinkEvent {
    let reason = "because".to_owned();
    match number % 4 {
        0 | 1 => LinkEvent::Connected,
        2 => LinkEvent::Lost { reason },
        _ => LinkEvent::Ended { reason },
    }
}

/// Checks that a gateway can read what a client sends.
fn check_outgoing(frames: &[Bytes]) {
    for frame in frames {
        assert!(
            frame.len() <= CLIENT_FRAME_BYTES_MAX,
            "{} bytes",
            frame.len()
        );
        let (kind, body) = frame::split(frame).expect("a client wrote it");
        match kind {
            FrameKind::Control => {
                serde_json::from_slice::<ClientMessage>(body).expect("a client wrote it");
            }
            FrameKind::Input => {
                InputFrame::decode(body).expect("a client wrote it");
            }
            FrameKind::Hello | FrameKind::Snapshot | FrameKind::Event | FrameKind::Chat => {
                panic!("a client sends no {kind:?}")
            }
        }
    }
}

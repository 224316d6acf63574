//! What the machine could do at best: the messages of a scenario without
//! Slipstream.

pub mod nats;
pub mod tcp;

use serde::{Deserialize, Serialize};

use crate::report::Race;

/// Snapshots of a room in a second.
const SNAPSHOTS_PER_SECOND: u32 = 30;
/// What a gateway puts before a snapshot: its length and its kind.
const FRAME_BYTES: f64 = 3.0;

/// The messages of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Rooms.
    pub rooms: usize,
    /// Players of all rooms.
    pub players: usize,
    /// Bytes of a snapshot on the way to a player.
    pub frame_bytes: usize,
    /// Bytes of a snapshot on the way to a gateway.
    pub payload_bytes: usize,
}

/// Both limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floors {
    /// Of which scenario the messages were.
    pub scenario: String,
    /// Snapshots through NATS.
    pub nats: nats::NatsFloor,
    /// Snapshots into sockets.
    pub tcp: tcp::TcpFloor,
}

impl Traffic {
    /// What was measured in a race, rounded to whole bytes.
    #[must_use]
    pub fn of(race: &Race) -> Self {
        let frame = race.bytes_per_second.down / race.snapshots_per_second.max(1.0);
        Self {
            rooms: race.rooms.into(),
            players: race.bots,
            frame_bytes: frame.round().max(1.0) as usize,
            payload_bytes: (frame - FRAME_BYTES).round().max(8.0) as usize,
        }
    }
}

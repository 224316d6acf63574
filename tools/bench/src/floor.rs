//! What the machine can do at best: the messages of a scenario without
//! Slipstream.

pub mod nats;
pub mod tcp;

use domain::TICK_RATE_HZ;
use protocol::input::InputBatch;
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::{GatewayId, RaceId, Seat};

/// Snapshots of a room in a second.
const SNAPSHOTS_PER_SECOND: u32 = TICK_RATE_HZ / TICKS_PER_SNAPSHOT;
/// Phases in which the rooms tick between two snapshots, like those of a race worker
/// with many rooms (docs/timing.md).
const PHASES: u32 = 8;
/// The header of a snapshot or an input on TCP: its length and its kind.
const FRAME_BYTES: f64 = 3.0;
/// The part of a snapshot on NATS that gateways do not forward.
const ORIGIN_BYTES: f64 = 19.0;

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
    pub snapshot_bytes: usize,
    /// Bytes of the inputs of a room on the way to its owner.
    pub inputs_bytes: usize,
}

impl Traffic {
    /// The messages of rooms and players whose snapshots take `down` bytes and whose
    /// inputs take `up`, rounded to whole bytes.
    #[must_use]
    pub fn new(rooms: u16, players: usize, down: f64, up: f64) -> Self {
        let seats = players / usize::from(rooms.max(1));
        let whole = |bytes: f64, at_least: f64| bytes.round().max(at_least) as usize;
        Self {
            rooms: rooms.into(),
            players,
            frame_bytes: whole(down, 1.0),
            snapshot_bytes: whole(down - FRAME_BYTES + ORIGIN_BYTES, nats::TIME_BYTES as f64),
            inputs_bytes: inputs_bytes(seats, whole(up - FRAME_BYTES, 1.0)),
        }
    }
}

/// The bytes of a message with one input of each seat.
fn inputs_bytes(seats: usize, each: usize) -> usize {
    let input = vec![0; each];
    let batch = InputBatch {
        race: RaceId::first_of(0),
        // Ids are random: most take as many bytes as the largest.
        gateway: GatewayId::new(u32::MAX),
        frames: (0..seats).map(|seat| (seat as Seat, &input[..])).collect(),
    };
    batch.encode().len()
}

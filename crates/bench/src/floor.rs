//! What the machine could do at best: the messages of a scenario without
//! Slipstream.

pub mod nats;
pub mod tcp;

use domain::TICK_RATE_HZ;
use protocol::input::InputBatch;
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::{GatewayId, RaceId, Seat};

use crate::report::Race;

/// Snapshots of a room in a second.
const SNAPSHOTS_PER_SECOND: u32 = TICK_RATE_HZ / TICKS_PER_SNAPSHOT;
/// The rooms do not tick all at once: they take turns, so many between two
/// snapshots. A race worker with many rooms has so many slots, all workers at the
/// same times (ADR 013).
const SLOTS: u32 = 8;
/// What stands before a snapshot or an input on TCP: its length and its kind.
const FRAME_BYTES: f64 = 3.0;
/// What a snapshot has on NATS that a client does not get.
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
    /// What was measured in a race, rounded to whole bytes.
    #[must_use]
    pub fn of(race: &Race) -> Self {
        let down = race.bytes_per_second.down / race.snapshots_per_second.max(1.0);
        let up = race.bytes_per_second.up / race.inputs_per_second.max(1.0);
        let seats = race.bots / usize::from(race.rooms.max(1));
        let whole = |bytes: f64, at_least: f64| bytes.round().max(at_least) as usize;
        Self {
            rooms: race.rooms.into(),
            players: race.bots,
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
        // Numbers are drawn at random: most take as many bytes as the largest.
        gateway: GatewayId::new(u32::MAX),
        frames: (0..seats).map(|seat| (seat as Seat, &input[..])).collect(),
    };
    batch.encode().len()
}

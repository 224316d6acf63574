//! What a room sends to its players 30 times a second: binary.
//!
//! A header and behind it a [`SnapshotBody`], which only workers and clients
//! read. They know the track that its bits are measured from: a [`Course`]. On
//! NATS the header is a [`SnapshotHeader`]; gateways read it, and relay less of
//! it to clients: a [`RelayedHeader`].

mod bits;
mod codec;
mod course;
mod header;

use arrayvec::ArrayVec;
use domain::{Car, Drive, SEATS_MAX};
use serde::{Deserialize, Serialize};

pub use self::codec::BodyError;
pub use self::course::{Course, CoursePoint};
pub use self::header::{InputAck, RelayedHeader, SnapshotHeader, relay_into};
use crate::ids::Seat;
use crate::limits::TICKS_PER_SNAPSHOT;

/// What a seat did in the ticks of one snapshot, oldest first.
pub type Applied = [Drive; TICKS_PER_SNAPSHOT as usize];

/// A race at one tick, so complete that any program can continue it
/// exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotBody {
    /// The first that reached the target.
    pub winner: Option<Seat>,
    /// By seat.
    pub cars: ArrayVec<Car, SEATS_MAX>,
    /// By seat, as many as cars: what was applied since the last snapshot.
    pub applied: ArrayVec<Applied, SEATS_MAX>,
}

#[cfg(test)]
mod tests;

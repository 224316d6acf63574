//! What stands before a snapshot's body, on NATS and as clients get it.
//!
//! ```text
//! NATS:    race (16 bytes) owner (4, little-endian) | epoch tick acks body
//! clients: last bytes of the race (2)               | epoch tick acks body
//! ```
//!
//! What is behind the bar is the same: a gateway copies it. Epoch and tick are
//! varints. The acks are a count and two bytes each: how many ticks the
//! acknowledged one is ahead of the snapshot's, and the margin, as [`i8`].

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, RaceId, RaceTag, Tick, WorkerId};
use crate::limits::SEATS_MAX;

/// What a gateway reads of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The race.
    pub race: RaceId,
    /// Who owns it.
    pub owner: WorkerId,
    /// Which owner that is.
    pub epoch: Epoch,
    /// The tick of the body.
    pub tick: Tick,
    /// By seat: what came of the inputs.
    pub acks: ArrayVec<InputAck, SEATS_MAX>,
}

/// What a client reads of a snapshot that a gateway has relayed. It knows its
/// race, and who owns it is nothing to it: 18 bytes less, 30 times a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayedHeader {
    /// The race.
    pub race: RaceTag,
    /// Which owner of the race.
    pub epoch: Epoch,
    /// The tick of the body.
    pub tick: Tick,
    /// By seat: what came of the inputs.
    pub acks: ArrayVec<InputAck, SEATS_MAX>,
}

/// What a driver learns of the own inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputAck {
    /// The newest tick for which an input is here; 0 when there is none. On the
    /// wire it is at most 127 ticks from the snapshot's, and 0 otherwise: an
    /// input may not be stamped further ahead, and one that is two seconds old
    /// is beyond what a driver would send again.
    pub tick: Tick,
    /// How many ticks before its use the newest input came; negative when it
    /// came too late.
    pub margin_ticks: i8,
}

/// What only those on NATS get, always as many bytes.
#[derive(Serialize, Deserialize)]
struct Origin {
    race: RaceId,
    #[serde(with = "postcard::fixint::le")]
    owner: u32,
}

/// What everybody gets.
#[derive(Serialize, Deserialize)]
struct Moment {
    epoch: Epoch,
    tick: Tick,
    acks: ArrayVec<NearAck, SEATS_MAX>,
}

/// An [`InputAck`], seen from the snapshot's tick.
#[derive(Serialize, Deserialize)]
struct NearAck {
    /// [`NearAck::NONE`], or how far ahead the acknowledged tick is.
    ahead_ticks: i8,
    margin_ticks: i8,
}

impl NearAck {
    const NONE: i8 = i8::MIN;

    fn new(ack: InputAck, tick: Tick) -> Self {
        let ahead = i64::from(ack.tick) - i64::from(tick);
        // `NONE` itself comes out as what it means.
        let near = i8::try_from(ahead).ok().filter(|_| ack.tick > 0);
        Self {
            ahead_ticks: near.unwrap_or(Self::NONE),
            margin_ticks: ack.margin_ticks,
        }
    }

    /// A tick that cannot be is none either.
    fn ack(self, tick: Tick) -> InputAck {
        let near = Some(self.ahead_ticks).filter(|ahead| *ahead != Self::NONE);
        let known = near.and_then(|ahead| tick.checked_add_signed(ahead.into()));
        InputAck {
            tick: known.unwrap_or_default(),
            margin_ticks: self.margin_ticks,
        }
    }
}

impl Moment {
    fn new(epoch: Epoch, tick: Tick, acks: &[InputAck]) -> Self {
        Self {
            epoch,
            tick,
            acks: acks.iter().map(|ack| NearAck::new(*ack, tick)).collect(),
        }
    }

    fn acks(self) -> ArrayVec<InputAck, SEATS_MAX> {
        let acks = self.acks.into_iter();
        acks.map(|ack| ack.ack(self.tick)).collect()
    }
}

impl SnapshotHeader {
    /// The bytes of the header, appended to `out`. The body goes behind it.
    #[must_use]
    pub fn encode_into(&self, out: Vec<u8>) -> Vec<u8> {
        let origin = Origin {
            race: self.race,
            owner: self.owner.number(),
        };
        let moment = Moment::new(self.epoch, self.tick, &self.acks);
        append(&moment, append(&origin, out))
    }

    /// Reads the header and gives the bytes of the body.
    ///
    /// # Errors
    /// When the bytes are not a snapshot.
    pub fn split(bytes: &[u8]) -> Result<(Self, &[u8]), postcard::Error> {
        let (Origin { race, owner }, rest) = postcard::take_from_bytes(bytes)?;
        let (moment, body): (Moment, _) = postcard::take_from_bytes(rest)?;
        let header = Self {
            race,
            owner: WorkerId::new(owner),
            epoch: moment.epoch,
            tick: moment.tick,
            acks: moment.acks(),
        };
        Ok((header, body))
    }
}

impl RelayedHeader {
    /// As [`SnapshotHeader::encode_into`]. A gateway has no use for it: it
    /// copies with [`relay_into`].
    #[must_use]
    pub fn encode_into(&self, out: Vec<u8>) -> Vec<u8> {
        let moment = Moment::new(self.epoch, self.tick, &self.acks);
        append(&moment, append(&self.race, out))
    }

    /// Reads the header and gives the bytes of the body.
    ///
    /// # Errors
    /// When the bytes are not a relayed snapshot.
    pub fn split(bytes: &[u8]) -> Result<(Self, &[u8]), postcard::Error> {
        let (race, rest) = postcard::take_from_bytes(bytes)?;
        let (moment, body): (Moment, _) = postcard::take_from_bytes(rest)?;
        let header = Self {
            race,
            epoch: moment.epoch,
            tick: moment.tick,
            acks: moment.acks(),
        };
        Ok((header, body))
    }
}

/// A snapshot from NATS as clients get it, appended to `out`: the tag of the
/// race instead of race and owner, the rest as it is, unread.
///
/// # Errors
/// When the bytes are too short to be a snapshot.
pub fn relay_into(snapshot: &[u8], out: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
    let (origin, rest): (Origin, _) = postcard::take_from_bytes(snapshot)?;
    let mut out = append(&origin.race.tag(), out);
    out.extend_from_slice(rest);
    Ok(out)
}

fn append<T: Serialize>(value: &T, out: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, out).expect("a header has no value that postcard refuses")
}

#[cfg(test)]
mod tests;

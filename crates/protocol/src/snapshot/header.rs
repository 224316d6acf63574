//! What stands before a snapshot's body, on NATS and as clients get it.
//!
//! ```text
//! NATS:    version (1 byte) race (16) owner (4, little-endian) | epoch tick acks body
//! clients: last bytes of the race (2)                          | epoch tick acks body
//! ```
//!
//! What is behind the bar is the same: a gateway copies it. Its version is that of
//! the conversation with the client, which the version of the whole implies. Epoch and tick are
//! varints. The acks are a count of bytes and, by seat, how many ticks the
//! acknowledged one is ahead of the snapshot's, and the margin: in one byte when
//! both are as usual, else behind an escape as an [`i8`] each.

use arrayvec::ArrayVec;
use domain::SEATS_MAX;
use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, RaceId, RaceTag, Tick, WorkerId};
use crate::version::{self, ReadError};

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
/// race, and has no use for its owner: 19 bytes less, 30 times a second.
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
    acks: AckBytes,
}

/// Acks as they travel.
type AckBytes = ArrayVec<u8, { SEATS_MAX * NearAck::BYTES_MAX }>;

/// An [`InputAck`], seen from the snapshot's tick.
#[derive(Clone, Copy)]
struct NearAck {
    /// [`NearAck::NONE`], or how far ahead the acknowledged tick is.
    ahead_ticks: i8,
    margin_ticks: i8,
}

impl NearAck {
    const NONE: i8 = i8::MIN;
    const BYTES_MAX: usize = 3;
    /// What is usual: the ticks ahead fit into the upper four bits of a byte,
    /// from this on and without the escape, the margin into the lower four.
    const AHEAD_MIN: i8 = -3;
    const MARGIN_MIN: i8 = -4;
    /// Upper bits of a byte that is followed by both values.
    const ESCAPE: u8 = 0xf0;
    /// No input is here, and nothing is known of margins.
    const EMPTY: u8 = 0xff;

    fn new(ack: InputAck, tick: Tick) -> Self {
        let ahead = i64::from(ack.tick) - i64::from(tick);
        // `NONE` itself comes out as what it means.
        let near = i8::try_from(ahead).ok().filter(|_| ack.tick > 0);
        Self {
            ahead_ticks: near.unwrap_or(Self::NONE),
            margin_ticks: ack.margin_ticks,
        }
    }

    fn put(self, out: &mut AckBytes) {
        let nibble = |value: i8, min: i8| u8::try_from(i16::from(value) - i16::from(min));
        let near = (
            nibble(self.ahead_ticks, Self::AHEAD_MIN),
            nibble(self.margin_ticks, Self::MARGIN_MIN),
        );
        match near {
            (Ok(ahead @ ..15), Ok(margin @ ..16)) => out.push(ahead << 4 | margin),
            _ if (self.ahead_ticks, self.margin_ticks) == (Self::NONE, 0) => out.push(Self::EMPTY),
            _ => out.extend([
                Self::ESCAPE,
                self.ahead_ticks as u8,
                self.margin_ticks as u8,
            ]),
        }
    }

    /// The first of `bytes`, and those behind it; `None` for what is no ack.
    fn take(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (ahead_ticks, margin_ticks, rest) = match bytes {
            [Self::EMPTY, rest @ ..] => (Self::NONE, 0, rest),
            [Self::ESCAPE, ahead, margin, rest @ ..] => (*ahead as i8, *margin as i8, rest),
            [near @ ..Self::ESCAPE, rest @ ..] => (
                (near >> 4) as i8 + Self::AHEAD_MIN,
                (near & 0xf) as i8 + Self::MARGIN_MIN,
                rest,
            ),
            _ => return None,
        };
        let ack = Self {
            ahead_ticks,
            margin_ticks,
        };
        Some((ack, rest))
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
        let mut bytes = AckBytes::new();
        for ack in acks.iter().take(SEATS_MAX) {
            NearAck::new(*ack, tick).put(&mut bytes);
        }
        Self {
            epoch,
            tick,
            acks: bytes,
        }
    }

    fn acks(&self) -> Result<ArrayVec<InputAck, SEATS_MAX>, postcard::Error> {
        let (mut acks, mut bytes) = (ArrayVec::new(), &self.acks[..]);
        while !bytes.is_empty() {
            let (ack, rest) = NearAck::take(bytes)
                .filter(|_| !acks.is_full())
                .ok_or(postcard::Error::DeserializeBadEncoding)?;
            acks.push(ack.ack(self.tick));
            bytes = rest;
        }
        Ok(acks)
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
        append(&moment, version::encode(&version::SNAPSHOT, &origin, out))
    }

    /// Reads the header and gives the bytes of the body.
    ///
    /// # Errors
    /// When the bytes are of another version, or not a snapshot.
    pub fn split(bytes: &[u8]) -> Result<(Self, &[u8]), ReadError> {
        let (origin, rest): (Origin, _) = version::take(&version::SNAPSHOT, bytes)?;
        let damaged = |source: postcard::Error| ReadError::damaged(&version::SNAPSHOT, &source);
        let (moment, body): (Moment, _) = postcard::take_from_bytes(rest).map_err(damaged)?;
        let header = Self {
            race: origin.race,
            owner: WorkerId::new(origin.owner),
            epoch: moment.epoch,
            tick: moment.tick,
            acks: moment.acks().map_err(damaged)?,
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
            acks: moment.acks()?,
        };
        Ok((header, body))
    }
}

/// A snapshot from NATS as clients get it, appended to `out`: the tag of the
/// race instead of race and owner, the rest as it is, unread.
///
/// # Errors
/// When the bytes are of another version, or too short to be a snapshot.
pub fn relay_into(snapshot: &[u8], out: Vec<u8>) -> Result<Vec<u8>, ReadError> {
    let (origin, rest): (Origin, _) = version::take(&version::SNAPSHOT, snapshot)?;
    let mut out = append(&origin.race.tag(), out);
    out.extend_from_slice(rest);
    Ok(out)
}

fn append<T: Serialize>(value: &T, out: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, out).expect("a header has no value that postcard refuses")
}

#[cfg(test)]
mod tests;

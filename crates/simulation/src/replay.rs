//! A race as what was done in it.
//!
//! A race is its track, its rules, its cars and its inputs. A [`Recorder`]
//! takes the inputs tick by tick and gives them away chunk by chunk; a
//! [`Replay`] is all chunks under a [`ReplayHeader`], and [`Replay::verify`]
//! drives the race again and compares the end (ADR 007).

mod bytes;
mod chunk;
mod codec;
mod error;
#[cfg(test)]
mod golden;
mod header;
mod recorder;

use arrayvec::ArrayVec;
use domain::{Drive, SEATS_MAX};

pub use chunk::{CHUNK, CHUNK_PACKED_BYTES_MAX, CHUNK_TICKS, Chunk, Run};
pub use error::ReplayError;
pub use header::{HEADER, ReplayHeader};
pub use recorder::Recorder;

use self::bytes::{Reader, write};
use self::chunk::Hand;
use crate::hash::StateHasher;
use crate::{Events, RaceState, Track, step};

/// Longest race that a replay holds, ticks: six hours, more than any target
/// takes. It bounds what verifying a stranger's replay costs.
pub const REPLAY_TICKS_MAX: u32 = 6 * 60 * 60 * domain::TICK_RATE_HZ;

/// All that is needed to drive a race again, from tick 0 to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    header: ReplayHeader,
    /// Packed, so that a replay takes no more memory than its file. Each has
    /// been read once.
    chunks: Vec<Vec<u8>>,
}

impl Replay {
    /// Puts a replay together from its header and its packed chunks in order.
    ///
    /// # Errors
    /// When a chunk cannot be read, or the chunks are not those of the header:
    /// one after the other from tick 0 to the end, all but the last full.
    pub fn new(header: ReplayHeader, chunks: Vec<Vec<u8>>) -> Result<Self, ReplayError> {
        let mut next_tick = 0;
        for packed in &chunks {
            let chunk = Chunk::unpack(packed)?;
            let is_next = chunk.first_tick() == next_tick && next_tick.is_multiple_of(CHUNK_TICKS);
            if !is_next || chunk.ticks() == 0 || chunk.seats().len() != header.classes.len() {
                return Err(ReplayError::OtherChunk { next_tick });
            }
            next_tick = chunk.end_tick();
        }
        if next_tick != header.ticks {
            return Err(ReplayError::OtherChunk { next_tick });
        }
        Ok(Self { header, chunks })
    }

    /// What was raced, and how it ended.
    #[must_use]
    pub fn header(&self) -> &ReplayHeader {
        &self.header
    }

    /// The inputs, chunk by chunk.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = Chunk> {
        self.chunks
            .iter()
            .map(|packed| Chunk::unpack(packed).expect("every chunk was read by `new`"))
    }

    /// The replay as a file: some kilobytes for a race. The header, each packed
    /// chunk behind its length, and a checksum, so that damage is told from
    /// forgery.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_bytes();
        for packed in &self.chunks {
            write(&mut bytes, packed.len() as u64);
            bytes.extend(packed);
        }
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When the bytes are not a replay, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReplayError> {
        let mut reader = Reader(bytes);
        let header = ReplayHeader::read(&mut reader)?;
        let (body, sum) = bytes.split_last_chunk().ok_or(ReplayError::Length)?;
        if checksum(body) != u64::from_le_bytes(*sum) {
            return Err(ReplayError::Damaged);
        }
        let count = header.ticks.div_ceil(CHUNK_TICKS);
        let chunks = (0..count)
            .map(|_| {
                let length = reader.below(CHUNK_PACKED_BYTES_MAX as u64 + 1, "a chunk's length")?;
                Ok(reader.take(length as usize)?.to_vec())
            })
            .collect::<Result<Vec<_>, ReplayError>>()?;
        if reader.0.len() != sum.len() {
            return Err(ReplayError::Length);
        }
        Self::new(header, chunks)
    }

    /// Drives the race again on `track`; `watch` sees every state and its
    /// events. Gives the last state.
    ///
    /// # Errors
    /// When the race was another one than can be driven on `track`.
    pub fn play(
        &self,
        track: &Track,
        mut watch: impl FnMut(&RaceState, &Events),
    ) -> Result<RaceState, ReplayError> {
        let header = &self.header;
        header.check(track)?;
        let mut state = RaceState::new(track, &header.rules, &header.classes);
        let mut events = Events::new();
        for chunk in self.chunks() {
            let mut hands: ArrayVec<Hand<'_>, SEATS_MAX> = chunk.seats().map(Hand::new).collect();
            for _ in 0..chunk.ticks() {
                let drives: ArrayVec<Drive, SEATS_MAX> = hands.iter_mut().map(Hand::next).collect();
                step(track, &header.rules, &mut state, &drives, &mut events);
                watch(&state, &events);
            }
        }
        Ok(state)
    }

    /// Drives the race again and gives its last state.
    ///
    /// # Errors
    /// When the race was another one than can be driven on `track`, or the end
    /// is not the recorded one.
    pub fn verify(&self, track: &Track) -> Result<RaceState, ReplayError> {
        let state = self.play(track, |_, _| {})?;
        self.header.check_end(&state)?;
        Ok(state)
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = StateHasher::new();
    bytes.iter().for_each(|byte| hasher.write(u64::from(*byte)));
    hasher.finish()
}

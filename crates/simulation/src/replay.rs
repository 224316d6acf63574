//! A race recorded as its inputs.
//!
//! A race is determined by its track, rules, cars and inputs. A [`Recorder`]
//! receives the inputs tick by tick and returns them in chunks; a [`Replay`] is
//! the chunks with a [`ReplayHeader`], and [`Replay::verify`] drives the race
//! again and compares the final state (ADR 007).

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
use self::chunk::Runs;
use crate::hash::StateHasher;
use crate::{Events, RaceState, Track, step};

/// Longest race that a replay holds, ticks: six hours, more than any target
/// takes. It bounds the cost of verifying an untrusted replay.
pub const REPLAY_TICKS_MAX: u32 = 6 * 60 * 60 * domain::TICK_RATE_HZ;

/// A recorded race: all that is needed to drive it again from tick 0 to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    header: ReplayHeader,
    /// Packed chunks, so that a replay takes no more memory than its file. All
    /// have been decoded once.
    chunks: Vec<Vec<u8>>,
}

impl Replay {
    /// Assembles a replay from its header and its packed chunks in order.
    ///
    /// # Errors
    /// When a chunk cannot be decoded, or the chunks do not cover the race of the
    /// header: contiguous from tick 0 to the end, all but the last full.
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

    /// The header: the race and its result.
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

    /// Encodes the replay as a file of some kilobytes: the header, each packed chunk
    /// after its length, and a checksum that distinguishes damage from forgery.
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

    /// Decodes a file.
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

    /// Drives the race again on `track`; `watch` is called with every state and
    /// its events. Returns the last state.
    ///
    /// # Errors
    /// When the race cannot be driven on `track`.
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
            let mut runs: ArrayVec<Runs<'_>, SEATS_MAX> = chunk.seats().map(Runs::new).collect();
            for _ in 0..chunk.ticks() {
                let drives: ArrayVec<Drive, SEATS_MAX> = runs.iter_mut().map(Runs::next).collect();
                step(track, &header.rules, &mut state, &drives, &mut events);
                watch(&state, &events);
            }
        }
        Ok(state)
    }

    /// Drives the race again and returns its last state.
    ///
    /// # Errors
    /// When the race cannot be driven on `track`, or the final state is not the
    /// recorded one.
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

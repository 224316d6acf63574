//! Some seconds of a race's inputs.

use arrayvec::ArrayVec;
use domain::{Drive, Format, SEATS_MAX, TICK_RATE_HZ};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::bytes::{Reader, write};
use super::{REPLAY_TICKS_MAX, ReplayError, codec};

/// A packed chunk.
pub const CHUNK: Format = Format::new("replay chunk", 2, 2, 2);

/// Ticks of a full chunk: five seconds. Longer ones make every checkpoint of a
/// room larger, shorter ones pack worse. Chunks begin at its multiples, so that
/// those of a room's owners line up.
pub const CHUNK_TICKS: u32 = 5 * TICK_RATE_HZ;

/// Largest packed chunk: nothing but noise in every seat, four bytes a tick,
/// which deflate stores as it is.
pub const CHUNK_PACKED_BYTES_MAX: usize = 20 * 1024;

/// Largest chunk as plain bytes. A hostile one may waste some: a head of two
/// bytes where one would do.
const PLAIN_BYTES_MAX: usize = SEATS_MAX * CHUNK_TICKS as usize * 5 + 64;

/// What a chunk has besides its runs, and what most runs take.
const HEAD_BYTES: usize = 16;
const RUN_BYTES: usize = 4;

/// How hard deflate tries, 0–10: beyond this a chunk takes longer and loses
/// nothing any more.
const DEFLATE_LEVEL: u8 = 8;

/// What a seat did for some ticks in a row.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// What it did.
    pub drive: Drive,
    /// For how many ticks, at least one.
    pub ticks: u32,
}

/// The inputs of [`CHUNK_TICKS`] ticks, or of fewer while it grows and at the
/// end of a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    first_tick: u32,
    ticks: u32,
    seats: ArrayVec<Vec<Run>, SEATS_MAX>,
}

impl Chunk {
    /// An empty one. `first_tick` is a multiple of [`CHUNK_TICKS`]; seats
    /// beyond [`SEATS_MAX`] do not count.
    #[must_use]
    pub fn new(first_tick: u32, seats: usize) -> Self {
        Self {
            first_tick,
            ticks: 0,
            seats: (0..seats.min(SEATS_MAX)).map(|_| Vec::new()).collect(),
        }
    }

    /// Its first tick.
    #[must_use]
    pub fn first_tick(&self) -> u32 {
        self.first_tick
    }

    /// How many ticks it has.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        self.ticks
    }

    /// The tick after its last.
    #[must_use]
    pub fn end_tick(&self) -> u32 {
        self.first_tick + self.ticks
    }

    /// Whether it has all its ticks.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ticks == CHUNK_TICKS
    }

    /// What the seats did, each run by run.
    pub fn seats(&self) -> impl ExactSizeIterator<Item = &[Run]> {
        self.seats.iter().map(Vec::as_slice)
    }

    /// Adds a tick; a seat without a drive is absent. A full chunk stays as it is.
    pub(super) fn record(&mut self, drives: &[Drive]) {
        if self.is_full() {
            return;
        }
        for (seat, runs) in self.seats.iter_mut().enumerate() {
            let drive = drives.get(seat).copied().unwrap_or_default();
            match runs.last_mut() {
                Some(run) if run.drive == drive => run.ticks += 1,
                Some(_) | None => runs.push(Run { drive, ticks: 1 }),
            }
        }
        self.ticks += 1;
    }

    /// The chunk as plain bytes: quick to make, for a checkpoint.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let runs: usize = self.seats.iter().map(Vec::len).sum();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + RUN_BYTES * runs);
        for number in [self.first_tick, self.ticks, self.seats.len() as u32] {
            write(&mut bytes, u64::from(number));
        }
        codec::write_seats(&mut bytes, &self.seats);
        bytes
    }

    /// Reads plain bytes.
    ///
    /// # Errors
    /// When they are not a chunk.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReplayError> {
        let mut reader = Reader(bytes);
        let first_tick = reader.below(u64::from(REPLAY_TICKS_MAX), "a chunk's place")? as u32;
        if !first_tick.is_multiple_of(CHUNK_TICKS) {
            return Err(super::bytes::out_of_range("a chunk's place"));
        }
        let ticks = reader.below(u64::from(CHUNK_TICKS) + 1, "a chunk's length")? as u32;
        let seats = reader.below(SEATS_MAX as u64 + 1, "the number of cars")? as usize;
        let seats = codec::read_seats(&mut reader, seats, ticks)?;
        if !reader.0.is_empty() {
            return Err(ReplayError::Length);
        }
        Ok(Self {
            first_tick,
            ticks,
            seats,
        })
    }

    /// The chunk as few bytes, at most [`CHUNK_PACKED_BYTES_MAX`]: to be kept.
    /// They begin with the version of [`CHUNK`].
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut packed = Vec::new();
        CHUNK.begin(&mut packed);
        packed.extend(compress_to_vec(&self.to_bytes(), DEFLATE_LEVEL));
        packed
    }

    /// Reads a packed chunk.
    ///
    /// # Errors
    /// When the bytes are not a chunk, or one of another version.
    pub fn unpack(packed: &[u8]) -> Result<Self, ReplayError> {
        let plain = decompress_to_vec_with_limit(CHUNK.open(packed)?, PLAIN_BYTES_MAX);
        Self::from_bytes(&plain.map_err(|_| ReplayError::Damaged)?)
    }
}

/// The runs of a seat, read tick by tick.
pub(super) struct Runs<'a> {
    runs: core::slice::Iter<'a, Run>,
    drive: Drive,
    left: u32,
}

impl<'a> Runs<'a> {
    pub(super) fn new(runs: &'a [Run]) -> Self {
        Self {
            runs: runs.iter(),
            drive: Drive::Absent,
            left: 0,
        }
    }

    pub(super) fn next(&mut self) -> Drive {
        if self.left == 0 {
            let run = self.runs.next().copied().unwrap_or(Run {
                drive: Drive::Absent,
                ticks: u32::MAX,
            });
            (self.drive, self.left) = (run.drive, run.ticks);
        }
        self.left -= 1;
        self.drive
    }
}

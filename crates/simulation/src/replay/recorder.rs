//! Recording a race while it is driven.

use domain::Drive;

use super::{Chunk, REPLAY_TICKS_MAX};

/// Takes the inputs of a race tick by tick. It holds the chunk that grows and
/// nothing else, however long the race; who goes on from a copy of that chunk
/// records the same chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorder(Chunk);

impl Recorder {
    /// At tick 0 of a race with so many seats.
    #[must_use]
    pub fn new(seats: usize) -> Self {
        Self(Chunk::new(0, seats))
    }

    /// Goes on from another recorder's [`Recorder::chunk`].
    #[must_use]
    pub fn resume(chunk: Chunk) -> Self {
        let mut recorder = Self(chunk);
        recorder.take_full();
        recorder
    }

    /// Adds the tick that `drives` were given to. Gives a chunk away when it
    /// is full. Beyond [`REPLAY_TICKS_MAX`] nothing is added.
    pub fn record(&mut self, drives: &[Drive]) -> Option<Chunk> {
        if self.0.end_tick() >= REPLAY_TICKS_MAX {
            return None;
        }
        self.0.record(drives);
        self.take_full()
    }

    /// The chunk that grows, empty after a full one.
    #[must_use]
    pub fn chunk(&self) -> &Chunk {
        &self.0
    }

    fn take_full(&mut self) -> Option<Chunk> {
        if !self.0.is_full() {
            return None;
        }
        let next = Chunk::new(self.0.end_tick(), self.0.seats().len());
        Some(core::mem::replace(&mut self.0, next))
    }
}

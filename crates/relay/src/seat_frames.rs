//! Input frames of a room, by seat.

use protocol::Seat;

/// Input frames of several seats, one after the other in one buffer.
#[derive(Clone, Debug, Default)]
pub struct SeatFrames {
    bytes: Vec<u8>,
    /// Of each frame: the seat, and where it ends.
    ends: Vec<(Seat, usize)>,
}

impl SeatFrames {
    /// Adds a frame.
    pub fn push(&mut self, seat: Seat, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push((seat, self.bytes.len()));
    }

    /// All frames, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (Seat, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |(seat, end)| {
            let frame = &self.bytes[start..*end];
            start = *end;
            (*seat, frame)
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Removes all frames and keeps their memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

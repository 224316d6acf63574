//! What drivers do, on its way to the room: binary.

use arrayvec::ArrayVec;
use domain::Controls;
use serde::{Deserialize, Serialize};

use crate::ids::{GatewayId, RaceId, Seat, Tick};
use crate::limits::INPUT_TICKS_MAX;
use crate::version::{self, ReadError};

/// What a batch has besides its frames, and a frame besides its bytes, at most.
const BATCH_HEAD_BYTES: usize = 40;
const FRAME_HEAD_BYTES: usize = 3;

/// A client's input frame: the controls of consecutive ticks, the last two new
/// and those before not yet acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFrame {
    /// The tick of the first controls.
    pub first_tick: Tick,
    /// One entry a tick, without gaps.
    pub controls: ArrayVec<Controls, INPUT_TICKS_MAX>,
}

impl InputFrame {
    /// Each tick with its controls.
    pub fn ticks(&self) -> impl Iterator<Item = (Tick, Controls)> + '_ {
        self.controls
            .iter()
            .enumerate()
            .map(|(i, c)| (self.first_tick.saturating_add(i as Tick), *c))
    }

    /// The bytes of a frame, appended to `out`.
    pub fn encode_into(&self, out: Vec<u8>) -> Vec<u8> {
        postcard::to_extend(self, out).expect("an input frame has no value that postcard refuses")
    }

    /// The first tick of a frame that stays encoded; `None` when the bytes are
    /// too short for one.
    #[must_use]
    pub fn first_tick_of(bytes: &[u8]) -> Option<Tick> {
        let (first_tick, _controls) = postcard::take_from_bytes(bytes).ok()?;
        Some(first_tick)
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// When the bytes are not an input frame, or have more than 64 ticks.
    pub fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}

/// A message of `race.room.<room>.in`: the frames that one gateway received
/// for one room within a tick, each under the seat that the gateway knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputBatch<'a> {
    /// For which race of the room's name.
    pub race: RaceId,
    /// From where.
    pub gateway: GatewayId,
    /// Seat and input frame, the frame still as the client sent it.
    #[serde(borrow)]
    pub frames: Vec<(Seat, &'a [u8])>,
}

impl<'a> InputBatch<'a> {
    /// The bytes of the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let of_frames = self
            .frames
            .iter()
            .map(|(_, frame)| FRAME_HEAD_BYTES + frame.len());
        let bytes = Vec::with_capacity(BATCH_HEAD_BYTES + of_frames.sum::<usize>());
        version::encode(&version::INPUT_BATCH, self, bytes)
    }

    /// Reads the message; the frames stay encoded.
    ///
    /// # Errors
    /// When the bytes are of another version, or not an input batch.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ReadError> {
        version::decode(&version::INPUT_BATCH, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_frame_of_two_ticks_is_small_and_comes_back() {
        let full = Controls {
            throttle: 255,
            brake: 0,
            steer: -127,
            handbrake: false,
        };
        let frame = InputFrame {
            first_tick: 100_000,
            controls: [full, full].into_iter().collect(),
        };
        let bytes = frame.encode_into(Vec::new());
        assert!(bytes.len() <= 12, "{} bytes", bytes.len());
        assert_eq!(InputFrame::decode(&bytes).unwrap(), frame);
        assert_eq!(InputFrame::first_tick_of(&bytes), Some(100_000));
        assert_eq!(InputFrame::first_tick_of(&[]), None);
    }

    #[test]
    fn refuses_more_ticks_than_a_second_holds() {
        let mut bytes = postcard::to_stdvec(&(7_u32, 65_u8)).unwrap();
        bytes.extend([0; 65 * 4]);
        assert!(InputFrame::decode(&bytes).is_err());
    }
}

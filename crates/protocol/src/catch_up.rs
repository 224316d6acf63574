//! What a new owner of a room asks the gateways: binary.
//!
//! A checkpoint is up to a tenth of a second old. What happened since is in the
//! snapshots that left the old owner and in the inputs that clients sent; the
//! gateways have seen both (docs/design.md, Ownership).

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, GatewayId, RaceId, Seat};
use crate::version::{self, ReadError};

/// A request of `race.room.<room>.catchup`, sent after the compare-and-set has
/// made a worker the owner. A gateway refuses everything of a lower epoch from
/// then on, before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUpRequest {
    /// Which race of the room's name.
    pub race: RaceId,
    /// The epoch of the new owner.
    pub epoch: Epoch,
}

/// What one gateway knows of a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUpAnswer<'a> {
    /// Which race: a late answer may be about another.
    pub race: RaceId,
    /// Who answers.
    pub gateway: GatewayId,
    /// The last snapshots that were passed on, oldest first.
    #[serde(borrow)]
    pub snapshots: Vec<SeenSnapshot<'a>>,
    /// Seat and input frame, as the clients sent them, oldest first. Together
    /// they hold all inputs that may not have been applied.
    #[serde(borrow)]
    pub inputs: Vec<(Seat, &'a [u8])>,
}

/// A snapshot that a gateway has passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSnapshot<'a> {
    /// How long ago it came, microseconds. Clocks of two machines cannot be
    /// compared, ages can.
    pub age_us: u32,
    /// As the owner sent it.
    pub bytes: &'a [u8],
}

impl CatchUpRequest {
    /// The bytes of the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        version::encode(&version::CATCH_UP_REQUEST, self, Vec::new())
    }

    /// Reads the message.
    ///
    /// # Errors
    /// When the bytes are of another version, or not a request.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReadError> {
        version::decode(&version::CATCH_UP_REQUEST, bytes)
    }
}

impl<'a> CatchUpAnswer<'a> {
    /// The bytes of the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        version::encode(&version::CATCH_UP_ANSWER, self, Vec::new())
    }

    /// Reads the message; snapshots and frames stay encoded.
    ///
    /// # Errors
    /// When the bytes are of another version, or not an answer.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ReadError> {
        version::decode(&version::CATCH_UP_ANSWER, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        let race = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let request = CatchUpRequest {
            race,
            epoch: Epoch(3),
        };
        assert_eq!(CatchUpRequest::decode(&request.encode()), Ok(request));
        let answer = CatchUpAnswer {
            race,
            gateway: GatewayId::new(7),
            snapshots: vec![SeenSnapshot {
                age_us: 33_000,
                bytes: b"snapshot",
            }],
            inputs: vec![(2, b"frame")],
        };
        let bytes = answer.encode();
        assert_eq!(CatchUpAnswer::decode(&bytes), Ok(answer));
        assert!(CatchUpAnswer::decode(&bytes[..bytes.len() - 1]).is_err());
        assert!(CatchUpRequest::decode(b"").is_err());
    }
}

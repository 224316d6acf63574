//! Conversion between a race and the snapshot that carries it.

use domain::SEATS_MAX;
use protocol::snapshot::{Applied, BodyError, SnapshotBody, SnapshotHeader};
use simulation::RaceState;

use crate::TrackCourse;

/// The contents of a snapshot: the state of the race and the inputs that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedSnapshot {
    /// State of the race at the snapshot's tick.
    pub state: RaceState,
    /// Applied inputs by seat.
    pub applied: arrayvec::ArrayVec<Applied, SEATS_MAX>,
}

/// Encodes a whole snapshot as it travels on NATS. The header's tick must be that of the state.
#[must_use]
pub fn snapshot(
    header: &SnapshotHeader,
    state: &RaceState,
    applied: &[Applied],
    course: &TrackCourse,
) -> Vec<u8> {
    /// Size of a snapshot of four cars with its header; with more seats the
    /// buffer grows once.
    const BYTES_TYPICAL: usize = 640;
    let mut bytes = header.encode_into(Vec::with_capacity(BYTES_TYPICAL));
    body(state, applied).encode_into(header.tick, course, &mut bytes);
    bytes
}

/// Decodes the body of a snapshot of `tick`.
///
/// # Errors
/// When the bytes are not a snapshot body, or are of another track.
pub fn decode(bytes: &[u8], tick: u32, course: &TrackCourse) -> Result<DecodedSnapshot, BodyError> {
    let body = SnapshotBody::decode(bytes, tick, course)?;
    Ok(DecodedSnapshot {
        state: state(&body, tick),
        applied: body.applied,
    })
}

/// Returns the body of the snapshot of a race and its applied inputs. Seats
/// without an entry in `applied` are absent.
#[must_use]
pub fn body(state: &RaceState, applied: &[Applied]) -> SnapshotBody {
    let absent = Applied::default();
    SnapshotBody {
        winner: state.winner,
        cars: state.cars.clone(),
        applied: (0..state.cars.len())
            .map(|seat| *applied.get(seat).unwrap_or(&absent))
            .collect(),
    }
}

/// Returns the race that a snapshot body of `tick` describes.
#[must_use]
pub fn state(body: &SnapshotBody, tick: u32) -> RaceState {
    RaceState {
        tick,
        cars: body.cars.clone(),
        winner: body
            .winner
            .filter(|seat| usize::from(*seat) < body.cars.len()),
    }
}

#[cfg(test)]
mod tests {
    use domain::{CarClass, Controls, Drive};
    use simulation::{Events, Rules, Track, step};

    use super::*;

    #[test]
    fn a_race_goes_on_from_a_snapshot_exactly() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let course = TrackCourse::new(&track);
        let rules = Rules::circuit(&track, 1, 10);
        let mut state = RaceState::new(&track, &rules, &CarClass::ALL);
        let drives = [
            Drive::Driven(Controls {
                throttle: 255,
                steer: 20,
                ..Controls::default()
            }),
            Drive::Driven(Controls {
                throttle: 180,
                handbrake: true,
                ..Controls::default()
            }),
            Drive::Absent,
        ];
        let applied = drives.map(|drive| [drive; 2]);
        let mut header = SnapshotHeader {
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            owner: protocol::WorkerId::new(1),
            epoch: protocol::Epoch::FIRST,
            tick: 0,
            acks: arrayvec::ArrayVec::new(),
        };
        let mut events = Events::new();
        for _ in 0..600 {
            header.tick = state.tick;
            let bytes = snapshot(&header, &state, &applied, &course);
            let (read, body) = SnapshotHeader::split(&bytes).unwrap();
            let decoded = decode(body, read.tick, &course).unwrap();
            assert_eq!(decoded.state, state);
            assert_eq!(decoded.applied.as_slice(), applied);
            step(&track, &rules, &mut state, &drives, &mut events);
        }
    }
}

//! The simulation's values as the protocol's, and back.

use protocol::input::Controls;
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::snapshot::{self, BodyError, CarState, SnapshotBody, SnapshotHeader};
use simulation::{Car, CarClass, Drive, Finish, Input, RaceState, SEATS_MAX, Skill};

use crate::TrackCourse;

/// What each seat did in the ticks of one snapshot, oldest first.
pub type Applied = [Drive; TICKS_PER_SNAPSHOT as usize];

/// A race as a snapshot tells it: the state, and what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The race.
    pub state: RaceState,
    /// By seat.
    pub applied: arrayvec::ArrayVec<Applied, SEATS_MAX>,
}

/// A whole snapshot as it travels on NATS. The header's tick must be that of the state.
#[must_use]
pub fn snapshot(
    header: &SnapshotHeader,
    state: &RaceState,
    applied: &[Applied],
    course: &TrackCourse,
) -> Vec<u8> {
    /// Four cars with their header; more seats grow the buffer once.
    const BYTES_TYPICAL: usize = 640;
    let mut bytes = header.encode_into(Vec::with_capacity(BYTES_TYPICAL));
    body(state, applied).encode_into(header.tick, course, &mut bytes);
    bytes
}

/// Reads the body of a snapshot of `tick`.
///
/// # Errors
/// When it is not one, or is of another track.
pub fn told(bytes: &[u8], tick: u32, course: &TrackCourse) -> Result<Told, BodyError> {
    let body = SnapshotBody::decode(bytes, tick, course)?;
    Ok(Told {
        state: state(&body, tick),
        applied: body
            .applied
            .iter()
            .map(|applied| applied.map(drive))
            .collect(),
    })
}

/// A race and what was applied to it, as the body of a snapshot.
#[must_use]
pub fn body(state: &RaceState, applied: &[Applied]) -> SnapshotBody {
    let to_wire = |drives: &Applied| -> snapshot::Applied { drives.map(drive_to_wire) };
    let absent = Applied::default();
    SnapshotBody {
        winner: state.winner,
        cars: state.cars.iter().map(car_to_wire).collect(),
        applied: (0..state.cars.len())
            .map(|seat| to_wire(applied.get(seat).unwrap_or(&absent)))
            .collect(),
    }
}

/// The race of a snapshot's body at its tick.
#[must_use]
pub fn state(body: &SnapshotBody, tick: u32) -> RaceState {
    RaceState {
        tick,
        cars: body.cars.iter().map(car_from_wire).collect(),
        winner: body
            .winner
            .filter(|seat| usize::from(*seat) < body.cars.len()),
    }
}

/// What is driven, as the simulation takes it.
#[must_use]
pub fn class(class: protocol::car::CarClass) -> CarClass {
    use protocol::car::CarClass as Wire;
    match class {
        Wire::Grip => CarClass::Grip,
        Wire::Power => CarClass::Power,
        Wire::Drift => CarClass::Drift,
    }
}

/// How well an AI drives, as the simulation takes it.
#[must_use]
pub fn skill(skill: protocol::car::Skill) -> Skill {
    use protocol::car::Skill as Wire;
    match skill {
        Wire::Novice => Skill::Novice,
        Wire::Club => Skill::Club,
        Wire::Expert => Skill::Expert,
    }
}

/// What a driver does, as the simulation takes it.
#[must_use]
pub fn input(controls: Controls) -> Input {
    let Controls {
        throttle,
        brake,
        steer,
        handbrake,
    } = controls;
    Input {
        throttle,
        brake,
        steer,
        handbrake,
    }
}

/// What a driver does, as it travels.
#[must_use]
pub fn controls(input: Input) -> Controls {
    let Input {
        throttle,
        brake,
        steer,
        handbrake,
    } = input;
    Controls {
        throttle,
        brake,
        steer,
        handbrake,
    }
}

/// What a seat did, as the simulation takes it.
#[must_use]
pub fn drive(applied: Option<Controls>) -> Drive {
    applied.map_or(Drive::Absent, |controls| Drive::Driven(input(controls)))
}

fn drive_to_wire(drive: Drive) -> Option<Controls> {
    match drive {
        Drive::Driven(input) => Some(controls(input)),
        Drive::Absent => None,
    }
}

fn car_to_wire(car: &Car) -> CarState {
    CarState {
        class: car.class.index(),
        x: car.x,
        y: car.y,
        heading: car.heading,
        speed_forward: car.speed_forward,
        speed_lateral: car.speed_lateral,
        yaw_rate: car.yaw_rate,
        steer_angle: car.steer_angle,
        acceleration: car.acceleration,
        travel: car.travel,
        credited: car.credited,
        gates_passed: car.gates_passed,
        penalty_metres: car.penalty_metres,
        lap_start_tick: car.lap_start_tick,
        best_lap_ticks: car.best_lap_ticks,
        finish: car.finish.map(|finish| (finish.place, finish.tick)),
        absent_ticks: car.absent_ticks,
        wrong_way_ticks: car.wrong_way_ticks,
        traffic_ticks: car.traffic_ticks,
        off_road: car.off_road,
    }
}

fn car_from_wire(car: &CarState) -> Car {
    Car {
        // A class of another version drives like the default until it is corrected.
        class: CarClass::from_index(car.class).unwrap_or_default(),
        x: car.x,
        y: car.y,
        heading: car.heading,
        speed_forward: car.speed_forward,
        speed_lateral: car.speed_lateral,
        yaw_rate: car.yaw_rate,
        steer_angle: car.steer_angle,
        acceleration: car.acceleration,
        travel: car.travel,
        credited: car.credited,
        gates_passed: car.gates_passed,
        penalty_metres: car.penalty_metres,
        lap_start_tick: car.lap_start_tick,
        best_lap_ticks: car.best_lap_ticks,
        finish: car.finish.map(|(place, tick)| Finish { place, tick }),
        absent_ticks: car.absent_ticks,
        wrong_way_ticks: car.wrong_way_ticks,
        traffic_ticks: car.traffic_ticks,
        off_road: car.off_road,
    }
}

#[cfg(test)]
mod tests {
    use simulation::{Events, Rules, Track, step};

    use super::*;

    #[test]
    fn a_race_goes_on_from_a_snapshot_exactly() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let course = TrackCourse::new(&track);
        let rules = Rules::circuit(&track, 1, 10);
        let mut state = RaceState::new(&track, &rules, &CarClass::ALL);
        let drives = [
            Drive::Driven(Input {
                throttle: 255,
                steer: 20,
                ..Input::default()
            }),
            Drive::Driven(Input {
                throttle: 180,
                handbrake: true,
                ..Input::default()
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
            let told = told(body, read.tick, &course).unwrap();
            assert_eq!(told.state, state);
            assert_eq!(told.applied.as_slice(), applied);
            step(&track, &rules, &mut state, &drives, &mut events);
        }
    }
}

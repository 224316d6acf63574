//! The simulation's values as the protocol's, and back.

use protocol::input::Controls;
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::snapshot::{CarState, SnapshotBody};
use simulation::{Car, CarClass, Drive, Finish, Input, RaceState, SEATS_MAX};

/// What each seat did in the ticks of one snapshot, oldest first.
pub type Applied = [Drive; TICKS_PER_SNAPSHOT as usize];

/// A race and what was applied to it, as the body of a snapshot.
#[must_use]
pub fn body(state: &RaceState, applied: &[Applied]) -> SnapshotBody {
    SnapshotBody {
        winner: state.winner,
        cars: state.cars.iter().map(car_to_wire).collect(),
        applied: applied
            .iter()
            .take(SEATS_MAX)
            .map(|drives| drives.map(drive_to_wire))
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
        let mut events = Events::new();
        for tick in 0..600 {
            if u32::is_multiple_of(tick, 50) {
                let applied = drives.map(|drive| [drive; 2]);
                let body = body(&state, &applied);
                let bytes = postcard_round_trip(&body);
                assert_eq!(super::state(&bytes, state.tick), state);
            }
            step(&track, &rules, &mut state, &drives, &mut events);
        }
    }

    fn postcard_round_trip(body: &SnapshotBody) -> SnapshotBody {
        use protocol::snapshot::{Snapshot, SnapshotHeader};
        let header = SnapshotHeader {
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            owner: protocol::WorkerId::new(1),
            epoch: protocol::Epoch::FIRST,
            tick: 0,
            acks: arrayvec::ArrayVec::new(),
        };
        let bytes = Snapshot {
            header,
            body: body.clone(),
        }
        .encode_into(Vec::new());
        Snapshot::decode(&bytes).unwrap().body
    }
}

use domain::{
    Controls, Drive, HEADING_UNITS_PER_TURN, POSITION_UNITS_PER_M, SPEED_UNITS_PER_MPS,
    WRONG_WAY_AFTER_TICKS,
};
use simulation::{Event, Events, RaceState, Rules, Track, step};

use crate::support::{harbour_ring, mixed_classes};

/// Steers along the centre line, with it or against it, at a moderate speed.
fn follow(track: &Track, state: &RaceState, against: bool) -> Controls {
    let car = &state.cars[0];
    let ahead = if against { -10.0 } else { 10.0 };
    let target = track.at(track.station_m(car) + ahead).centre - car.position_m();
    let forward = domain::Vec2::from_heading(car.heading_rad());
    let steer = 4.0 * forward.cross(target) / target.length();
    let throttle = if car.speed_mps() < 12.0 { 160 } else { 0 };
    Controls {
        throttle,
        steer: (127.0 * steer.clamp(-1.0, 1.0)) as i8,
        ..Controls::default()
    }
}

fn race(track: &Track, laps: u16) -> (Rules, RaceState, Events) {
    let rules = Rules::circuit(track, laps, 0);
    (
        rules,
        RaceState::new(track, &rules, &mixed_classes(1)),
        Events::new(),
    )
}

#[test]
fn a_lap_the_wrong_way_round_counts_for_nothing() {
    let track = harbour_ring();
    let (rules, mut state, mut events) = race(&track, 1);
    state.cars[0].heading = HEADING_UNITS_PER_TURN / 2;
    let mut warned = false;
    while state.cars[0].travel > -track.length_units() - 200 * POSITION_UNITS_PER_M {
        assert!(state.tick < 60 * 600, "the car goes round");
        let drive = Drive::Driven(follow(&track, &state, true));
        step(&track, &rules, &mut state, &[drive], &mut events);
        warned |= events.contains(&Event::WrongWay { seat: 0 });
        assert!(
            !events
                .iter()
                .any(|event| matches!(event, Event::Lap { .. }))
        );
        assert_eq!((state.score(0), state.cars[0].gates_passed), (0, 0));
    }
    assert!(warned);
}

#[test]
fn going_to_and_fro_over_the_line_is_no_lap() {
    let track = harbour_ring();
    let (rules, mut state, mut events) = race(&track, 3);
    let mut most = 0;
    for leg in 0..6 {
        let back = leg % 2 == 1;
        let goal = (if back { -20 } else { 20 }) * POSITION_UNITS_PER_M;
        for _ in 0..60 * 60 {
            let input = Controls {
                brake: 255,
                ..Controls::default()
            };
            let drive = Drive::Driven(if back {
                input
            } else {
                follow(&track, &state, false)
            });
            step(&track, &rules, &mut state, &[drive], &mut events);
            most = most.max(state.cars[0].travel);
            assert!(
                events
                    .iter()
                    .all(|event| !matches!(event, Event::Lap { .. }))
            );
            let travel = state.cars[0].travel;
            if (back && travel < goal) || (!back && travel > goal) {
                break;
            }
        }
        assert_eq!(state.cars[0].gates_passed, 1, "the start line, once");
        assert_eq!(i64::from(state.cars[0].credited), i64::from(most));
    }
}

#[test]
fn a_car_that_is_put_elsewhere_has_not_driven_there() {
    let track = harbour_ring();
    let (rules, mut state, mut events) = race(&track, 1);
    let far = track.at(f64::from(track.length_m()) - 50.0).centre;
    state.cars[0].x = (far.x * f64::from(POSITION_UNITS_PER_M)) as i32;
    state.cars[0].y = (far.y * f64::from(POSITION_UNITS_PER_M)) as i32;
    let opposite = track.at(1000.0).centre;
    for position in [opposite, far, opposite] {
        state.cars[0].x = (position.x * f64::from(POSITION_UNITS_PER_M)) as i32;
        state.cars[0].y = (position.y * f64::from(POSITION_UNITS_PER_M)) as i32;
        step(&track, &rules, &mut state, &[Drive::Absent], &mut events);
        // The projection walks a few cells towards it and no further.
        assert!(state.score(0) < 450, "{}", state.score(0));
    }
}

#[test]
fn metres_grow_one_gate_after_the_other_up_to_the_target() {
    let track = harbour_ring();
    let (rules, mut state, mut events) = race(&track, 1);
    let (mut gates, mut score) = (0, 0);
    while state.winner.is_none() {
        assert!(state.tick < 60 * 600, "the car goes round");
        let drive = Drive::Driven(follow(&track, &state, false));
        step(&track, &rules, &mut state, &[drive], &mut events);
        let car = state.cars[0];
        assert!(car.gates_passed == gates || car.gates_passed == gates + 1);
        assert!(state.score(0) >= score && state.score(0) <= score + 2);
        (gates, score) = (car.gates_passed, state.score(0));
    }
    assert_eq!(score, i64::from(track.length_m()));
    assert_eq!(gates, track.gate_count() + 1);
    assert_eq!(track.laps_completed(&state.cars[0]), 1);
}

/// Returns the ticks at which a car is warned of going the wrong way, when it is held
/// at `degrees` to the track in the ticks of `is_turned`.
fn wrong_way_ticks(degrees: f64, is_turned: impl Fn(u32) -> bool) -> Vec<u32> {
    let track = harbour_ring();
    let (rules, mut state, mut events) = race(&track, 1);
    let along = state.cars[0].heading;
    let turn = (degrees / 360.0 * f64::from(HEADING_UNITS_PER_TURN)) as i32;
    let mut grid = state.cars[0];
    grid.speed_forward = 10 * SPEED_UNITS_PER_MPS;
    let mut warned = Vec::new();
    for tick in 1..=5 * u32::from(WRONG_WAY_AFTER_TICKS) {
        grid.heading = if is_turned(tick) { along + turn } else { along };
        grid.heading = grid.heading.rem_euclid(HEADING_UNITS_PER_TURN);
        grid.wrong_way_ticks = state.cars[0].wrong_way_ticks;
        state.cars[0] = grid;
        let coasting = [Drive::Driven(Controls::default())];
        step(&track, &rules, &mut state, &coasting, &mut events);
        if events.contains(&Event::WrongWay { seat: 0 }) {
            warned.push(tick);
        }
    }
    warned
}

#[test]
fn who_points_backwards_for_a_second_is_told_once() {
    let second = u32::from(WRONG_WAY_AFTER_TICKS);
    for degrees in [122.0, 180.0, -122.0] {
        assert_eq!(wrong_way_ticks(degrees, |_| true), [second], "{degrees}");
    }
    for degrees in [0.0, 90.0, 118.0, -118.0] {
        assert!(wrong_way_ticks(degrees, |_| true).is_empty(), "{degrees}");
    }
    // Not quite a second, again and again.
    assert!(wrong_way_ticks(180.0, |tick| !tick.is_multiple_of(second)).is_empty());
    // After turning back in between, the car is warned again.
    let twice = wrong_way_ticks(180.0, |tick| tick != 2 * second);
    assert_eq!(twice, [second, 3 * second]);
}

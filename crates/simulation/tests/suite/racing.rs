use domain::{Controls, Drive, GHOST_AFTER_TICKS, Skill};
use simulation::{Event, Events, FINISH_GRACE_TICKS, RaceState, Rules, TICK_SECONDS, step};

use crate::support::{Race, harbour_ring, mixed_classes};

const FULL_THROTTLE: Controls = Controls {
    throttle: 255,
    brake: 0,
    steer: 0,
    handbrake: false,
};

#[test]
fn drivers_of_every_skill_finish_alone_and_in_company() {
    let track = harbour_ring();
    for skill in Skill::ALL {
        for cars in [1, 4, 16] {
            let mut race = Race::new(&track, 2, cars, skill, 7);
            let events = race.run(60 * 60 * 5);
            let winner = race.state.winner.expect("the race has a winner");
            let score = i64::from(2 * track.length_m());
            assert_eq!(race.state.score(usize::from(winner)), score);
            assert_eq!(race.state.finished_count(), cars, "{skill:?}, {cars} cars");
            let count = |wanted: fn(&Event) -> bool| events.iter().filter(|e| wanted(e)).count();
            assert_eq!(count(|event| matches!(event, Event::Winner { .. })), 1);
            assert_eq!(count(|event| matches!(event, Event::Finished { .. })), cars);
            assert_eq!(count(|event| matches!(event, Event::Lap { .. })), 2 * cars);
            let off_road = count(|event| matches!(event, Event::OffRoad { .. }));
            assert!(
                off_road <= cars,
                "{skill:?}, {cars} cars: {off_road} times off the road"
            );
            let best = race
                .state
                .cars
                .iter()
                .map(|car| car.best_lap_ticks)
                .min()
                .unwrap();
            let seconds = f64::from(best) * TICK_SECONDS;
            println!(
                "{} {skill:?} x{cars}: best lap {seconds:.2} s",
                track.name()
            );
        }
    }
}

#[test]
fn better_drivers_are_faster() {
    let track = harbour_ring();
    let laps: Vec<u32> = Skill::ALL
        .into_iter()
        .map(|skill| {
            let mut race = Race::new(&track, 2, 1, skill, 1);
            race.run(60 * 60 * 5);
            race.state.cars[0].best_lap_ticks
        })
        .collect();
    assert!(laps[0] > laps[1] && laps[1] > laps[2], "{laps:?}");
}

#[test]
fn nobody_moves_before_the_start() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 1, 180);
    let mut state = RaceState::new(&track, &rules, &mixed_classes(16));
    let grid = state.cars.clone();
    let mut events = Events::new();
    let drives = [Drive::Driven(FULL_THROTTLE); 16];
    for _ in 0..180 {
        step(&track, &rules, &mut state, &drives, &mut events);
        assert!(events.is_empty());
    }
    assert_eq!(state.cars, grid);
    step(&track, &rules, &mut state, &drives, &mut events);
    assert!(state.cars.iter().all(|car| car.speed_forward > 0));
}

#[test]
fn the_leaderboard_begins_with_the_grid_and_ends_with_the_finish() {
    let track = harbour_ring();
    let mut race = Race::new(&track, 1, 16, Skill::Club, 3);
    assert!(race.state.leaderboard().into_iter().eq(0..16));
    race.run(60 * 60 * 5);
    for (rank, seat) in race.state.leaderboard().into_iter().enumerate() {
        let place = race.state.cars[seat]
            .finish
            .map(|finish| usize::from(finish.place));
        assert_eq!(place, Some(rank + 1));
    }
}

#[test]
fn the_race_ends_half_a_minute_after_the_winner() {
    let track = harbour_ring();
    let mut race = Race::new(&track, 1, 2, Skill::Club, 3);
    let mut finished = None;
    while !race.state.is_over(&race.rules) && race.state.tick < 60 * 300 {
        let drives = [race.drives()[0], Drive::Absent];
        step(
            &track,
            &race.rules,
            &mut race.state,
            &drives,
            &mut race.events,
        );
        if race.state.winner.is_some() {
            finished.get_or_insert(race.state.tick);
        }
    }
    assert_eq!(race.state.tick, finished.unwrap() + FINISH_GRACE_TICKS);
    assert_eq!(race.state.score(1), 0);
}

#[test]
fn a_car_without_a_driver_is_a_ghost_and_turns_solid_outside_others() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 1, 0);
    let mut state = RaceState::new(&track, &rules, &mixed_classes(2));
    let mut events = Events::new();
    for _ in 0..GHOST_AFTER_TICKS {
        step(&track, &rules, &mut state, &[Drive::Absent; 2], &mut events);
    }
    assert!(state.cars[1].is_ghost());
    // The ghost is inside the other car, and stays a ghost while it is.
    let first = state.cars[0];
    (state.cars[1].x, state.cars[1].y, state.cars[1].travel) = (first.x, first.y, first.travel);
    let coasting = Drive::Driven(Controls::default());
    step(&track, &rules, &mut state, &[coasting; 2], &mut events);
    step(&track, &rules, &mut state, &[coasting; 2], &mut events);
    assert_eq!((state.cars[0].x, state.cars[0].y), (first.x, first.y));
    assert!(state.cars[0].is_ghost() != state.cars[1].is_ghost());
    for _ in 0..300 {
        step(
            &track,
            &rules,
            &mut state,
            &[Drive::Driven(FULL_THROTTLE), coasting],
            &mut events,
        );
    }
    assert!(!state.cars[0].is_ghost() && !state.cars[1].is_ghost());
}

#[test]
fn a_coasting_car_comes_to_rest_and_a_standing_car_stands() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 1, 0);
    let mut state = RaceState::new(&track, &rules, &mixed_classes(1));
    let mut events = Events::new();
    let coasting = [Drive::Driven(Controls::default())];
    let grid = state.cars[0];
    for _ in 0..600 {
        step(&track, &rules, &mut state, &coasting, &mut events);
    }
    assert_eq!(state.cars[0], grid);
    state.cars[0].speed_forward = 10 * domain::SPEED_UNITS_PER_MPS;
    for _ in 0..60 * 120 {
        step(&track, &rules, &mut state, &coasting, &mut events);
    }
    let rest = state.cars[0];
    assert_eq!(
        (rest.speed_forward, rest.speed_lateral, rest.yaw_rate),
        (0, 0, 0)
    );
    for _ in 0..600 {
        step(&track, &rules, &mut state, &coasting, &mut events);
    }
    assert_eq!(state.cars[0], rest);
}

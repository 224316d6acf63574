use domain::{
    CarClass, Controls, Drive, POSITION_UNITS_PER_M, PenaltyReason, SEATS_MAX, Skill,
    TARGET_METRES_MAX,
};
use simulation::highway::{self, LANES, TRAFFIC_COOL_DOWN_TICKS, TrafficCar, traffic};
use simulation::{
    CAR_LENGTH_M, Event, Events, FINISH_GRACE_TICKS, Outcome, RaceState, Rules, Track, step,
};

use crate::support::{Race, Random, harbour_ring};

const FULL_THROTTLE: Controls = Controls {
    throttle: 255,
    brake: 0,
    steer: 0,
    handbrake: false,
};

fn one_car(rules: &Rules) -> (Track, RaceState, Events) {
    let track = Track::highway();
    let state = RaceState::new(&track, rules, &[CarClass::Grip]);
    (track, state, Events::new())
}

fn put(state: &mut RaceState, seat: usize, x: f64, y: f64) {
    let car = &mut state.cars[seat];
    car.x = (x * f64::from(POSITION_UNITS_PER_M)) as i32;
    car.y = (y * f64::from(POSITION_UNITS_PER_M)) as i32;
    car.travel = car.x;
}

fn penalties(events: &[Event], wanted: PenaltyReason) -> u32 {
    let penalties = events.iter().filter_map(|event| match event {
        Event::Penalty { metres, reason, .. } if *reason == wanted => Some(*metres),
        _ => None,
    });
    penalties.sum()
}

#[test]
fn everybody_meets_the_same_traffic_from_wherever_he_looks() {
    let rules = Rules::highway(42, 20_000, 180);
    for tick in [0, 180, 5_000, 36_000] {
        let all: Vec<TrafficCar> = traffic(&rules, tick, -1_000.0..30_000.0).collect();
        for from in (-900..29_000).step_by(700) {
            let (from, to) = (f64::from(from), f64::from(from) + 400.0);
            let near: Vec<TrafficCar> = traffic(&rules, tick, from..to).collect();
            let inside = |car: &&TrafficCar| car.position.x >= from && car.position.x < to;
            assert!(near.iter().eq(all.iter().filter(inside)), "{tick}, {from}");
        }
    }
    let other = Rules::highway(43, 20_000, 180);
    let row = |rules: &Rules| traffic(rules, 0, 0.0..5_000.0).collect::<Vec<_>>();
    assert_ne!(row(&rules), row(&other));
    let track = Track::highway();
    assert_eq!(
        traffic(&Rules::circuit(&track, 1, 0), 0, 0.0..9e3).count(),
        0
    );
}

#[test]
fn a_track_has_the_rules_that_go_with_it() {
    let (track, circuit) = (Track::by_name("highway").unwrap(), harbour_ring());
    let rules = Rules::on(&track, 3, 77, 180);
    assert_eq!(rules, Rules::highway(77, 20_000, 180));
    let rules = Rules::on(&circuit, 3, 77, 180);
    assert_eq!(rules, Rules::circuit(&circuit, 3, 180));
}

#[test]
fn traffic_keeps_its_lane_and_its_distance_and_leaves_a_way_through() {
    for seed in 0..20 {
        let rules = Rules::highway(seed, 20_000, 0);
        for tick in (0..36_000).step_by(1_200) {
            let cars: Vec<TrafficCar> = traffic(&rules, tick, 0.0..40_000.0).collect();
            for pair in cars.windows(2).filter(|pair| pair[0].lane == pair[1].lane) {
                let gap = pair[1].position.x - pair[0].position.x;
                assert!(
                    gap > CAR_LENGTH_M + 15.0,
                    "seed {seed}, tick {tick}: {gap} m"
                );
            }
            for lane in 0..LANES {
                let count = cars.iter().filter(|car| car.lane == lane).count();
                assert!(count < 40_000 / 120, "lane {lane} is full: {count}");
            }
            let start = traffic(&rules, 0, -500.0..200.0).count();
            assert_eq!(start, 0, "a car is on the grid");
            let ids: std::collections::BTreeSet<u32> = cars.iter().map(|car| car.id).collect();
            assert_eq!(ids.len(), cars.len());
        }
    }
}

#[test]
fn a_hit_costs_100_m_once_and_the_car_goes_through() {
    let rules = Rules::highway(1, 20_000, 0);
    let (track, mut state, mut events) = one_car(&rules);
    let target = traffic(&rules, 0, 0.0..2_000.0).next().unwrap();
    put(&mut state, 0, target.position.x - 30.0, target.position.y);
    state.cars[0].speed_forward = 50 * domain::SPEED_UNITS_PER_MPS;
    let mut all = Vec::new();
    for _ in 0..TRAFFIC_COOL_DOWN_TICKS {
        let drive = Drive::Driven(FULL_THROTTLE);
        step(&track, &rules, &mut state, &[drive], &mut events);
        all.extend(events.iter().copied());
    }
    assert_eq!(penalties(&all, PenaltyReason::Traffic), 100);
    assert_eq!(penalties(&all, PenaltyReason::OffRoad), 0);
    assert_eq!(state.cars[0].penalty_metres, 100);
    let strongest = all.iter().find_map(|event| match event {
        Event::Traffic { impulse_ns, .. } => Some(*impulse_ns),
        _ => None,
    });
    assert!(strongest.unwrap() > 5_000, "{strongest:?} N s");
    assert_eq!(
        state.score(0),
        i64::from(state.cars[0].credited / 1024) - 100
    );
}

#[test]
fn standing_inside_traffic_is_one_hit() {
    let rules = Rules::highway(1, 20_000, 0);
    let (track, mut state, mut events) = one_car(&rules);
    let (mut all, mut ticks_inside) = (Vec::new(), 0);
    let id = traffic(&rules, 0, 0.0..2_000.0).next().unwrap().id;
    for _ in 0..4 * u32::from(TRAFFIC_COOL_DOWN_TICKS) {
        // Whatever the contact does, put the car back inside the same traffic car.
        let traffic_car = traffic(&rules, state.tick, 0.0..4_000.0).find(|car| car.id == id);
        let at = traffic_car.unwrap().position;
        put(&mut state, 0, at.x + 0.5, at.y);
        step(
            &track,
            &rules,
            &mut state,
            &[Drive::Driven(Controls::default())],
            &mut events,
        );
        all.extend(events.iter().copied());
        ticks_inside += u32::from(state.cars[0].traffic_ticks > 0);
    }
    assert_eq!(ticks_inside, 4 * u32::from(TRAFFIC_COOL_DOWN_TICKS));
    assert_eq!(penalties(&all, PenaltyReason::Traffic), 100);
}

#[test]
fn leaving_the_road_costs_1000_m_and_puts_the_car_back() {
    let rules = Rules::highway(1, 20_000, 0);
    for (steer, x) in [(127, 50.0), (-127, 50.0), (0, highway::ROAD_BEGINS_M + 2.0)] {
        let (track, mut state, mut events) = one_car(&rules);
        put(&mut state, 0, x, 2.0);
        let (brake, throttle) = if steer == 0 { (255, 0) } else { (0, 255) };
        let drive = Drive::Driven(Controls {
            throttle,
            brake,
            steer,
            handbrake: false,
        });
        let mut all = Vec::new();
        while all.is_empty() {
            assert!(state.tick < 600, "the car leaves the road");
            step(&track, &rules, &mut state, &[drive], &mut events);
            all.extend(events.iter().copied());
        }
        assert_eq!(penalties(&all, PenaltyReason::OffRoad), 1000);
        let car = &state.cars[0];
        assert_eq!((car.heading, car.yaw_rate), (0, 0));
        assert!(car.position_m().y.abs() < highway::ROAD_HALF_WIDTH_M - 1.0);
        assert!(car.position_m().x > highway::ROAD_BEGINS_M);
        assert_eq!(state.score(0), i64::from(car.credited / 1024) - 1000);
        step(
            &track,
            &rules,
            &mut state,
            &[Drive::Driven(FULL_THROTTLE)],
            &mut events,
        );
        assert!(!state.cars[0].is_ghost(), "no car is in its way");
    }
}

#[test]
fn a_lost_connection_costs_nothing() {
    let rules = Rules::highway(1, 20_000, 0);
    let (track, mut state, mut events) = one_car(&rules);
    state.cars[0].heading = 1 << 17;
    state.cars[0].speed_forward = 60 * domain::SPEED_UNITS_PER_MPS;
    for _ in 0..600 {
        step(&track, &rules, &mut state, &[Drive::Absent], &mut events);
    }
    assert_eq!(state.cars[0].penalty_metres, 0);
    assert!(state.cars[0].position_m().y.abs() < highway::ROAD_HALF_WIDTH_M);
}

#[test]
fn ten_minutes_of_sixteen_drivers() {
    let track = Track::highway();
    let rules = Rules::highway(2026, TARGET_METRES_MAX, 60);
    let mut race = Race::with_rules(&track, rules, SEATS_MAX, Skill::Club, 11);
    let (mut events, mut random) = (Vec::new(), Random(5));
    // Fourteen AI drivers, one that ignores traffic, and one that cannot steer.
    let (blind, drunk) = (14, 15);
    let mut swerve = Controls::default();
    while race.state.tick < 60 * 600 + 60 {
        let mut drives = race.drives();
        if race.state.tick.is_multiple_of(60) {
            swerve = random.input();
        }
        drives[blind] = Drive::Driven(FULL_THROTTLE);
        drives[drunk] = Drive::Driven(Controls {
            throttle: 255,
            ..swerve
        });
        step(&track, &rules, &mut race.state, &drives, &mut race.events);
        events.extend(race.events.iter().copied());
    }
    let mut penalty_metres = [0; SEATS_MAX];
    for event in &events {
        if let Event::Penalty { seat, metres, .. } = event {
            penalty_metres[usize::from(*seat)] += metres;
        }
    }
    let mut kilometres = 0.0;
    for (seat, car) in race.state.cars.iter().enumerate() {
        assert_eq!(car.penalty_metres, penalty_metres[seat], "seat {seat}");
        let credited = i64::from(car.credited / 1024);
        assert_eq!(
            race.state.score(seat),
            credited - i64::from(penalty_metres[seat])
        );
        if seat < blind {
            assert!(credited > 20_000, "seat {seat} drove {credited} m");
            kilometres += credited as f64 / 1000.0;
        }
    }
    assert!(
        penalty_metres[blind] >= 1_000 && penalty_metres[drunk] >= 5_000,
        "{penalty_metres:?}"
    );
    let careful: u32 = penalty_metres[..blind].iter().sum();
    println!("{kilometres:.0} km, {careful} m of penalties; {penalty_metres:?}");
    assert!(f64::from(careful) < 25.0 * kilometres, "{penalty_metres:?}");
    let all =
        penalties(&events, PenaltyReason::Traffic) + penalties(&events, PenaltyReason::OffRoad);
    assert_eq!(all, penalty_metres.iter().sum::<u32>());
}

#[test]
fn the_first_to_the_target_wins_and_the_others_have_half_a_minute() {
    let track = Track::highway();
    let rules = Rules::highway(5, 5_000, 60);
    let mut race = Race::with_rules(&track, rules, 8, Skill::Expert, 3);
    // One with a penalty, which has to drive the metres again.
    race.state.cars[7].penalty_metres = 4_000;
    let mut winner = None;
    while !race.state.is_over(&rules) {
        assert!(race.state.tick < 60 * 600, "the race ends");
        race.step();
        for (seat, car) in race.state.cars.iter().enumerate() {
            assert_eq!(car.finish.is_some(), race.state.score(seat) == 5_000);
            if car.finish.is_some() {
                winner.get_or_insert((seat, race.state.tick));
            }
        }
    }
    let (seat, tick) = winner.unwrap();
    assert_eq!(race.state.winner, Some(seat as u8));
    assert!(race.state.tick <= tick + FINISH_GRACE_TICKS);
    assert_eq!(race.state.outcome(&rules, 7), Outcome::DidNotFinish);
    assert!(
        matches!(race.state.outcome(&rules, seat), Outcome::Finished(finish) if finish.place == 1)
    );
}

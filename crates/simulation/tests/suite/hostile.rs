use domain::{Controls, Drive, HEADING_UNITS_PER_TURN, SEATS_MAX, SPEED_UNITS_PER_MPS, Vec2};
use simulation::{CAR_LENGTH_M, CAR_WIDTH_M, Event, Events, RaceState, Rules, Track, step};

use crate::support::{Random, harbour_ring, mixed_classes};

fn assert_in_the_world(track: &Track, state: &RaceState, context: &str) {
    for (seat, car) in state.cars.iter().enumerate() {
        let projection = track.project(track.cell_at(car.travel), car.position_m());
        let inside = projection.lateral < projection.wall_left
            && -projection.lateral < projection.wall_right;
        assert!(
            inside,
            "{context}, tick {}, seat {seat}: {projection:?}",
            state.tick
        );
        assert!(
            car.speed_mps() < 111.0,
            "{context}, tick {}, seat {seat}",
            state.tick
        );
        assert!((0..HEADING_UNITS_PER_TURN).contains(&car.heading));
        let bounds = track.bounds();
        let at = car.position_m();
        assert!(at.x >= bounds.min.x && at.x <= bounds.max.x, "{context}");
        assert!(at.y >= bounds.min.y && at.y <= bounds.max.y, "{context}");
    }
}

#[test]
fn whatever_the_inputs_cars_stay_in_the_world_and_scores_never_fall() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 2, 0);
    for seed in 0..24 {
        let mut random = Random(seed);
        let mut state = RaceState::new(&track, &rules, &mixed_classes(SEATS_MAX));
        let mut events = Events::new();
        let mut drives = [Drive::Absent; SEATS_MAX];
        let hold = 1 + random.next() % 90;
        for tick in 0..1500 {
            for drive in &mut drives {
                let bits = random.next();
                if bits.is_multiple_of(hold) {
                    let stuck = Controls {
                        throttle: 255,
                        steer: bits as i8,
                        ..Controls::default()
                    };
                    let any = random.input();
                    *drive = match (bits >> 32) % 8 {
                        0 => Drive::Absent,
                        1..=4 => Drive::Driven(stuck),
                        _ => Drive::Driven(any),
                    };
                }
            }
            let scores: Vec<i64> = (0..SEATS_MAX).map(|seat| state.score(seat)).collect();
            step(&track, &rules, &mut state, &drives, &mut events);
            assert_in_the_world(&track, &state, &format!("seed {seed}, tick {tick}"));
            for (seat, before) in scores.into_iter().enumerate() {
                assert!(
                    (before..before + 22).contains(&state.score(seat)),
                    "seed {seed}"
                );
            }
        }
    }
}

#[test]
fn nothing_tunnels_through_a_wall_at_any_angle_or_speed() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 2, 0);
    let mut events = Events::new();
    for turn in 0..64 {
        for speed in [40, 89, 109] {
            let mut state = RaceState::new(&track, &rules, &mixed_classes(1));
            state.cars[0].heading = turn * (HEADING_UNITS_PER_TURN / 64);
            state.cars[0].speed_forward = speed * SPEED_UNITS_PER_MPS;
            let mut hit = false;
            for _ in 0..120 {
                step(&track, &rules, &mut state, &[Drive::Absent], &mut events);
                hit |= events
                    .iter()
                    .any(|event| matches!(event, Event::Wall { .. }));
                assert_in_the_world(&track, &state, &format!("turn {turn}, {speed} m/s"));
            }
            assert!(
                hit || turn % 32 < 4 || turn % 32 > 28,
                "turn {turn}, {speed} m/s"
            );
        }
    }
}

/// Depth of a corner of the car in a wall, or of a bend of a wall in the car.
fn wall_depth(track: &Track, car: &domain::Car) -> f64 {
    let forward = Vec2::from_heading(car.heading_rad());
    let (at, left) = (car.position_m(), forward.left());
    let (half_length, half_width) = (0.5 * CAR_LENGTH_M, 0.5 * CAR_WIDTH_M);
    let mut depth: f64 = 0.0;
    for (ahead, aside) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
        let corner = at + forward * (ahead * half_length) + left * (aside * half_width);
        let projection = track.project(track.cell_at(car.travel), corner);
        depth = depth
            .max(projection.lateral - projection.wall_left)
            .max(-projection.lateral - projection.wall_right);
    }
    for point in track.left_wall().chain(track.right_wall()) {
        let arm = point - at;
        let inside = (half_width - arm.dot(left).abs()).min(half_length - arm.dot(forward).abs());
        depth = depth.max(inside);
    }
    depth
}

#[test]
fn no_car_sinks_into_a_wall_wherever_it_hits_it() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 2, 0);
    let mut events = Events::new();
    let (mut depths, full_speed) = (Vec::new(), 89 * SPEED_UNITS_PER_MPS);
    for index in (0..track.samples().len()).step_by(4) {
        for turn in 0..8 {
            let mut state = RaceState::new(&track, &rules, &mixed_classes(1));
            let station = index as f64 * track.spacing_m();
            let at = track.at(station);
            let car = &mut state.cars[0];
            car.x = (at.centre.x * 1024.0) as i32;
            car.y = (at.centre.y * 1024.0) as i32;
            car.travel = (station * 1024.0) as i32;
            let turns = at.tangent.heading() / core::f64::consts::TAU + f64::from(turn) / 8.0;
            let heading = (turns * f64::from(HEADING_UNITS_PER_TURN)) as i32;
            car.heading = heading.rem_euclid(HEADING_UNITS_PER_TURN);
            car.speed_forward = full_speed;
            let push = Drive::Driven(Controls {
                throttle: 255,
                steer: if index % 8 == 0 { 127 } else { -127 },
                ..Controls::default()
            });
            for _ in 0..40 {
                step(&track, &rules, &mut state, &[push], &mut events);
                depths.push(wall_depth(&track, &state.cars[0]));
            }
        }
    }
    depths.sort_by(f64::total_cmp);
    let share = |share: f64| depths[((depths.len() - 1) as f64 * share) as usize];
    println!("99 %: {:.3} m, most: {:.3} m", share(0.99), share(1.0));
    assert!(share(0.99) < 0.05 && share(1.0) < 0.1);
}

#[test]
fn cars_that_meet_head_on_bounce_and_report_it() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 2, 0);
    let mut state = RaceState::new(&track, &rules, &mixed_classes(2));
    let mut events = Events::new();
    let ahead = track.at(60.0).centre;
    state.cars[1].x = (ahead.x * 1024.0) as i32;
    state.cars[1].y = state.cars[0].y;
    state.cars[1].travel = 60 * 1024;
    state.cars[1].heading = HEADING_UNITS_PER_TURN / 2;
    for car in &mut state.cars {
        car.speed_forward = 80 * SPEED_UNITS_PER_MPS;
    }
    let mut strongest = 0;
    for _ in 0..120 {
        step(
            &track,
            &rules,
            &mut state,
            &[Drive::Driven(Controls::default()); 2],
            &mut events,
        );
        for event in &events {
            if let Event::Contact {
                seat: 0,
                other: 1,
                impulse_ns,
            } = event
            {
                strongest = strongest.max(*impulse_ns);
            }
        }
        assert_in_the_world(&track, &state, "head on");
    }
    assert!(strongest > 50_000, "{strongest} N s");
    assert!(
        state.cars[0].x < state.cars[1].x,
        "they did not pass through each other"
    );
}

#[test]
fn a_state_with_any_numbers_in_it_does_not_panic() {
    let (circuit, highway) = (harbour_ring(), Track::highway());
    let races = [
        (&circuit, Rules::circuit(&circuit, 2, 0)),
        (&highway, Rules::highway(1, 20_000, 0)),
    ];
    let mut events = Events::new();
    let mut random = Random(99);
    for (track, rules) in races.into_iter().cycle().take(1_000) {
        let mut state = RaceState::new(track, &rules, &mixed_classes(4));
        state.tick = random.next() as u32;
        for car in &mut state.cars {
            car.x = random.next() as i32;
            car.y = random.next() as i32;
            car.heading = random.next() as i32;
            car.speed_forward = random.next() as i32;
            car.speed_lateral = random.next() as i32;
            car.yaw_rate = random.next() as i32;
            car.steer_angle = random.next() as i16;
            car.acceleration = random.next() as i16;
            car.travel = random.next() as i32;
            car.credited = random.next() as u32;
            car.penalty_metres = random.next() as u32;
            car.traffic_ticks = random.next() as u8;
            car.gates_passed = random.next() as u16;
            car.lap_start_tick = random.next() as u32;
            car.absent_ticks = random.next() as u8;
            car.wrong_way_ticks = random.next() as u8;
        }
        for _ in 0..20 {
            let drives = [Drive::Driven(random.input()), Drive::Absent];
            step(track, &rules, &mut state, &drives, &mut events);
        }
    }
}

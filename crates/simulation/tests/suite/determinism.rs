use simulation::{Drive, Events, RaceState, Skill, step};

use crate::support::{Race, Random, harbour_ring};

/// Hash after every 1,000 ticks of the race below, the same in debug and release
/// builds. A change here is a change of the game: old replays end.
const GOLDEN: [u64; 5] = [
    0x8fd5_9e9d_068e_a992,
    0x3e3e_5762_3685_978c,
    0x8451_0703_e73f_7c14,
    0x7b0a_8797_6861_7dae,
    0x84d8_2add_2436_2a8c,
];

#[test]
fn the_same_race_has_the_same_hashes_for_ever() {
    let track = harbour_ring();
    let mut race = Race::new(&track, 3, 8, Skill::Club, 2024);
    let mut hashes = Vec::new();
    for tick in 1..=1000 * GOLDEN.len() {
        race.step();
        if tick % 1000 == 0 {
            hashes.push(race.state.hash());
        }
    }
    assert_eq!(hashes, GOLDEN, "golden hashes: {hashes:#018x?}");
}

#[test]
fn a_rewound_race_comes_to_the_same_state() {
    let track = harbour_ring();
    for seed in 0..6 {
        let mut random = Random(seed);
        let cars = 1 + (random.next() % 16) as usize;
        let mut race = Race::new(&track, 2, cars, Skill::Expert, seed);
        let mut past: Vec<(RaceState, Vec<Drive>)> = Vec::new();
        for tick in 0..2000 {
            let mut drives = race.drives();
            for drive in &mut drives {
                match random.next() % 16 {
                    0 => *drive = Drive::Absent,
                    1 => *drive = Drive::Driven(random.input()),
                    _ => {}
                }
            }
            past.push((race.state.clone(), drives.clone()));
            step(
                &track,
                &race.rules,
                &mut race.state,
                &drives,
                &mut race.events,
            );
            if tick % 50 == 49 {
                let from = past.len() - 1 - (random.next() % 49) as usize;
                let mut again = past[from].0.clone();
                let mut events = Events::new();
                for (_, drives) in &past[from..] {
                    step(&track, &race.rules, &mut again, drives, &mut events);
                }
                assert_eq!(again.hash(), race.state.hash(), "seed {seed}, tick {tick}");
                assert_eq!(again, race.state);
                assert_eq!(events, race.events);
            }
        }
    }
}

#[test]
fn every_field_of_a_car_is_in_the_hash() {
    let track = harbour_ring();
    let race = Race::new(&track, 1, 2, Skill::Club, 0);
    let hash = race.state.hash();
    let changes: [fn(&mut simulation::Car); 20] = [
        |car| car.class = simulation::CarClass::Drift,
        |car| car.x += 1,
        |car| car.y += 1,
        |car| car.heading ^= 1,
        |car| car.speed_forward += 1,
        |car| car.speed_lateral += 1,
        |car| car.yaw_rate += 1,
        |car| car.steer_angle += 1,
        |car| car.acceleration += 1,
        |car| car.travel += 1,
        |car| car.credited += 1,
        |car| car.gates_passed += 1,
        |car| car.penalty_metres += 1,
        |car| car.lap_start_tick += 1,
        |car| car.best_lap_ticks += 1,
        |car| car.finish = Some(simulation::Finish { place: 1, tick: 0 }),
        |car| car.absent_ticks += 1,
        |car| car.wrong_way_ticks += 1,
        |car| car.traffic_ticks += 1,
        |car| car.off_road = !car.off_road,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut state = race.state.clone();
        change(&mut state.cars[1]);
        assert_ne!(state.hash(), hash, "change {index}");
    }
}

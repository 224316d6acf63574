use domain::{CarClass, Drive, Skill, TARGET_METRES_DEFAULT};
use simulation::{Events, RaceState, Rules, Track, step};

use crate::support::{Race, Random, harbour_ring};

/// Hash after every 1,000 ticks of the race below, the same in debug and release
/// builds. Changing them changes the game and invalidates recorded replays.
const GOLDEN: [u64; 5] = [
    0xd2a9_ab20_85c5_b5c9,
    0x7fe8_7b00_d524_fa20,
    0x8aac_ac72_bf00_6590,
    0xfee8_2794_ce7f_97a6,
    0x1662_dda6_b694_5fd6,
];

/// The same for a race on the highway.
const GOLDEN_HIGHWAY: [u64; 5] = [
    0xd941_07a5_2cd2_0251,
    0x7703_2092_77ba_cf7d,
    0x252e_e2f5_47ab_f355,
    0x5883_d122_4b77_e297,
    0x9bb9_2c72_7265_6a1a,
];

#[test]
fn the_same_race_has_the_same_hashes_for_ever() {
    let track = harbour_ring();
    let race = Race::new(&track, 3, 8, Skill::Club, 2024);
    let hashes = hash_every_thousand_ticks(race, GOLDEN.len());
    assert_eq!(hashes, GOLDEN, "GOLDEN hashes: {hashes:#018x?}");
}

#[test]
fn the_same_highway_has_the_same_hashes_for_ever() {
    let track = Track::highway();
    let rules = Rules::highway(2024, TARGET_METRES_DEFAULT, 60);
    let race = Race::with_rules(&track, rules, 8, Skill::Club, 2024);
    let hashes = hash_every_thousand_ticks(race, GOLDEN_HIGHWAY.len());
    assert_eq!(
        hashes, GOLDEN_HIGHWAY,
        "GOLDEN_HIGHWAY hashes: {hashes:#018x?}"
    );
}

fn hash_every_thousand_ticks(mut race: Race<'_>, thousands: usize) -> Vec<u64> {
    let mut hashes = Vec::new();
    for _ in 0..thousands {
        (0..1000).for_each(|_| race.step());
        hashes.push(race.state.hash());
    }
    hashes
}

/// The inputs of a race, and the hash after every tick.
struct Recorded<'a> {
    track: &'a Track,
    rules: Rules,
    start: RaceState,
    drives: Vec<Vec<Drive>>,
    hashes: Vec<u64>,
}

/// Records a short race of 1 to 16 cars of all kinds: some have an AI driver, some
/// random inputs, some a driver that comes and goes.
fn random_race<'a>(tracks: &'a [Track], random: &mut Random) -> Recorded<'a> {
    let track = &tracks[random.below(tracks.len())];
    let rules = if track.name() == Track::HIGHWAY {
        Rules::highway(random.next(), 100 + random.below(900) as u32, 20)
    } else {
        Rules::circuit(track, 1, 20)
    };
    let cars = 1 + random.below(16);
    let skill = Skill::ALL[random.below(3)];
    let mut race = Race::with_rules(track, rules, cars, skill, random.next());
    for car in &mut race.state.cars {
        car.class = CarClass::ALL[random.below(3)];
        car.speed_forward = random.below(400_000) as i32;
    }
    let start = race.state.clone();
    let wild = random.below(cars + 1);
    let (mut drives, mut hashes) = (vec![Drive::Absent; cars], Vec::new());
    let mut history = Vec::new();
    for tick in 0..150 + random.below(200) {
        if cars > wild {
            drives[wild..].copy_from_slice(&race.drives()[wild..]);
        }
        for drive in &mut drives[..wild] {
            match random.below(20) {
                0 => *drive = Drive::Absent,
                1..4 => *drive = Drive::Driven(random.input()),
                _ => {}
            }
        }
        race.step_with(&drives);
        assert_eq!(race.state.tick as usize, tick + 1);
        hashes.push(race.state.hash());
        history.push(drives.clone());
    }
    Recorded {
        track,
        rules,
        start,
        drives: history,
        hashes,
    }
}

/// Drives the race again; at every 50th tick it rewinds by a random span and
/// replays it, like a client after a misprediction.
fn drive_again(race: &Recorded<'_>, random: &mut Random, context: &str) {
    let mut past = vec![race.start.clone()];
    let mut events = Events::new();
    let mut advance = |past: &mut Vec<RaceState>| {
        let tick = past.len() - 1;
        let mut state = past[tick].clone();
        let drives = &race.drives[tick];
        step(race.track, &race.rules, &mut state, drives, &mut events);
        assert_eq!(state.hash(), race.hashes[tick], "{context}, tick {tick}");
        past.push(state);
    };
    for target in 1..=race.drives.len() {
        advance(&mut past);
        if target.is_multiple_of(50) {
            let span = 1 + random.below(50.min(target));
            past.truncate(target + 1 - span);
            (0..span).for_each(|_| advance(&mut past));
        }
    }
}

#[test]
fn a_thousand_random_races_come_to_the_same_states_with_and_without_rewinding() {
    let tracks = [harbour_ring(), Track::highway()];
    let (mut random, mut ticks) = (Random(1), 0);
    for race in 0..1_000 {
        let recorded = random_race(&tracks, &mut random);
        drive_again(&recorded, &mut random, &format!("race {race}"));
        ticks += recorded.drives.len();
    }
    println!("{ticks} ticks");
}

#[test]
fn every_field_of_a_car_is_in_the_hash() {
    let track = harbour_ring();
    let race = Race::new(&track, 1, 2, Skill::Club, 0);
    let hash = race.state.hash();
    let changes: [fn(&mut domain::Car); 20] = [
        |car| car.class = CarClass::Drift,
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
        |car| car.finish = Some(domain::Finish { place: 1, tick: 0 }),
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

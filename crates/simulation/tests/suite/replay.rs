use simulation::{
    CarClass, Drive, RaceState, Replay, ReplayError, Rules, Skill, TICK_RATE_HZ, Track, step,
};

use crate::support::{Race, Random, harbour_ring};

/// Races with drivers who come and go, and keys that go up and down.
fn record(track: &Track, rules: Rules, cars: usize) -> (Replay, RaceState) {
    let mut race = Race::with_rules(track, rules, cars, Skill::Club, 17);
    let mut replay = Replay::begin(track, &rules, &race.state);
    let mut random = Random(4);
    let mut away = usize::MAX;
    while !race.state.is_over(&rules) && race.state.tick < 240 * TICK_RATE_HZ {
        if race.state.tick.is_multiple_of(300) {
            away = random.next() as usize % (2 * cars);
        }
        let mut drives = race.drives();
        for (seat, drive) in drives.iter_mut().enumerate() {
            if seat == away {
                *drive = Drive::Absent;
            }
        }
        step(track, &rules, &mut race.state, &drives, &mut race.events);
        replay.record(&drives, &race.state);
    }
    (replay, race.state)
}

#[test]
fn a_race_driven_again_ends_the_same() {
    let circuit = harbour_ring();
    let highway = Track::highway();
    for (track, rules) in [
        (&circuit, Rules::circuit(&circuit, 2, 180)),
        (&highway, Rules::highway(99, 4_000, 180)),
    ] {
        let (replay, end) = record(track, rules, 5);
        assert!(end.winner.is_some());
        assert_eq!(replay.ticks(), end.tick);
        let bytes = replay.to_bytes();
        let seconds = end.tick / TICK_RATE_HZ;
        println!("{}: {seconds} s, {} bytes", track.name(), bytes.len());
        let read = Replay::from_bytes(&bytes).unwrap();
        assert_eq!(read, replay);
        assert_eq!(read.verify(track), Ok(end));
    }
}

#[test]
fn held_keys_cost_nothing() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 1, 0);
    let mut state = RaceState::new(&track, &rules, &CarClass::ALL);
    let mut replay = Replay::begin(&track, &rules, &state);
    for _ in 0..3_600 {
        step(
            &track,
            &rules,
            &mut state,
            &[],
            &mut simulation::Events::new(),
        );
        replay.record(&[], &state);
    }
    assert!(replay.seats().all(|runs| runs.len() == 1));
    assert!(replay.to_bytes().len() < 64);
}

#[test]
fn a_forged_result_is_found() {
    let track = harbour_ring();
    let (replay, _) = record(&track, Rules::circuit(&track, 1, 0), 2);
    let mut bytes = replay.to_bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let forged = Replay::from_bytes(&bytes).unwrap();
    assert!(matches!(
        forged.verify(&track),
        Err(ReplayError::OtherEnd { .. })
    ));
    let highway = Track::highway();
    assert!(matches!(
        replay.verify(&highway),
        Err(ReplayError::OtherTrack { .. })
    ));
}

#[test]
fn broken_bytes_are_refused_and_never_panic() {
    let track = harbour_ring();
    let (replay, _) = record(&track, Rules::circuit(&track, 1, 0), 2);
    let bytes = replay.to_bytes();
    for length in 0..bytes.len().min(400) {
        assert!(Replay::from_bytes(&bytes[..length]).is_err());
    }
    assert!(Replay::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    let mut random = Random(8);
    for _ in 0..5_000 {
        let mut broken = bytes[..bytes.len().min(300)].to_vec();
        for _ in 0..1 + random.next() % 4 {
            let at = random.next() as usize % broken.len();
            broken[at] = random.next() as u8;
        }
        let _ = Replay::from_bytes(&broken);
    }
}

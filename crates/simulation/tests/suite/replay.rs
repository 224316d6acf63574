use domain::{Controls, Drive, SEATS_MAX, Skill, TICK_RATE_HZ};
use proptest::prelude::*;
use simulation::replay::{CHUNK, CHUNK_PACKED_BYTES_MAX, CHUNK_TICKS, Chunk, Recorder};
use simulation::{
    Events, ModeRules, RaceState, Replay, ReplayError, ReplayHeader, Rules, Track, step,
};

use crate::support::{Race, Random, harbour_ring, mixed_classes};

/// Records a race while it is driven, as a room does.
struct Recording {
    recorder: Recorder,
    chunks: Vec<Chunk>,
}

impl Recording {
    fn new(seats: usize) -> Self {
        Self {
            recorder: Recorder::new(seats),
            chunks: Vec::new(),
        }
    }

    fn record(&mut self, drives: &[Drive]) {
        self.chunks.extend(self.recorder.record(drives));
    }

    fn packed(&self) -> Vec<Vec<u8>> {
        let last = Some(self.recorder.chunk()).filter(|chunk| chunk.ticks() > 0);
        self.chunks.iter().chain(last).map(Chunk::pack).collect()
    }

    fn finish(&self, track: &Track, rules: &Rules, end: &RaceState) -> Replay {
        Replay::new(ReplayHeader::new(track, rules, end), self.packed()).unwrap()
    }
}

/// Records a race with drivers that come and go.
fn record(track: &Track, rules: Rules, cars: usize) -> (Replay, RaceState) {
    let mut race = Race::with_rules(track, rules, cars, Skill::Club, 17);
    let mut recording = Recording::new(cars);
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
        race.step_with(&drives);
        recording.record(&drives);
    }
    (recording.finish(track, &rules, &race.state), race.state)
}

/// A race short enough for tests that decode it many times.
fn short() -> (Track, Replay) {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 1, 0);
    let (replay, _) = record(&track, rules, 2);
    (track, replay)
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
        assert_eq!(replay.header().ticks, end.tick);
        let bytes = replay.to_bytes();
        let seconds = end.tick / TICK_RATE_HZ;
        println!("{}: {seconds} s, {} bytes", track.name(), bytes.len());
        assert!(bytes.len() < 25 * 1024, "{} bytes", bytes.len());
        let read = Replay::from_bytes(&bytes).unwrap();
        assert_eq!(read, replay);
        assert_eq!(read.verify(track), Ok(end));
    }
}

/// A player on a keyboard changes the input a few times a second.
#[test]
fn three_minutes_of_two_keyboards_are_a_few_kilobytes() {
    let track = harbour_ring();
    let rules = Rules::circuit(&track, 9, 0);
    let mut state = RaceState::new(&track, &rules, &mixed_classes(2));
    let (mut recording, mut random) = (Recording::new(2), Random(3));
    let mut drives = [Drive::Driven(Controls::default()); 2];
    for _ in 0..3 * 60 * TICK_RATE_HZ {
        for drive in &mut drives {
            let Drive::Driven(input) = drive else {
                continue;
            };
            match random.below(60) {
                0..3 => input.steer = [-127, 0, 127][random.below(3)],
                3 => input.throttle ^= 0xff,
                4 => input.brake ^= 0xff,
                5 => input.handbrake = !input.handbrake,
                _ => {}
            }
        }
        step(&track, &rules, &mut state, &drives, &mut Events::new());
        recording.record(&drives);
    }
    let bytes = recording.finish(&track, &rules, &state).to_bytes();
    println!("two keyboards, 180 s: {} bytes", bytes.len());
    assert!(bytes.len() < 6 * 1024, "{} bytes", bytes.len());
}

#[test]
fn held_keys_cost_nothing() {
    let mut recording = Recording::new(3);
    (0..CHUNK_TICKS).for_each(|_| recording.record(&[]));
    let chunk = &recording.chunks[0];
    assert!(chunk.seats().all(|runs| runs.len() == 1));
    assert!(chunk.to_bytes().len() < 16);
}

#[test]
fn noise_in_every_seat_stays_below_the_limit() {
    let (mut recording, mut random) = (Recording::new(SEATS_MAX), Random(9));
    for _ in 0..CHUNK_TICKS {
        let drives: Vec<Drive> = (0..SEATS_MAX)
            .map(|_| {
                let [throttle, brake, steer, keys, ..] = random.next().to_le_bytes();
                Drive::Driven(Controls {
                    throttle,
                    brake,
                    steer: steer as i8,
                    handbrake: keys & 1 == 0,
                })
            })
            .collect();
        recording.record(&drives);
    }
    let packed = recording.chunks[0].pack();
    println!("noise: {} bytes", packed.len());
    assert!(packed.len() <= CHUNK_PACKED_BYTES_MAX);
    assert_eq!(Chunk::unpack(&packed).as_ref(), Ok(&recording.chunks[0]));
}

#[test]
fn a_forged_result_is_found() {
    let (track, replay) = short();
    let chunks = || replay.chunks().map(|chunk| chunk.pack()).collect();
    let mut header = replay.header().clone();
    header.final_hash ^= 1;
    let forged = Replay::new(header, chunks()).unwrap();
    assert!(matches!(
        forged.verify(&track),
        Err(ReplayError::OtherEnd { .. })
    ));
    let highway = Track::highway();
    assert!(matches!(
        replay.verify(&highway),
        Err(ReplayError::OtherTrack { .. })
    ));
    let mut header = replay.header().clone();
    header.rules.target_metres = 1;
    let forged = Replay::new(header, chunks()).unwrap();
    let what = "a rule";
    assert_eq!(forged.verify(&track), Err(ReplayError::OutOfRange { what }));
    let mut header = replay.header().clone();
    header.rules.mode = ModeRules::Highway { seed: 1 };
    let forged = Replay::new(header, chunks()).unwrap();
    assert_eq!(forged.verify(&track), Err(ReplayError::OutOfRange { what }));
}

#[test]
fn other_inputs_end_otherwise() {
    let (track, replay) = short();
    let seats = replay.header().classes.len();
    let mut recording = Recording::new(seats);
    let mut race = Race::with_rules(&track, replay.header().rules, seats, Skill::Club, 17);
    while race.state.tick < replay.header().ticks {
        let mut drives = race.drives();
        if race.state.tick == 1_000 {
            drives[1] = Drive::Driven(Controls::default());
        }
        race.step_with(&drives);
        recording.record(&drives);
    }
    let forged = Replay::new(replay.header().clone(), recording.packed()).unwrap();
    assert!(matches!(
        forged.verify(&track),
        Err(ReplayError::OtherEnd { .. })
    ));
}

#[test]
fn chunks_that_are_missing_doubled_or_of_others_are_refused() {
    let (_, replay) = short();
    let chunks: Vec<Vec<u8>> = replay.chunks().map(|chunk| chunk.pack()).collect();
    assert!(chunks.len() > 3);
    let with = |chunks| Replay::new(replay.header().clone(), chunks);
    assert_eq!(with(chunks.clone()).as_ref(), Ok(&replay));
    let mut cases: Vec<(u32, Vec<Vec<u8>>)> = Vec::new();
    for missing in 0..chunks.len() {
        let mut rest = chunks.clone();
        rest.remove(missing);
        cases.push((missing as u32 * CHUNK_TICKS, rest));
    }
    let mut doubled = chunks.clone();
    doubled.insert(1, chunks[0].clone());
    cases.push((CHUNK_TICKS, doubled));
    let mut alien = Recording::new(3);
    (0..CHUNK_TICKS).for_each(|_| alien.record(&[]));
    let mut foreign = chunks;
    foreign[0] = alien.chunks[0].pack();
    cases.push((0, foreign));
    for (next_tick, chunks) in cases {
        assert_eq!(with(chunks), Err(ReplayError::OtherChunk { next_tick }));
    }
}

#[test]
fn one_flipped_bit_anywhere_in_a_file_is_refused() {
    let (_, replay) = short();
    let mut bytes = replay.to_bytes();
    for at in 0..bytes.len() {
        bytes[at] ^= 1 << (at % 8);
        assert!(Replay::from_bytes(&bytes).is_err(), "byte {at}");
        bytes[at] ^= 1 << (at % 8);
    }
    for length in 0..bytes.len() {
        assert!(Replay::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    assert!(Replay::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    assert_eq!(Replay::from_bytes(&bytes), Ok(replay));
}

/// Behind the checksum: chunks are also read from the database.
#[test]
fn broken_chunks_and_headers_are_refused_or_read_but_never_panic() {
    let (_, replay) = short();
    let chunk = replay.chunks().next().unwrap();
    let header = replay.header().to_bytes();
    assert_eq!(
        ReplayHeader::from_bytes(&header).as_ref(),
        Ok(replay.header())
    );
    let mut random = Random(8);
    for good in [chunk.to_bytes(), chunk.pack(), header] {
        for length in 0..good.len() {
            assert_ne!(Chunk::from_bytes(&good[..length]).as_ref(), Ok(&chunk));
            let _ = Chunk::unpack(&good[..length]);
            assert!(ReplayHeader::from_bytes(&good[..length]).is_err());
        }
        for _ in 0..5_000 {
            let mut broken = good.clone();
            for _ in 0..1 + random.below(4) {
                let at = random.below(broken.len());
                broken[at] = random.next() as u8;
            }
            let _ = Chunk::from_bytes(&broken);
            let _ = Chunk::unpack(&broken);
            let _ = ReplayHeader::from_bytes(&broken);
        }
    }
}

#[test]
fn a_chunk_that_unpacks_to_gigabytes_is_refused() {
    let mut bomb = vec![CHUNK.written()];
    bomb.extend(miniz_oxide::deflate::compress_to_vec(&vec![0; 64 << 20], 9));
    assert_eq!(Chunk::unpack(&bomb), Err(ReplayError::Damaged));
}

fn drive() -> impl Strategy<Value = Drive> {
    let value = prop_oneof![Just(0_u8), Just(255), any::<u8>()];
    prop_oneof![
        1 => Just(Drive::Absent),
        8 => (value.clone(), value, any::<i8>(), any::<bool>()).prop_map(
            |(throttle, brake, steer, handbrake)| Drive::Driven(Controls {
                throttle,
                brake,
                steer,
                handbrake,
            })
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_one_after_the_other_are_the_whole_whoever_recorded_them(
        runs in proptest::collection::vec(
            (proptest::collection::vec(drive(), 1..=16), 1_u32..200),
            1..30,
        ),
        seats in 1_usize..=16,
        hand_overs in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let ticks: Vec<&[Drive]> = runs
            .iter()
            .flat_map(|(drives, times)| (0..*times).map(|_| drives.as_slice()))
            .collect();
        let hand_overs: Vec<usize> = hand_overs.iter().map(|at| at.index(ticks.len())).collect();
        let (mut one, mut many) = (Recording::new(seats), Recording::new(seats));
        for (tick, drives) in ticks.iter().enumerate() {
            if hand_overs.contains(&tick) {
                let bytes = many.recorder.chunk().to_bytes();
                many.recorder = Recorder::resume(Chunk::from_bytes(&bytes).unwrap());
            }
            one.record(drives);
            many.record(drives);
        }
        prop_assert_eq!(one.packed(), many.packed());

        let mut decoded = vec![Vec::new(); seats];
        for packed in one.packed() {
            let chunk = Chunk::unpack(&packed).unwrap();
            for (decoded, runs) in decoded.iter_mut().zip(chunk.seats()) {
                for run in runs {
                    decoded.extend(std::iter::repeat_n(run.drive, run.ticks as usize));
                }
            }
        }
        for (seat, decoded) in decoded.iter().enumerate() {
            let drives = ticks.iter().map(|drives| drives.get(seat).copied());
            let done: Vec<Drive> = drives.map(Option::unwrap_or_default).collect();
            prop_assert_eq!(decoded, &done);
        }
    }
}

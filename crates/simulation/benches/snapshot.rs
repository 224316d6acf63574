//! The cost of the snapshot codec: `cargo bench -p simulation`.
//!
//! Budget (docs/simulation.md): 16 cars in 1 µs each way, median.

#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::{CarClass, Drive, SEATS_MAX, Skill};
use netcode::{TrackCourse, wire};
use protocol::snapshot::{Applied, SnapshotBody};
use simulation::{AiDriver, Events, RaceState, Rules, Track, step};

/// Half a minute: all cars are racing, at different positions.
const TICKS: u32 = 30 * 60;
/// Ticks between two measured bodies: so few bodies stay in the cache, as a room
/// encodes the state that it has just computed.
const TICKS_BETWEEN: u32 = 60;

fn bodies(track: &Track, rules: &Rules, cars: usize) -> Vec<(u32, SnapshotBody)> {
    let classes: Vec<CarClass> = CarClass::ALL.into_iter().cycle().take(cars).collect();
    let mut drivers: Vec<AiDriver> = (0..cars)
        .map(|seat| AiDriver::with_class(track, classes[seat], seat as u64, Skill::Club))
        .collect();
    let mut state = RaceState::new(track, rules, &classes);
    let mut events = Events::new();
    let mut bodies = Vec::new();
    while state.tick < TICKS {
        let drives: Vec<Drive> = drivers
            .iter_mut()
            .enumerate()
            .map(|(seat, driver)| Drive::Driven(driver.drive(track, rules, &state, seat)))
            .collect();
        step(track, rules, &mut state, &drives, &mut events);
        if state.tick.is_multiple_of(TICKS_BETWEEN) {
            let applied: Vec<Applied> = drives.iter().map(|&drive| [drive; 2]).collect();
            bodies.push((state.tick, wire::body(&state, &applied)));
        }
    }
    bodies
}

fn codec(criterion: &mut Criterion) {
    let track = Track::names()
        .iter()
        .filter_map(|name| Track::by_name(name))
        .max_by_key(Track::length_m)
        .expect("circuits ship with the game");
    let course = TrackCourse::new(&track);
    for cars in [4, SEATS_MAX] {
        let bodies = bodies(&track, &Rules::circuit(&track, 3, 0), cars);
        let mut next = bodies.iter().cycle();
        let mut bytes = Vec::with_capacity(4096);
        criterion.bench_function(&format!("snapshot encode, {cars} cars"), |bencher| {
            bencher.iter(|| {
                let (tick, body) = next.next().expect("a cycle has no end");
                bytes.clear();
                body.encode_into(*tick, &course, &mut bytes);
                black_box(bytes.len())
            });
        });
        let encoded: Vec<(u32, Vec<u8>)> = bodies
            .iter()
            .map(|(tick, body)| {
                let mut bytes = Vec::new();
                body.encode_into(*tick, &course, &mut bytes);
                (*tick, bytes)
            })
            .collect();
        let mut next = encoded.iter().cycle();
        criterion.bench_function(&format!("snapshot decode, {cars} cars"), |bencher| {
            bencher.iter(|| {
                let (tick, bytes) = next.next().expect("a cycle has no end");
                SnapshotBody::decode(black_box(bytes), *tick, &course)
            });
        });
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);

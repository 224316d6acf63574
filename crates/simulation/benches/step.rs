//! The cost of a tick: `cargo bench -p simulation`.
//!
//! Budget (docs/simulation.md): 16 cars close together on the longest circuit 12 µs, 4 cars
//! 3 µs, median.

#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use domain::{CarClass, Drive, POSITION_UNITS_PER_M, SEATS_MAX, Skill};
use simulation::{AiDriver, Events, RaceState, Rules, Track, step};

/// From the start to the end of the first corners: the field is close together.
const TICKS: usize = 1200;

/// A recorded race with its inputs.
struct Recording<'a> {
    track: &'a Track,
    rules: Rules,
    start: RaceState,
    drives: Vec<Vec<Drive>>,
}

impl<'a> Recording<'a> {
    fn new(track: &'a Track, rules: Rules, cars: usize) -> Self {
        let classes: Vec<CarClass> = CarClass::ALL.into_iter().cycle().take(cars).collect();
        let start = RaceState::new(track, &rules, &classes);
        let mut drivers: Vec<AiDriver> = (0..cars)
            .map(|seat| AiDriver::new(track, seat as u64, Skill::Club))
            .collect();
        let (mut state, mut events) = (start.clone(), Events::new());
        let drives = (0..TICKS)
            .map(|_| {
                let drives: Vec<Drive> = drivers
                    .iter_mut()
                    .enumerate()
                    .map(|(seat, driver)| Drive::Driven(driver.drive(track, &rules, &state, seat)))
                    .collect();
                step(track, &rules, &mut state, &drives, &mut events);
                drives
            })
            .collect();
        Self {
            track,
            rules,
            start,
            drives,
        }
    }

    fn bench(&self, criterion: &mut Criterion, name: &str) {
        let mut events = Events::new();
        let mut state = self.start.clone();
        let mut ticks = self.drives.iter();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let drives = ticks.next().unwrap_or_else(|| {
                    ticks = self.drives.iter();
                    state = self.start.clone();
                    &self.drives[0]
                });
                step(self.track, &self.rules, &mut state, drives, &mut events);
            });
        });
    }
}

fn longest_circuit() -> Track {
    Track::names()
        .iter()
        .filter_map(|name| Track::by_name(name))
        .max_by_key(Track::length_m)
        .expect("circuits ship with the game")
}

fn circuit(criterion: &mut Criterion) {
    let track = longest_circuit();
    for cars in [1, 4, SEATS_MAX] {
        let recording = Recording::new(&track, Rules::circuit(&track, 3, 0), cars);
        recording.bench(criterion, &format!("step, {cars} cars on {}", track.name()));
    }
}

/// The worst case: every car inside several others, in every tick.
fn pile(criterion: &mut Criterion) {
    let track = longest_circuit();
    let rules = Rules::circuit(&track, 3, 0);
    let mut pile = RaceState::new(&track, &rules, &[CarClass::Drift; SEATS_MAX]);
    let first = pile.cars[0];
    for (seat, car) in (0..).zip(&mut pile.cars) {
        car.x = first.x + (seat % 4) * POSITION_UNITS_PER_M * 3;
        car.y = first.y - (seat / 4) * POSITION_UNITS_PER_M;
        car.heading = (first.heading + seat * 10_000) & 0xf_ffff;
        car.travel = first.travel;
    }
    let mut events = Events::new();
    let drives = [Drive::default(); SEATS_MAX];
    criterion.bench_function("step, a pile of 16 cars", |bencher| {
        bencher.iter(|| {
            let mut state = pile.clone();
            step(&track, &rules, &mut state, &drives, &mut events);
            state
        });
    });
}

fn highway(criterion: &mut Criterion) {
    let track = Track::highway();
    let recording = Recording::new(&track, Rules::highway(7, 20_000, 0), SEATS_MAX);
    recording.bench(criterion, "step, 16 cars on the highway");
}

criterion_group!(benches, circuit, pile, highway);
criterion_main!(benches);

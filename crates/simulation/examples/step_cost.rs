//! Measures `step` alone: replays recorded inputs of a race on the shipped
//! circuit, the cars close together as they come from the grid.
//!
//! `cargo run --release -p simulation --example step_cost`

use std::time::Instant;

use simulation::{AiDriver, Drive, Events, RaceState, Rules, Skill, Track, step};

const TICKS: usize = 3000;

fn main() {
    let track = Track::by_name("harbour-ring").expect("a listed circuit exists");
    let rules = Rules::circuit(&track, 3, 0);
    for cars in [1, 4, 16] {
        let start = RaceState::new(&track, &rules, cars);
        let mut events = Events::new();
        let mut state = start.clone();
        let mut drivers: Vec<AiDriver> = (0..cars)
            .map(|seat| AiDriver::new(&track, seat as u64, Skill::Club))
            .collect();
        let mut inputs = Vec::with_capacity(TICKS);
        for _ in 0..TICKS {
            let drives: Vec<Drive> = drivers
                .iter_mut()
                .enumerate()
                .map(|(seat, driver)| Drive::Driven(driver.drive(&track, &rules, &state, seat)))
                .collect();
            step(&track, &rules, &mut state, &drives, &mut events);
            inputs.push(drives);
        }
        let mut times: Vec<u128> = Vec::with_capacity(TICKS);
        let mut state = start;
        for drives in &inputs {
            let begun = Instant::now();
            step(&track, &rules, &mut state, drives, &mut events);
            times.push(begun.elapsed().as_nanos());
        }
        times.sort_unstable();
        let median = times[TICKS / 2];
        println!(
            "{cars:>2} cars: {median} ns a tick, {} ns a car (median)",
            median / cars as u128
        );
    }
}

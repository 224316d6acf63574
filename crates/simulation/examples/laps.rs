//! Prints the AI's lap times on every shipped circuit.
//!
//! `cargo run --release -p simulation --example laps`

#![allow(clippy::disallowed_methods, reason = "measures time")]

use domain::{CarClass, Drive, Skill};
use simulation::{AiDriver, Event, Events, RaceState, Rules, TICK_SECONDS, Track, step};

fn main() {
    for name in Track::names() {
        let track = Track::by_name(name).expect("a listed circuit exists");
        println!("{name}: {} m", track.length_m());
        for skill in Skill::ALL {
            for cars in [1, 4, 16] {
                race(&track, skill, cars);
            }
        }
    }
}

fn race(track: &Track, skill: Skill, cars: usize) {
    let rules = Rules::circuit(track, 3, 0);
    let mut state = RaceState::new(track, &rules, &vec![CarClass::default(); cars]);
    let mut drivers: Vec<AiDriver> = (0..cars)
        .map(|seat| AiDriver::new(track, seat as u64, skill))
        .collect();
    let mut events = Events::new();
    let (mut off_road, mut walls, mut contacts, mut best) = (0, 0, 0, u32::MAX);
    let begun = std::time::Instant::now();
    while !state.is_over(&rules) && state.tick < 60 * 600 {
        let drives: Vec<Drive> = drivers
            .iter_mut()
            .enumerate()
            .map(|(seat, driver)| Drive::Driven(driver.drive(track, &rules, &state, seat)))
            .collect();
        step(track, &rules, &mut state, &drives, &mut events);
        for event in &events {
            match event {
                Event::Lap { ticks, .. } => best = best.min(*ticks),
                Event::OffRoad { .. } => off_road += 1,
                Event::Wall { .. } => walls += 1,
                Event::Contact { .. } => contacts += 1,
                Event::Finished { .. }
                | Event::Winner { .. }
                | Event::WrongWay { .. }
                | Event::Traffic { .. }
                | Event::Penalty { .. } => {}
            }
        }
    }
    let nanoseconds = begun.elapsed().as_nanos() as f64 / f64::from(state.tick) / cars as f64;
    println!(
        "  {skill:?} x{cars:<2} best lap {:.2} s, finished {}/{cars} in {:.1} s, off road {off_road}, \
         walls {walls}, contacts {contacts}, {nanoseconds:.0} ns per car and tick with its driver",
        f64::from(best) * TICK_SECONDS,
        state.finished_count(),
        f64::from(state.tick) * TICK_SECONDS,
    );
}

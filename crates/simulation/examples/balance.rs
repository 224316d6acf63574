//! Prints the AI's best lap with every car class and their spread, on the shipped
//! circuits and on CSV files given as arguments.
//!
//! `cargo run --release -p simulation --example balance -- circuits/*.csv`
//!
//! The classes are balanced when no circuit shows more than 3 %. The knobs are
//! in `src/vehicle/parameters.rs`: power and drag against grip and downforce.

use std::path::Path;

use domain::{CarClass, Drive, Skill};
use simulation::{AiDriver, Event, Events, RaceState, Rules, TICK_SECONDS, Track, step};

const LAPS: u16 = 3;
/// Drivers differ a little: the best of several is more typical of the car.
const DRIVERS: u64 = 4;
const TICKS_MAX: u32 = 60 * 60 * 20;

fn main() {
    let files = std::env::args().skip(1).map(|file| {
        let csv = std::fs::read_to_string(&file).expect("the file can be read");
        let stem = Path::new(&file).file_stem().and_then(|stem| stem.to_str());
        Track::from_csv(stem.unwrap_or(&file), &csv).expect("the file is a circuit")
    });
    let shipped = Track::names()
        .iter()
        .filter_map(|name| Track::by_name(name));
    let mut worst: f64 = 0.0;
    println!(
        "{:<16} {:>8} {:>8} {:>8}",
        "circuit", "grip", "power", "drift"
    );
    for track in shipped.chain(files) {
        let laps = CarClass::ALL.map(|class| best_lap_seconds(&track, class));
        let fastest = laps.into_iter().fold(f64::INFINITY, f64::min);
        let slowest = laps.into_iter().fold(0.0, f64::max);
        let apart = 100.0 * (slowest / fastest - 1.0);
        worst = worst.max(apart);
        let [grip, power, drift] = laps;
        println!(
            "{:<16} {grip:>8.2} {power:>8.2} {drift:>8.2}  {apart:.1} %",
            track.name()
        );
    }
    println!("furthest apart: {worst:.1} %");
}

/// Returns the best lap; infinite when no driver completes one.
fn best_lap_seconds(track: &Track, class: CarClass) -> f64 {
    let rules = Rules::circuit(track, LAPS, 0);
    let laps = (0..DRIVERS).filter_map(|seed| {
        let mut state = RaceState::new(track, &rules, &[class]);
        let mut driver = AiDriver::with_class(track, class, seed, Skill::Expert);
        let (mut events, mut best) = (Events::new(), None::<u32>);
        while !state.is_over(&rules) && state.tick < TICKS_MAX {
            let drive = Drive::Driven(driver.drive(track, &rules, &state, 0));
            step(track, &rules, &mut state, &[drive], &mut events);
            for event in &events {
                if let Event::Lap { ticks, .. } = event {
                    best = Some(best.map_or(*ticks, |best| best.min(*ticks)));
                }
            }
        }
        best
    });
    laps.min()
        .map_or(f64::INFINITY, |ticks| f64::from(ticks) * TICK_SECONDS)
}

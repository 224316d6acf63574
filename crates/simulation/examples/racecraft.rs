//! Prints how the AI races: how soon an expert starting last leads seven novices,
//! how hard the cars touch, and how often the drivers change their controls.
//!
//! `cargo run --release -p simulation --example racecraft`

use domain::{CarClass, Controls, Drive, Skill, TICK_RATE_HZ};
use simulation::{AiDriver, Event, Events, RaceState, Rules, Track, step};

const CARS: usize = 8;
const LAPS: u16 = 6;
/// Races on each circuit, each with other drivers.
const SEEDS: u64 = 8;
const TICKS_MAX: u32 = 60 * 60 * 15;

fn main() {
    println!(
        "{:<16} {:>5} {:>24} {:>9} {:>9} {:>9} {:>9}",
        "circuit", "leads", "after laps", "contacts", "hardest", "off road", "inputs/s"
    );
    for track in Track::names()
        .iter()
        .filter_map(|name| Track::by_name(name))
    {
        let races: Vec<Race> = (0..SEEDS).map(|seed| race(&track, 10 * seed)).collect();
        let led = races.iter().filter(|race| race.led_after.is_some()).count();
        let laps: Vec<String> = races
            .iter()
            .map(|race| {
                race.led_after
                    .map_or("-".to_owned(), |laps| format!("{laps:.2}"))
            })
            .collect();
        let sum = |count: fn(&Race) -> u32| races.iter().map(count).sum::<u32>();
        println!(
            "{:<16} {led}/{SEEDS} {:>26} {:>9} {:>9} {:>9} {:>9.1}",
            track.name(),
            laps.join(" "),
            sum(|race| race.contacts),
            races.iter().map(|race| race.hardest_ns).max().unwrap_or(0),
            sum(|race| race.off_road),
            races.iter().map(Race::changes_per_second).sum::<f64>() / SEEDS as f64,
        );
    }
}

#[derive(Default)]
struct Race {
    /// Laps of the expert when it took the lead.
    led_after: Option<f64>,
    contacts: u32,
    hardest_ns: u32,
    off_road: u32,
    changes: u32,
    ticks: u32,
}

impl Race {
    /// Changes of the controls of one car per second.
    fn changes_per_second(&self) -> f64 {
        f64::from(self.changes) * f64::from(TICK_RATE_HZ) / f64::from(self.ticks) / CARS as f64
    }
}

fn race(track: &Track, seed: u64) -> Race {
    let rules = Rules::circuit(track, LAPS, 0);
    let mut state = RaceState::new(track, &rules, &[CarClass::default(); CARS]);
    let expert = CARS - 1;
    let mut drivers: Vec<AiDriver> = (0..CARS)
        .map(|seat| {
            let skill = if seat == expert {
                Skill::Expert
            } else {
                Skill::Novice
            };
            AiDriver::new(track, seed + seat as u64, skill)
        })
        .collect();
    let (mut events, mut race) = (Events::new(), Race::default());
    let mut before = [Controls::default(); CARS];
    while state.winner.is_none() && state.tick < TICKS_MAX {
        let inputs: [Controls; CARS] =
            core::array::from_fn(|seat| drivers[seat].drive(track, &rules, &state, seat));
        race.changes += inputs.iter().zip(&before).filter(|(a, b)| a != b).count() as u32;
        before = inputs;
        step(
            track,
            &rules,
            &mut state,
            &inputs.map(Drive::Driven),
            &mut events,
        );
        race.ticks += 1;
        for event in &events {
            match event {
                Event::Contact { impulse_ns, .. } => {
                    race.contacts += 1;
                    race.hardest_ns = race.hardest_ns.max(*impulse_ns);
                }
                Event::OffRoad { .. } => race.off_road += 1,
                Event::Lap { .. }
                | Event::Finished { .. }
                | Event::Winner { .. }
                | Event::WrongWay { .. }
                | Event::Wall { .. }
                | Event::Traffic { .. }
                | Event::Penalty { .. } => {}
            }
        }
        if race.led_after.is_none() && state.leaderboard()[0] == expert {
            let travel = f64::from(state.cars[expert].travel);
            race.led_after = Some(travel / f64::from(track.length_units()));
        }
    }
    race
}

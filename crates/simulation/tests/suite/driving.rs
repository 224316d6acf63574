//! The AI on the shipped circuits.

use domain::{CarClass, Drive, SEATS_MAX, Skill};
use simulation::{AiDriver, Event, Events, RaceState, Rules, TICK_SECONDS, Track, step};

use crate::support::{Race, harbour_ring};
use crate::track::shipped;

/// Upper bound for a lap: a mean speed of 10 m/s.
const TICKS_PER_METRE_MAX: u32 = 6;

#[test]
fn everybody_finishes_on_every_circuit_alone_and_in_company() {
    for track in shipped() {
        for skill in Skill::ALL {
            for cars in [1, 4, SEATS_MAX] {
                let mut race = Race::new(&track, 1, cars, skill, 11);
                let events = race.run((track.length_m() + 200) * TICKS_PER_METRE_MAX);
                let context = format!("{} {skill:?} x{cars}", track.name());
                assert_eq!(race.state.finished_count(), cars, "{context}");
                let off_road = events
                    .iter()
                    .filter(|event| matches!(event, Event::OffRoad { .. }))
                    .count();
                let allowed = if cars == 1 { 0 } else { cars };
                assert!(
                    off_road <= allowed,
                    "{context}: {off_road} times off the road"
                );
            }
        }
    }
}

#[test]
fn skill_tells_on_every_circuit() {
    for track in shipped() {
        let laps = Skill::ALL.map(|skill| {
            let mut race = Race::new(&track, 2, 1, skill, 3);
            race.run(2 * track.length_m() * TICKS_PER_METRE_MAX);
            f64::from(race.state.cars[0].best_lap_ticks) * TICK_SECONDS
        });
        println!("{:<16} {laps:6.2?} s", track.name());
        let [novice, club, expert] = laps;
        assert!(novice > 1.02 * club && club > 1.015 * expert, "{laps:?}");
    }
}

/// A race of an expert, starting last, against novices in the same cars.
struct Chase {
    /// Laps of the expert when it took the lead.
    led_after: f64,
    /// Impulse of the hardest contact of two cars.
    impulse_ns: u32,
    off_road: usize,
}

/// Laps after which the race is given up without the lead.
const CHASE_LAPS: u16 = 8;

fn chase(track: &Track, seed: u64) -> Chase {
    const CARS: usize = 8;
    const EXPERT: usize = CARS - 1;
    let rules = Rules::circuit(track, CHASE_LAPS, 0);
    let mut state = RaceState::new(track, &rules, &[CarClass::default(); CARS]);
    let mut drivers: Vec<AiDriver> = (0..CARS)
        .map(|seat| {
            let skill = [Skill::Novice, Skill::Expert][usize::from(seat == EXPERT)];
            AiDriver::new(track, seed + seat as u64, skill)
        })
        .collect();
    let mut events = Events::new();
    let (mut impulse, mut off_road) = (0, 0);
    while state.leaderboard()[0] != EXPERT && state.winner.is_none() {
        let drives: [Drive; CARS] = std::array::from_fn(|seat| {
            Drive::Driven(drivers[seat].drive(track, &rules, &state, seat))
        });
        step(track, &rules, &mut state, &drives, &mut events);
        for event in &events {
            match event {
                Event::Contact { impulse_ns, .. } => impulse = impulse.max(*impulse_ns),
                Event::OffRoad { .. } => off_road += 1,
                _ => {}
            }
        }
    }
    Chase {
        led_after: f64::from(state.cars[EXPERT].travel) / f64::from(track.length_units()),
        impulse_ns: impulse,
        off_road,
    }
}

#[test]
fn an_expert_passes_seven_novices_without_pushing_them() {
    const RACES: u64 = 4;
    for track in shipped() {
        let chases: Vec<Chase> = (0..RACES).map(|race| chase(&track, 10 * race)).collect();
        let laps: Vec<f64> = chases.iter().map(|chase| chase.led_after).collect();
        let hardest = chases.iter().map(|chase| chase.impulse_ns).max().unwrap();
        let off_road: usize = chases.iter().map(|chase| chase.off_road).sum();
        println!(
            "{:<16} leads after {laps:.2?} laps, hardest contact {hardest} N s, off road {off_road}",
            track.name()
        );
        let mean = laps.iter().sum::<f64>() / RACES as f64;
        assert!(mean < 2.0, "{}: after {mean:.1} laps", track.name());
        assert!(
            laps.iter().all(|&laps| laps < 3.0),
            "{}: {laps:.1?}",
            track.name()
        );
        // Two cars that touch at some 4 m/s: a touch, not a crash.
        assert!(hardest < 3000, "{}: {hardest} N s", track.name());
        assert!(off_road <= 2, "{}: {off_road} times", track.name());
    }
}

#[test]
fn the_classes_are_equally_fast_on_every_circuit() {
    /// Drivers differ a little: the best of several is more typical of the car.
    const DRIVERS: u64 = 3;
    let mut sum = 0.0;
    println!("circuit              grip   power   drift  apart");
    for track in shipped() {
        let laps = CarClass::ALL.map(|class| {
            let lap = |seed| best_lap_seconds(&track, class, seed);
            (0..DRIVERS).map(lap).fold(f64::INFINITY, f64::min)
        });
        let [fastest, slowest] = [f64::min, f64::max].map(|of| laps.into_iter().reduce(of));
        let apart = slowest.unwrap() / fastest.unwrap() - 1.0;
        let [grip, power, drift] = laps;
        println!(
            "{:<16} {grip:>8.2}{power:>8.2}{drift:>8.2} {:>5.1} %",
            track.name(),
            100.0 * apart
        );
        assert!(apart < 0.03, "{}: {laps:.2?}", track.name());
        sum += apart;
    }
    let mean = sum / Track::names().len() as f64;
    println!("mean {:.1} %", 100.0 * mean);
    assert!(mean < 0.015, "{mean}");
}

fn best_lap_seconds(track: &Track, class: CarClass, seed: u64) -> f64 {
    let rules = Rules::circuit(track, 2, 0);
    let mut state = RaceState::new(track, &rules, &[class]);
    let mut driver = AiDriver::with_class(track, class, seed, Skill::Expert);
    let mut events = Events::new();
    while state.winner.is_none() && state.tick < rules.target_metres * TICKS_PER_METRE_MAX {
        let drive = Drive::Driven(driver.drive(track, &rules, &state, 0));
        step(track, &rules, &mut state, &[drive], &mut events);
    }
    assert!(state.winner.is_some(), "{} comes round", track.name());
    f64::from(state.cars[0].best_lap_ticks) * TICK_SECONDS
}

#[test]
fn a_driver_changes_its_input_a_few_times_a_second() {
    for (track, rules) in [
        (harbour_ring(), Rules::circuit(&harbour_ring(), 2, 0)),
        (Track::highway(), Rules::highway(7, 5_000, 0)),
    ] {
        let mut race = Race::with_rules(&track, rules, 8, Skill::Club, 21);
        let (mut changes, mut before) = (0, vec![Drive::Absent; 8]);
        while race.state.winner.is_none() {
            assert!(race.state.tick < 60 * 300, "the race has a winner");
            let drives = race.drives();
            changes += drives.iter().zip(&before).filter(|(a, b)| a != b).count();
            race.step_with(&drives);
            before = drives;
        }
        let seconds = f64::from(race.state.tick) * TICK_SECONDS;
        let rate = changes as f64 / 8.0 / seconds;
        println!("{}: {rate:.1} changes of an input a second", track.name());
        assert!(rate < 15.0, "{}: {rate}", track.name());
    }
}

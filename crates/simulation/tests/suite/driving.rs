//! The AI on the shipped circuits.

use simulation::{
    AiDriver, CarClass, Drive, Event, Events, RaceState, Rules, SEATS_MAX, Skill, TICK_SECONDS,
    step,
};

use crate::support::Race;
use crate::track::shipped;

/// Nobody needs longer for a lap at 10 m/s.
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

#[test]
fn an_expert_overtakes_novices_without_pushing_them() {
    let mut gained = 0;
    for track in shipped() {
        let rules = Rules::circuit(&track, 3, 0);
        let mut state = RaceState::new(&track, &rules, &[CarClass::default(); 4]);
        let skills = [Skill::Novice, Skill::Novice, Skill::Novice, Skill::Expert];
        let mut drivers: Vec<AiDriver> = (0..4)
            .map(|seat| AiDriver::new(&track, seat as u64, skills[seat]))
            .collect();
        let mut events = Events::new();
        let mut hardest = 0;
        while state.winner.is_none() && state.tick < 60 * 600 {
            let drives: Vec<Drive> = drivers
                .iter_mut()
                .enumerate()
                .map(|(seat, driver)| Drive::Driven(driver.drive(&track, &rules, &state, seat)))
                .collect();
            step(&track, &rules, &mut state, &drives, &mut events);
            for event in &events {
                if let Event::Contact { impulse_ns, .. } = event {
                    hardest = hardest.max(*impulse_ns);
                }
            }
        }
        let order = state.leaderboard();
        gained += 3 - order.iter().position(|&seat| seat == 3).unwrap();
        println!(
            "{}: hardest contact {hardest} N s, order {order:?}",
            track.name()
        );
        // A touch at less than 4 m/s, not a crash.
        assert!(hardest < 5000, "{}: {hardest} N s", track.name());
    }
    // From the last place, with three to gain on each circuit; on those that are
    // all fast corners the driver stays behind.
    assert!(gained >= 14, "{gained} places");
}

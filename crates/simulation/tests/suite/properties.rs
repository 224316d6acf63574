//! Properties that hold for any inputs.

use domain::{CarClass, Controls, Drive, HEADING_UNITS_PER_TURN, Skill};
use proptest::prelude::*;
use simulation::{AiDriver, Event, Events, ModeRules, RaceState, Rules, Track, highway, step};

use crate::support::{Random, harbour_ring};

/// Behaviour of a hostile player.
#[derive(Copy, Clone, Debug)]
enum Style {
    /// Random controls in every tick.
    Random,
    /// The same input for ever.
    Stuck(Controls),
    /// Alternates between two inputs, for a number of ticks each.
    Alternating(Controls, Controls, u32),
    /// Full speed against everything, backwards where that is worse.
    Hostile,
    /// Present and absent in turn.
    Flickering(Controls, u32),
    /// An AI driver that just wants to win.
    Careful,
}

impl Style {
    fn drive(self, random: &mut Random, tick: u32, careful: impl FnOnce() -> Controls) -> Drive {
        let any = random.input();
        match self {
            Self::Random => Drive::Driven(any),
            Self::Stuck(input) => Drive::Driven(input),
            Self::Alternating(one, other, ticks) => {
                Drive::Driven(if (tick / ticks).is_multiple_of(2) {
                    one
                } else {
                    other
                })
            }
            Self::Hostile => Drive::Driven(Controls {
                throttle: if tick % 400 < 300 { 255 } else { 0 },
                brake: if tick % 400 < 300 { 0 } else { 255 },
                steer: if tick % 90 < 45 { any.steer } else { -128 },
                handbrake: tick % 150 > 130,
            }),
            Self::Careful => Drive::Driven(careful()),
            Self::Flickering(input, ticks) => {
                if (tick / ticks).is_multiple_of(2) {
                    Drive::Driven(input)
                } else {
                    Drive::Absent
                }
            }
        }
    }
}

fn input() -> impl Strategy<Value = Controls> {
    (any::<u8>(), any::<u8>(), any::<i8>(), any::<bool>()).prop_map(
        |(throttle, brake, steer, handbrake)| Controls {
            throttle,
            // Constant braking would keep the car in place.
            brake: brake.saturating_sub(128),
            steer,
            handbrake: handbrake && brake > 240,
        },
    )
}

fn style() -> impl Strategy<Value = Style> {
    prop_oneof![
        Just(Style::Random),
        input().prop_map(Style::Stuck),
        (input(), input(), 1_u32..200).prop_map(|(a, b, ticks)| Style::Alternating(a, b, ticks)),
        Just(Style::Hostile),
        (input(), 1_u32..200).prop_map(|(input, ticks)| Style::Flickering(input, ticks)),
        Just(Style::Careful),
    ]
}

/// A race on either kind of track, with a target that can be reached.
fn rules(track: &Track, on_highway: bool, seed: u64) -> Rules {
    if on_highway {
        Rules::highway(seed, 600, 30)
    } else {
        Rules {
            target_metres: 300,
            ..Rules::circuit(track, 1, 30)
        }
    }
}

fn assert_in_the_world(track: &Track, rules: &Rules, state: &RaceState) {
    for car in &state.cars {
        assert!(car.speed_mps() <= 110.01, "{car:?}");
        assert!((0..HEADING_UNITS_PER_TURN).contains(&car.heading));
        let at = car.position_m();
        let is_inside = match rules.mode {
            ModeRules::Circuit { .. } => {
                let projection = track.project(track.cell_at(car.travel), at);
                projection.lateral < projection.wall_left
                    && -projection.lateral < projection.wall_right
            }
            ModeRules::Highway { .. } => {
                at.y.abs() < highway::ROAD_HALF_WIDTH_M + 1.0 && at.x > highway::ROAD_BEGINS_M
            }
        };
        assert!(is_inside, "{car:?}");
    }
}

/// Asserts that one tick changes a car's score only as it may.
fn assert_score_is_earned(track: &Track, rules: &Rules, before: &RaceState, after: &RaceState) {
    for (seat, (old, new)) in before.cars.iter().zip(&after.cars).enumerate() {
        let metres = (new.credited - old.credited) / 1024;
        let gained = after.score(seat) - before.score(seat);
        assert!(
            gained <= i64::from(metres) + 1 && metres <= 25,
            "{old:?} {new:?}"
        );
        assert!(new.penalty_metres >= old.penalty_metres);
        assert!(i64::from(new.credited) <= i64::from(new.travel).max(i64::from(old.credited)));
        assert!(new.gates_passed == old.gates_passed || new.gates_passed == old.gates_passed + 1);
        if let ModeRules::Circuit { .. } = rules.mode {
            // No car is credited beyond its next gate.
            let lap = i64::from(new.gates_passed / track.gate_count());
            let gate = lap * i64::from(track.length_units())
                + i64::from(track.gate_units(track.next_gate(new)));
            assert!(i64::from(new.credited) <= gate.max(0), "{new:?}");
            assert_eq!(new.penalty_metres, 0);
        }
    }
}

/// Asserts that the winner reached the target first, and that no car has finished
/// without reaching it.
fn assert_the_winner_is_first(rules: &Rules, state: &RaceState, events: &Events) {
    let target = i64::from(rules.target_metres);
    for (seat, car) in state.cars.iter().enumerate() {
        assert_eq!(car.finish.is_some(), state.score(seat) >= target);
        let Some(finish) = car.finish else { continue };
        assert_eq!(finish.place == 1, state.winner == Some(seat as u8));
        let earlier = state.cars.iter().filter_map(|car| car.finish);
        let is_later = |other: &domain::Finish| other.place < finish.place;
        assert!(
            earlier
                .filter(is_later)
                .all(|other| other.tick <= finish.tick)
        );
    }
    let wins = events
        .iter()
        .filter(|event| matches!(event, Event::Winner { .. }));
    assert!(wins.count() <= 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_hold_whatever_the_inputs(
        styles in proptest::collection::vec((style(), 0_usize..3), 1..=16),
        on_highway in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let track = if on_highway { Track::highway() } else { harbour_ring() };
        let rules = rules(&track, on_highway, seed);
        let classes: Vec<CarClass> = styles.iter().map(|(_, class)| CarClass::ALL[*class]).collect();
        let mut state = RaceState::new(&track, &rules, &classes);
        let mut drivers: Vec<AiDriver> = (0..styles.len() as u64)
            .map(|seat| AiDriver::new(&track, seed ^ seat, Skill::Expert))
            .collect();
        let (mut random, mut events) = (Random(seed), Events::new());
        for tick in 0..1_200 {
            let drives: Vec<Drive> = styles
                .iter()
                .zip(&mut drivers)
                .enumerate()
                .map(|(seat, ((style, _), driver))| {
                    style.drive(&mut random, tick, || driver.drive(&track, &rules, &state, seat))
                })
                .collect();
            let before = state.clone();
            step(&track, &rules, &mut state, &drives, &mut events);
            assert_in_the_world(&track, &rules, &state);
            assert_score_is_earned(&track, &rules, &before, &state);
            assert_the_winner_is_first(&rules, &state, &events);
            if before.winner.is_some() {
                prop_assert_eq!(before.winner, state.winner);
            }
        }
    }
}

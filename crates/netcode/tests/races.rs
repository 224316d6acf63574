//! Races over a modelled network: the figures of docs/netcode.md.

mod support;

use std::time::Duration;

use domain::{TICK_RATE_HZ, Vec2};
use netcode::network_model::Conditions;
use netcode::simulation::Track;
use support::{DrivingStyle, Race, START_TICK, percentile};

fn round_trip(ms: u64) -> Conditions {
    Conditions::of_round_trip(Duration::from_millis(ms))
}

fn with_loss(ms: u64) -> Conditions {
    Conditions {
        loss: 0.01,
        ..round_trip(ms)
    }
}

fn circuit() -> Track {
    Track::by_name("willow-park").expect("it ships with the game")
}

#[test]
fn a_lone_driver_without_loss_is_never_corrected() {
    println!("round trip ms  snapshots  corrections  inputs missing");
    for ms in [0, 50, 100, 150, 300] {
        let path = round_trip(ms);
        let mut race = Race::new(circuit(), 3, 1, path, path, 5);
        race.run_to(u32::MAX);
        let player = &race.players[0];
        let corrections = player.corrections_m.iter().filter(|by| **by > 0.0).count();
        let snapshots = player.corrections_m.len();
        println!(
            "{ms:13}  {snapshots:9}  {corrections:11}  {:14}",
            race.room.missing[0]
        );
        assert!(race.room.state.cars[0].finish.is_some(), "three laps");
        assert!(snapshots > 3_000, "{snapshots} snapshots");
        assert_eq!((corrections, race.room.missing[0]), (0, 0), "at {ms} ms");
        let counters = player.client.counters();
        assert!(counters.inputs_applied > 6_000, "{counters:?}");
        assert_eq!(counters.inputs_missed, 0, "at {ms} ms");
    }
}

#[test]
fn stalls_of_tcp_correct_by_centimetres() {
    println!("style  round trip ms  snapshots  corrected  p99 of all m  of corrections m  max m");
    for (style, ms) in [DrivingStyle::Wheel, DrivingStyle::Keys]
        .into_iter()
        .flat_map(|style| [50, 100, 150, 300].map(|ms| (style, ms)))
    {
        let path = with_loss(ms);
        let mut all = Vec::new();
        let mut all_missed = 0;
        for seed in 0..4 {
            let mut race = Race::new(circuit(), 3, 1, path, path, seed);
            race.players[0].style = style;
            race.run_to(u32::MAX);
            // A missing input goes unnoticed if the held one is the same.
            let missed = race.players[0].client.counters().inputs_missed;
            let missing = race.room.missing[0];
            assert!(missed <= missing, "{missed} of {missing}");
            all_missed += missed;
            all.append(&mut race.players[0].corrections_m);
        }
        let mut corrections: Vec<f64> = all.iter().copied().filter(|by| *by > 0.0).collect();
        let (of_all, of_corrections) = (
            percentile(&mut all, 0.99),
            percentile(&mut corrections, 0.99),
        );
        println!(
            "{style:?}  {ms:13}  {:9}  {:9}  {of_all:12.3}  {of_corrections:16.3}  {:5.2}",
            all.len(),
            corrections.len(),
            corrections.last().copied().unwrap_or(0.0),
        );
        assert!(!corrections.is_empty(), "the model must stall");
        assert!(all_missed > 0, "a correction comes from an input");
        assert!(of_all <= 0.05, "{of_all} m at {ms} ms");
        assert!(of_corrections <= 0.30, "{of_corrections} m at {ms} ms");
    }
}

/// Driving styles of a field that fights for position.
const FIELD: [DrivingStyle; 8] = [
    DrivingStyle::Wheel,
    DrivingStyle::Keys,
    DrivingStyle::Wheel,
    DrivingStyle::Wild,
    DrivingStyle::Wheel,
    DrivingStyle::Wild,
    DrivingStyle::Wheel,
    DrivingStyle::Wild,
];

#[test]
fn others_are_drawn_where_they_are() {
    let path = Conditions {
        jitter: Duration::from_millis(5),
        ..round_trip(100)
    };
    let mut race = Race::new(circuit(), 2, 8, path, path, 14);
    for (player, style) in race.players.iter_mut().zip(FIELD) {
        player.style = style;
    }
    race.run_to(u32::MAX);
    let mut errors = Vec::new();
    let mut jump: f64 = 0.0;
    for (own, player) in race.players.iter().enumerate() {
        let mut before: Option<&(f64, Vec<(Vec2, f64)>)> = None;
        for frame in &player.frames {
            let (tick, poses) = frame;
            if *tick < f64::from(START_TICK) {
                continue;
            }
            for (seat, (position, _)) in poses.iter().enumerate() {
                let Some(truth) = race.room.truth_at(*tick, seat) else {
                    continue;
                };
                let error = (*position - truth).length();
                if seat != own && !is_near_contact(&race, *tick, seat) {
                    errors.push(error);
                }
                if let Some((last_tick, last)) = before
                    && let Some(last_truth) = race.room.truth_at(*last_tick, seat)
                {
                    let drawn = *position - last[seat].0;
                    jump = jump.max((drawn - (truth - last_truth)).length());
                }
            }
            before = Some(frame);
        }
    }
    let snaps: u64 = race
        .players
        .iter()
        .map(|player| player.client.counters().snaps)
        .sum();
    let contacts = race.room.contacts.len();
    println!(
        "8 cars at 100 ms: {} drawn positions, p50 {:.3} m, p95 {:.3} m, p99 {:.3} m",
        errors.len(),
        percentile(&mut errors, 0.50),
        percentile(&mut errors, 0.95),
        percentile(&mut errors, 0.99),
    );
    println!("{contacts} contacts; largest jump of a drawn car {jump:.3} m, {snaps} snaps");
    assert!(percentile(&mut errors, 0.95) <= 0.15);
    assert!(contacts >= 10, "they must touch for this to say anything");
    assert!(jump <= 0.5, "{jump} m");
}

/// Whether the car touched anything within a second.
fn is_near_contact(race: &Race, tick: f64, seat: usize) -> bool {
    let near = f64::from(TICK_RATE_HZ);
    race.room
        .contacts
        .iter()
        .any(|(at, car)| usize::from(*car) == seat && (f64::from(*at) - tick).abs() < near)
}

use client_core::race::room::LeaderboardLine;
use client_core::simulation::Track;
use client_core::simulation::highway::TrafficCar;
use domain::{CarClass, Vec2};

use super::*;
use crate::scene::{Dash, Progress};
use crate::sound::tests::{FRAME_SECONDS, car, scene};

fn kinds(scape: &mut SoundScape) -> Vec<CueKind> {
    scape.take_cues().map(|cue| cue.kind).collect()
}

#[test]
fn the_countdown_counts_three_and_goes() {
    let mut scape = SoundScape::default();
    let mut race = scene(vec![car(0, 50.0, 0.0)]);
    let mut cues = Vec::new();
    for frame in 0..330 {
        race.seconds_to_start = 4.2 - f64::from(frame) * FRAME_SECONDS;
        scape.update(Some(&race), 0.0, FRAME_SECONDS);
        cues.extend(kinds(&mut scape));
    }
    let counted = CueKind::Countdown;
    assert_eq!(cues, [counted, counted, counted, CueKind::Go]);
}

#[test]
fn a_race_that_is_entered_while_it_runs_does_not_begin() {
    let mut scape = SoundScape::default();
    scape.update(Some(&scene(vec![car(0, 50.0, 30.0)])), 1.0, FRAME_SECONDS);
    assert_eq!(kinds(&mut scape), []);
}

#[test]
fn the_own_penalty_and_finish_are_signals() {
    let mut scape = SoundScape::default();
    let mut race = scene(vec![car(0, 50.0, 30.0)]);
    race.lines = vec![LeaderboardLine {
        rank: 1,
        seat: 0,
        player: race.cars[0].view.player.clone(),
        score: 50,
        penalty_metres: 0,
        laps: 0,
        is_connected: true,
        is_ai: false,
        is_finished: false,
        is_own: true,
    }];
    let progress = Progress::Metres {
        score: 50,
        target: 1_000,
        penalties: 0,
        seconds: None,
    };
    race.dash = Some(Dash {
        speed_kmh: 0.0,
        progress,
        rank: 1,
        cars: 1,
        is_wrong_way: false,
        is_finished: false,
    });
    let mut next = |race: &RaceScene| {
        scape.update(Some(race), 1.0, FRAME_SECONDS);
        kinds(&mut scape)
    };
    assert_eq!(next(&race), []);
    race.lines[0].penalty_metres = 100;
    assert_eq!(next(&race), [CueKind::Penalty]);
    assert_eq!(next(&race), []);
    if let Some(dash) = &mut race.dash {
        dash.is_finished = true;
    }
    assert_eq!(next(&race), [CueKind::Finish]);
    assert_eq!(next(&race), []);
}

#[test]
fn a_contact_is_heard_by_its_strength_and_at_its_side() {
    let hit = |change: f64| {
        let mut scape = SoundScape::default();
        let mut race = scene(vec![car(0, 50.0, 40.0), car(1, 55.0, 40.0)]);
        for _ in 0..30 {
            scape.update(Some(&race), 1.0, FRAME_SECONDS);
            for car in &mut race.cars {
                car.view.position.x += 40.0 * FRAME_SECONDS;
            }
        }
        assert_eq!(kinds(&mut scape), []);
        race.cars[0].velocity.x -= change;
        race.cars[1].velocity.x += change;
        scape.update(Some(&race), 1.0, FRAME_SECONDS);
        scape.take_cues().collect::<Vec<_>>()
    };
    let (light, heavy) = (hit(4.0), hit(12.0));
    assert_eq!((light.len(), heavy.len()), (2, 2));
    assert!(heavy[0].level > 1.4 * light[0].level);
    assert!(heavy[0].pan == 0.0 && heavy[1].pan > 0.1);
    assert!(heavy[1].level < heavy[0].level);
}

#[test]
fn gravel_is_heard_beside_the_road_and_kerbs_at_its_edge_in_corners() {
    let mut race = scene(vec![car(0, 50.0, 20.0)]);
    let frame = SoundScape::default().update(Some(&race), 1.0, FRAME_SECONDS);
    assert_eq!((frame.gravel.left, frame.kerb.left), (0.0, 0.0));
    race.cars[0].view.is_off_road = true;
    let frame = SoundScape::default().update(Some(&race), 1.0, FRAME_SECONDS);
    assert!(frame.gravel.left > 0.9);

    let track = Track::by_name(Track::names()[0]).unwrap();
    let bend = track
        .samples()
        .iter()
        .position(|sample| sample.curvature.abs() > 1.0 / 80.0)
        .unwrap();
    let (station, sample) = (bend as f64 * track.spacing_m(), track.samples()[bend]);
    race.track = std::sync::Arc::new(track);
    let kerb_hz = |race: &mut RaceScene, lateral: f64| {
        let view = &mut race.cars[0].view;
        view.is_off_road = false;
        view.station_m = station;
        view.position = sample.point(lateral);
        let frame = SoundScape::default().update(Some(race), 1.0, FRAME_SECONDS);
        assert_eq!(frame.kerb.left > 0.0, frame.kerb_hz > 0.0);
        frame.kerb_hz
    };
    assert_eq!(kerb_hz(&mut race, 0.0), 0.0);
    let strikes = kerb_hz(&mut race, sample.road_left);
    assert!((strikes - 20.0 / 1.5).abs() < 1e-3, "{strikes}");
    assert!(kerb_hz(&mut race, -sample.road_right) > 0.0);
}

#[test]
fn behind_another_car_there_is_a_slipstream() {
    let behind = |ahead: f64, aside: f64| {
        let mut other = car(1, 50.0 + ahead, 60.0);
        other.view.position.y = aside;
        let race = scene(vec![car(0, 50.0, 60.0), other]);
        let frame = SoundScape::default().update(Some(&race), 1.0, FRAME_SECONDS);
        frame.slipstream
    };
    assert!(behind(8.0, 0.3) > 0.8);
    assert!(behind(25.0, 0.0) < behind(12.0, 0.0));
    for (ahead, aside) in [(-8.0, 0.0), (8.0, 3.0), (60.0, 0.0)] {
        assert_eq!(behind(ahead, aside), 0.0);
    }
}

#[test]
fn traffic_that_is_passed_is_heard_at_its_side() {
    let mut race = scene(vec![car(0, 50.0, 70.0)]);
    let silent = SoundScape::default().update(Some(&race), 1.0, FRAME_SECONDS);
    assert_eq!(silent.passing.left + silent.passing.right, 0.0);
    race.traffic.push(TrafficCar {
        id: 1,
        lane: 0,
        position: Vec2::new(54.0, -3.5),
        heading: 0.0,
        speed_mps: 25.0,
    });
    let frame = SoundScape::default().update(Some(&race), 1.0, FRAME_SECONDS);
    assert!(frame.passing.right > 0.3 && frame.passing.right > frame.passing.left);
}

#[test]
fn a_race_that_ends_is_silent_and_forgotten() {
    let mut scape = SoundScape::default();
    let mut race = scene(vec![car(0, 50.0, 30.0)]);
    race.seconds_to_start = 0.4;
    let running = scape.update(Some(&race), 1.0, FRAME_SECONDS);
    assert!(running.engines[0].level > 0.9);
    assert_eq!(running.engines[0].class, CarClass::Grip);
    assert_eq!(
        scape.update(None, 0.0, FRAME_SECONDS),
        SoundFrame::default()
    );
    race.seconds_to_start = -60.0;
    scape.update(Some(&race), 1.0, FRAME_SECONDS);
    assert_eq!(kinds(&mut scape), []);
}

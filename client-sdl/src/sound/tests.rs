//! What is measured in samples: the parts of the issue that an ear would judge.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client_core::protocol::PlayerName;
use client_core::race::room::CarView;
use client_core::simulation::Track;
use domain::{CarClass, SEATS_MAX, Vec2};

use super::limiter::CEILING;
use super::*;
use crate::scene::{RaceScene, SceneCar};

pub(super) const FRAME_SECONDS: f64 = 1.0 / 60.0;
/// Samples a channel of a frame.
const FRAME_SAMPLES: usize = SAMPLE_RATE_HZ as usize / 60;

/// Makes a car that drives along the x axis, seat 0 being the own one.
pub(super) fn car(seat: u8, x: f64, speed_mps: f64) -> SceneCar {
    SceneCar {
        view: CarView {
            class: CarClass::Grip,
            seat,
            player: PlayerName::parse("Ada").unwrap(),
            position: Vec2::new(x, 0.0),
            station_m: x.max(0.0),
            heading_rad: 0.0,
            steer_rad: 0.0,
            speed_mps,
            is_own: seat == 0,
            is_ghost: false,
            is_off_road: false,
        },
        velocity: Vec2::new(speed_mps, 0.0),
        slide_mps: 0.0,
    }
}

/// Makes the scene of a race that began a second ago. The highway's road is
/// straight along the x axis, and no wall is near.
pub(super) fn scene(cars: Vec<SceneCar>) -> RaceScene {
    RaceScene {
        track: Arc::new(Track::by_name(Track::HIGHWAY).unwrap()),
        room: "friday".to_owned(),
        tick: 300.0,
        focus: (!cars.is_empty()).then_some(0),
        cars,
        traffic: Vec::new(),
        lines: Vec::new(),
        dash: None,
        seconds_to_start: -1.0,
        winner: None,
        snapshot_age: Duration::ZERO,
    }
}

/// Renders `seconds` of a scene that stays as it is; returns left and right.
fn heard(scene: &RaceScene, throttle: f32, seconds: f64) -> [Vec<f32>; 2] {
    let (mut scape, mut mixer) = (SoundScape::default(), Mixer::new());
    let frames = (seconds / FRAME_SECONDS) as usize;
    let frame = |_| scape.update(Some(scene), throttle, FRAME_SECONDS);
    rendered(&mut mixer, (0..frames).map(frame))
}

fn rendered(mixer: &mut Mixer, frames: impl Iterator<Item = SoundFrame>) -> [Vec<f32>; 2] {
    let mut samples = [Vec::new(), Vec::new()];
    for frame in frames {
        mixer.set(&frame);
        let mut buffer = [0.0; CHANNELS * FRAME_SAMPLES];
        mixer.render(&mut buffer);
        for pair in buffer.chunks(CHANNELS) {
            samples[0].push(pair[0]);
            samples[1].push(pair[1]);
        }
    }
    samples
}

fn rms(samples: &[f32]) -> f32 {
    let power: f32 = samples.iter().map(|sample| sample * sample).sum();
    (power / samples.len() as f32).sqrt()
}

fn peak(samples: &[f32]) -> f32 {
    samples
        .iter()
        .fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// Returns the amplitude of a frequency (Goertzel 1958).
fn amplitude(samples: &[f32], hz: f64) -> f64 {
    let angle = std::f64::consts::TAU * hz / f64::from(SAMPLE_RATE_HZ);
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (f64::from(*sample) + 2.0 * angle.cos() * one - two, one);
    }
    (one * one + two * two - 2.0 * angle.cos() * one * two).sqrt() * 2.0 / samples.len() as f64
}

/// Returns the strongest frequency between 25 and 500 Hz: the pulses of the engine.
fn pitch_hz(samples: &[f32]) -> f64 {
    let candidates = (50..1_000).map(|half| f64::from(half) * 0.5);
    candidates
        .max_by(|one, two| amplitude(samples, *one).total_cmp(&amplitude(samples, *two)))
        .unwrap()
}

/// The later half of what is heard, when everything has reached its target.
fn settled(samples: &[f32]) -> &[f32] {
    &samples[samples.len() / 2..]
}

#[test]
fn the_pitch_of_the_engine_rises_with_speed() {
    // Within the first gear, within the last, and at the top of each.
    for speeds in [
        [10.0, 12.0, 14.0, 16.0, 18.0],
        [70.0, 74.0, 78.0, 82.0, 86.0],
        [18.5, 28.5, 39.5, 52.5, 66.5],
    ] {
        let pitches = speeds.map(|speed| {
            let [left, _] = heard(&scene(vec![car(0, 50.0, speed)]), 1.0, 1.0);
            pitch_hz(settled(&left))
        });
        assert!(
            pitches.is_sorted_by(|one, two| one + 2.0 < *two),
            "{pitches:?}"
        );
    }
}

#[test]
fn an_engine_under_load_is_louder_and_brighter() {
    let sound = |throttle| heard(&scene(vec![car(0, 50.0, 25.0)]), throttle, 1.0);
    let ([loaded, _], [coasting, _]) = (sound(1.0), sound(0.0));
    assert!(rms(settled(&loaded)) > 1.5 * rms(settled(&coasting)));
}

#[test]
fn tyres_are_heard_when_they_slide_and_more_the_more_they_do() {
    let band = |slide_mps| {
        let mut slides = car(0, 50.0, 20.0);
        slides.slide_mps = slide_mps;
        let [left, _] = heard(&scene(vec![slides]), 0.0, 1.0);
        // A band of the squeal, above the engine.
        let tones = (0..60).map(|step| amplitude(settled(&left), 650.0 + f64::from(step) * 7.0));
        tones.map(|tone| tone * tone).sum::<f64>().sqrt()
    };
    let (rolling, little, much) = (band(0.3), band(2.5), band(6.0));
    assert!(little > 2.0 * rolling, "{rolling} {little}");
    assert!(much > 1.5 * little, "{little} {much}");
}

#[test]
fn muted_is_exact_silence_and_begins_and_ends_without_a_click() {
    let race = scene(vec![car(0, 50.0, 60.0), car(1, 55.0, 58.0)]);
    let (mut scape, mut mixer) = (SoundScape::default(), Mixer::new());
    let mut sound = |is_muted: bool, frames: usize| {
        let frame = |_| SoundFrame {
            volumes: Volumes {
                is_muted,
                ..Volumes::default()
            },
            ..scape.update(Some(&race), 1.0, FRAME_SECONDS)
        };
        let frames: Vec<SoundFrame> = (0..frames).map(frame).collect();
        rendered(&mut mixer, frames.into_iter())[0].clone()
    };
    let before = sound(false, 30);
    let muted = sound(true, 60);
    let after = sound(false, 30);
    assert!(rms(&before[before.len() / 2..]) > 0.03);
    let quiet = &muted[muted.len() / 2..];
    assert_eq!(peak(quiet), 0.0);
    assert!(rms(&after[after.len() / 2..]) > 0.03);
    let steps = |samples: &[f32]| {
        let pairs = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        pairs.fold(0.0, f32::max)
    };
    let usual = steps(&before);
    let all: Vec<f32> = [before, muted, after].concat();
    assert!(steps(&all) < 1.5 * usual, "{} {usual}", steps(&all));
}

/// Sixteen cars around the own one at full throttle, sliding, and as many contacts as
/// can be played.
fn crowd() -> RaceScene {
    let cars = (0..SEATS_MAX as u8).map(|seat| {
        let mut near = car(
            seat,
            50.0 + f64::from(seat) * 0.1,
            70.0 + f64::from(seat) * 0.3,
        );
        near.slide_mps = 8.0;
        near.view.class = CarClass::ALL[usize::from(seat) % 3];
        near
    });
    scene(cars.collect())
}

fn loudest() -> Volumes {
    Volumes {
        master: 1.0,
        engine: 1.0,
        effects: 1.0,
        is_muted: false,
    }
}

#[test]
fn sixteen_cars_do_not_clip() {
    let race = crowd();
    let (mut scape, mut mixer) = (SoundScape::default(), Mixer::new());
    for _ in 0..12 {
        mixer.play(Cue::signal(CueKind::Contact));
    }
    let frame = |_| SoundFrame {
        volumes: loudest(),
        ..scape.update(Some(&race), 1.0, FRAME_SECONDS)
    };
    for samples in rendered(&mut mixer, (0..180).map(frame)) {
        assert!(peak(&samples) <= CEILING, "{}", peak(&samples));
        assert!(rms(&samples) > 0.1, "{}", rms(&samples));
        // A clipped signal stays at its limit; the limiter touches it.
        let at_limit = samples.iter().filter(|it| it.abs() > 0.999 * CEILING);
        assert!(at_limit.count() < samples.len() / 500);
    }
}

#[test]
fn nonsense_makes_no_nonsense() {
    let mut mixer = Mixer::new();
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
        let bed = Bed {
            left: value,
            right: value,
            tone: value,
        };
        let engine = EngineSound {
            class: CarClass::Power,
            level: value,
            pan: value,
            cycle_hz: value,
            load: value,
            clarity: value,
        };
        let frame = SoundFrame {
            volumes: Volumes {
                master: value,
                ..Volumes::default()
            },
            engines: [engine; SEATS_MAX],
            skid: bed,
            gravel: bed,
            kerb: bed,
            kerb_hz: value,
            wind: bed,
            slipstream: value,
            passing: bed,
        };
        for kind in CueKind::ALL {
            mixer.play(Cue {
                kind,
                level: value,
                pan: value,
            });
        }
        for samples in rendered(&mut mixer, std::iter::repeat_n(frame, 20)) {
            assert!(samples.iter().all(|it| it.abs() <= CEILING), "{value}");
        }
    }
    let good = heard(&scene(vec![car(0, 50.0, 30.0)]), 1.0, 0.5);
    let mut scape = SoundScape::default();
    let frame = |_| scape.update(Some(&scene(vec![car(0, 50.0, 30.0)])), 1.0, FRAME_SECONDS);
    let [left, _] = rendered(&mut mixer, (0..60).map(frame));
    assert!(
        rms(settled(&left)) > 0.5 * rms(settled(&good[0])),
        "it recovers"
    );
}

#[test]
fn a_scene_of_nonsense_makes_no_nonsense() {
    for value in [f64::NAN, f64::INFINITY, -1e300] {
        let mut wild = car(0, value, value);
        wild.view.heading_rad = value;
        wild.view.steer_rad = value;
        wild.view.station_m = 0.0;
        wild.slide_mps = value;
        for samples in heard(&scene(vec![wild.clone(), car(1, 3.0, 9.0), wild]), 7.0, 0.3) {
            assert!(samples.iter().all(|it| it.abs() <= CEILING), "{value}");
        }
    }
}

#[test]
fn a_car_is_heard_at_its_side_and_fainter_than_the_own_one() {
    let side = |x: f64| {
        let mut quiet = car(0, 50.0, 0.0);
        quiet.view.is_ghost = true;
        let alone = scene(vec![quiet.clone()]);
        // Another class, whose sound does not cancel that of the own car.
        let mut other = car(1, 50.0 + x, 0.0);
        other.view.class = CarClass::Power;
        let both = scene(vec![quiet, other]);
        let power = |scene: &RaceScene| {
            heard(scene, 0.0, 1.0).map(|channel| rms(settled(&channel)).powi(2))
        };
        let (without, with) = (power(&alone), power(&both));
        [with[0] - without[0], with[1] - without[1]]
    };
    let ([left, right], [far_left, far_right]) = (side(12.0), side(-12.0));
    assert!(left > 0.0 && right > 3.0 * left, "{left} {right}");
    assert!(
        far_right > 0.0 && far_left > 3.0 * far_right,
        "{far_left} {far_right}"
    );
    let own = heard(&scene(vec![car(0, 50.0, 0.0)]), 0.0, 1.0);
    let own = rms(settled(&own[1])).powi(2);
    assert!(right < own, "{right} {own}");
}

#[test]
fn the_same_race_makes_the_same_samples_in_buffers_of_any_size() {
    let mut frame = SoundScape::default().update(Some(&crowd()), 1.0, FRAME_SECONDS);
    frame.kerb = Bed {
        left: 1.0,
        right: 0.5,
        tone: 0.5,
    };
    let render = |sizes: &[usize]| {
        let mut mixer = Mixer::new();
        mixer.set(&frame);
        let mut samples = Vec::new();
        for size in sizes {
            let mut buffer = vec![0.0; CHANNELS * size];
            mixer.render(&mut buffer);
            samples.extend(buffer);
        }
        samples
    };
    assert_eq!(render(&[1_000]), render(&[1, 63, 64, 65, 300, 507]));
}

#[test]
fn a_client_that_hangs_falls_silent() {
    let mut mixer = Mixer::new();
    mixer.set(&SoundScape::default().update(Some(&crowd()), 1.0, FRAME_SECONDS));
    let mut samples = vec![0.0; CHANNELS * 3 * SAMPLE_RATE_HZ as usize];
    mixer.render(&mut samples);
    assert!(rms(&samples[..SAMPLE_RATE_HZ as usize]) > 0.05);
    assert_eq!(peak(&samples[samples.len() - 1_000..]), 0.0);
}

#[test]
fn a_second_of_sixteen_cars_takes_a_small_part_of_a_second() {
    let mut mixer = Mixer::new();
    let mut frame = SoundScape::default().update(Some(&crowd()), 1.0, FRAME_SECONDS);
    let bed = frame.skid;
    (frame.gravel, frame.kerb, frame.passing) = (bed, bed, bed);
    let mut samples = vec![0.0; CHANNELS * SAMPLE_RATE_HZ as usize / 2];
    // The best of several: other tests run beside this one.
    let best = (0..8).map(|_| {
        mixer.set(&frame);
        let begun = Instant::now();
        mixer.render(&mut samples);
        begun.elapsed()
    });
    let share = best.min().unwrap().as_secs_f64() / 0.5;
    // Without optimisation it is some times what a release build takes, a few per
    // cent.
    assert!(share < 0.4, "{share}");
}

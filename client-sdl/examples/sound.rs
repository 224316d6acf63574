//! Renders ten seconds of a simulated race to a WAV file, without device or window,
//! and prints what it measures: peak, level and colour of the sound, the contacts
//! that were heard beside those that there were, and the cost.
//!
//! `cargo run --release -p client-sdl --example sound -- FILE.wav [CARS] [TRACK]`

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use client_core::protocol::PlayerName;
use client_core::protocol::lobby::RoomSettings;
use client_core::race::room::CarView;
use client_core::simulation::{AiDriver, Event, Events, RaceState, Rules, Track, highway, step};
use client_sdl::scene::{RaceScene, SceneCar};
use client_sdl::sound::{CHANNELS, CueKind, Mixer, SAMPLE_RATE_HZ, SoundScape};
use domain::{Car, CarClass, Controls, Drive, Mode, Skill, TICK_RATE_HZ};

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// The race begins after three and a half seconds, which the countdown fills.
const START_TICK: u32 = 7 * TICK_RATE_HZ / 2;
const SECONDS: u32 = 10;
/// From here on the own car swerves, slides and hits what is there.
const WILD_TICK: u32 = 8 * TICK_RATE_HZ;
/// Distance from the centre of a car to its rear axle, m.
const REAR_AXLE_M: f64 = 1.3;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("which file?")?;
    let cars: usize = arguments.next().map_or(Ok(4), |cars| cars.parse())?;
    let track = arguments.next();
    let mut race = Race::new(cars.clamp(1, 16), track.as_deref())?;
    let (mut scape, mut mixer) = (SoundScape::default(), Mixer::new());
    let mut buffer = vec![0.0; CHANNELS * (SAMPLE_RATE_HZ / TICK_RATE_HZ) as usize];
    let (mut samples, mut cost) = (Vec::new(), Duration::ZERO);
    let mut cues = Vec::new();
    for _ in 0..SECONDS * TICK_RATE_HZ {
        let throttle = race.tick();
        let scene = race.scene()?;
        let begun = Instant::now();
        let frame = scape.update(Some(&scene), throttle, 1.0 / f64::from(TICK_RATE_HZ));
        mixer.set(&frame);
        for cue in scape.take_cues() {
            cues.push((race.state.tick, cue.kind));
            mixer.play(cue);
        }
        mixer.render(&mut buffer);
        cost += begun.elapsed();
        samples.extend_from_slice(&buffer);
    }
    fs::write(&path, wav(&samples)).with_context(|| format!("cannot write {path}"))?;
    report(&samples);
    let heard = cues.iter().filter(|(_, kind)| *kind == CueKind::Contact);
    println!("contacts: {} heard, {:?}", heard.count(), race.contacts);
    println!("cues: {cues:?}");
    let share = cost.as_secs_f64() / f64::from(SECONDS);
    println!(
        "cost of a second: {:.1} ms, {:.1} % of a core",
        share * 1e3,
        share * 1e2
    );
    Ok(())
}

/// Prints level and colour of each second.
fn report(samples: &[f32]) {
    for (second, part) in samples
        .chunks(CHANNELS * SAMPLE_RATE_HZ as usize)
        .enumerate()
    {
        let mono: Vec<f32> = part
            .chunks(CHANNELS)
            .map(|pair| (pair[0] + pair[1]) / 2.0)
            .collect();
        let peak = part.iter().fold(0.0f32, |peak, it| peak.max(it.abs()));
        let power = |samples: &[f32]| samples.iter().map(|it| it * it).sum::<f32>();
        let rms = (power(part) / part.len() as f32).sqrt();
        // Octaves by differences of first-order low-pass filters.
        let edges = [
            60.0, 125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 24_000.0,
        ];
        let below: Vec<Vec<f32>> = edges.iter().map(|hz| low_pass(&mono, *hz)).collect();
        let bands: Vec<String> = below
            .windows(2)
            .map(|pair| {
                let band: Vec<f32> = pair[1].iter().zip(&pair[0]).map(|(b, a)| b - a).collect();
                format!("{:.0}", 100.0 * power(&band) / power(&mono).max(1e-9))
            })
            .collect();
        println!(
            "second {second}: peak {peak:.2}, rms {:.1} dB, % of power from 60 Hz by octave {}",
            20.0 * rms.max(1e-6).log10(),
            bands.join(" ")
        );
    }
}

fn low_pass(samples: &[f32], hz: f32) -> Vec<f32> {
    let share = 1.0 - (-std::f32::consts::TAU * hz / SAMPLE_RATE_HZ as f32).exp();
    let mut stages = [0.0; 3];
    let next = |sample: &f32| {
        stages.iter_mut().fold(*sample, |input, state| {
            *state += (input - *state) * share;
            *state
        })
    };
    samples.iter().map(next).collect()
}

/// A race without a server.
struct Race {
    track: Arc<Track>,
    rules: Rules,
    state: RaceState,
    drivers: Vec<AiDriver>,
    events: Events,
    /// Ticks, seats and impulses of contacts, N s.
    contacts: Vec<(u32, u8, u32)>,
}

impl Race {
    fn new(cars: usize, track: Option<&str>) -> anyhow::Result<Self> {
        let name = track.unwrap_or(Track::names()[0]);
        let track = Track::by_name(name).context("there is no such track")?;
        let mode = if name == Track::HIGHWAY {
            Mode::Highway
        } else {
            Mode::Circuit
        };
        let settings = RoomSettings {
            seats: cars as u8,
            track: name.to_owned(),
            mode,
            ..RoomSettings::default()
        };
        let rules = netcode::rules(&settings, RACE.parse()?, &track, START_TICK);
        let classes: Vec<CarClass> = (0..cars).map(|seat| CarClass::ALL[seat % 3]).collect();
        let state = RaceState::new(&track, &rules, &classes);
        let driver = |seat: usize| {
            let skill = Skill::ALL[seat % 3];
            AiDriver::with_class(&track, classes[seat], seat as u64, skill)
        };
        Ok(Self {
            drivers: (0..cars).map(driver).collect(),
            track: Arc::new(track),
            rules,
            state,
            events: Events::new(),
            contacts: Vec::new(),
        })
    }

    /// Advances by a tick; returns the throttle of the own car.
    fn tick(&mut self) -> f32 {
        let mut drives = Vec::new();
        for (seat, driver) in self.drivers.iter_mut().enumerate() {
            let mut controls = driver.drive(&self.track, &self.rules, &self.state, seat);
            if seat == 0 && self.state.tick > WILD_TICK {
                let phase = self.state.tick / 35;
                controls = Controls {
                    throttle: 255,
                    brake: 0,
                    steer: if phase.is_multiple_of(2) { 127 } else { -127 },
                    handbrake: phase.is_multiple_of(3),
                };
            }
            drives.push(Drive::Driven(controls));
        }
        step(
            &self.track,
            &self.rules,
            &mut self.state,
            &drives,
            &mut self.events,
        );
        for event in &self.events {
            match *event {
                Event::Contact {
                    seat, impulse_ns, ..
                }
                | Event::Traffic { seat, impulse_ns }
                | Event::Wall { seat, impulse_ns } => {
                    self.contacts.push((self.state.tick, seat, impulse_ns));
                }
                Event::Lap { .. }
                | Event::Finished { .. }
                | Event::Winner { .. }
                | Event::WrongWay { .. }
                | Event::OffRoad { .. }
                | Event::Penalty { .. } => {}
            }
        }
        f32::from(drives[0].controls().throttle) / 255.0
    }

    fn scene(&self) -> anyhow::Result<RaceScene> {
        let cars: anyhow::Result<Vec<SceneCar>> = (0u8..)
            .zip(&self.state.cars)
            .map(|(seat, car)| self.car(seat, car))
            .collect();
        let cars = cars?;
        let x = cars[0].view.position.x;
        let traffic = highway::traffic(&self.rules, self.state.tick, highway::around(x, 300.0));
        Ok(RaceScene {
            track: Arc::clone(&self.track),
            room: "example".to_owned(),
            tick: f64::from(self.state.tick),
            traffic: traffic.collect(),
            cars,
            lines: Vec::new(),
            focus: Some(0),
            dash: None,
            seconds_to_start: (f64::from(START_TICK) - f64::from(self.state.tick))
                / f64::from(TICK_RATE_HZ),
            winner: None,
            snapshot_age: Duration::ZERO,
        })
    }

    fn car(&self, seat: u8, car: &Car) -> anyhow::Result<SceneCar> {
        Ok(SceneCar {
            view: CarView {
                seat,
                player: PlayerName::parse("Ada")?,
                class: car.class,
                position: car.position_m(),
                station_m: self.track.station_m(car),
                heading_rad: car.heading_rad(),
                steer_rad: car.steer_rad(),
                speed_mps: car.speed_mps(),
                is_own: seat == 0,
                is_ghost: car.is_ghost(),
                is_off_road: car.off_road,
            },
            velocity: car.velocity_mps(),
            slide_mps: (car.lateral_mps() - car.yaw_rate_radps() * REAR_AXLE_M).abs(),
        })
    }
}

/// Returns samples as a WAV file of 16 bits.
fn wav(samples: &[f32]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let frame = CHANNELS as u32 * 2;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend((CHANNELS as u16).to_le_bytes());
    file.extend(SAMPLE_RATE_HZ.to_le_bytes());
    file.extend((SAMPLE_RATE_HZ * frame).to_le_bytes());
    file.extend((frame as u16).to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for sample in samples {
        file.extend(((sample * 32_767.0) as i16).to_le_bytes());
    }
    file
}

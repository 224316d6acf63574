//! A race at one instant, ready to be drawn. It outlives the room, so that the
//! last picture stays while the client reconnects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client_core::race::room::{CarView, LeaderboardLine, RoomClient};
use client_core::simulation::highway::TrafficCar;
use client_core::simulation::{ModeRules, RaceState, Rules, TICK_SECONDS, Track};
use domain::{Car, Vec2, WRONG_WAY_AFTER_TICKS};

/// Distance from the centre of a car to its rear axle, where slides show, m.
const REAR_AXLE_M: f64 = 1.3;
const KMH_PER_MPS: f64 = 3.6;
/// Distance from the followed car within which traffic is in the picture or on
/// the map, m.
pub const TRAFFIC_REACH_M: f64 = 700.0;

/// A race at one instant.
#[derive(Clone, Debug)]
pub struct RaceScene {
    /// The track.
    pub track: Arc<Track>,
    /// The room's name.
    pub room: String,
    /// The tick that is drawn, with its fraction.
    pub tick: f64,
    /// The cars, ordered by seat.
    pub cars: Vec<SceneCar>,
    /// The highway's traffic near the followed car.
    pub traffic: Vec<TrafficCar>,
    /// The leaderboard, highest score first.
    pub lines: Vec<LeaderboardLine>,
    /// The index of the followed car: the player's own or, for a spectator, the
    /// leader's.
    pub focus: Option<usize>,
    /// The instruments of that car.
    pub dash: Option<Dash>,
    /// Seconds until the start; negative after it.
    pub seconds_to_start: f64,
    /// The winner's name.
    pub winner: Option<String>,
    /// The age of the latest snapshot.
    pub snapshot_age: Duration,
}

/// A car with values that only the picture needs.
#[derive(Clone, Debug)]
pub struct SceneCar {
    /// The car as the client has it.
    pub view: CarView,
    /// Velocity, m/s.
    pub velocity: Vec2,
    /// Sideways speed of the rear wheels, m/s.
    pub slide_mps: f64,
}

/// The instruments of one car.
#[derive(Clone, Debug, PartialEq)]
pub struct Dash {
    /// Speed.
    pub speed_kmh: f64,
    /// The progress in the race.
    pub progress: Progress,
    /// The rank, 1 for the first.
    pub rank: usize,
    /// The number of cars in the race.
    pub cars: usize,
    /// Whether it has been going the wrong way.
    pub is_wrong_way: bool,
    /// Whether it has reached the target.
    pub is_finished: bool,
}

/// The progress of a car, as its mode counts it.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// On a circuit.
    Laps {
        /// The current lap, from 1.
        lap: u16,
        /// The number of laps of the race.
        laps: u16,
        /// Time in this lap; `None` before the start and after the finish.
        lap_seconds: Option<f64>,
        /// The best lap so far.
        best_lap_seconds: Option<f64>,
    },
    /// On the highway.
    Metres {
        /// The score in metres, less penalties.
        score: i64,
        /// The score that wins.
        target: u32,
        /// The sum of penalties, metres.
        penalties: u32,
        /// Time since the start; `None` before it and after the finish.
        seconds: Option<f64>,
    },
}

impl Progress {
    fn of(state: &RaceState, rules: &Rules, seat: usize, track: &Track) -> Self {
        let car = &state.cars[seat];
        let is_racing = state.is_started(rules) && car.finish.is_none();
        let seconds_since = |tick: u32| {
            is_racing.then_some(f64::from(state.tick.saturating_sub(tick)) * TICK_SECONDS)
        };
        match rules.mode {
            ModeRules::Circuit { laps } => Self::Laps {
                lap: (track.laps_completed(car) + 1).min(laps),
                laps,
                lap_seconds: seconds_since(car.lap_start_tick),
                best_lap_seconds: (car.best_lap_ticks > 0)
                    .then_some(f64::from(car.best_lap_ticks) * TICK_SECONDS),
            },
            ModeRules::Highway { .. } => Self::Metres {
                score: state.score(seat),
                target: rules.target_metres,
                penalties: car.penalty_metres,
                seconds: seconds_since(rules.start_tick),
            },
        }
    }
}

impl RaceScene {
    /// Makes the scene of a room at `now`. `None` before its first snapshot.
    #[must_use]
    pub fn of(room: &RoomClient, now: Instant) -> Option<Self> {
        let (state, rules) = room.race()?;
        let lines = room.leaderboard();
        let cars = room.cars(now).into_iter().filter_map(|view| {
            let car = state.cars.get(usize::from(view.seat))?;
            Some(SceneCar {
                velocity: car.velocity_mps(),
                slide_mps: slide_mps(car),
                view,
            })
        });
        let cars: Vec<SceneCar> = cars.collect();
        let followed = room.seat().or_else(|| {
            let racing = lines.iter().find(|line| !line.is_finished);
            racing.or(lines.first()).map(|line| line.seat)
        });
        let focus = cars.iter().position(|car| Some(car.view.seat) == followed);
        let seconds_to_start = room.seconds_to_start(now)?;
        let dash = focus.map(|focus| {
            let seat = cars[focus].view.seat;
            let car = &state.cars[usize::from(seat)];
            Dash {
                speed_kmh: cars[focus].view.speed_mps * KMH_PER_MPS,
                progress: Progress::of(state, rules, usize::from(seat), room.track()),
                rank: lines
                    .iter()
                    .find(|line| line.seat == seat)
                    .map_or(0, |line| line.rank),
                cars: cars.len(),
                is_wrong_way: car.wrong_way_ticks >= WRONG_WAY_AFTER_TICKS,
                is_finished: car.finish.is_some(),
            }
        });
        let middle_m = focus.map_or(0.0, |focus| cars[focus].view.position.x);
        Some(Self {
            track: Arc::clone(room.track()),
            room: room.view().name.to_string(),
            tick: room.netcode().drawn_tick()?,
            traffic: room.traffic(middle_m, TRAFFIC_REACH_M),
            cars,
            lines,
            focus,
            dash,
            seconds_to_start,
            winner: room.winner().map(ToString::to_string),
            snapshot_age: room.time_since_snapshot(now).unwrap_or_default(),
        })
    }

    /// Returns whether it is a race on the highway.
    #[must_use]
    pub fn is_highway(&self) -> bool {
        self.track.name() == Track::HIGHWAY
    }

    /// Returns the followed car.
    #[must_use]
    pub fn followed(&self) -> Option<&SceneCar> {
        self.cars.get(self.focus?)
    }
}

fn slide_mps(car: &Car) -> f64 {
    (car.lateral_mps() - car.yaw_rate_radps() * REAR_AXLE_M).abs()
}

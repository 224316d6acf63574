//! What there is to draw of a race at one instant. It outlives the room, so
//! that the last picture stays while a lost connection comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client_core::race::room::{CarView, LeaderboardLine, RoomClient};
use client_core::simulation::highway::TrafficCar;
use client_core::simulation::{ModeRules, RaceState, Rules, TICK_SECONDS, Track};
use domain::{Car, Vec2, WRONG_WAY_AFTER_TICKS};

/// From the centre of a car to its rear axle, m: where slides show.
const REAR_AXLE_M: f64 = 1.3;
const KMH_PER_MPS: f64 = 3.6;
/// Traffic this far from the followed car is in the picture or on the map, m.
pub const TRAFFIC_REACH_M: f64 = 700.0;

/// A race at one instant.
#[derive(Clone, Debug)]
pub struct RaceScene {
    /// Where it is.
    pub track: Arc<Track>,
    /// The room's name.
    pub room: String,
    /// Which tick it is, with its fraction.
    pub tick: f64,
    /// In the order of seats.
    pub cars: Vec<SceneCar>,
    /// The highway's other cars, near the followed one.
    pub traffic: Vec<TrafficCar>,
    /// Highest score first.
    pub lines: Vec<LeaderboardLine>,
    /// The car that is followed: the own, or the first for a spectator.
    pub focus: Option<usize>,
    /// The instruments of that car.
    pub dash: Option<Dash>,
    /// Until the cars are let go; negative once they are.
    pub seconds_to_start: f64,
    /// Who has won.
    pub winner: Option<String>,
    /// How long nothing has come from the room.
    pub silence: Duration,
}

/// A car with what only the picture needs.
#[derive(Clone, Debug)]
pub struct SceneCar {
    /// Where it is and whose.
    pub view: CarView,
    /// m/s.
    pub velocity: Vec2,
    /// How fast the rear wheels go sideways, m/s.
    pub slide_mps: f64,
}

/// The instruments of one car.
#[derive(Clone, Debug, PartialEq)]
pub struct Dash {
    /// Speed.
    pub speed_kmh: f64,
    /// How far it has come.
    pub progress: Progress,
    /// 1 for the first.
    pub place: usize,
    /// Cars in the race.
    pub cars: usize,
    /// Whether it has been going the wrong way.
    pub is_wrong_way: bool,
    /// Whether it has reached the target.
    pub is_finished: bool,
}

/// How far a car has come, as the mode counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// On a circuit.
    Laps {
        /// The lap it is in, from 1.
        lap: u16,
        /// Laps of the race.
        laps: u16,
        /// Time in this lap; `None` before the start and after the finish.
        lap_seconds: Option<f64>,
        /// The best lap so far.
        best_lap_seconds: Option<f64>,
    },
    /// On the highway.
    Metres {
        /// Metres, penalties taken off.
        score: i64,
        /// Of the winner.
        target: u32,
        /// Taken off, metres.
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
    /// The race of a room now; `None` before its first snapshot.
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
                place: lines
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
            silence: room.time_since_snapshot(now).unwrap_or_default(),
        })
    }

    /// Whether it is a race on the highway.
    #[must_use]
    pub fn is_highway(&self) -> bool {
        self.track.name() == Track::HIGHWAY
    }

    /// The car that is followed.
    #[must_use]
    pub fn followed(&self) -> Option<&SceneCar> {
        self.cars.get(self.focus?)
    }
}

fn slide_mps(car: &Car) -> f64 {
    (car.lateral_mps() - car.yaw_rate_radps() * REAR_AXLE_M).abs()
}

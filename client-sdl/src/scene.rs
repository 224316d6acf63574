//! What there is to draw of a race at one instant. It outlives the room, so
//! that the last picture stays while a lost connection comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client_core::race::room::{CarView, LeaderboardLine, RoomClient};
use client_core::simulation::{
    Car, SPEED_UNITS_PER_MPS, TICK_SECONDS, Track, Vec2, WRONG_WAY_AFTER_TICKS,
    YAW_RATE_UNITS_PER_RADPS,
};

/// From the centre of a car to its rear axle, m: where slides show.
const REAR_AXLE_M: f64 = 1.3;
const KMH_PER_MPS: f64 = 3.6;

/// A race at one instant.
#[derive(Clone, Debug)]
pub struct RaceScene {
    /// Where it is.
    pub track: Arc<Track>,
    /// The room's name.
    pub room: String,
    /// In the order of seats.
    pub cars: Vec<SceneCar>,
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
    /// The lap it is in, from 1.
    pub lap: u16,
    /// Laps of the race.
    pub laps: u16,
    /// Time in this lap; `None` before the start and after the finish.
    pub lap_seconds: Option<f64>,
    /// The best lap so far.
    pub best_lap_seconds: Option<f64>,
    /// 1 for the first.
    pub place: usize,
    /// Cars in the race.
    pub cars: usize,
    /// Whether it has been going the wrong way.
    pub is_wrong_way: bool,
    /// Whether it has reached the target.
    pub is_finished: bool,
}

impl RaceScene {
    /// The race of a room now; `None` before its first snapshot.
    #[must_use]
    pub fn of(room: &RoomClient, now: Instant) -> Option<Self> {
        let (state, _) = room.race()?;
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
            let is_finished = car.finish.is_some();
            let is_racing = seconds_to_start <= 0.0 && !is_finished;
            let lap_ticks = state.tick.saturating_sub(car.lap_start_tick);
            Dash {
                speed_kmh: cars[focus].view.speed_mps * KMH_PER_MPS,
                lap: (car.laps_completed(room.track()) + 1).min(room.view().settings.laps),
                laps: room.view().settings.laps,
                lap_seconds: is_racing.then_some(f64::from(lap_ticks) * TICK_SECONDS),
                best_lap_seconds: (car.best_lap_ticks > 0)
                    .then_some(f64::from(car.best_lap_ticks) * TICK_SECONDS),
                place: lines
                    .iter()
                    .find(|line| line.seat == seat)
                    .map_or(0, |line| line.place),
                cars: cars.len(),
                is_wrong_way: car.wrong_way_ticks >= WRONG_WAY_AFTER_TICKS,
                is_finished,
            }
        });
        Some(Self {
            track: Arc::clone(room.track()),
            room: room.view().name.to_string(),
            cars,
            lines,
            focus,
            dash,
            seconds_to_start,
            winner: room.winner().map(ToString::to_string),
            silence: room.silence(now).unwrap_or_default(),
        })
    }

    /// The car that is followed.
    #[must_use]
    pub fn followed(&self) -> Option<&SceneCar> {
        self.cars.get(self.focus?)
    }
}

fn slide_mps(car: &Car) -> f64 {
    let lateral = f64::from(car.speed_lateral) / f64::from(SPEED_UNITS_PER_MPS);
    let yaw_rate = f64::from(car.yaw_rate) / f64::from(YAW_RATE_UNITS_PER_RADPS);
    (lateral - yaw_rate * REAR_AXLE_M).abs()
}

//! A race: its rules, state and score.

use arrayvec::ArrayVec;
use domain::{
    Car, CarClass, Finish, Mode, POSITION_UNITS_PER_M, SEATS_MAX, TARGET_METRES_DEFAULT,
    TARGET_METRES_MAX, TICK_RATE_HZ,
};

use crate::car::hash_car;
use crate::hash::StateHasher;
use crate::track::Track;
use crate::vehicle::Body;

/// How long the race continues after it has a winner (docs/design.md, Simulation).
pub const FINISH_GRACE_TICKS: u32 = 30 * TICK_RATE_HZ;
/// Longest target in metres that the wire's integers can count.
const COUNTABLE_METRES_MAX: u32 = 2_000_000;

/// The part of the rules that depends on the [`Mode`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModeRules {
    /// Laps of a circuit. Metres count when gates are passed in order and the
    /// right way; there are no penalties.
    Circuit {
        /// Number of laps of the race.
        laps: u16,
    },
    /// The endless [highway](crate::highway). Metres count as they are driven; hitting traffic
    /// and leaving the road cost some.
    Highway {
        /// Seed of the traffic.
        seed: u64,
    },
}

impl ModeRules {
    /// The mode.
    #[must_use]
    pub const fn mode(self) -> Mode {
        match self {
            Self::Circuit { .. } => Mode::Circuit,
            Self::Highway { .. } => Mode::Highway,
        }
    }
}

/// The rules of a race, constant from start to end.
///
/// There is one rule of score (docs/design.md, Simulation): metres credited minus penalties. The
/// leaderboard orders by it, highest first, and the first to the target wins.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Mode of the race, with its parameters.
    pub mode: ModeRules,
    /// Score at which a car has finished, whole metres.
    pub target_metres: u32,
    /// First tick in which cars move. Before it they are held on the grid, so that
    /// no car can jump the start.
    pub start_tick: u32,
}

impl Rules {
    /// Exclusive upper bound of all targets, from the range of the wire's integers.
    pub(crate) const TARGET_METRES_LIMIT: u64 = COUNTABLE_METRES_MAX as u64 + 1;

    /// Rules of a race over `laps` laps (at least one, at most what the wire can
    /// count).
    #[must_use]
    pub fn circuit(track: &Track, laps: u16, start_tick: u32) -> Self {
        let most = (COUNTABLE_METRES_MAX / track.length_m()).clamp(1, u32::from(u16::MAX));
        let laps = u32::from(laps).clamp(1, most);
        Self {
            mode: ModeRules::Circuit { laps: laps as u16 },
            target_metres: laps * track.length_m(),
            start_tick,
        }
    }

    /// Rules of a race on the highway to a score of `target_metres` (at least one,
    /// at most [`TARGET_METRES_MAX`]), with the traffic of `seed`.
    #[must_use]
    pub fn highway(seed: u64, target_metres: u32, start_tick: u32) -> Self {
        Self {
            mode: ModeRules::Highway { seed },
            target_metres: target_metres.clamp(1, TARGET_METRES_MAX),
            start_tick,
        }
    }

    /// Default rules for a track: `laps` of a circuit, or the usual target on the
    /// highway with the traffic of `seed`.
    #[must_use]
    pub fn on(track: &Track, laps: u16, seed: u64, start_tick: u32) -> Self {
        if track.name() == Track::HIGHWAY {
            Self::highway(seed, TARGET_METRES_DEFAULT, start_tick)
        } else {
            Self::circuit(track, laps, start_tick)
        }
    }

    pub(crate) fn target_units(&self) -> u32 {
        self.target_metres * POSITION_UNITS_PER_M as u32
    }
}

/// The outcome of a race for one car.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The car is racing, or the race has not begun.
    Racing,
    /// The car has reached the target.
    Finished(Finish),
    /// The race ended before the car reached the target.
    DidNotFinish,
}

/// The changing state of a race: integers only, equal on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RaceState {
    /// The tick that [`step`](crate::step) computes next.
    pub tick: u32,
    /// One car per seat.
    pub cars: ArrayVec<Car, SEATS_MAX>,
    /// Seat of the winner.
    pub winner: Option<u8>,
}

impl RaceState {
    /// Creates a race at tick 0 with a car on the grid for each of `classes`, in
    /// seat order.
    ///
    /// # Panics
    /// When there are more than [`SEATS_MAX`].
    #[must_use]
    pub fn new(track: &Track, rules: &Rules, classes: &[CarClass]) -> Self {
        let seats = classes.len();
        assert!(seats <= SEATS_MAX, "a race has at most {SEATS_MAX} seats");
        let cars = classes
            .iter()
            .enumerate()
            .map(|(seat, &class)| car_on_grid(track, rules, seat, class))
            .collect();
        Self {
            tick: 0,
            cars,
            winner: None,
        }
    }

    /// Hashes the whole state: the same on every platform and in every build.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = StateHasher::new();
        hasher.write(u64::from(self.tick));
        hasher.write(self.winner.map_or(u64::MAX, u64::from));
        for car in &self.cars {
            hash_car(car, &mut hasher);
        }
        hasher.finish()
    }

    /// Score of a seat: whole metres credited minus penalties; 0 for a seat that
    /// the race does not have.
    #[must_use]
    pub fn score(&self, seat: usize) -> i64 {
        self.cars.get(seat).map_or(0, |car| {
            i64::from(car.credited / POSITION_UNITS_PER_M as u32) - i64::from(car.penalty_metres)
        })
    }

    /// Seats by rank: finished cars in the order in which they finished, then by
    /// score, then by travel, then by seat.
    #[must_use]
    pub fn leaderboard(&self) -> ArrayVec<usize, SEATS_MAX> {
        let mut seats: ArrayVec<usize, SEATS_MAX> = (0..self.cars.len()).collect();
        seats.sort_unstable_by_key(|&seat| {
            let car = &self.cars[seat];
            let place = car.finish.map_or(u8::MAX, |finish| finish.place);
            (place, -self.score(seat), -i64::from(car.travel), seat)
        });
        seats
    }

    /// Number of cars that have reached the target.
    #[must_use]
    pub fn finished_count(&self) -> usize {
        self.cars.iter().filter(|car| car.finish.is_some()).count()
    }

    /// Outcome of the race for a seat; `DidNotFinish` for a seat that the race
    /// does not have.
    #[must_use]
    pub fn outcome(&self, rules: &Rules, seat: usize) -> Outcome {
        match self.cars.get(seat).map(|car| car.finish) {
            Some(Some(finish)) => Outcome::Finished(finish),
            Some(None) if !self.is_over(rules) => Outcome::Racing,
            _ => Outcome::DidNotFinish,
        }
    }

    /// Whether the race has begun and the cars are released.
    #[must_use]
    pub fn is_started(&self, rules: &Rules) -> bool {
        self.tick >= rules.start_tick
    }

    /// Whether the race is over: all cars have finished, or the winner did
    /// [`FINISH_GRACE_TICKS`] ago.
    #[must_use]
    pub fn is_over(&self, _rules: &Rules) -> bool {
        let winner = self
            .winner
            .and_then(|seat| self.cars.get(usize::from(seat)));
        let Some(finish) = winner.and_then(|car| car.finish) else {
            return false;
        };
        self.finished_count() == self.cars.len()
            || self.tick >= finish.tick.saturating_add(FINISH_GRACE_TICKS)
    }
}

fn car_on_grid(track: &Track, rules: &Rules, seat: usize, class: CarClass) -> Car {
    let pose = track.grid(seat);
    let mut car = Car {
        class,
        lap_start_tick: rules.start_tick,
        ..Car::default()
    };
    Body::at_rest(pose.position, pose.heading).round_into(&mut car);
    car.travel = match rules.mode {
        ModeRules::Highway { .. } => car.x,
        ModeRules::Circuit { .. } => {
            let behind = -Track::grid_distance_m(seat);
            let hint = track.cell_at((behind * f64::from(POSITION_UNITS_PER_M)) as i32);
            let station = track.project(hint, car.position_m()).station_units(track);
            station - track.length_units()
        }
    };
    car
}

//! The highway's traffic: a pure function of seed and tick, in integers.

use core::ops::Range;

use domain::{POSITION_UNITS_PER_M, TICK_RATE_HZ, Vec2};

use super::{LANES, lane_centre_m};
use crate::hash::mix;
use crate::{ModeRules, Rules};

const UNITS_PER_M: i64 = POSITION_UNITS_PER_M as i64;
/// Length of the segments of a lane; each holds one car or none.
const SEGMENT_UNITS: i64 = 80 * UNITS_PER_M;
/// Range of a car's position within its segment: less than what would let two cars
/// of a lane touch.
const SPREAD_UNITS: u64 = 55 * UNITS_PER_M as u64;
/// Distance of the first traffic from the start line when the race begins: it is
/// met at speed, and none comes from behind.
const FIRST_UNITS: i64 = 250 * UNITS_PER_M;
/// Distance per tick by lane, rightmost first: 79, 90, 101 and 112 km/h. All cars of
/// a lane are equally fast, so that they never touch.
const SPEED_UNITS: [i64; LANES as usize] = [375, 427, 478, 529];
/// Bound of all positions: the wire's integers end before.
const WORLD_M: f64 = 2_200_000.0;
/// Share of occupied segments, in 1/256: from every third to every other.
const OCCUPIED_FIRST: i64 = 85;
const OCCUPIED_MOST: i64 = 128;
/// Increase of the share per segment from the start line, in 1/16 of 1/256.
const OCCUPIED_RISE_SIXTEENTHS: i64 = 3;

/// A car of the traffic at one tick. It is as large as the players' cars.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct TrafficCar {
    /// Number of the car, the same in every tick of a race.
    pub id: u32,
    /// Lane of the car, 0 the rightmost.
    pub lane: u8,
    /// World position, metres.
    pub position: Vec2,
    /// Heading, radians.
    pub heading: f64,
    /// Speed along the road, m/s.
    pub speed_mps: f64,
}

/// Returns the traffic of a race at `tick` in a stretch of the road, metres: lane by
/// lane, from the rear to the front. Empty on a circuit.
pub fn traffic(rules: &Rules, tick: u32, stretch: Range<f64>) -> impl Iterator<Item = TrafficCar> {
    let (seed, lanes) = match rules.mode {
        ModeRules::Highway { seed } => (seed, 0..LANES),
        ModeRules::Circuit { .. } => (0, 0..0),
    };
    let ticks = tick.saturating_sub(rules.start_tick);
    lanes.flat_map(move |lane| Lane::new(seed, lane, ticks).cars(&stretch))
}

/// A lane at one tick.
#[derive(Copy, Clone)]
pub(super) struct Lane {
    seed: u64,
    lane: u8,
    /// Distance that its segments have moved since the start.
    moved_units: i64,
}

impl Lane {
    pub(super) fn new(seed: u64, lane: u8, ticks: u32) -> Self {
        let moved_units = SPEED_UNITS[usize::from(lane)] * i64::from(ticks);
        Self {
            seed,
            lane,
            moved_units,
        }
    }

    pub(super) fn cars(self, stretch: &Range<f64>) -> impl Iterator<Item = TrafficCar> + use<> {
        let units = |metres: f64| {
            let metres = metres.clamp(-WORLD_M, WORLD_M);
            (metres * UNITS_PER_M as f64) as i64
        };
        let (from, to) = (units(stretch.start), units(stretch.end));
        let origin = FIRST_UNITS + self.moved_units;
        // A car is up to SPREAD_UNITS into its segment.
        let first = (from - origin - SPREAD_UNITS as i64).div_euclid(SEGMENT_UNITS);
        let last = (to - origin).div_euclid(SEGMENT_UNITS);
        (first.max(0)..=last)
            .filter_map(move |segment| self.car(segment))
            .filter(move |(x, _)| (from..to).contains(x))
            .map(|(_, car)| car)
    }

    /// Returns the car of a segment and its position along the road.
    fn car(self, segment: i64) -> Option<(i64, TrafficCar)> {
        let id = (segment as u32)
            .wrapping_mul(u32::from(LANES))
            .wrapping_add(u32::from(self.lane));
        let random = mix(self.seed ^ mix(u64::from(id) + 1));
        let occupied =
            (OCCUPIED_FIRST + segment * OCCUPIED_RISE_SIXTEENTHS / 16).min(OCCUPIED_MOST);
        if (random & 0xff) as i64 >= occupied {
            return None;
        }
        let ahead = ((random >> 8) % SPREAD_UNITS) as i64;
        let x = FIRST_UNITS + self.moved_units + segment * SEGMENT_UNITS + ahead;
        let speed = SPEED_UNITS[usize::from(self.lane)];
        let car = TrafficCar {
            id,
            lane: self.lane,
            position: Vec2::new(x as f64 / UNITS_PER_M as f64, lane_centre_m(self.lane)),
            heading: 0.0,
            speed_mps: (speed * i64::from(TICK_RATE_HZ)) as f64 / UNITS_PER_M as f64,
        };
        Some((x, car))
    }
}

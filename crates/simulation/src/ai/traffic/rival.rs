//! The cars nearby, as a driver sees them.

use arrayvec::ArrayVec;
use domain::{Car, POSITION_UNITS_PER_M, SEATS_MAX};

use super::{PASSING_M, Scene};
use crate::track::{RacingLine, SIDE_BY_SIDE_M, Track};
use crate::{CAR_LENGTH_M, CAR_WIDTH_M};

/// Range within which cars are considered, metres and seconds ahead: a standing car
/// can still be avoided from there at any speed.
const SIGHT_M: f64 = 12.0;
const SIGHT_SECONDS: f64 = 1.2;
/// Cars further behind than this have to avoid the driver, metres …
const BEHIND_M: f64 = -CAR_LENGTH_M - 0.4;
/// … unless they are off its line and will be beside it within this time, seconds:
/// a driver does not pull out in front of them.
const MIRROR_SECONDS: f64 = 1.5;
/// Cars this near along the road are entitled to half of it each, metres between
/// centres: the nose of one is at the door of the other.
pub(super) const ENTITLED_M: f64 = 3.5;
/// Time for which a sideways move is assumed to continue, seconds.
const DRIFT_SECONDS: f64 = 0.7;
/// A car slower than this share of the driver's speed is accelerating rather than
/// at its limit.
const PACE_MIN: f64 = 0.7;

/// A car nearby.
pub(super) struct Rival {
    /// Distance ahead, metres; negative behind.
    pub(super) gap: f64,
    /// Speed, m/s.
    pub(super) speed: f64,
    /// Offset to the left of the racing line, metres, and its rate of change, m/s.
    offset: f64,
    drift: f64,
    /// Its half of the road when the two cars are side by side.
    pub(super) half: Option<Half>,
    /// Its speed in corners, as a share of the driver's own.
    pub(super) pace: f64,
}

/// A half of the road.
#[derive(Copy, Clone)]
pub(super) enum Half {
    Left,
    Right,
}

impl Half {
    /// The half of a car at `theirs` beside a car at `mine`.
    pub(super) fn of(theirs: f64, mine: f64) -> Self {
        if theirs > mine {
            Self::Left
        } else {
            Self::Right
        }
    }
}

impl Rival {
    fn of(scene: &Scene<'_>, car: &Car, gap: f64) -> Self {
        let Scene { track, line, .. } = *scene;
        let projection = track.project(track.cell_at(car.travel), car.position_m());
        let station = track.station_m(car);
        let here = line.at(station);
        let speed = car.speed_mps();
        let pace = speed / scene.speeds.line_speed_at(line, station);
        let apart = projection.lateral - scene.projection.lateral;
        let is_beside = gap.abs() < ENTITLED_M && apart.abs() > CAR_WIDTH_M;
        Self {
            gap,
            speed,
            offset: projection.lateral - here.lateral,
            drift: here.direction.cross(car.velocity_mps()),
            half: is_beside.then(|| Half::of(projection.lateral, scene.projection.lateral)),
            pace: if pace < PACE_MIN { 1.0 } else { pace },
        }
    }

    /// Predicted offset in `seconds`, at `station`, metres to the left of the centre
    /// line: its distance from the racing line continues, within its own `half`
    /// when it has one.
    pub(super) fn lateral_at(
        &self,
        line: &RacingLine,
        station: f64,
        seconds: f64,
        half: Option<Half>,
    ) -> f64 {
        let offset = self.offset + self.drift * seconds.min(DRIFT_SECONDS);
        let [right, left] = line.reach_at(station);
        let lateral = (line.lateral_at(station) + offset).clamp(right, left);
        let middle = 0.5 * (left + right);
        match half {
            None => lateral,
            Some(Half::Left) => lateral.max((middle + 0.5 * SIDE_BY_SIDE_M).min(left)),
            Some(Half::Right) => lateral.min((middle - 0.5 * SIDE_BY_SIDE_M).max(right)),
        }
    }
}

/// Returns the cars that matter to a driver, by seat.
pub(super) fn around(scene: &Scene<'_>) -> ArrayVec<Rival, SEATS_MAX> {
    let mut rivals = ArrayVec::new();
    let me = &scene.state.cars[scene.seat];
    if me.is_ghost() {
        return rivals;
    }
    let speed = me.speed_mps();
    let sight = SIGHT_M + SIGHT_SECONDS * speed;
    let offset = scene.projection.lateral - scene.line.lateral_at(scene.station);
    for (other, car) in scene.state.cars.iter().enumerate() {
        if other == scene.seat || car.is_ghost() {
            continue;
        }
        let gap = gap_m(scene.track, me, car);
        let closing = (car.speed_mps() - speed).max(0.0);
        if !(BEHIND_M - MIRROR_SECONDS * closing..sight).contains(&gap) {
            continue;
        }
        let rival = Rival::of(scene, car, gap);
        if gap > BEHIND_M || (offset - rival.offset).abs() > PASSING_M {
            rivals.push(rival);
        }
    }
    rivals
}

/// Distance of `other` ahead of `me` along the track, metres; negative behind.
fn gap_m(track: &Track, me: &Car, other: &Car) -> f64 {
    let length = track.length_units();
    let mut gap = (other.travel.wrapping_sub(me.travel)).rem_euclid(length);
    if gap > length / 2 {
        gap -= length;
    }
    f64::from(gap) / f64::from(POSITION_UNITS_PER_M)
}

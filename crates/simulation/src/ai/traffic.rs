//! Other cars: round them, beside them, or behind them.

use crate::track::{Projection, Track};
use crate::{CAR_WIDTH_M, Car, POSITION_UNITS_PER_M, RaceState};

/// Cars further behind than this are theirs to avoid, metres.
const BESIDE_M: f64 = 5.0;
/// Sideways distance between the centres of two cars that pass each other.
const PASSING_M: f64 = CAR_WIDTH_M + 0.9;
/// Bumper to bumper with a little air, metres between centres.
const BEHIND_M: f64 = 6.0;
/// Braking behind another car, m/s².
const FOLLOW_BRAKING_MPS2: f64 = 6.0;
/// Nobody is followed more slowly than this: the other may be stuck.
const FOLLOW_SPEED_MIN_MPS: f64 = 2.4;
/// One overtakes with at least this much more speed, m/s.
const CLOSING_MIN_MPS: f64 = 0.5;

/// What the cars nearby leave of a plan.
#[derive(Copy, Clone, Debug)]
pub(super) struct Room {
    /// To the left of the centre line, metres.
    pub(super) lateral: f64,
    /// Falling in behind somebody, m/s.
    pub(super) speed_max: f64,
}

/// Looks for cars beside and ahead of `seat`, which is at `place` and plans to
/// be at `planned`, and goes round them or falls in behind. In a corner only
/// slow cars are overtaken.
pub(super) fn look_around(
    track: &Track,
    state: &RaceState,
    seat: usize,
    place: &Projection,
    planned: f64,
    is_corner: bool,
) -> Room {
    let me = &state.cars[seat];
    let mut room = Room {
        lateral: planned,
        speed_max: f64::INFINITY,
    };
    if me.is_ghost() {
        return room;
    }
    let speed = me.speed_mps();
    let range = 10.0 + 0.6 * speed;
    for (other, car) in state.cars.iter().enumerate() {
        let gap = gap_m(track, me, car);
        if other == seat || car.is_ghost() || !(-BESIDE_M..range).contains(&gap) {
            continue;
        }
        let theirs = track.project(track.cell_at(car.travel), car.position_m());
        let their_speed = car.speed_mps();
        let is_beside = gap < BESIDE_M;
        let is_slow = their_speed < 0.5 * speed;
        let is_passing = !is_corner && speed - their_speed > CLOSING_MIN_MPS;
        let is_in_the_way = (room.lateral - theirs.lateral).abs() < PASSING_M;
        if is_in_the_way && (is_beside || is_slow || is_passing) {
            let side = if goes_left(place, theirs.lateral, is_beside) {
                PASSING_M
            } else {
                -PASSING_M
            };
            room.lateral = theirs.lateral + side;
        }
        let overlaps = (place.lateral - theirs.lateral).abs() < CAR_WIDTH_M + 0.3;
        if gap > 2.0 && overlaps {
            let left = (gap - BEHIND_M).max(0.0);
            let square = their_speed * their_speed + 2.0 * FOLLOW_BRAKING_MPS2 * left;
            let follow = square.sqrt().max(FOLLOW_SPEED_MIN_MPS);
            room.speed_max = room.speed_max.min(follow);
        }
    }
    room
}

/// Stay on our side of a car beside; round one ahead where there is more room.
fn goes_left(place: &Projection, their_lateral: f64, is_beside: bool) -> bool {
    if is_beside {
        return place.lateral >= their_lateral;
    }
    let room_left = place.road_left - their_lateral;
    let room_right = place.road_right + their_lateral;
    // Whoever is on one side already stays there unless the other is far wider.
    let bias = 0.8 * (place.lateral - their_lateral);
    room_left + bias >= room_right - bias
}

/// How far `other` is ahead of `me` along the track, metres; negative behind.
fn gap_m(track: &Track, me: &Car, other: &Car) -> f64 {
    let length = track.length_units();
    let mut gap = (other.travel.wrapping_sub(me.travel)).rem_euclid(length);
    if gap > length / 2 {
        gap -= length;
    }
    f64::from(gap) / f64::from(POSITION_UNITS_PER_M)
}

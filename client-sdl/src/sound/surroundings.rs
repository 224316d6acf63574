//! What is near a car: kerbs, and what it may hit or shelter behind.

use domain::Vec2;

use crate::scene::{RaceScene, SceneCar};

/// Distance between the centres of two cars within which they may touch, m: the
/// diagonal of a car, and what they move in a frame.
const TOUCH_M: f64 = 6.5;
/// Distance of a car's centre from a wall within which it may touch it, m.
const WALL_M: f64 = 4.5;
/// Distance of a car's wheels from its middle, m.
const WHEELS_M: f64 = 0.78;
/// Radius below which a corner has kerbs, and how far before and after it they
/// reach, m.
const KERB_RADIUS_M: f64 = 130.0;
const KERB_REACH_M: f64 = 20.0;
/// Width of a kerb, which begins at the edge of the road, m.
const KERB_M: f64 = 1.25;
/// Distances behind a car between which there is a slipstream, m.
const SLIPSTREAM_M: [f64; 2] = [4.0, 32.0];
/// Distance aside at which it ends, m.
const SLIPSTREAM_SIDE_M: f64 = 2.4;
/// Speed from which it is felt, m/s.
const SLIPSTREAM_MPS: f64 = 20.0;

/// What is near a car.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// Whether it may have hit something.
    pub(super) may_touch: bool,
    /// Whether wheels are on a kerb.
    pub(super) is_on_kerb: bool,
}

/// Returns what is near a car.
pub(super) fn of(scene: &RaceScene, car: &SceneCar) -> Surroundings {
    let station = car.view.station_m;
    let here = scene.track.at(station);
    let lateral = (car.view.position - here.centre).dot(here.tangent.left());
    let to_wall = (here.wall_left - lateral).min(here.wall_right + lateral);
    let may_touch = to_wall < WALL_M || touches_any(scene, car);
    let beyond = (lateral + WHEELS_M - here.road_left).max(WHEELS_M - lateral - here.road_right);
    let is_bent =
        |offset: f64| scene.track.at(station + offset).curvature.abs() > 1.0 / KERB_RADIUS_M;
    let is_at_edge = (-0.2..KERB_M).contains(&beyond);
    Surroundings {
        may_touch,
        is_on_kerb: is_at_edge && [-KERB_REACH_M, 0.0, KERB_REACH_M].into_iter().any(is_bent),
    }
}

fn touches_any(scene: &RaceScene, car: &SceneCar) -> bool {
    let position = car.view.position;
    let is_near = |other: Vec2| (other - position).length() < TOUCH_M;
    let cars = scene.cars.iter();
    cars.filter(|other| other.view.seat != car.view.seat && !other.view.is_ghost)
        .any(|other| is_near(other.view.position))
        || scene.traffic.iter().any(|other| is_near(other.position))
}

/// Returns how far a car is in the slipstream of another one, 0 to 1.
pub(super) fn slipstream(scene: &RaceScene, car: &SceneCar) -> f32 {
    if car.view.speed_mps < SLIPSTREAM_MPS {
        return 0.0;
    }
    let forward = Vec2::from_heading(car.view.heading_rad);
    let shelter = |other: Vec2| {
        let offset = other - car.view.position;
        let (ahead, aside) = (offset.dot(forward), offset.dot(forward.left()).abs());
        let [near, far] = SLIPSTREAM_M;
        if ahead < near {
            return 0.0;
        }
        let along = 1.0 - ((ahead - near) / (far - near)).min(1.0);
        let across = 1.0 - (aside / SLIPSTREAM_SIDE_M).min(1.0);
        (along * across).sqrt()
    };
    let cars = scene.cars.iter();
    let cars = cars.filter(|other| other.view.seat != car.view.seat && !other.view.is_ghost);
    let positions = cars
        .map(|other| other.view.position)
        .chain(scene.traffic.iter().map(|other| other.position));
    positions.map(shelter).fold(0.0, f64::max) as f32
}

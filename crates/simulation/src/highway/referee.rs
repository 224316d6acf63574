//! The rules of the highway in a tick: metres credited, penalties, and putting cars
//! back on the road.

use domain::{Car, GHOST_AFTER_TICKS, POSITION_UNITS_PER_M, PenaltyReason, Vec2};

use super::traffic::Lane;
use super::{
    LANES, OFF_ROAD_PENALTY_METRES, ROAD_BEGINS_M, ROAD_HALF_WIDTH_M, TRAFFIC_COOL_DOWN_TICKS,
    TRAFFIC_PENALTY_METRES, around, lane_at, lane_centre_m,
};
use crate::contact::{self, Party};
use crate::progress::Finisher;
use crate::vehicle::{Body, VehicleParameters};
use crate::{CAR_LENGTH_M, CAR_WIDTH_M, Event, Events, Rules};

/// Highest speed of a car that is put back on the road, m/s: slower than all
/// traffic, faster than a start from rest.
const PUT_BACK_SPEED_MPS: f64 = 15.0;
/// Parameters of all traffic. Traffic is a function of time and keeps its course
/// after a hit; to the car that hits it, it feels like a car of this mass.
const TRAFFIC: &VehicleParameters = &VehicleParameters::TOURER;

/// Collides a car with the traffic of `ticks` after the start.
pub(crate) fn meet_traffic(
    seed: u64,
    ticks: u32,
    seat: usize,
    car: &mut Car,
    body: &mut Body,
    events: &mut Events,
) {
    let is_free = car.traffic_ticks == 0 && !car.is_ghost();
    let Some(mut other) = traffic_inside(seed, ticks, body) else {
        car.traffic_ticks = car.traffic_ticks.saturating_sub(1);
        return;
    };
    if !is_free {
        // The cool-down ends only outside of traffic.
        car.traffic_ticks = car.traffic_ticks.saturating_sub(1).max(1);
        return;
    }
    let me = Party {
        body,
        car: VehicleParameters::of(car.class),
    };
    let them = Party {
        body: &mut other,
        car: TRAFFIC,
    };
    let impulse = contact::collide(me, them).unwrap_or(0.0);
    car.traffic_ticks = TRAFFIC_COOL_DOWN_TICKS;
    events.push(Event::Traffic {
        seat: seat as u8,
        impulse_ns: impulse as u32,
    });
    penalise(
        seat,
        car,
        TRAFFIC_PENALTY_METRES,
        PenaltyReason::Traffic,
        events,
    );
}

/// Puts a car that has left the road back. A car without a driver gets no penalty:
/// a lost connection is punishment enough.
pub(crate) fn keep_on_road(
    seat: usize,
    is_driven: bool,
    car: &mut Car,
    body: &mut Body,
    events: &mut Events,
) {
    let reach = ROAD_HALF_WIDTH_M + 0.5 * CAR_WIDTH_M;
    if body.position.y.abs() < reach && body.position.x > ROAD_BEGINS_M {
        return;
    }
    let lane = lane_at(body.position.y);
    let position = Vec2::new(
        body.position.x.max(ROAD_BEGINS_M + 1.0),
        lane_centre_m(lane),
    );
    let speed = body.velocity().length().min(PUT_BACK_SPEED_MPS);
    *body = Body::at_rest(position, 0.0);
    body.speed_forward = speed;
    // Another car may be there: the car is a ghost until it touches none.
    car.absent_ticks = GHOST_AFTER_TICKS;
    car.traffic_ticks = TRAFFIC_COOL_DOWN_TICKS;
    if is_driven && car.finish.is_none() {
        penalise(
            seat,
            car,
            OFF_ROAD_PENALTY_METRES,
            PenaltyReason::OffRoad,
            events,
        );
    }
}

/// Advances the progress of `car`: its travel is its `x`. Penalties move the line
/// further away, since the target is a score.
pub(crate) fn progress(rules: &Rules, seat: usize, car: &mut Car) -> Option<Finisher> {
    let before = car.travel;
    car.travel = car.x;
    if car.finish.is_some() {
        return None;
    }
    let metres = u64::from(rules.target_metres) + u64::from(car.penalty_metres);
    let line = metres * POSITION_UNITS_PER_M as u64;
    let reached = u32::try_from(car.travel).unwrap_or(0);
    let credited = u64::from(car.credited.max(reached)).min(line);
    car.credited = credited as u32;
    (credited == line).then(|| Finisher {
        seat,
        until_line: line as i64 - i64::from(before),
        moved: i64::from(car.travel) - i64::from(before),
    })
}

/// Returns the car of the traffic that overlaps with `body`.
fn traffic_inside(seed: u64, ticks: u32, body: &Body) -> Option<Body> {
    let reach = CAR_LENGTH_M + CAR_WIDTH_M;
    let stretch = around(body.position.x, reach);
    (0..LANES)
        .filter(|&lane| (lane_centre_m(lane) - body.position.y).abs() < reach)
        .flat_map(|lane| Lane::new(seed, lane, ticks).cars(&stretch))
        .map(|car| Body {
            speed_forward: car.speed_mps,
            ..Body::at_rest(car.position, car.heading)
        })
        .find(|other| contact::overlaps(body, other))
}

fn penalise(seat: usize, car: &mut Car, metres: u32, reason: PenaltyReason, events: &mut Events) {
    car.penalty_metres = car.penalty_metres.saturating_add(metres);
    events.push(Event::Penalty {
        seat: seat as u8,
        metres,
        reason,
    });
}

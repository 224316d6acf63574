//! One tick of a race.

use arrayvec::ArrayVec;
use domain::{Car, Drive, Finish, GHOST_AFTER_TICKS, SEATS_MAX, Vec2, WRONG_WAY_AFTER_TICKS};

use crate::contact::Party;
use crate::progress::{self, Finisher};
use crate::track::Projection;
use crate::vehicle::{self, Body, GRIP_OFF_ROAD, VehicleParameters};
use crate::{
    CAR_WIDTH_M, Event, Events, ModeRules, RaceState, Rules, Track, contact, highway, wall,
};

/// Cosine of 120°: a car at a larger angle drives against the track.
const WRONG_WAY_COSINE: f64 = -0.5;
/// Speed below which there is no warning: the car is pushed around, or reverses
/// off a wall.
const WRONG_WAY_SPEED_MIN_MPS: f64 = 3.0;

/// Computes tick `state.tick` and advances the state to the next.
///
/// `drives` has one entry per seat; seats without one are absent. `events` is
/// cleared and then receives what happened. A pure function of its arguments:
/// the same state and drives give the same state on every machine. Allocates
/// nothing.
pub fn step(
    track: &Track,
    rules: &Rules,
    state: &mut RaceState,
    drives: &[Drive],
    events: &mut Events,
) {
    events.clear();
    let drive_of = |seat: usize| drives.get(seat).copied().unwrap_or_default();
    let held = !state.is_started(rules);
    state.tick = state.tick.saturating_add(1);
    if held {
        for (seat, car) in state.cars.iter_mut().enumerate() {
            count_absence(car, drive_of(seat), false);
        }
        return;
    }

    let mut bodies: ArrayVec<Body, SEATS_MAX> = ArrayVec::new();
    let mut cells: ArrayVec<usize, SEATS_MAX> = ArrayVec::new();
    for (seat, car) in state.cars.iter_mut().enumerate() {
        let mut body = Body::of(car);
        let projection = match rules.mode {
            ModeRules::Circuit { .. } => track.project(track.cell_at(car.travel), body.position),
            ModeRules::Highway { .. } => highway::project(body.position),
        };
        let surface = Surface::under(&projection);
        report_off_road(seat, car, surface, events);
        let controls = drive_of(seat).controls().into();
        vehicle::advance(
            &mut body,
            controls,
            surface.grip(),
            VehicleParameters::of(car.class),
        );
        cells.push(projection.index);
        bodies.push(body);
    }
    for seat in 0..bodies.len() {
        let blocked = state.cars[seat].absent_ticks >= GHOST_AFTER_TICKS
            && is_blocked(seat, &state.cars, &bodies);
        count_absence(&mut state.cars[seat], drive_of(seat), blocked);
    }
    collide_cars(track, &state.cars, &mut bodies, events);

    let mut finishers: ArrayVec<Finisher, SEATS_MAX> = ArrayVec::new();
    let tick = state.tick;
    for (seat, (car, body)) in state.cars.iter_mut().zip(&mut bodies).enumerate() {
        finishers.extend(match rules.mode {
            ModeRules::Circuit { .. } => {
                let projection = meet_walls(track, cells[seat], seat, car, body, events);
                report_wrong_way(seat, car, body, projection.tangent, events);
                body.round_into(car);
                progress::advance(track, rules, tick, seat, car, &projection, events)
            }
            ModeRules::Highway { seed } => {
                let ticks = tick.saturating_sub(rules.start_tick);
                let is_driven = drive_of(seat) != Drive::Absent;
                highway::meet_traffic(seed, ticks, seat, car, body, events);
                highway::keep_on_road(seat, is_driven, car, body, events);
                report_wrong_way(seat, car, body, Vec2::new(1.0, 0.0), events);
                body.round_into(car);
                highway::progress(rules, seat, car)
            }
        });
    }
    finish(rules, state, &mut finishers, events);
}

fn meet_walls(
    track: &Track,
    cell: usize,
    seat: usize,
    car: &Car,
    body: &mut Body,
    events: &mut Events,
) -> Projection {
    let (projection, impulse) =
        wall::keep_inside(track, cell, body, VehicleParameters::of(car.class));
    if impulse >= f64::from(Event::IMPULSE_MIN_NS) {
        events.push(Event::Wall {
            seat: seat as u8,
            impulse_ns: impulse as u32,
        });
    }
    projection
}

/// Which sides of a car have their wheels on the road.
#[derive(Copy, Clone)]
struct Surface {
    left_on_road: bool,
    right_on_road: bool,
}

impl Surface {
    fn under(projection: &Projection) -> Self {
        let [left_on_road, right_on_road] = projection.sides_on_road(0.5 * CAR_WIDTH_M);
        Self {
            left_on_road,
            right_on_road,
        }
    }

    fn grip(self) -> f64 {
        let side = |on_road: bool| if on_road { 0.5 } else { 0.5 * GRIP_OFF_ROAD };
        side(self.left_on_road) + side(self.right_on_road)
    }

    fn is_off_road(self) -> bool {
        !self.left_on_road && !self.right_on_road
    }
}

fn report_off_road(seat: usize, car: &mut Car, surface: Surface, events: &mut Events) {
    let is_off_road = surface.is_off_road();
    if is_off_road && !car.off_road {
        events.push(Event::OffRoad { seat: seat as u8 });
    }
    car.off_road = is_off_road;
}

fn report_wrong_way(seat: usize, car: &mut Car, body: &Body, tangent: Vec2, events: &mut Events) {
    let along = body.forward.dot(tangent);
    if along > WRONG_WAY_COSINE || body.speed_forward < WRONG_WAY_SPEED_MIN_MPS {
        car.wrong_way_ticks = 0;
        return;
    }
    if car.wrong_way_ticks < WRONG_WAY_AFTER_TICKS {
        car.wrong_way_ticks += 1;
        if car.wrong_way_ticks == WRONG_WAY_AFTER_TICKS {
            events.push(Event::WrongWay { seat: seat as u8 });
        }
    }
}

/// Counts the ticks without a driver. A ghost whose driver is back becomes solid
/// only when no other car is inside it.
fn count_absence(car: &mut Car, drive: Drive, blocked: bool) {
    match drive {
        Drive::Absent => {
            car.absent_ticks = car.absent_ticks.saturating_add(1).min(GHOST_AFTER_TICKS);
        }
        Drive::Driven(_) if blocked => {}
        Drive::Driven(_) => car.absent_ticks = 0,
    }
}

fn is_blocked(seat: usize, cars: &[Car], bodies: &[Body]) -> bool {
    let solid = |other: usize| other != seat && !cars[other].is_ghost();
    (0..cars.len()).any(|other| solid(other) && contact::overlaps(&bodies[seat], &bodies[other]))
}

fn collide_cars(track: &Track, cars: &[Car], bodies: &mut [Body], events: &mut Events) {
    for other in 1..bodies.len() {
        let (before, after) = bodies.split_at_mut(other);
        if cars[other].is_ghost() {
            continue;
        }
        for (seat, body) in before.iter_mut().enumerate() {
            // Cars on a bridge and under it do not touch.
            let meet = track.is_same_part(cars[seat].travel, cars[other].travel);
            if cars[seat].is_ghost() || !meet {
                continue;
            }
            let one = Party {
                body,
                car: VehicleParameters::of(cars[seat].class),
            };
            let two = Party {
                body: &mut after[0],
                car: VehicleParameters::of(cars[other].class),
            };
            let Some(impulse) = contact::collide(one, two) else {
                continue;
            };
            if impulse >= f64::from(Event::IMPULSE_MIN_NS) {
                events.push(Event::Contact {
                    seat: seat as u8,
                    other: other as u8,
                    impulse_ns: impulse as u32,
                });
            }
        }
    }
}

/// Assigns places to the cars that reached the target in this tick, in the order in
/// which they crossed the line within the tick, then by seat.
fn finish(
    rules: &Rules,
    state: &mut RaceState,
    finishers: &mut ArrayVec<Finisher, SEATS_MAX>,
    events: &mut Events,
) {
    finishers.sort_unstable_by(|a, b| {
        use core::cmp::Ordering::{Greater, Less};
        match (a.is_before(b), b.is_before(a)) {
            (true, _) => Less,
            (_, true) => Greater,
            (false, false) => a.seat.cmp(&b.seat),
        }
    });
    let first = state.finished_count() as u8 + 1;
    for (place, finisher) in (first..).zip(finishers.iter()) {
        let seat = finisher.seat as u8;
        state.cars[finisher.seat].finish = Some(Finish {
            place,
            tick: state.tick,
        });
        events.push(Event::Finished {
            seat,
            place,
            ticks: state.tick.saturating_sub(rules.start_tick),
        });
        if state.winner.is_none() {
            state.winner = Some(seat);
            events.push(Event::Winner { seat });
        }
    }
}

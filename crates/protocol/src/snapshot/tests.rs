use std::f64::consts::TAU;

use domain::{CarClass, Controls, Finish};
use proptest::prelude::*;

use super::*;
use crate::{Epoch, RaceId, Tick, WorkerId};

/// A circle of 1 km.
struct Circle;

const LENGTH: i32 = 1000 * 1024;

impl Course for Circle {
    fn fingerprint(&self) -> u16 {
        0xbeef
    }

    fn at(&self, travel: i32) -> CoursePoint {
        let lap = f64::from(travel.rem_euclid(LENGTH)) / f64::from(LENGTH);
        let (sin, cos) = (lap * TAU).sin_cos();
        let radius = f64::from(LENGTH) / TAU;
        CoursePoint {
            x: radius * cos,
            y: radius * sin,
            left: [-cos, -sin],
            heading: ((lap + 0.25) * f64::from(1 << 20)) as i32,
            gates: ((travel / 100_000) as u16).wrapping_add(1),
        }
    }
}

/// A car in the middle of a lap, with nothing unusual.
fn car(travel: i32) -> Car {
    let point = Circle.at(travel);
    let [x, y] = point.beside(3_000);
    Car {
        x,
        y,
        heading: (point.heading + 8_000) & 0xf_ffff,
        speed_forward: 240_000,
        speed_lateral: -900,
        yaw_rate: 4_000,
        steer_angle: -250,
        acceleration: 900,
        travel,
        credited: travel as u32,
        gates_passed: point.gates,
        lap_start_tick: 400,
        ..Car::default()
    }
}

const FLOORED: Applied = [Drive::Driven(Controls {
    throttle: 255,
    brake: 0,
    steer: -127,
    handbrake: false,
}); TICKS_PER_SNAPSHOT as usize];

fn body(cars: usize) -> SnapshotBody {
    SnapshotBody {
        winner: None,
        cars: (0..cars).map(|i| car(i as i32 * 10_000)).collect(),
        applied: std::iter::repeat_n(FLOORED, cars).collect(),
    }
}

fn encoded(body: &SnapshotBody, tick: Tick) -> Vec<u8> {
    let mut bytes = Vec::new();
    body.encode_into(tick, &Circle, &mut bytes);
    bytes
}

#[test]
fn a_gateway_reads_the_header_without_the_body() {
    let header = SnapshotHeader {
        race: RaceId::new(ulid::Ulid::from_parts(1, 2)),
        owner: WorkerId::new(0xdead_beef),
        epoch: Epoch::FIRST,
        tick: 1_234,
        acks: std::iter::repeat_n(InputAck::default(), 4).collect(),
    };
    let mut bytes = header.encode_into(Vec::new());
    body(4).encode_into(header.tick, &Circle, &mut bytes);
    let (read, rest) = SnapshotHeader::split(&bytes).unwrap();
    assert_eq!(read, header);
    assert_eq!(
        SnapshotBody::decode(rest, header.tick, &Circle),
        Ok(body(4))
    );
}

#[test]
fn a_car_on_its_way_is_small() {
    let bytes = encoded(&body(16), 3_000).len();
    assert!(bytes <= 16 * 22, "{bytes} bytes");
}

#[test]
fn a_body_of_another_track_is_refused() {
    let mut bytes = encoded(&body(2), 3_000);
    bytes[0] ^= 1;
    let refused = SnapshotBody::decode(&bytes, 3_000, &Circle).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the snapshot is of track 0xbeee, not 0xbeef"
    );
    assert_eq!(SnapshotBody::fingerprint(&bytes), Some(0xbeee));
}

#[test]
fn what_is_too_short_or_too_long_is_refused() {
    let mut bytes = encoded(&body(3), 3_000);
    for len in 0..bytes.len() {
        assert!(SnapshotBody::decode(&bytes[..len], 3_000, &Circle).is_err());
    }
    bytes.push(0);
    let refused = SnapshotBody::decode(&bytes, 3_000, &Circle);
    assert_eq!(refused, Err(BodyError::Length { bytes: bytes.len() }));
}

#[test]
fn a_winner_must_be_in_the_race() {
    let mut body = body(2);
    body.winner = Some(1);
    let bytes = encoded(&body, 9);
    assert_eq!(SnapshotBody::decode(&bytes, 9, &Circle), Ok(body.clone()));
    body.winner = Some(2);
    let refused = SnapshotBody::decode(&encoded(&body, 9), 9, &Circle);
    let cars = BodyError::Seats {
        cars: 2,
        winner: Some(2),
    };
    assert_eq!(refused, Err(cars));
}

/// The x axis, with a gate every 100,000 units: bytes that depend on no platform's sine.
struct Straight;

impl Course for Straight {
    fn fingerprint(&self) -> u16 {
        0x1234
    }

    fn at(&self, travel: i32) -> CoursePoint {
        CoursePoint {
            x: f64::from(travel),
            y: 0.0,
            left: [0.0, 1.0],
            heading: 0,
            gates: (travel / 100_000) as u16 + 1,
        }
    }
}

/// A car on its way and one with every field that few have.
fn golden_body() -> SnapshotBody {
    let usual = Car {
        class: CarClass::Power,
        x: 250_000,
        y: 3_000,
        heading: 8_000,
        speed_forward: 240_000,
        speed_lateral: -900,
        yaw_rate: 4_000,
        steer_angle: -250,
        acceleration: 900,
        travel: 250_000,
        credited: 250_000,
        gates_passed: 3,
        lap_start_tick: 400,
        ..Car::default()
    };
    let rare = Car {
        class: CarClass::Drift,
        x: 300_123,
        y: -70_000,
        heading: 0xf_0000,
        speed_forward: -5_000,
        credited: 310_000,
        gates_passed: 5,
        penalty_metres: 150,
        best_lap_ticks: 3_100,
        finish: Some(Finish {
            place: 2,
            tick: 4_567,
        }),
        absent_ticks: 60,
        wrong_way_ticks: 7,
        traffic_ticks: 9,
        off_road: true,
        ..usual
    };
    let braking = Controls {
        throttle: 3,
        brake: 200,
        steer: 61,
        handbrake: true,
    };
    SnapshotBody {
        winner: Some(1),
        cars: [usual, rare].into_iter().collect(),
        applied: [FLOORED, [Drive::Absent, Drive::Driven(braking)]]
            .into_iter()
            .collect(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_of_a_snapshot_stay_as_they_are() {
    let mut bytes = Vec::new();
    golden_body().encode_into(5_000, &Straight, &mut bytes);
    assert_eq!(
        hexadecimal(&bytes),
        "3412424c50181290d003fae0ee7c00a68ef08303faf0a3d22f186690d05b1e060000000000fcffff16110098cfc309083f38a00f3fe2e0ffa50e001800d012000020cf830905ae230000f801e47b00"
    );
    let read = SnapshotBody::decode(&bytes, 5_000, &Straight);
    assert_eq!(read, Ok(golden_body()));
}

#[test]
fn the_bytes_of_a_race_in_a_checkpoint_stay_as_they_are() {
    let bytes = postcard::to_stdvec(&golden_body()).unwrap();
    assert_eq!(
        hexadecimal(&bytes),
        "01010201a0c21ef02e807d80a61d870ec03ef303880ea0c21e90a10f0300900300000000000002b6d124dfc5088080788f4e870ec03ef303880ea0c21ef0f51205960190039c180102d7233c0709010201ff00810001ff008100000103c83d01"
    );
    let read: SnapshotBody = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(read, golden_body());
}

fn any_drive() -> impl Strategy<Value = Drive> {
    let pedal = || prop_oneof![Just(0), Just(255), any::<u8>()];
    let steer = prop_oneof![Just(0), Just(127), Just(-127), any::<i8>()];
    let driven =
        (pedal(), pedal(), steer, any::<bool>()).prop_map(|(throttle, brake, steer, handbrake)| {
            Drive::Driven(Controls {
                throttle,
                brake,
                steer,
                handbrake,
            })
        });
    prop_oneof![Just(Drive::Absent), driven]
}

prop_compose! {
    fn any_car()(
        motion in (any::<[i32; 3]>(), any::<[i16; 2]>(), 0..1 << 20, 0..CarClass::ALL.len()),
        place in any::<[i32; 3]>(),
        progress in (any::<u32>(), any::<u16>(), any::<[u32; 3]>()),
        unusual in (any::<[u8; 3]>(), any::<bool>(), any::<Option<(u8, u32)>>()),
    ) -> Car {
        let ([speed_forward, speed_lateral, yaw_rate], [steer_angle, acceleration], heading, class)
            = motion;
        let class = CarClass::ALL[class];
        let [x, y, travel] = place;
        let (credited, gates_passed, [penalty_metres, lap_start_tick, best_lap_ticks]) = progress;
        let ([absent_ticks, wrong_way_ticks, traffic_ticks], off_road, finish) = unusual;
        let finish = finish.map(|(place, tick)| Finish { place, tick });
        Car {
            class, x, y, heading, speed_forward, speed_lateral, yaw_rate, steer_angle,
            acceleration, travel, credited, gates_passed, penalty_metres, lap_start_tick,
            best_lap_ticks, finish, absent_ticks, wrong_way_ticks, traffic_ticks, off_road,
        }
    }
}

/// Cars as they are, with some fields as nobody expects them.
fn near_car() -> impl Strategy<Value = Car> {
    (any_car(), any::<u16>(), 0..5_000_000).prop_map(|(wild, fields, travel)| {
        let mut near = car(travel);
        let mut take = |bit: u16, copy: fn(&mut Car, &Car)| {
            if fields & 1 << bit != 0 {
                copy(&mut near, &wild);
            }
        };
        take(0, |to, from| to.x = from.x);
        take(1, |to, from| to.speed_forward = from.speed_forward);
        take(2, |to, from| to.credited = from.credited);
        take(3, |to, from| to.gates_passed = from.gates_passed);
        take(4, |to, from| to.finish = from.finish);
        take(5, |to, from| to.absent_ticks = from.absent_ticks);
        take(6, |to, from| to.best_lap_ticks = from.best_lap_ticks);
        take(7, |to, from| to.acceleration = from.acceleration);
        take(8, |to, from| to.heading = from.heading);
        take(9, |to, from| to.lap_start_tick = from.lap_start_tick);
        near
    })
}

proptest! {
    #[test]
    fn every_body_comes_back_as_it_was(
        cars in proptest::collection::vec(prop_oneof![any_car(), near_car()], 0..=SEATS_MAX),
        applied in proptest::collection::vec([any_drive(), any_drive()], SEATS_MAX),
        tick in any::<Tick>(),
    ) {
        let body = SnapshotBody {
            winner: cars.len().checked_sub(1).map(|last| last as Seat),
            applied: applied[..cars.len()].iter().copied().collect(),
            cars: cars.into_iter().collect(),
        };
        let bytes = encoded(&body, tick);
        prop_assert_eq!(SnapshotBody::decode(&bytes, tick, &Circle), Ok(body));
    }

    #[test]
    fn random_bytes_are_refused_or_read_but_never_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
        tick in any::<Tick>(),
    ) {
        let _ = SnapshotBody::decode(&bytes, tick, &Circle);
        // As far as the cars.
        if bytes.len() > 2 {
            bytes[..2].copy_from_slice(&Circle.fingerprint().to_le_bytes());
            let _ = SnapshotBody::decode(&bytes, tick, &Circle);
        }
    }
}

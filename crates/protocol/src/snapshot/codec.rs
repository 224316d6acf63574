//! The body of a snapshot as bits.
//!
//! Fields are written in as many bits as they need, chosen from four widths: a
//! *selector* of two bits says which. The widths are those that fit what cars
//! do on the circuits and along their walls (`cargo test -p netcode --test
//! snapshot_size`). What is usually the same costs one bit for all of it.
//!
//! Layout: a prefix of 4 bytes (the course's fingerprint, 16 bits; winner + 1,
//! 5; number of cars, 5; width of travel, 6), then car by car the head (ten
//! selectors, class, whether anything is unusual), the fields, what is unusual
//! (beside the road, the way that was not credited, whether anything is rare;
//! the rare fields), and the inputs applied.

mod controls;

use arrayvec::ArrayVec;
use domain::{Car, CarClass, Finish, HEADING_UNITS_PER_TURN, SEATS_MAX};

use self::controls::{put_applied, take_applied};
use super::bits::{BitReader, BitWriter, SLACK_BYTES};
use super::course::{Course, CoursePoint};
use super::{Applied, SnapshotBody};
use crate::ids::Tick;

const PREFIX_BYTES: usize = 4;
/// More than the bits of a car whose every field is as wide as it can be.
const CAR_BYTES_MAX: usize = 112;
const HEADING_MASK: i32 = HEADING_UNITS_PER_TURN - 1;
const HEADING_HALF_TURN: i32 = HEADING_UNITS_PER_TURN / 2;

/// Why bytes are not the body of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It was written for another track.
    #[error("the snapshot is of track {found:#06x}, not {expected:#06x}")]
    OtherCourse {
        /// The fingerprint in the bytes.
        found: u16,
        /// That of the reader's course.
        expected: u16,
    },
    /// More cars than a race has, or a winner who is none of them.
    #[error("a snapshot of {cars} cars with winner {winner:?} makes no sense")]
    Seats {
        /// Cars it claims to have.
        cars: u8,
        /// Who it says has won.
        winner: Option<u8>,
    },
    /// Shorter or longer than what it holds.
    #[error("the snapshot has {bytes} bytes, which is not what its cars take")]
    Length {
        /// What came.
        bytes: usize,
    },
}

// A car's class has two bits.
const _: () = assert!(CarClass::ALL.len() <= 4);

/// Four widths; the last holds whatever the field can be.
type Widths = [u32; 4];

const RESIDUAL: Widths = [0, 2, 8, 32];
const LATERAL: Widths = [13, 14, 16, 32];
const HEADING: Widths = [13, 15, 17, 20];
const SPEED_FORWARD: Widths = [18, 19, 20, 32];
const SPEED_LATERAL: Widths = [12, 14, 16, 32];
const YAW_RATE: Widths = [9, 12, 14, 32];
const STEER_ANGLE: Widths = [8, 11, 13, 16];
const ACCELERATION: Widths = [11, 12, 13, 16];
const LAP_AGE: Widths = [10, 12, 14, 32];
const BEST_LAP: Widths = [0, 12, 14, 32];
const UNCREDITED: Widths = [0, 10, 15, 32];

/// Values with their selectors: one car's, before they become bits.
struct Fields {
    head: u64,
    head_bits: u32,
}

impl Fields {
    #[inline]
    fn select(&mut self, value: u32, widths: Widths) -> (u64, u32) {
        let is_wider = |width: u32| usize::from(value >> width != 0);
        let selector = is_wider(widths[0]) + is_wider(widths[1]) + is_wider(widths[2]);
        self.head |= (selector as u64) << self.head_bits;
        self.head_bits += 2;
        (u64::from(value), widths[selector])
    }
}

/// The selectors of one car, as they are read.
struct Head(u64);

impl Head {
    #[inline]
    fn width(&mut self, widths: Widths) -> u32 {
        let selector = self.0 as usize & 3;
        self.0 >>= 2;
        widths[selector]
    }

    #[inline]
    fn flag(&mut self) -> bool {
        let flag = self.0 & 1 == 1;
        self.0 >>= 1;
        flag
    }
}

/// Small for small values of either sign.
#[inline]
fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

#[inline]
fn unzigzag(value: u64) -> i32 {
    let value = value as u32;
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

impl SnapshotBody {
    /// Appends the bytes of the body at `tick` to `out`.
    pub fn encode_into(&self, tick: Tick, course: &impl Course, out: &mut Vec<u8>) {
        let begin = out.len();
        let bytes_max = PREFIX_BYTES + self.cars.len() * CAR_BYTES_MAX + SLACK_BYTES;
        out.resize(begin + bytes_max, 0);
        let mut writer = BitWriter::new(&mut out[begin..]);
        let travel_bits = self
            .cars
            .iter()
            .map(|car| u32::BITS - zigzag(car.travel).leading_zeros())
            .max()
            .unwrap_or(0);
        writer.put(course.fingerprint().into(), 16);
        writer.put(self.winner.map_or(0, |seat| u64::from(seat) + 1), 5);
        writer.put(self.cars.len() as u64, 5);
        writer.put(travel_bits.into(), 6);
        let nobody = Applied::default();
        for (seat, car) in self.cars.iter().enumerate() {
            put_car(&mut writer, car, tick, travel_bits, course);
            put_applied(&mut writer, self.applied.get(seat).unwrap_or(&nobody));
        }
        let len = writer.len();
        out.truncate(begin + len);
    }

    /// Reads a body of `tick`.
    ///
    /// # Errors
    /// When the bytes are not a body, or one of another course.
    pub fn decode(bytes: &[u8], tick: Tick, course: &impl Course) -> Result<Self, BodyError> {
        let length = BodyError::Length { bytes: bytes.len() };
        let mut reader = BitReader::new(bytes);
        let found = reader.take(16) as u16;
        let (winner, cars) = (reader.take(5) as u8, reader.take(5) as u8);
        let travel_bits = reader.take(6) as u32;
        if reader.is_overrun() || travel_bits > u32::BITS {
            return Err(length);
        }
        let expected = course.fingerprint();
        if found != expected {
            return Err(BodyError::OtherCourse { found, expected });
        }
        let winner = winner.checked_sub(1);
        if usize::from(cars) > SEATS_MAX || winner.is_some_and(|winner| winner >= cars) {
            return Err(BodyError::Seats { cars, winner });
        }
        let mut body = Self {
            winner,
            cars: ArrayVec::new(),
            applied: ArrayVec::new(),
        };
        for _ in 0..cars {
            body.cars
                .push(take_car(&mut reader, tick, travel_bits, course));
            body.applied.push(take_applied(&mut reader));
        }
        if reader.is_at_end() {
            Ok(body)
        } else {
            Err(length)
        }
    }

    /// The fingerprint of the course that a body was written for; `None` when
    /// the bytes are too short for a body.
    #[must_use]
    pub fn fingerprint(bytes: &[u8]) -> Option<u16> {
        let prefix = bytes.get(..2)?;
        Some(u16::from_le_bytes([prefix[0], prefix[1]]))
    }
}

#[inline]
fn put_car(
    writer: &mut BitWriter<'_>,
    car: &Car,
    tick: Tick,
    travel_bits: u32,
    course: &impl Course,
) {
    let point = course.at(car.travel);
    let lateral = point.lateral(car.x, car.y);
    let [x, y] = point.beside(lateral);
    let (off_x, off_y) = (zigzag(car.x.wrapping_sub(x)), zigzag(car.y.wrapping_sub(y)));
    let mut fields = Fields {
        head: 0,
        head_bits: 0,
    };
    let (_, residual_bits) = fields.select(off_x | off_y, RESIDUAL);
    let lateral = fields.select(zigzag(lateral), LATERAL);
    let heading = fields.select(zigzag(turn(car.heading, &point)), HEADING);
    let speed_forward = fields.select(zigzag(car.speed_forward), SPEED_FORWARD);
    let speed_lateral = fields.select(zigzag(car.speed_lateral), SPEED_LATERAL);
    let yaw_rate = fields.select(zigzag(car.yaw_rate), YAW_RATE);
    let steer_angle = fields.select(zigzag(car.steer_angle.into()), STEER_ANGLE);
    let acceleration = fields.select(zigzag(car.acceleration.into()), ACCELERATION);
    let lap_age = fields.select(tick.wrapping_sub(car.lap_start_tick), LAP_AGE);
    let best_lap = fields.select(car.best_lap_ticks, BEST_LAP);
    let is_unusual = !is_usual(car, &point);
    let head = fields.head | u64::from(car.class.index()) << 20 | u64::from(is_unusual) << 22;

    // Two at a time: no pair has more than 56 bits.
    put_two(writer, (head, 23), (zigzag(car.travel).into(), travel_bits));
    if residual_bits > 0 {
        writer.put(off_x.into(), residual_bits);
        writer.put(off_y.into(), residual_bits);
    }
    put_two(writer, heading, lateral);
    put_two(writer, steer_angle, speed_forward);
    put_two(writer, acceleration, speed_lateral);
    writer.put(yaw_rate.0, yaw_rate.1);
    writer.put(lap_age.0, lap_age.1);
    writer.put(best_lap.0, best_lap.1);
    if is_unusual {
        put_unusual(writer, car, course);
    }
}

#[inline]
fn put_two(writer: &mut BitWriter<'_>, first: (u64, u32), second: (u64, u32)) {
    writer.put(first.0 | second.0 << first.1, first.1 + second.1);
}

#[inline]
fn take_car(reader: &mut BitReader<'_>, tick: Tick, travel_bits: u32, course: &impl Course) -> Car {
    let mut head = Head(reader.take(23));
    let travel = unzigzag(reader.take(travel_bits));
    let point = course.at(travel);
    let residual_bits = head.width(RESIDUAL);
    let (off_x, off_y) = (
        unzigzag(reader.take(residual_bits)),
        unzigzag(reader.take(residual_bits)),
    );
    let lateral_bits = head.width(LATERAL);
    let turn = unzigzag(reader.take(head.width(HEADING)));
    let [x, y] = point.beside(unzigzag(reader.take(lateral_bits)));
    let (forward_bits, lateral_bits, yaw_bits) = (
        head.width(SPEED_FORWARD),
        head.width(SPEED_LATERAL),
        head.width(YAW_RATE),
    );
    let mut car = Car {
        travel,
        x: x.wrapping_add(off_x),
        y: y.wrapping_add(off_y),
        heading: point.heading.wrapping_add(turn) & HEADING_MASK,
        steer_angle: unzigzag(reader.take(head.width(STEER_ANGLE))) as i16,
        speed_forward: unzigzag(reader.take(forward_bits)),
        acceleration: unzigzag(reader.take(head.width(ACCELERATION))) as i16,
        speed_lateral: unzigzag(reader.take(lateral_bits)),
        yaw_rate: unzigzag(reader.take(yaw_bits)),
        lap_start_tick: tick.wrapping_sub(reader.take(head.width(LAP_AGE)) as u32),
        best_lap_ticks: reader.take(head.width(BEST_LAP)) as u32,
        // A class of another version drives like the default until it is corrected.
        class: CarClass::from_index((head.0 & 3) as u8).unwrap_or_default(),
        ..Car::default()
    };
    if head.0 & 4 == 0 {
        (car.credited, car.gates_passed) = usual_progress(travel, &point);
    } else {
        take_unusual(reader, &mut car, course);
    }
    car
}

/// From the course's heading to the car's, the shorter way round.
#[inline]
fn turn(heading: i32, point: &CoursePoint) -> i32 {
    let turn = heading.wrapping_sub(point.heading);
    (turn.wrapping_add(HEADING_HALF_TURN) & HEADING_MASK) - HEADING_HALF_TURN
}

/// What most cars have: all their way credited, and the gates that go with it.
#[inline]
fn usual_progress(travel: i32, point: &CoursePoint) -> (u32, u16) {
    match u32::try_from(travel) {
        Ok(credited) => (credited, point.gates),
        Err(_behind_the_line) => (0, 0),
    }
}

#[inline]
fn is_usual(car: &Car, point: &CoursePoint) -> bool {
    !car.off_road
        && is_common(car)
        && (car.credited, car.gates_passed) == usual_progress(car.travel, point)
}

/// Whether a car has none of the fields that few have.
#[inline]
fn is_common(car: &Car) -> bool {
    matches!(
        *car,
        Car {
            penalty_metres: 0,
            finish: None,
            absent_ticks: 0,
            wrong_way_ticks: 0,
            traffic_ticks: 0,
            ..
        }
    )
}

/// The gates that go with what is credited, wherever the car is now.
fn gates_of(credited: u32, course: &impl Course) -> u16 {
    if credited == 0 {
        0
    } else {
        course.at(credited as i32).gates
    }
}

/// What a car beside the road has, or one that goes back.
#[cold]
fn put_unusual(writer: &mut BitWriter<'_>, car: &Car, course: &impl Course) {
    let mut fields = Fields {
        head: car.off_road.into(),
        head_bits: 1,
    };
    let uncredited = zigzag((car.travel as u32).wrapping_sub(car.credited) as i32);
    let uncredited = fields.select(uncredited, UNCREDITED);
    let gates = gates_of(car.credited, course);
    let is_rare = !is_common(car) || car.gates_passed != gates;
    put_two(
        writer,
        (fields.head | u64::from(is_rare) << 3, 4),
        uncredited,
    );
    if is_rare {
        put_rare(writer, car, gates);
    }
}

#[cold]
fn take_unusual(reader: &mut BitReader<'_>, car: &mut Car, course: &impl Course) {
    let mut head = Head(reader.take(4));
    car.off_road = head.flag();
    let uncredited = unzigzag(reader.take(head.width(UNCREDITED))) as u32;
    car.credited = (car.travel as u32).wrapping_sub(uncredited);
    car.gates_passed = gates_of(car.credited, course);
    if head.flag() {
        take_rare(reader, car);
    }
}

/// What few cars have, each with a bit before it; `gates` are what is expected.
fn put_rare(writer: &mut BitWriter<'_>, car: &Car, gates: u16) {
    let mut optional = |value: u32, bits: u32| {
        writer.put(u64::from(value != 0), 1);
        if value != 0 {
            writer.put(value.into(), bits);
        }
    };
    optional(car.gates_passed.wrapping_sub(gates).into(), 16);
    optional(car.penalty_metres, 32);
    optional(car.absent_ticks.into(), 8);
    optional(car.wrong_way_ticks.into(), 8);
    optional(car.traffic_ticks.into(), 8);
    writer.put(car.finish.is_some().into(), 1);
    if let Some(Finish { place, tick }) = car.finish {
        writer.put(u64::from(place) | u64::from(tick) << 8, 40);
    }
}

/// Onto the gates that are expected.
fn take_rare(reader: &mut BitReader<'_>, car: &mut Car) {
    let mut optional = |bits: u32| {
        if reader.take(1) == 1 {
            reader.take(bits)
        } else {
            0
        }
    };
    car.gates_passed = car.gates_passed.wrapping_add(optional(16) as u16);
    car.penalty_metres = optional(32) as u32;
    car.absent_ticks = optional(8) as u8;
    car.wrong_way_ticks = optional(8) as u8;
    car.traffic_ticks = optional(8) as u8;
    car.finish = (reader.take(1) == 1).then(|| {
        let finish = reader.take(40);
        Finish {
            place: finish as u8,
            tick: (finish >> 8) as Tick,
        }
    });
}

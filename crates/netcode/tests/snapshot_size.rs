//! Sizes of snapshots on every circuit and on the highway, and with cars that
//! bump along walls.

use domain::{CarClass, Drive, Skill, TICK_RATE_HZ};
use netcode::{TrackCourse, wire};
use protocol::frame::LENGTH_BYTES;
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::snapshot::{Applied, InputAck, RelayedHeader, SnapshotBody};
use protocol::{Epoch, RaceId};
use simulation::{AiDriver, Events, RaceState, Rules, Track, step};

/// Mean bytes of a car in a snapshot, at most (docs/design.md, Netcode).
const CAR_BYTES_MEAN_MAX: f64 = 22.0;
/// Bytes a second for a player in a room of four, all headers included, at most
/// (docs/design.md, Netcode).
const ROOM_OF_FOUR_BYTES_PER_SECOND_MAX: f64 = 5_000.0;
/// IPv4, TCP and its time stamps.
const TCP_IP_BYTES: usize = 20 + 20 + 12;
/// Long enough for a lap of every circuit.
const TICKS_MAX: u32 = 3 * 60 * 60;

/// Total size of the snapshot bodies of a race.
#[derive(Default)]
struct Size {
    snapshots: usize,
    bytes: usize,
    /// Bytes of the inputs, part of `bytes`.
    inputs: usize,
}

impl Size {
    /// Adds a snapshot, which must survive the round trip through bytes.
    fn add(&mut self, state: &RaceState, applied: &[Applied], course: &TrackCourse) {
        let mut body = wire::body(state, applied);
        let mut bytes = Vec::new();
        body.encode_into(state.tick, course, &mut bytes);
        let decoded = SnapshotBody::decode(&bytes, state.tick, course);
        assert_eq!(decoded, Ok(body.clone()));
        self.snapshots += 1;
        self.bytes += bytes.len();
        self.inputs += bytes.len();
        body.applied.fill(Applied::default());
        bytes.clear();
        body.encode_into(state.tick, course, &mut bytes);
        self.inputs -= bytes.len();
    }

    fn mean(&self, bytes: usize) -> f64 {
        bytes as f64 / self.snapshots as f64
    }
}

/// Runs a race of AI drivers; `drive` may replace their inputs in each tick.
fn race(
    track: &Track,
    rules: &Rules,
    cars: usize,
    ticks_max: u32,
    mut drive: impl FnMut(&RaceState, &mut Vec<Drive>),
) -> Size {
    let course = TrackCourse::new(track);
    let classes: Vec<CarClass> = CarClass::ALL.into_iter().cycle().take(cars).collect();
    let mut drivers: Vec<AiDriver> = classes
        .iter()
        .enumerate()
        .map(|(seat, &class)| AiDriver::with_class(track, class, seat as u64, Skill::ALL[seat % 3]))
        .collect();
    let mut state = RaceState::new(track, rules, &classes);
    let mut applied = vec![Applied::default(); cars];
    let mut events = Events::new();
    let mut size = Size::default();
    while !state.is_over(rules) && state.tick < ticks_max {
        let mut drives: Vec<Drive> = drivers
            .iter_mut()
            .enumerate()
            .map(|(seat, driver)| Drive::Driven(driver.drive(track, rules, &state, seat)))
            .collect();
        drive(&state, &mut drives);
        step(track, rules, &mut state, &drives, &mut events);
        for (applied, drive) in applied.iter_mut().zip(&drives) {
            *applied = [applied[1], *drive];
        }
        if state.tick.is_multiple_of(TICKS_PER_SNAPSHOT) {
            size.add(&state, &applied, &course);
        }
    }
    size
}

#[test]
fn a_car_takes_22_bytes_or_less_on_the_mean() {
    println!("track            cars  bytes a car  of which inputs");
    let (mut sum, mut races) = (0.0, 0.0);
    for name in Track::names().iter().chain([&Track::HIGHWAY]) {
        let track = Track::by_name(name).unwrap();
        for cars in [4, 16] {
            let rules = Rules::on(&track, 2, 7, 60);
            let size = race(&track, &rules, cars, TICKS_MAX, |_, _| ());
            let a_car = |bytes| size.mean(bytes) / cars as f64;
            let (body, inputs) = (a_car(size.bytes), a_car(size.inputs));
            println!("{name:16} {cars:4}  {body:11.2}  {inputs:15.2}");
            sum += body - inputs;
            races += 1.0;
        }
    }
    let mean = sum / races;
    println!("mean without inputs: {mean:.2}");
    assert!(mean <= CAR_BYTES_MEAN_MAX, "{mean:.2} bytes a car");
}

/// Thin bots repeat the inputs of AI drivers in another race: after one late
/// input they drive blindly.
#[test]
fn cars_that_bump_along_walls_do_not_take_much_more() {
    let header = RelayedHeader {
        race: "01ARZ3NDEKTSV4RRFFQ69G5FAV"
            .parse::<RaceId>()
            .unwrap()
            .tag(),
        epoch: Epoch::FIRST,
        tick: TICKS_MAX,
        acks: [InputAck {
            tick: TICKS_MAX + 2,
            margin_ticks: 1,
        }; 4]
            .into_iter()
            .collect(),
    };
    let around = TCP_IP_BYTES + LENGTH_BYTES + 1 + header.encode_into(Vec::new()).len();
    println!("track            bytes a car  bytes a second, with {around} around a snapshot");
    for name in Track::names() {
        let track = Track::by_name(name).unwrap();
        let rules = Rules::on(&track, 2, 7, 60);
        let mut recording = Vec::new();
        race(&track, &rules, 4, TICKS_MAX, |_, drives| {
            recording.push(drives.clone());
        });
        let size = race(
            &track,
            &rules,
            4,
            recording.len() as u32,
            |state, drives| {
                let tick = state.tick as usize;
                drives.clone_from(&recording[tick]);
                if (300..330).contains(&tick) {
                    drives.fill(Drive::Absent);
                }
            },
        );
        let bytes = size.mean(size.bytes);
        let per_second =
            (bytes + around as f64) * f64::from(TICK_RATE_HZ) / f64::from(TICKS_PER_SNAPSHOT);
        println!("{name:16} {:11.2}  {per_second:14.0}", bytes / 4.0);
        assert!(
            per_second <= ROOM_OF_FOUR_BYTES_PER_SECOND_MAX,
            "{per_second:.0} bytes a second on {name}"
        );
    }
}

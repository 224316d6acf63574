//! How large snapshots are, on every circuit and on the highway.

use netcode::{TrackCourse, wire};
use protocol::snapshot::SnapshotBody;
use simulation::{AiDriver, CarClass, Drive, Events, RaceState, Rules, Skill, Track, step};

/// DESIGN and issue 3 allow a car so many bytes on the mean.
const CAR_BYTES_MEAN_MAX: f64 = 22.0;
/// Long enough for a lap of every circuit.
const TICKS_MAX: u32 = 3 * 60 * 60;

/// Mean bytes a car: all of the body, and of it what the inputs take.
struct Size {
    body: f64,
    inputs: f64,
}

fn measure(track: &Track, rules: &Rules, cars: usize) -> Size {
    let course = TrackCourse::new(track);
    let classes: Vec<CarClass> = CarClass::ALL.into_iter().cycle().take(cars).collect();
    let mut drivers: Vec<AiDriver> = classes
        .iter()
        .enumerate()
        .map(|(seat, &class)| AiDriver::with_class(track, class, seat as u64, Skill::ALL[seat % 3]))
        .collect();
    let mut state = RaceState::new(track, rules, &classes);
    let mut applied = vec![wire::Applied::default(); cars];
    let mut events = Events::new();
    let (mut bytes, mut without, mut counted) = (Vec::new(), 0, 0);
    let mut with = 0;
    while !state.is_over(rules) && state.tick < TICKS_MAX {
        let drives: Vec<Drive> = drivers
            .iter_mut()
            .enumerate()
            .map(|(seat, driver)| Drive::Driven(driver.drive(track, rules, &state, seat)))
            .collect();
        step(track, rules, &mut state, &drives, &mut events);
        for (applied, drive) in applied.iter_mut().zip(&drives) {
            *applied = [applied[1], *drive];
        }
        if !state.tick.is_multiple_of(2) {
            continue;
        }
        let mut body = wire::body(&state, &applied);
        bytes.clear();
        body.encode_into(state.tick, &course, &mut bytes);
        assert_eq!(
            SnapshotBody::decode(&bytes, state.tick, &course),
            Ok(body.clone())
        );
        with += bytes.len();
        body.applied.fill([None; 2]);
        bytes.clear();
        body.encode_into(state.tick, &course, &mut bytes);
        without += bytes.len();
        counted += cars;
    }
    Size {
        body: with as f64 / counted as f64,
        inputs: (with - without) as f64 / counted as f64,
    }
}

#[test]
fn a_car_takes_22_bytes_or_less_on_the_mean() {
    println!("track            cars  bytes a car  of which inputs");
    let (mut sum, mut races) = (0.0, 0.0);
    for name in Track::names().iter().chain([&Track::HIGHWAY]) {
        let track = Track::by_name(name).unwrap();
        for cars in [4, 16] {
            let rules = Rules::on(&track, 2, 7, 60);
            let Size { body, inputs } = measure(&track, &rules, cars);
            println!("{name:16} {cars:4}  {body:11.2}  {inputs:15.2}");
            sum += body - inputs;
            races += 1.0;
        }
    }
    let mean = sum / races;
    println!("mean without inputs: {mean:.2}");
    assert!(mean <= CAR_BYTES_MEAN_MAX, "{mean:.2} bytes a car");
}

use domain::SEATS_MAX;
use simulation::{Track, TrackError};

#[test]
fn every_listed_circuit_exists_and_is_sound() {
    assert!(Track::by_name("nowhere").is_none());
    for name in Track::names() {
        let track = Track::by_name(name).unwrap();
        assert_eq!(track.name(), *name);
        println!(
            "{name}: {} m, {} gates",
            track.length_m(),
            track.gate_count()
        );
        assert_is_sound(&track);
        // The circuits of our own design leave room for a grid of 16 on a straight.
        for seat in 0..SEATS_MAX {
            let turn = track.grid(seat).heading - track.grid(0).heading;
            assert!(turn.abs() < 0.1, "{name}, seat {seat}: {turn}");
        }
    }
}

pub(crate) fn assert_is_sound(track: &Track) {
    let samples = track.samples();
    let name = track.name();
    for (index, sample) in samples.iter().enumerate() {
        let next = &samples[(index + 1) % samples.len()];
        let step = (next.centre - sample.centre).length();
        assert!(
            (step - track.spacing_m()).abs() < 0.2,
            "{name}, sample {index}: {step}"
        );
        assert!(
            sample.road_left > 1.9 && sample.road_right > 1.9,
            "{name}, sample {index}"
        );
        assert!(sample.wall_left >= sample.road_left && sample.wall_right >= sample.road_right);
        // Neighbouring rays do not cross inside the walls: every cell has an inside.
        for (here, there) in [
            (sample.point(sample.wall_left), next.point(next.wall_left)),
            (
                sample.point(-sample.wall_right),
                next.point(-next.wall_right),
            ),
        ] {
            assert!(
                (there - here).dot(sample.tangent) > 0.0,
                "{name}, sample {index}"
            );
        }
    }
    for seat in 0..SEATS_MAX {
        let pose = track.grid(seat);
        let hint = track.cell_at(-(6 + 8 * seat as i32) * 1024);
        let projection = track.project(hint, pose.position);
        assert!(
            projection.lateral < projection.road_left
                && -projection.lateral < projection.road_right
        );
    }
}

#[test]
fn a_projection_finds_the_point_it_was_made_from() {
    let track = Track::by_name("harbour-ring").unwrap();
    let length = f64::from(track.length_m());
    for step in 0..2000 {
        let station = length * f64::from(step) / 2000.0;
        let section = track.at(station);
        for share in [-0.95, -0.5, 0.0, 0.5, 0.95] {
            let reach = if share > 0.0 {
                section.wall_left
            } else {
                section.wall_right
            };
            let hint = track.cell_at((station * 1024.0) as i32 - 12 * 1024);
            let projection = track.project(hint, section.point(share * reach));
            let off = (f64::from(projection.station_units(&track)) / 1024.0 - station).abs();
            assert!(off.min(length - off) < 0.6, "{station} {share}: {off}");
            assert!(
                (projection.lateral - share * reach).abs() < 0.05,
                "{station} {share}"
            );
        }
    }
}

/// Smallest distance of two parts of a circuit, edge to edge, unless they cross.
const APART_M: f64 = 25.0;
/// Parts nearer than this along the track are one part: a corner.
const SAME_PART_M: f64 = 100.0;

#[test]
fn parts_of_a_circuit_keep_their_distance_unless_they_cross() {
    for track in shipped() {
        let name = track.name();
        let crossings = track.survey().crossings;
        assert_eq!(Some(crossings.len()), Track::crossings_by_name(name));
        let samples = track.samples();
        let apart = (SAME_PART_M / track.spacing_m()) as usize;
        let station = |index: usize| index as f64 * track.spacing_m();
        let is_at_crossing = |a: usize, b: usize| {
            crossings.iter().any(|[first, second]| {
                (station(a) - first).abs() < SAME_PART_M
                    && (station(b) - second).abs() < SAME_PART_M
            })
        };
        let mut nearest = f64::INFINITY;
        for a in 0..samples.len() {
            for b in a + apart..samples.len().min(samples.len() + a - apart) {
                let (one, other) = (&samples[a], &samples[b]);
                let centres = (one.centre - other.centre).length();
                let roads =
                    one.road_left.max(one.road_right) + other.road_left.max(other.road_right);
                if centres - roads < nearest && !is_at_crossing(a, b) {
                    nearest = centres - roads;
                    let (a, b) = (station(a), station(b));
                    assert!(nearest > APART_M, "{name}: {nearest} m between {a} and {b}");
                }
            }
        }
        println!("{name}: parts are {nearest:.0} m apart");
    }
}

#[test]
fn the_circuits_are_roads_that_somebody_might_build() {
    assert!(Track::names().len() > 8);
    for track in shipped() {
        let name = track.name();
        let survey = track.survey();
        println!("{name}: {} m, {survey:.1?}", track.length_m());
        assert!((1000..=6000).contains(&track.length_m()), "{name}");
        assert!(survey.width_min_m >= 9.5, "{name}");
        assert!(survey.width_max_m <= 24.0, "{name}");
        assert!(survey.width_max_m > survey.width_min_m + 1.0, "{name}");
        assert!(survey.radius_min_m > 10.0, "{name}");
        // Corners begin and end gradually: no kinks.
        let samples = track.samples();
        for (index, sample) in samples.iter().enumerate() {
            let next = &samples[(index + 1) % samples.len()];
            let per_metre = (next.curvature - sample.curvature).abs() / track.spacing_m();
            assert!(per_metre < 0.015, "{name}, sample {index}: {per_metre}");
            let wider = (next.road_left - sample.road_left).abs() / track.spacing_m();
            assert!(wider < 0.1, "{name}, sample {index}: {wider}");
        }
        // Gates are about 100 m apart, the last one as well.
        let gates = f64::from(track.gate_count());
        assert!((95.0..130.0).contains(&(f64::from(track.length_m()) / gates)));
        // Somewhere one can overtake, and everywhere one can brake.
        let straight = longest_straight_m(&track);
        assert!(straight > 130.0, "{name}: {straight} m");
    }
}

fn longest_straight_m(track: &Track) -> f64 {
    let samples = track.samples();
    let (mut run, mut longest) = (0, 0);
    for step in 0..2 * samples.len() {
        let is_straight = samples[step % samples.len()].curvature.abs() < 1.0 / 600.0;
        run = if is_straight { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest as f64 * track.spacing_m()
}

pub(crate) fn shipped() -> impl Iterator<Item = Track> {
    Track::names()
        .iter()
        .map(|name| Track::by_name(name).unwrap())
}

#[test]
fn tells_a_bridge_from_the_road_under_it() {
    let track = Track::by_name("twin-loops").unwrap();
    let [over, under] = track.survey().crossings[0].map(|station| (station * 1024.0) as i32);
    assert!(!track.is_same_part(over, under));
    assert!(track.is_same_part(over, over + 20 * 1024));
    // Across the start line, and one lap behind.
    assert!(track.is_same_part(-10 * 1024, 10 * 1024));
    assert!(track.is_same_part(over, over - track.length_units()));
}

#[test]
fn each_side_of_a_car_has_its_own_ground() {
    let track = Track::by_name("harbour-ring").unwrap();
    let section = track.at(50.0);
    let sides = |lateral: f64| {
        let projection = track.project(track.cell_at(50 * 1024), section.point(lateral));
        projection.sides_on_road(0.95)
    };
    assert_eq!(sides(0.0), [true, true]);
    assert_eq!(sides(section.road_left), [false, true]);
    assert_eq!(sides(-section.road_right), [true, false]);
    assert_eq!(sides(section.road_left + 2.0), [false, false]);
}

#[test]
fn rejects_what_is_not_a_track() {
    let circle = |radius: f64| -> String {
        (0..60)
            .map(|step| {
                let (sin, cos) = (f64::from(step) * std::f64::consts::TAU / 60.0).sin_cos();
                format!("{},{},5,5\n", radius * cos, radius * sin)
            })
            .collect()
    };
    assert!(Track::from_csv("circle", &circle(100.0)).is_ok());
    let error = |csv: &str| Track::from_csv("bad", csv).unwrap_err();
    assert_eq!(error(""), TrackError::TooFewPoints { found: 0 });
    assert_eq!(
        error("# x,y\n1,2,3\n"),
        TrackError::Columns { line: 2, found: 3 }
    );
    assert_eq!(
        error("1,2,3,4,5\n"),
        TrackError::Columns { line: 1, found: 5 }
    );
    assert_eq!(
        error("1,2,3,4\n\n1,2,c,4\n"),
        TrackError::Number { line: 3, column: 3 }
    );
    assert_eq!(
        error("1,2,3,4\n1,,3,4\n").to_string(),
        "line 2, column 2 (y_m) is not a number"
    );
    assert_eq!(
        error(&(circle(100.0) + "NaN,0,5,5")),
        TrackError::OutOfRange {
            line: 61,
            column: 1
        }
    );
    assert_eq!(
        error(&(String::from("# widths\n") + &circle(100.0) + "0,0,-1,5")),
        TrackError::OutOfRange {
            line: 62,
            column: 3
        }
    );
    assert!(matches!(error(&circle(10.0)), TrackError::Length { .. }));
    assert!(matches!(
        error(&circle(50_000.0)),
        TrackError::Length { .. }
    ));
    assert!(matches!(
        error(&circle(0.0)),
        TrackError::Length { length_m: 0 }
    ));
}

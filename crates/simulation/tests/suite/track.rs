use simulation::{SEATS_MAX, Track, TrackError};

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
        let place = track.project(hint, pose.position);
        assert!(place.lateral < place.road_left && -place.lateral < place.road_right);
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
            let place = track.project(hint, section.point(share * reach));
            let off = (f64::from(place.station_units(&track)) / 1024.0 - station).abs();
            assert!(off.min(length - off) < 0.6, "{station} {share}: {off}");
            assert!(
                (place.lateral - share * reach).abs() < 0.05,
                "{station} {share}"
            );
        }
    }
}

#[test]
fn parts_of_the_circuit_keep_their_distance() {
    let track = Track::by_name("harbour-ring").unwrap();
    let samples = track.samples();
    let apart = (100.0 / track.spacing_m()) as usize;
    for a in 0..samples.len() {
        for b in a + apart..samples.len().min(samples.len() + a - apart) {
            let (one, other) = (&samples[a], &samples[b]);
            let centres = (one.centre - other.centre).length();
            let roads = one.road_left.max(one.road_right) + other.road_left.max(other.road_right);
            assert!(centres - roads > 25.0, "{a} and {b}");
        }
    }
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
    assert_eq!(error("# x,y\n1,2,3\n"), TrackError::Row { line: 2 });
    assert_eq!(error("1,2,3,4,5\n"), TrackError::Row { line: 1 });
    assert_eq!(error("a,b,c,d\n"), TrackError::Row { line: 1 });
    assert_eq!(
        error(&(circle(100.0) + "NaN,0,5,5")),
        TrackError::OutOfRange { point: 60 }
    );
    assert_eq!(
        error(&(circle(100.0) + "0,0,-1,5")),
        TrackError::OutOfRange { point: 60 }
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

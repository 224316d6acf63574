use std::fs;
use std::path::PathBuf;

use domain::{Skill, Vec2};
use simulation::{Event, TICK_SECONDS, Track, VehicleParameters};

use crate::point_mass;
use crate::support::Race;
use crate::track::assert_is_sound;

/// Largest ratio of the AI's lap to the point mass's …
const SLOWER_MAX: f64 = 1.08;
/// … and the smallest: below it one of the two is wrong.
const FASTER_MAX: f64 = 0.98;
/// Number of times the AI may leave the road with all wheels in two laps.
const OFF_ROAD_MAX: usize = 2;

struct RealCircuit {
    track: Track,
    /// The database's minimum-curvature line.
    line: Vec<Vec2>,
}

/// The folder of the racetrack-database, next to the checkout rather than in it.
fn folder() -> PathBuf {
    let shared = std::env::var_os("SLIPSTREAM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    shared.join("tracks")
}

/// Returns all real circuits by name; none, with a message, if they are missing.
fn circuits() -> Vec<RealCircuit> {
    let folder = folder();
    let Ok(entries) = fs::read_dir(&folder) else {
        println!(
            "SKIPPED: no circuits in {}; SLIPSTREAM_SHARED names another folder",
            folder.display()
        );
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let line = folder.join("racelines").join(format!("{name}.csv"));
            RealCircuit {
                track: Track::from_csv(name, &fs::read_to_string(path).unwrap()).unwrap(),
                line: points(&fs::read_to_string(line).unwrap()),
            }
        })
        .collect()
}

fn points(csv: &str) -> Vec<Vec2> {
    csv.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (x, y) = line.split_once(',').unwrap();
            Vec2::new(x.trim().parse().unwrap(), y.trim().parse().unwrap())
        })
        .collect()
}

#[test]
fn every_real_circuit_is_imported_and_driven_as_fast_as_physics_allows() {
    let mut failures = Vec::new();
    println!("circuit         length  off road    best lap  point mass  ratio");
    for RealCircuit { track, line } in circuits() {
        assert_is_sound(&track);
        let mut race = Race::new(&track, 2, 1, Skill::Expert, 5);
        let events = race.run(60 * 600);
        let off_road = events
            .iter()
            .filter(|event| matches!(event, Event::OffRoad { .. }))
            .count();
        let best = f64::from(race.state.cars[0].best_lap_ticks) * TICK_SECONDS;
        let estimate =
            point_mass::lap_seconds(&line, VehicleParameters::of(race.state.cars[0].class));
        let ratio = best / estimate;
        println!(
            "{:<15} {:>5} m {off_road:>9} {best:>9.2} s {estimate:>9.2} s {ratio:>6.3}",
            track.name(),
            track.length_m()
        );
        let is_good = race.state.winner.is_some()
            && off_road <= OFF_ROAD_MAX
            && (FASTER_MAX..=SLOWER_MAX).contains(&ratio);
        if !is_good {
            failures.push(track.name().to_owned());
        }
    }
    assert!(failures.is_empty(), "not as it should be: {failures:?}");
}

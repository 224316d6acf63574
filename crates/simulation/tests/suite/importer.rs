use std::fs;
use std::path::Path;

use simulation::{Event, Skill, TICK_SECONDS, Track};

use crate::support::Race;
use crate::track::assert_is_sound;

/// The real circuits of the racetrack-database; they are beside the checkout and
/// not in it.
fn circuits() -> Vec<Track> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/tracks");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("SKIPPED: no circuits in {}", folder.display());
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
            Track::from_csv(name, &fs::read_to_string(path).unwrap()).unwrap()
        })
        .collect()
}

#[test]
fn every_real_circuit_is_imported_and_driven() {
    for track in circuits() {
        assert_is_sound(&track);
        let mut race = Race::new(&track, 2, 1, Skill::Expert, 5);
        let events = race.run(60 * 600);
        let off_road = events
            .iter()
            .filter(|event| matches!(event, Event::OffRoad { .. }))
            .count();
        let best = f64::from(race.state.cars[0].best_lap_ticks) * TICK_SECONDS;
        println!(
            "{:<15} {:>5} m, best lap {best:>6.2} s, off the road {off_road} times",
            track.name(),
            track.length_m()
        );
        assert!(race.state.winner.is_some(), "{} is finished", track.name());
    }
}

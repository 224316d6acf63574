use domain::{CarClass, Drive, Skill};
use protocol::room::Standing;
use simulation::replay::{Chunk, Recorder};
use simulation::{AiDriver, Events, RaceState, ReplayHeader, Rules, step};

use super::*;

/// A lap of two cars.
fn race() -> Replay {
    let track = Track::by_name(Track::names()[0]).unwrap();
    let rules = Rules::circuit(&track, 1, 60);
    let mut state = RaceState::new(&track, &rules, &[CarClass::Grip, CarClass::Power]);
    let mut drivers = [0, 1].map(|seed| AiDriver::new(&track, seed, Skill::Expert));
    let (mut recorder, mut chunks, mut events) = (Recorder::new(2), Vec::new(), Events::new());
    while !state.is_over(&rules) {
        let mut drives = [Drive::Absent; 2];
        for (seat, driver) in drivers.iter_mut().enumerate() {
            drives[seat] = Drive::Driven(driver.drive(&track, &rules, &state, seat));
        }
        step(&track, &rules, &mut state, &drives, &mut events);
        chunks.extend(recorder.record(&drives));
    }
    chunks.push(recorder.chunk().clone());
    let chunks = chunks.iter().map(Chunk::pack).collect();
    Replay::new(ReplayHeader::new(&track, &rules, &state), chunks).unwrap()
}

fn published(replay: &Replay) -> ResultRecord {
    let value = examine(replay, None).unwrap().json();
    let standings = value["standings"].as_array().unwrap().iter();
    let standings = standings.map(|line| {
        let mut line = line.clone();
        line["player"] = format!("driver-{}", line["seat"]).into();
        serde_json::from_value::<Standing>(line).unwrap()
    });
    ResultRecord {
        race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
        room: "Friday".parse().unwrap(),
        mode: domain::Mode::Circuit,
        track: replay.header().track.clone(),
        laps: 1,
        target_metres: None,
        ended_at: 1,
        epoch: protocol::Epoch::FIRST,
        tick: replay.header().ticks,
        standings: standings.collect(),
    }
}

#[test]
fn tells_what_is_in_a_replay() {
    let replay = race();
    let report = examine(&replay, None).unwrap();
    assert_eq!(report.verdict, Verdict::Confirmed);
    let text = report.text();
    for part in [
        "circuit, 1 laps",
        "grip",
        "power",
        "times its speed",
        "ends as recorded",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = report.json();
    assert_eq!(json["is_confirmed"], true);
    assert_eq!(json["standings"][0]["score"], json["target_metres"]);
    assert_eq!(json["bytes"], replay.to_bytes().len());
}

#[test]
fn a_result_that_was_published_otherwise_is_refuted() {
    let replay = race();
    let mut result = published(&replay);
    let report = examine(&replay, Some(&result)).unwrap();
    assert_eq!(report.verdict, Verdict::Confirmed);
    assert!(report.text().contains("driver-1"), "{}", report.text());
    result.standings[1].score += 1;
    let Verdict::Refuted(reason) = examine(&replay, Some(&result)).unwrap().verdict else {
        panic!("a forged score is not found");
    };
    assert!(reason.contains("score"), "{reason}");
    result.standings[1].score -= 1;
    result.standings.swap(0, 1);
    let verdict = examine(&replay, Some(&result)).unwrap().verdict;
    assert_ne!(verdict, Verdict::Confirmed);
}

#[test]
fn a_replay_with_another_end_is_refuted() {
    let replay = race();
    let mut header = replay.header().clone();
    header.final_hash ^= 1;
    let chunks = replay.chunks().map(|chunk| chunk.pack()).collect();
    let forged = Replay::new(header, chunks).unwrap();
    let report = examine(&forged, None).unwrap();
    assert!(matches!(report.verdict, Verdict::Refuted(_)));
    assert!(report.text().contains("refuted"), "{}", report.text());
    assert_eq!(report.json()["is_confirmed"], false);
}

//! The bytes of a room's state in every version that is read.
//!
//! `tests/golden/` has a file for each version, a room a line: one that waits,
//! one that races, one that has ended. A file stays as long as its version is
//! read, and is never changed.

use std::fs;
use std::path::Path;

use protocol::version::{self, ROOM_STATE};

use super::super::record::Saved;
use super::*;

fn fixtures(version: u8) -> Vec<Vec<u8>> {
    let file = format!("tests/golden/room-state-{version}.hex");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let byte = |line: &str, at| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
    let bytes = |line: &str| {
        (0..line.len())
            .step_by(2)
            .map(|at| byte(line, at))
            .collect()
    };
    text.lines().map(bytes).collect()
}

#[test]
fn reads_the_rooms_of_every_version_and_writes_the_same_bytes() {
    for version in ROOM_STATE.oldest()..=ROOM_STATE.newest() {
        let fixtures = fixtures(version);
        assert_eq!(fixtures.len(), 3, "waiting, racing, ended");
        for bytes in fixtures {
            let saved: Saved = version::decode(&ROOM_STATE, &bytes).unwrap();
            if version == ROOM_STATE.written() {
                assert_eq!(version::encode(&ROOM_STATE, &saved, Vec::new()), bytes);
            }
        }
    }
}

#[test]
fn goes_on_with_the_rooms_of_every_version() {
    for version in ROOM_STATE.oldest()..=ROOM_STATE.newest() {
        let rooms = fixtures(version).into_iter().map(|state| {
            let mut checkpoint = room(2, 1).checkpoint();
            checkpoint.state = state.into();
            let ownership = Ownership {
                owner: WorkerId::new(2),
                epoch: Epoch(2),
            };
            let track = |name: &str| Track::by_name(name).map(Arc::new);
            Room::restore(&checkpoint, ownership, track, Instant::now()).unwrap()
        });
        let [waiting, mut racing, ended] = rooms.collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(waiting.phase(), Phase::Waiting);
        assert_eq!(waiting.seats().get(0).unwrap().player, player("Ada"));
        assert_eq!(waiting.lobby_entry().settings.laps, 1);

        assert_eq!(racing.phase(), Phase::Racing);
        let tick = racing.tick_number();
        racing.tick(Instant::now(), 1_000);
        assert_eq!(racing.tick_number(), tick + 1);

        let result = ended.ending().unwrap().result.as_ref().unwrap();
        assert_eq!(result.standings[0].player, player("Ada"));
    }
}

//! The bytes of a replay in every version that is read.
//!
//! `tests/golden/` has a file for each format and version, in hexadecimal
//! digits. A file stays as long as its version is read, and is never changed.

use std::fs;
use std::path::Path;

use domain::{CarClass, Controls, Drive, Format};

use super::{CHUNK, Chunk, HEADER, ReplayHeader};
use crate::{ModeRules, Rules};

fn golden(format: &Format, version: u8) -> Vec<u8> {
    let file = format!(
        "tests/golden/{}-{version}.hex",
        format.name().replace(' ', "-")
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.trim_end().len()).step_by(2).map(byte).collect()
}

#[test]
fn header() {
    let header = ReplayHeader {
        track: "oval".to_owned(),
        rules: Rules {
            mode: ModeRules::Circuit { laps: 3 },
            target_metres: 1_234,
            start_tick: 180,
        },
        classes: [CarClass::Grip, CarClass::Drift].into_iter().collect(),
        ticks: 9_876,
        final_hash: 0x0123_4567_89ab_cdef,
    };
    for version in HEADER.oldest()..=HEADER.newest() {
        let bytes = golden(&HEADER, version);
        assert_eq!(ReplayHeader::from_bytes(&bytes).as_ref(), Ok(&header));
        if version == HEADER.written() {
            assert_eq!(header.to_bytes(), bytes);
        }
    }
}

/// What is packed may change with the library that packs; what is read may not.
#[test]
fn chunk() {
    let full = Drive::Driven(Controls {
        throttle: 255,
        brake: 0,
        steer: -127,
        handbrake: true,
    });
    let mut chunk = Chunk::new(300, 2);
    for drives in [[full, Drive::Absent], [full, full], [Drive::Absent, full]] {
        chunk.record(&drives);
    }
    for version in CHUNK.oldest()..=CHUNK.newest() {
        let unpacked = Chunk::unpack(&golden(&CHUNK, version));
        assert_eq!(unpacked.as_ref(), Ok(&chunk));
    }
    assert_eq!(chunk.pack()[0], CHUNK.written());
}

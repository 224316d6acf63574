//! The bytes of every format in every version that is read.
//!
//! `tests/golden/` has a file for each format and version: binary formats in
//! hexadecimal digits, one message a line, JSON as it is. A file stays as long as
//! its version is read, and is never changed.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use crate::catch_up::{CatchUpAnswer, CatchUpRequest, SeenSnapshot};
use crate::chat::{ChatSession, Presence};
use crate::checkpoint::Checkpoint;
use crate::client::Hello;
use crate::frame;
use crate::input::{InputBatch, InputFrame};
use crate::lobby::{Phase, RoomEntry, RoomSettings};
use crate::persist::PersistMessage;
use crate::quarantine::{Origin, Quarantined};
use crate::record::{PlayerRecord, ResultRecord, RoomClosed, RoomRecord};
use crate::replay::{Base64, ReplayChunk, ReplayRecord};
use crate::room::Standing;
use crate::seats::{HeldSeat, HeldSeats};
use crate::session::{Holder, Session, SessionId};
use crate::snapshot::{InputAck, RelayedHeader, SnapshotHeader, relay_into};
use crate::version::{self, FORMATS};
use crate::{Epoch, GatewayId, PlayerName, RaceId, RoomName, SessionNonce, WorkerId};
use domain::{Controls, Format, Mode};

const GATEWAY: GatewayId = GatewayId::new(0x0102_0304);
const OWNER: WorkerId = WorkerId::new(0xdead_beef);
const EPOCH: Epoch = Epoch(3);
const TICK: u32 = 1_234;

fn race() -> RaceId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

fn ada() -> PlayerName {
    PlayerName::parse("Ada").unwrap()
}

fn duel() -> RoomName {
    RoomName::parse("Duel").unwrap()
}

fn settings() -> RoomSettings {
    RoomSettings {
        seats: 2,
        mode: Mode::Circuit,
        track: "oval".to_owned(),
        laps: 3,
        target_metres: 5_000,
    }
}

#[allow(dead_code)]
fn lines(format: &Format, version: u8, ending: &str) -> Vec<String> {
    let name = format.name().replace(' ', "-");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/golden/{name}-{version}.{ending}"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.lines().map(str::to_owned).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// Checks that `read` finds `value` in each version, and that what is written
/// is the golden line of its version.
fn check_binary<T: Debug + PartialEq>(
    format: &Format,
    written: &[u8],
    value: &T,
    read: impl Fn(&[u8]) -> T,
) {
    for version in format.oldest()..=format.newest() {
        for line in lines(format, version, "hex") {
            if version == format.written() {
                assert_eq!(hex(written), line, "{} is written otherwise", format.name());
            }
            assert_eq!(&read(&bytes(&line)), value);
        }
    }
}

/// As [`check_binary`], for JSON; each value has its line.
fn check_json<T>(format: &Format, values: &[T])
where
    T: Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
{
    for version in format.oldest()..=format.newest() {
        let lines = lines(format, version, "json");
        assert_eq!(lines.len(), values.len());
        for (line, value) in lines.iter().zip(values) {
            if version == format.written() {
                let written = String::from_utf8(version::to_json(format, value)).unwrap();
                assert_eq!(&written, line, "{} is written otherwise", format.name());
            }
            let read: T = version::from_json(format, line.as_bytes()).unwrap();
            assert_eq!(&read, value);
        }
    }
}

#[test]
fn session() {
    let holder = Holder {
        gateway: GATEWAY,
        connection: SessionNonce::new(7),
    };
    let session = Session {
        generation: 3,
        ..Session::begin(SessionId::new(0xdead_beef), holder, 1_700_000_000_000)
    };
    let ticket = session.with_ticket(SessionId::new(9), 1_700_000_001_000);
    check_json(&version::SESSION, &[ticket, session.ended()]);
}

#[test]
fn checkpoint() {
    let value = Checkpoint {
        race: race(),
        owner: OWNER,
        epoch: EPOCH,
        tick: TICK,
        gateways: [GATEWAY].into_iter().collect(),
        state: vec![1, 2, 3].into(),
    };
    check_binary(&version::CHECKPOINT, &value.encode(), &value, |bytes| {
        Checkpoint::decode(bytes).unwrap()
    });
}

fn header() -> SnapshotHeader {
    let ack = |tick, margin_ticks| InputAck { tick, margin_ticks };
    SnapshotHeader {
        race: race(),
        owner: OWNER,
        epoch: EPOCH,
        tick: TICK,
        acks: [ack(TICK + 2, 3), ack(0, 0), ack(TICK + 40, -9)]
            .into_iter()
            .collect(),
    }
}

fn snapshot_bytes() -> Vec<u8> {
    let mut snapshot = header().encode_into(Vec::new());
    snapshot.extend(b"body");
    snapshot
}

#[test]
fn snapshot() {
    let value = (header(), b"body".to_vec());
    check_binary(&version::SNAPSHOT, &snapshot_bytes(), &value, |bytes| {
        let (header, body) = SnapshotHeader::split(bytes).unwrap();
        (header, body.to_vec())
    });
}

fn input() -> InputFrame {
    let full = Controls {
        throttle: 255,
        brake: 0,
        steer: -127,
        handbrake: true,
    };
    InputFrame {
        first_tick: TICK,
        controls: [full, Controls::default()].into_iter().collect(),
    }
}

#[test]
fn input_batch() {
    let frame = input().encode_into(Vec::new());
    let value = InputBatch {
        race: race(),
        gateway: GATEWAY,
        frames: vec![(1, &frame)],
    };
    for version in version::INPUT_BATCH.oldest()..=version::INPUT_BATCH.newest() {
        for line in lines(&version::INPUT_BATCH, version, "hex") {
            if version == version::INPUT_BATCH.written() {
                assert_eq!(hex(&value.encode()), line);
            }
            let bytes = bytes(&line);
            let read = InputBatch::decode(&bytes).unwrap();
            assert_eq!(read, value);
            assert_eq!(InputFrame::decode(read.frames[0].1).unwrap(), input());
        }
    }
}

#[test]
fn catch_up() {
    let request = CatchUpRequest {
        race: race(),
        epoch: EPOCH,
    };
    let written = request.encode();
    check_binary(&version::CATCH_UP_REQUEST, &written, &request, |bytes| {
        CatchUpRequest::decode(bytes).unwrap()
    });
    let snapshot = snapshot_bytes();
    let frame = input().encode_into(Vec::new());
    let answer = CatchUpAnswer {
        race: race(),
        gateway: GATEWAY,
        snapshots: vec![SeenSnapshot {
            age_us: 33_000,
            bytes: &snapshot,
        }],
        inputs: vec![(1, &frame)],
    };
    let whole = format!("{answer:?}");
    let written = answer.encode();
    check_binary(&version::CATCH_UP_ANSWER, &written, &whole, |bytes| {
        format!("{:?}", CatchUpAnswer::decode(bytes).unwrap())
    });
}

#[test]
fn lobby_entry_and_presence() {
    check_json(
        &version::ROOM_ENTRY,
        &[RoomEntry {
            race: race(),
            name: duel(),
            phase: Phase::Racing,
            settings: settings(),
            players: vec![ada()],
            creator: None,
            owner: OWNER,
            epoch: EPOCH,
        }],
    );
    let session = ChatSession {
        player: ada(),
        nonce: SessionNonce::new(7),
        gateway: GATEWAY,
    };
    check_json(&version::PRESENCE, &[Presence { session }]);
}

#[test]
fn records() {
    let (epoch, revision) = (EPOCH, 9);
    let room = RoomRecord {
        race: race(),
        name: duel(),
        settings: settings(),
        phase: Phase::Waiting,
        players: 1,
        owner: OWNER,
        epoch,
        revision,
    };
    let player = PlayerRecord {
        race: race(),
        room: duel(),
        player: ada(),
        seat: 1,
        x_m: 1.5,
        y_m: -2.25,
        heading_rad: 0.5,
        lap: 2,
        score: -7,
        connected: true,
        epoch,
        revision,
    };
    let standing = Standing {
        place: 1,
        player: ada(),
        seat: 1,
        score: 1_234,
        laps: 3,
        time_ms: Some(61_000),
        best_lap_ms: None,
        ai: false,
    };
    let result = ResultRecord {
        race: race(),
        room: duel(),
        mode: Mode::Circuit,
        track: "oval".to_owned(),
        laps: 3,
        target_metres: None,
        ended_at: 1_700_000_000_000,
        epoch,
        tick: TICK,
        standings: vec![standing],
    };
    let chunk = ReplayChunk {
        race: race(),
        first_tick: 300,
        ticks: 300,
        epoch,
        bytes: Base64(vec![0, 1, 0xff]),
    };
    let replay = ReplayRecord {
        race: race(),
        ticks: TICK,
        epoch,
        header: Base64(b"SLR2".to_vec()),
    };
    check_json(
        &version::PERSIST,
        &[
            PersistMessage::Room(room),
            PersistMessage::RoomClosed(RoomClosed { race: race() }),
            PersistMessage::Players {
                players: vec![player],
            },
            PersistMessage::Result(result),
            PersistMessage::ReplayChunk(chunk),
            PersistMessage::Replay(replay),
        ],
    );
}

#[test]
fn seats_of_a_player() {
    let seat = HeldSeat {
        room: duel().id(),
        session: SessionNonce::new(7),
    };
    check_json(&version::SEATS, &[HeldSeats { seats: vec![seat] }]);
}

#[test]
fn quarantined() {
    let set_aside = |origin| Quarantined {
        reason: "a damaged record".to_owned(),
        at: 1_700_000_000_000,
        origin,
        payload: Base64(vec![0, 1, 0xff]),
    };
    let record = Origin::Record {
        subject: "record.result.duel".to_owned(),
        message_id: Some("result:duel".to_owned()),
    };
    let checkpoint = Origin::Checkpoint {
        room: "duel".to_owned(),
    };
    let values = [record, checkpoint].map(set_aside);
    check_json(&version::QUARANTINE, &values);
}

/// Hello, an input and a snapshot, as clients send and get them.
#[test]
fn conversation() {
    let hello = Hello {
        client: "client".to_owned(),
    };
    let relayed = relay_into(&snapshot_bytes(), Vec::new()).unwrap();
    let written = [
        hex(&frame::hello(&hello)),
        hex(&input().encode_into(Vec::new())),
        hex(&relayed),
    ];
    let format = &version::CONVERSATION;
    for version in format.oldest()..=format.newest() {
        let lines = lines(format, version, "hex");
        if version == format.written() {
            assert_eq!(lines, written);
        }
        assert_eq!(frame::read_hello(&bytes(&lines[0])).unwrap(), hello);
        assert_eq!(InputFrame::decode(&bytes(&lines[1])).unwrap(), input());
        let snapshot = bytes(&lines[2]);
        let (relayed, body) = RelayedHeader::split(&snapshot).unwrap();
        assert_eq!((relayed.tick, relayed.acks), (TICK, header().acks));
        assert_eq!(body, b"body");
    }
}

#[test]
fn every_version_that_is_read_has_a_fixture() {
    for format in FORMATS {
        // In the race worker, whose encoding it is.
        if *format == version::ROOM_STATE {
            continue;
        }
        for version in format.oldest()..=format.newest() {
            let fixture = ["hex", "json"].map(|ending| {
                let name = format.name().replace(' ', "-");
                let file = format!("tests/golden/{name}-{version}.{ending}");
                Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists()
            });
            assert_ne!(fixture, [false; 2], "{} {version}", format.name());
        }
    }
}

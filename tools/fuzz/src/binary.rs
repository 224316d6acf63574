//! The binary formats between processes, and those between client and gateway.

use domain::{Drive, SEATS_MAX};
use netcode::wire;
use protocol::ReadError;
use protocol::catch_up::{CatchUpAnswer, CatchUpRequest};
use protocol::checkpoint::Checkpoint;
use protocol::frame;
use protocol::input::{InputBatch, InputFrame};
use protocol::limits::INPUT_TICKS_MAX;
use protocol::snapshot::{RelayedHeader, SnapshotBody, SnapshotHeader};
use simulation::{Events, Rules, Track, step};

use crate::checks::{bounded, round_trip};
use crate::tracks;

/// Ticks that a reader computes from a state before the next snapshot comes.
const TICKS: usize = 4;

/// A client's input frame.
pub fn input_frame(bytes: &[u8]) {
    let encode = |frame: &InputFrame| frame.encode_into(Vec::new());
    let is_read_again =
        |bytes: &[u8], frame: &InputFrame| InputFrame::decode(bytes).as_ref() == Ok(frame);
    let Some(frame) = round_trip(bytes, InputFrame::decode, encode, is_read_again) else {
        return;
    };
    assert!(frame.controls.len() <= INPUT_TICKS_MAX);
    assert_eq!(frame.ticks().count(), frame.controls.len());
    // A gateway reads no more of it.
    assert_eq!(InputFrame::first_tick_of(bytes), Some(frame.first_tick));
}

/// The inputs of a gateway for a room.
pub fn input_batch(bytes: &[u8]) {
    let is_read_again =
        |bytes: &[u8], batch: &InputBatch<'_>| InputBatch::decode(bytes).as_ref() == Ok(batch);
    let batch = round_trip(bytes, InputBatch::decode, InputBatch::encode, is_read_again);
    for (_seat, frame) in batch.map(|batch| batch.frames).unwrap_or_default() {
        input_frame(frame);
    }
}

/// What a new owner asks gateways.
pub fn catch_up_request(bytes: &[u8]) {
    let is_read_again = |bytes: &[u8], request: &CatchUpRequest| {
        CatchUpRequest::decode(bytes).as_ref() == Ok(request)
    };
    round_trip(
        bytes,
        CatchUpRequest::decode,
        CatchUpRequest::encode,
        is_read_again,
    );
}

/// What gateways answer it.
pub fn catch_up_answer(bytes: &[u8]) {
    let is_read_again = |bytes: &[u8], answer: &CatchUpAnswer<'_>| {
        CatchUpAnswer::decode(bytes).as_ref() == Ok(answer)
    };
    let read = round_trip(
        bytes,
        CatchUpAnswer::decode,
        CatchUpAnswer::encode,
        is_read_again,
    );
    let Some(answer) = read else { return };
    for seen in &answer.snapshots {
        snapshot(seen.bytes);
    }
    for (_seat, frame) in &answer.inputs {
        input_frame(frame);
    }
}

/// The record that makes a worker the owner of a room.
pub fn checkpoint(bytes: &[u8]) {
    let is_read_again = |bytes: &[u8], checkpoint: &Checkpoint| {
        Checkpoint::decode(bytes).as_ref() == Ok(checkpoint)
    };
    round_trip(bytes, Checkpoint::decode, Checkpoint::encode, is_read_again);
}

/// A snapshot as it travels on NATS, and as a gateway relays it.
pub fn snapshot(bytes: &[u8]) {
    let split = bounded(bytes, || SnapshotHeader::split(bytes));
    let relayed = bounded(bytes, || frame::snapshot(bytes));
    let (header, body) = match (split, relayed.as_ref()) {
        (Ok(split), Ok(_)) => split,
        (Ok(_), Err(error)) => panic!("a snapshot that can be read is not relayed: {error}"),
        (Err(ReadError::Version(_) | ReadError::Damaged { .. }), _) => return,
    };
    let mut written = header.encode_into(Vec::new());
    written.extend(body);
    assert_eq!(SnapshotHeader::split(&written), Ok((header.clone(), body)));

    let relayed = relayed.expect("as above");
    let (_kind, relayed) = frame::split(&relayed).expect("a gateway wrote it");
    let (short, rest) = RelayedHeader::split(relayed).expect("its origin was read");
    assert_eq!(rest, body);
    assert_eq!(
        (short.race, short.epoch, short.tick, short.acks),
        (header.race.tag(), header.epoch, header.tick, header.acks)
    );
    snapshot_body(body, header.tick);
}

/// A snapshot as a client gets it.
pub fn relayed_snapshot(bytes: &[u8]) {
    let Ok((header, body)) = bounded(bytes, || RelayedHeader::split(bytes)) else {
        return;
    };
    let mut written = header.encode_into(Vec::new());
    written.extend(body);
    assert_eq!(RelayedHeader::split(&written), Ok((header.clone(), body)));
    snapshot_body(body, header.tick);
}

/// The cars of a snapshot, from which a client goes on whatever they are.
fn snapshot_body(bytes: &[u8], tick: u32) {
    let Some((track, course)) = SnapshotBody::fingerprint(bytes).and_then(tracks::by_fingerprint)
    else {
        return;
    };
    let decode = |bytes| SnapshotBody::decode(bytes, tick, &course);
    let encode = |body: &SnapshotBody| {
        let mut out = Vec::new();
        body.encode_into(tick, &course, &mut out);
        out
    };
    let is_read_again = |bytes: &[u8], body: &SnapshotBody| {
        SnapshotBody::decode(bytes, tick, &course).as_ref() == Ok(body)
    };
    let Some(body) = round_trip(bytes, decode, encode, is_read_again) else {
        return;
    };
    let cars = body.cars.len();
    assert!(cars <= SEATS_MAX && body.applied.len() == cars);
    assert!(body.winner.is_none_or(|seat| usize::from(seat) < cars));
    go_on(&track, &body, tick);
}

fn go_on(track: &Track, body: &SnapshotBody, tick: u32) {
    let rules = Rules::on(track, 3, u64::from(tick), 240);
    let mut state = wire::state(body, tick);
    let drives: Vec<Drive> = body.applied.iter().map(|applied| applied[0]).collect();
    let mut events = Events::new();
    for _ in 0..TICKS {
        step(track, &rules, &mut state, &drives, &mut events);
    }
    for (seat, car) in state.cars.iter().enumerate() {
        let position = car.position_m();
        assert!(position.x.is_finite() && position.y.is_finite());
        assert!(track.station_m(car).is_finite());
        let _ = (
            state.score(seat),
            track.laps_completed(car),
            track.next_gate(car),
        );
    }
    assert_eq!(state.leaderboard().len(), state.cars.len());
    let _ = state.hash();
}

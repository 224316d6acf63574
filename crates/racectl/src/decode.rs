//! Decoding of one message as JSON.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use domain::{Car, POSITION_UNITS_PER_M};
use netcode::{TrackCourse, course};
use protocol::Seat;
use protocol::catch_up::{CatchUpAnswer, CatchUpRequest};
use protocol::checkpoint::Checkpoint;
use protocol::input::{InputBatch, InputFrame};
use protocol::snapshot::{SnapshotBody, SnapshotHeader};
use protocol::subject::{self, Payload};
use serde_json::{Value, json};
use simulation::Track;

/// Size limit of a message on standard input: more than the bus carries.
const MESSAGE_BYTES_MAX: u64 = 2 << 20;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Whatever fits: JSON, else a snapshot, else inputs, else a checkpoint.
    Any,
    /// A message of `race.room.<room>.snapshot`.
    Snapshot,
    /// A message of `race.room.<room>.in`.
    Inputs,
    /// A value of the bucket `checkpoints`.
    Checkpoint,
    /// A message of `race.room.<room>.catchup`.
    CatchUp,
    /// A gateway's answer to one.
    CatchUpAnswer,
}

/// Prints the message on standard input as JSON.
///
/// # Errors
/// When the message is not of this kind.
pub fn decode_stdin(kind: Kind) -> Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MESSAGE_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    let value = match kind {
        Kind::Any => any(&bytes)?,
        Kind::Snapshot => snapshot(&bytes).context("this is not a snapshot")?,
        Kind::Inputs => inputs(&bytes).context("these are not inputs")?,
        Kind::Checkpoint => checkpoint(&bytes).context("this is not a checkpoint")?,
        Kind::CatchUp => catch_up(&bytes).context("this is not a request to catch up")?,
        Kind::CatchUpAnswer => {
            catch_up_answer(&bytes).context("this is not an answer to catch up with")?
        }
    };
    println!("{value}");
    Ok(())
}

/// Decodes a message as JSON, according to its subject. A message that cannot be
/// decoded is shown by its length.
#[must_use]
pub fn of_subject(subject: &str, bytes: &[u8]) -> Value {
    let decoded = match subject::payload_of(subject) {
        Payload::Snapshot => snapshot(bytes),
        Payload::Inputs => inputs(bytes),
        Payload::CatchUp => catch_up(bytes),
        Payload::Text => None,
    };
    decoded
        .or_else(|| text(bytes))
        .unwrap_or_else(|| json!({ "bytes": bytes.len() }))
}

fn any(bytes: &[u8]) -> Result<Value> {
    let tries = [
        serde_json::from_slice(bytes).ok(),
        snapshot(bytes),
        inputs(bytes),
        checkpoint(bytes),
    ];
    match tries.into_iter().flatten().next() {
        Some(value) => Ok(value),
        None => bail!(
            "{} bytes that are neither JSON nor a snapshot, inputs or a checkpoint",
            bytes.len()
        ),
    }
}

fn text(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes)
        .ok()
        .or_else(|| std::str::from_utf8(bytes).ok().map(|text| json!(text)))
}

fn snapshot(bytes: &[u8]) -> Option<Value> {
    let (header, body) = SnapshotHeader::split(bytes).ok()?;
    let (track, course) = course_of(SnapshotBody::fingerprint(body)?)?;
    let body = SnapshotBody::decode(body, header.tick, &course).ok()?;
    let cars: Vec<Value> = body.cars.iter().enumerate().map(car).collect();
    let acks: Vec<Value> = header
        .acks
        .iter()
        .map(|ack| json!({ "tick": ack.tick, "margin_ticks": ack.margin_ticks }))
        .collect();
    Some(json!({
        "race": header.race,
        "owner": header.owner,
        "epoch": header.epoch,
        "tick": header.tick,
        "acknowledged": acks,
        "track": track,
        "winner": body.winner,
        "cars": cars,
    }))
}

/// Returns the shipped track of a snapshot. A tap sees thirty snapshots a second of
/// each room: a course is computed once.
fn course_of(fingerprint: u16) -> Option<(&'static str, TrackCourse)> {
    static KNOWN: LazyLock<Mutex<HashMap<u16, TrackCourse>>> = LazyLock::new(Mutex::default);
    let mut names = Track::names().iter().chain([&Track::HIGHWAY]);
    let name = names.find(|name| course::fingerprint(name) == fingerprint)?;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(course) = known.get(&fingerprint) {
        return Some((name, course.clone()));
    }
    let course = TrackCourse::new(&Track::by_name(name)?);
    known.insert(fingerprint, course.clone());
    Some((name, course))
}

/// Formats a car in SI units.
fn car((seat, car): (usize, &Car)) -> Value {
    let position = car.position_m();
    json!({
        "seat": seat,
        "x_m": round(position.x),
        "y_m": round(position.y),
        "heading_deg": round(car.heading_rad().to_degrees()),
        "speed_kmh": round(car.speed_mps() * 3.6),
        "credited_m": round(f64::from(car.credited) / f64::from(POSITION_UNITS_PER_M)),
        "gates_passed": car.gates_passed,
        "place": car.finish.map(|finish| finish.place),
    })
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn inputs(bytes: &[u8]) -> Option<Value> {
    let batch = InputBatch::decode(bytes).ok()?;
    let frames = frames(&batch.frames)?;
    Some(json!({ "race": batch.race, "gateway": batch.gateway, "frames": frames }))
}

fn frames(frames: &[(Seat, &[u8])]) -> Option<Vec<Value>> {
    let frame = |(seat, frame): &(Seat, &[u8])| {
        let frame = InputFrame::decode(frame).ok()?;
        let InputFrame {
            first_tick,
            controls,
        } = frame;
        Some(json!({ "seat": seat, "first_tick": first_tick, "controls": controls }))
    };
    frames.iter().map(frame).collect()
}

fn catch_up(bytes: &[u8]) -> Option<Value> {
    let request = CatchUpRequest::decode(bytes).ok()?;
    Some(json!({ "race": request.race, "epoch": request.epoch }))
}

fn catch_up_answer(bytes: &[u8]) -> Option<Value> {
    let answer = CatchUpAnswer::decode(bytes).ok()?;
    let snapshots: Option<Vec<Value>> = answer
        .snapshots
        .iter()
        .map(|seen| {
            let (header, _body) = SnapshotHeader::split(seen.bytes).ok()?;
            let age_ms = round(f64::from(seen.age_us) / 1_000.0);
            Some(json!({ "epoch": header.epoch, "tick": header.tick, "age_ms": age_ms }))
        })
        .collect();
    Some(json!({
        "race": answer.race,
        "gateway": answer.gateway,
        "snapshots": snapshots?,
        "frames": frames(&answer.inputs)?,
    }))
}

fn checkpoint(bytes: &[u8]) -> Option<Value> {
    let checkpoint = Checkpoint::decode(bytes).ok()?;
    Some(json!({
        "race": checkpoint.race,
        "owner": checkpoint.owner,
        "epoch": checkpoint.epoch,
        "tick": checkpoint.tick,
        "gateways": checkpoint.gateways,
        "state_bytes": checkpoint.state.len(),
    }))
}

#[cfg(test)]
mod tests {
    use domain::Controls;
    use protocol::{GatewayId, RaceId};

    use super::*;

    #[test]
    fn reads_inputs_as_the_gateway_sends_them() {
        let frame = InputFrame {
            first_tick: 9,
            controls: [Controls::default()].into_iter().collect(),
        };
        let frame = frame.encode_into(Vec::new());
        let race: RaceId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let batch = InputBatch {
            race,
            gateway: GatewayId::new(1),
            frames: vec![(2, &frame)],
        };
        let value = of_subject("race.room.r.in", &batch.encode());
        assert_eq!(value["frames"][0]["seat"], 2);
        assert_eq!(value["frames"][0]["first_tick"], 9);
        assert_eq!(value["gateway"], "00000001");
        let request = CatchUpRequest {
            race,
            epoch: protocol::Epoch(2),
        };
        let value = of_subject("race.room.r.catchup", &request.encode());
        assert_eq!(value["epoch"], 2);
        let answer = CatchUpAnswer {
            race,
            gateway: GatewayId::new(1),
            snapshots: Vec::new(),
            inputs: vec![(1, &frame)],
        };
        let value = catch_up_answer(&answer.encode()).unwrap();
        assert_eq!(value["frames"][0]["first_tick"], 9);
    }

    #[test]
    fn tells_the_length_of_what_it_cannot_read() {
        assert_eq!(
            of_subject("race.room.r.snapshot", &[0xff; 9]),
            json!({ "bytes": 9 })
        );
        assert_eq!(of_subject("chat.x", b"plain"), json!("plain"));
        assert!(any(&[0xff; 9]).is_err());
    }
}

//! What one transaction will write: the messages of a batch, folded into one
//! row for each key. Pure.

mod replay;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use protocol::limits::{
    EPOCH_MAX, POSITION_ABS_MAX_M, RACE_TIME_MAX_MS, SCORE_ABS_MAX, UNIX_MILLIS_MAX,
};
use protocol::persist::PersistMessage;
use protocol::record::{PlayerRecord, ResultRecord, RoomRecord};
use protocol::room::Standing;
use protocol::{Epoch, UnixMillis};
use serde::Serialize;

use crate::entity::{race_result, replay as replay_table, replay_chunk, room, snapshot};
use crate::error::RecordError;

/// Longest track name: its column has so many characters.
const TRACK_CHARS_MAX: usize = 64;

/// Rows to write, in the order of their keys: transactions that lock rows in
/// one order do not end in a deadlock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub(crate) closed: BTreeSet<String>,
    pub(crate) rooms: BTreeMap<String, room::Model>,
    pub(crate) snapshots: BTreeMap<(String, String), snapshot::Model>,
    pub(crate) results: BTreeMap<(String, String), race_result::Model>,
    pub(crate) replays: BTreeMap<String, replay_table::Model>,
    pub(crate) replay_chunks: BTreeMap<(String, i64), replay_chunk::Model>,
    results_ended_at: Vec<UnixMillis>,
}

impl Batch {
    /// Adds a message as it came from the queue. Nothing is added on an error.
    ///
    /// # Errors
    /// When it is not of the protocol or fits no row.
    pub fn add_bytes(&mut self, payload: &[u8]) -> Result<(), RecordError> {
        self.add(PersistMessage::read(payload)?)
    }

    /// Adds a message. Nothing is added on an error.
    ///
    /// # Errors
    /// When it fits no row.
    pub fn add(&mut self, message: PersistMessage) -> Result<(), RecordError> {
        match message {
            PersistMessage::Room(record) => {
                let row = room_row(record)?;
                // A room that is closed in the same batch is not written at all.
                if !self.closed.contains(&row.race) {
                    keep_newest(&mut self.rooms, row.race.clone(), row, |row| row.version);
                }
            }
            PersistMessage::RoomClosed(record) => {
                let race = record.race.to_string();
                self.rooms.remove(&race);
                self.closed.insert(race);
            }
            PersistMessage::Players { players } => {
                let rows: Vec<_> = players.iter().map(snapshot_row).collect::<Result<_, _>>()?;
                for row in rows {
                    let key = (row.race.clone(), row.player.clone());
                    keep_newest(&mut self.snapshots, key, row, |row| row.version);
                }
            }
            PersistMessage::Result(record) => {
                let rows: Vec<_> = record
                    .standings
                    .iter()
                    .map(|standing| result_row(&record, standing))
                    .collect::<Result<_, _>>()?;
                for row in rows {
                    let key = (row.race.clone(), row.player.clone());
                    keep_newest(&mut self.results, key, row, |row| row.version);
                }
                self.results_ended_at.push(record.ended_at);
            }
            PersistMessage::Replay(record) => {
                let row = replay::replay_row(record)?;
                keep_newest(&mut self.replays, row.race.clone(), row, |row| row.version);
            }
            PersistMessage::ReplayChunk(record) => {
                let row = replay::chunk_row(record)?;
                let key = (row.race.clone(), row.first_tick);
                keep_newest(&mut self.replay_chunks, key, row, |row| row.version);
            }
        }
        Ok(())
    }

    /// When the races of this batch ended, for the lag.
    pub(crate) fn results_ended_at(&self) -> &[UnixMillis] {
        &self.results_ended_at
    }
}

/// The one number that orders what is written about a race.
pub(crate) fn version(epoch: Epoch, counter: u32) -> Result<i64, RecordError> {
    let epoch = limited("epoch", epoch.0.into(), EPOCH_MAX.into())?;
    Ok(epoch << 32 | i64::from(counter))
}

/// The two numbers in a version.
pub(crate) fn split_version(version: i64) -> (u32, u32) {
    let low = i64::from(u32::MAX);
    let half = |number: i64| u32::try_from(number & low).unwrap_or_default();
    (half(version >> 32), half(version))
}

/// The word of the wire for a value, such as `waiting` for a phase.
fn word(value: &impl Serialize) -> Result<String, RecordError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Ok(other.to_string()),
    }
}

fn keep_newest<K: Ord, R>(rows: &mut BTreeMap<K, R>, key: K, row: R, version: fn(&R) -> i64) {
    match rows.entry(key) {
        Entry::Vacant(place) => {
            place.insert(row);
        }
        Entry::Occupied(mut place) => {
            if version(&row) > version(place.get()) {
                place.insert(row);
            }
        }
    }
}

fn room_row(record: RoomRecord) -> Result<room::Model, RecordError> {
    Ok(room::Model {
        race: record.race.to_string(),
        name: record.name.into(),
        seats: record.settings.seats.into(),
        mode: word(&record.settings.mode)?,
        track: track(&record.settings.track)?,
        laps: record.settings.laps.into(),
        target_metres: Some(metres(record.settings.target_metres)?),
        phase: word(&record.phase)?,
        players: record.players.into(),
        owner: record.owner.to_string(),
        version: version(record.epoch, record.revision)?,
    })
}

fn snapshot_row(record: &PlayerRecord) -> Result<snapshot::Model, RecordError> {
    Ok(snapshot::Model {
        race: record.race.to_string(),
        player: record.player.id().into(),
        room: record.room.to_string(),
        player_name: record.player.to_string(),
        seat: record.seat.into(),
        x_m: coordinate("x_m", record.x_m)?,
        y_m: coordinate("y_m", record.y_m)?,
        heading_rad: coordinate("heading_rad", record.heading_rad)?,
        lap: record.lap.into(),
        score: score(record.score)?,
        connected: record.connected,
        version: version(record.epoch, record.revision)?,
    })
}

fn result_row(
    record: &ResultRecord,
    standing: &Standing,
) -> Result<race_result::Model, RecordError> {
    let time = |field, value: Option<u64>| {
        let time = value.map(|value| limited(field, value, RACE_TIME_MAX_MS));
        time.transpose()
    };
    Ok(race_result::Model {
        race: record.race.to_string(),
        player: standing.player.id().into(),
        room: record.room.to_string(),
        mode: word(&record.mode)?,
        track: track(&record.track)?,
        race_laps: record.laps.into(),
        target_metres: record.target_metres.map(metres).transpose()?,
        ended_at: limited("ended_at", record.ended_at, UNIX_MILLIS_MAX)?,
        place: standing.place.into(),
        player_name: standing.player.to_string(),
        seat: standing.seat.into(),
        score: score(standing.score)?,
        laps: standing.laps.into(),
        time_ms: time("time_ms", standing.time_ms)?,
        best_lap_ms: time("best_lap_ms", standing.best_lap_ms)?,
        ai: standing.ai,
        version: version(record.epoch, record.tick)?,
    })
}

fn limited(field: &'static str, value: u64, max: u64) -> Result<i64, RecordError> {
    match i64::try_from(value) {
        Ok(number) if value <= max => Ok(number),
        Ok(_) | Err(_) => Err(out_of_range(field, &value)),
    }
}

fn score(metres: i64) -> Result<i64, RecordError> {
    if (-SCORE_ABS_MAX..=SCORE_ABS_MAX).contains(&metres) {
        return Ok(metres);
    }
    Err(out_of_range("score", &metres))
}

fn coordinate(field: &'static str, value: f64) -> Result<f64, RecordError> {
    if value.abs() <= POSITION_ABS_MAX_M {
        return Ok(value);
    }
    Err(out_of_range(field, &value))
}

fn metres(value: u32) -> Result<i32, RecordError> {
    i32::try_from(value).map_err(|_| out_of_range("target_metres", &value))
}

fn out_of_range(field: &'static str, value: &impl ToString) -> RecordError {
    let value = value.to_string();
    RecordError::OutOfRange { field, value }
}

fn track(name: &str) -> Result<String, RecordError> {
    let chars = name.chars().count();
    if chars > TRACK_CHARS_MAX {
        let field = "track";
        return Err(RecordError::TooLong {
            field,
            chars,
            chars_max: TRACK_CHARS_MAX,
        });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    fn room(epoch: u32, revision: u32) -> String {
        format!(
            r#"{{"kind":"room","race":"{RACE}","name":"Friday","settings":{{"track":"oval"}},
                "phase":"waiting","players":1,"owner":"0000002a","epoch":{epoch},
                "revision":{revision}}}"#
        )
    }

    fn closed() -> String {
        format!(r#"{{"kind":"room_closed","race":"{RACE}"}}"#)
    }

    fn result(score: i64, ended_at: u64, time_ms: u64) -> String {
        format!(
            r#"{{"kind":"result","race":"{RACE}","room":"Friday","mode":"circuit","track":"oval",
                "laps":3,"ended_at":{ended_at},"epoch":1,"tick":1,"standings":[{{"place":1,
                "player":"Ada","seat":0,"score":{score},"laps":3,"time_ms":{time_ms},
                "best_lap_ms":null}}]}}"#
        )
    }

    fn player(x_m: &str, score: i64) -> String {
        format!(
            r#"{{"kind":"players","players":[{{"race":"{RACE}","room":"Friday","player":"Ada",
                "seat":0,"x_m":{x_m},"y_m":0,"heading_rad":0,"lap":1,"score":{score},
                "connected":true,"epoch":1,"revision":1}}]}}"#
        )
    }

    fn batch_of(messages: &[String]) -> Batch {
        let mut batch = Batch::default();
        for message in messages {
            batch.add_bytes(message.as_bytes()).unwrap();
        }
        batch
    }

    #[test]
    fn keeps_the_newest_of_a_key_in_any_order() {
        let newest = room(2, 1);
        let expected = batch_of(std::slice::from_ref(&newest));
        assert_eq!(
            batch_of(&[room(1, 9), newest.clone(), room(1, 10)]),
            expected
        );
        assert_eq!(batch_of(&[newest.clone(), newest, room(2, 0)]), expected);
        assert_eq!(split_version(expected.rooms[RACE].version), (2, 1));
    }

    #[test]
    fn writes_no_room_that_closes_in_the_same_batch() {
        for messages in [[room(1, 1), closed()], [closed(), room(1, 1)]] {
            let batch = batch_of(&messages);
            assert!(batch.rooms.is_empty());
            assert!(batch.closed.contains(RACE));
        }
    }

    #[test]
    fn refuses_what_fits_no_row_and_says_why() {
        let long_track = room(1, 1).replace("oval", &"o".repeat(65));
        let cases = [
            ("{".to_owned(), "unreadable"),
            (r#"{"kind":"weather"}"#.to_owned(), "unreadable"),
            (room(u32::MAX, 1), "unreadable"),
            (
                result(i64::MAX, 1, 1),
                "score is out of range: 9223372036854775807",
            ),
            (
                result(-1_000_000_001, 1, 1),
                "score is out of range: -1000000001",
            ),
            (
                result(1, u64::MAX, 1),
                "ended_at is out of range: 18446744073709551615",
            ),
            (
                result(1, 1, 1 << 62),
                "time_ms is out of range: 4611686018427387904",
            ),
            (player("1e300", 1), "x_m is out of range: 1"),
            (
                player("0", i64::MIN),
                "score is out of range: -9223372036854775808",
            ),
            (
                format!(
                    r#"{{"kind":"replay","race":"{RACE}","ticks":1,"epoch":1,"header":"{}"}}"#,
                    "AAAA".repeat(100)
                ),
                "header has 300 bytes, at most 256 are allowed",
            ),
            (
                long_track,
                "track has 65 characters, at most 64 are allowed",
            ),
        ];
        for (message, expected) in cases {
            let mut batch = Batch::default();
            let error = batch.add_bytes(message.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(batch, Batch::default());
        }
    }
}

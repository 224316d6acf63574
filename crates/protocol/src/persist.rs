//! What goes to the database, through three streams by worth.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::{PlayerRecord, ResultRecord, RoomClosed, RoomRecord};
use crate::replay::{ReplayChunk, ReplayRecord};
use crate::subject;
use crate::version::{self, PERSIST, ReadError};

/// A stream of records: what one kind of record suffers, the others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordStream {
    /// Results: never refused and never discarded.
    Results,
    /// Rooms and players: the latest of each subject.
    Records,
    /// Replays: the oldest are discarded when it is full.
    Replays,
}

impl RecordStream {
    /// All streams, the most valuable first.
    pub const ALL: [Self; 3] = [Self::Results, Self::Records, Self::Replays];

    /// Its name in NATS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Results => subject::STREAM_RESULTS,
            Self::Records => subject::STREAM_RECORDS,
            Self::Replays => subject::STREAM_REPLAYS,
        }
    }

    /// The stream that keeps a subject.
    #[must_use]
    pub fn of_subject(subject: &str) -> Option<Self> {
        match subject.split('.').nth(1)? {
            "result" => Some(Self::Results),
            "room" | "players" => Some(Self::Records),
            "replay" => Some(Self::Replays),
            _ => None,
        }
    }

    /// The subjects that it keeps.
    #[must_use]
    pub const fn subjects(self) -> &'static [&'static str] {
        match self {
            Self::Results => &[subject::RECORD_RESULTS],
            Self::Records => &[subject::RECORD_ROOMS, subject::RECORD_PLAYERS],
            Self::Replays => &[subject::RECORD_REPLAYS],
        }
    }
}

impl fmt::Display for RecordStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A message of `record.>`. Rows are guarded by race, epoch, and tick or
/// revision, so that a late or repeated message changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PersistMessage {
    /// A room came to be, or changed.
    Room(RoomRecord),
    /// A room is gone; nothing of its race may bring it back.
    RoomClosed(RoomClosed),
    /// Where players of a room were at the same time.
    Players {
        /// One each.
        players: Vec<PlayerRecord>,
    },
    /// A race ended.
    Result(ResultRecord),
    /// Some seconds of a race's inputs.
    ReplayChunk(ReplayChunk),
    /// What the chunks of a race belong to, once it has ended.
    Replay(ReplayRecord),
}

/// The reason why a record was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordReadError {
    /// The record is of another version, or damaged.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// The record is of a kind that this program does not know: another release wrote
    /// it.
    #[error("a record of the unknown kind {0:?}")]
    UnknownKind(String),
}

impl PersistMessage {
    /// The words of all kinds on the wire.
    pub const KINDS: [&str; 6] = [
        "room",
        "room_closed",
        "players",
        "result",
        "replay_chunk",
        "replay",
    ];

    /// The stream that takes it.
    #[must_use]
    pub const fn stream(&self) -> RecordStream {
        match self {
            Self::Result(_) => RecordStream::Results,
            Self::Room(_) | Self::RoomClosed(_) | Self::Players { .. } => RecordStream::Records,
            Self::ReplayChunk(_) | Self::Replay(_) => RecordStream::Replays,
        }
    }

    /// Reads a record. One of an unknown kind is left alone like one of an unknown
    /// version.
    ///
    /// # Errors
    /// When it is of another version or kind, or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, RecordReadError> {
        let error = match version::from_json(&PERSIST, bytes) {
            Ok(message) => return Ok(message),
            Err(error) => error,
        };
        match (&error, unknown_kind(bytes)) {
            (ReadError::Damaged { .. }, Some(kind)) => Err(RecordReadError::UnknownKind(kind)),
            (ReadError::Damaged { .. } | ReadError::Version(_), _) => Err(error.into()),
        }
    }

    /// The subject that it is published on. Players are published under the race of
    /// the first; a worker that gathers those of many races uses
    /// [`subject::record_players_of`].
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Room(record) => subject::record_room(record.race),
            Self::RoomClosed(record) => subject::record_room(record.race),
            Self::Players { players } => players.first().map_or_else(
                || subject::RECORD_NO_PLAYERS.to_owned(),
                |record| subject::record_players(record.race),
            ),
            Self::Result(record) => subject::record_result(record.race),
            Self::ReplayChunk(chunk) => subject::record_replay(chunk.race, chunk.first_tick),
            Self::Replay(record) => subject::record_replay_end(record.race),
        }
    }
}

fn unknown_kind(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Stated {
        kind: String,
    }
    let Stated { kind } = serde_json::from_slice(bytes).ok()?;
    (!PersistMessage::KINDS.contains(&kind.as_str())).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_unknown_kind_from_a_damaged_record() {
        let read = |text: &str| PersistMessage::read(text.as_bytes()).unwrap_err();
        let unknown = RecordReadError::UnknownKind("weather".to_owned());
        assert_eq!(read(r#"{"kind":"weather","rain":3}"#), unknown);
        assert_eq!(read(r#"{"version":2,"kind":"weather"}"#), unknown);
        for damaged in ["", "[]", "{}", r#"{"kind":7}"#, r#"{"kind":"room"}"#] {
            let error = read(damaged);
            let is_damaged = matches!(
                error,
                RecordReadError::Unreadable(ReadError::Damaged { .. })
            );
            assert!(is_damaged, "{damaged}: {error}");
        }
        let newer = read(r#"{"version":99,"kind":"weather"}"#);
        let is_version = matches!(newer, RecordReadError::Unreadable(ReadError::Version(_)));
        assert!(is_version, "{newer}");
        // Each known kind without its fields is damaged, not unknown.
        for kind in PersistMessage::KINDS {
            let error = read(&format!(r#"{{"kind":"{kind}"}}"#));
            assert!(!matches!(error, RecordReadError::UnknownKind(_)), "{kind}");
        }
    }

    #[test]
    fn each_record_is_kept_by_one_stream() {
        use crate::ids::{RaceId, WorkerId};
        let race = RaceId::first_of(1);
        let kept_by = |subject: &str| {
            let is_kept = |stream: &RecordStream| {
                let mut kept = stream.subjects().iter();
                kept.any(|pattern| matches_pattern(pattern, subject))
            };
            RecordStream::ALL
                .into_iter()
                .filter(is_kept)
                .collect::<Vec<_>>()
        };
        let closed = PersistMessage::RoomClosed(RoomClosed { race });
        let nobody = PersistMessage::Players { players: vec![] };
        for (subject, stream) in [
            (subject::record_result(race), RecordStream::Results),
            (closed.subject(), RecordStream::Records),
            (nobody.subject(), RecordStream::Records),
            (subject::record_players(race), RecordStream::Records),
            (
                subject::record_players_of(WorkerId::new(42), 7),
                RecordStream::Records,
            ),
            (subject::record_replay(race, 300), RecordStream::Replays),
            (subject::record_replay_end(race), RecordStream::Replays),
        ] {
            assert_eq!(kept_by(&subject), [stream], "{subject}");
            assert_eq!(RecordStream::of_subject(&subject), Some(stream));
        }
        assert_eq!(
            subject::record_players_of(WorkerId::new(42), 7),
            "record.players.worker.0000002a.7"
        );
    }

    fn matches_pattern(pattern: &str, subject: &str) -> bool {
        match pattern.strip_suffix('>') {
            Some(prefix) => subject.starts_with(prefix),
            None => {
                let (pattern, subject) = (pattern.split('.'), subject.split('.'));
                pattern.clone().count() == subject.clone().count()
                    && pattern.zip(subject).all(|(a, b)| a == "*" || a == b)
            }
        }
    }
}

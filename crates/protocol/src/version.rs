//! Versions of everything that is stored or sent between processes.
//!
//! # The rule
//! - Bytes begin with the version of their format; JSON that is stored has a
//!   field `version`, and is of version 1 without it.
//! - A program reads a format from its oldest to its newest version, and writes
//!   one of them. What is of another version it leaves alone: it reports an
//!   [`UnknownVersion`] in its log and its metrics and decodes nothing. A worker
//!   does not claim such a room, and another worker does.
//! - **A format changes in two releases.** The first reads the next version, the
//!   second writes it. So any release reads all that its neighbours write, old
//!   and new processes run side by side in every mixture, and an upgrade can be
//!   taken back. A third release may stop reading the old version.
//! - A new version is a new constant here, a decoder for each version that is
//!   read, and golden bytes in `tests/golden/`; those of versions that are read stay.
//! - Requests, answers, events and heartbeats are JSON and state no version. They
//!   gain fields that have defaults; none is renamed, removed or used for
//!   something else. What clients send and get has the version of
//!   [`CONVERSATION`], which the hello states.
//!
//! A replay's formats are `simulation::replay::{HEADER, CHUNK}`; the same rule is
//! theirs. `racectl formats` lists all of them, and `docs/compatibility.md` says
//! what the rule means for an operator.

use std::fmt;

use domain::{Format, UnknownVersion};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

// The bytes of builds before there were versions begin with the ULID of a race,
// whose first byte is 1 until 2039. Binary formats begin with version 2.

/// The owner of a room, and the room: a value of the bucket `checkpoints`.
pub const CHECKPOINT: Format = Format::new("checkpoint", 2, 2, 2);
/// The room in a checkpoint, in the race worker's encoding.
pub const ROOM_STATE: Format = Format::new("room state", 2, 2, 2);
/// A snapshot from a worker to gateways: header and body.
pub const SNAPSHOT: Format = Format::new("snapshot", 2, 2, 2);
/// Inputs from a gateway to a room's owner.
pub const INPUT_BATCH: Format = Format::new("input batch", 2, 2, 2);
/// What a new owner asks gateways.
pub const CATCH_UP_REQUEST: Format = Format::new("catch-up request", 2, 2, 2);
/// What gateways answer it.
pub const CATCH_UP_ANSWER: Format = Format::new("catch-up answer", 2, 2, 2);
/// A value of the bucket `rooms`, in JSON.
pub const ROOM_ENTRY: Format = Format::new("lobby entry", 1, 2, 2);
/// A value of the bucket `presence`, in JSON.
pub const PRESENCE: Format = Format::new("presence", 1, 2, 2);
/// A message of the streams of records, in JSON.
pub const PERSIST: Format = Format::new("record", 1, 2, 2);
/// A value of the bucket `seats`, in JSON.
pub const SEATS: Format = Format::new("seats of a player", 1, 1, 1);
/// A value of the bucket `sessions`, in JSON.
pub const SESSION: Format = Format::new("session", 1, 1, 1);
/// A value of the bucket `quarantine`, in JSON.
pub const QUARANTINE: Format = Format::new("quarantined", 1, 1, 1);
/// The conversation between client and gateway: hello, control messages, inputs,
/// and what clients get of a snapshot.
pub const CONVERSATION: Format = Format::new("conversation", 4, 4, 4);

/// All formats on the bus and on the clients' connections.
pub const FORMATS: [&Format; 13] = [
    &CHECKPOINT,
    &ROOM_STATE,
    &SNAPSHOT,
    &INPUT_BATCH,
    &CATCH_UP_REQUEST,
    &CATCH_UP_ANSWER,
    &ROOM_ENTRY,
    &PRESENCE,
    &PERSIST,
    &SEATS,
    &SESSION,
    &QUARANTINE,
    &CONVERSATION,
];

/// Why stored or received bytes were not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// They are of a version that this program does not read.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// They are not what their version says.
    #[error("a damaged {format}: {reason}")]
    Damaged {
        /// The name of the format.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl ReadError {
    pub(crate) fn damaged(format: &Format, reason: &dyn fmt::Display) -> Self {
        Self::Damaged {
            format: format.name(),
            reason: reason.to_string(),
        }
    }

    /// The version that is not read, if that is the reason.
    #[must_use]
    pub fn unknown_version(&self) -> Option<UnknownVersion> {
        match self {
            Self::Version(unknown) => Some(*unknown),
            Self::Damaged { .. } => None,
        }
    }
}

/// Appends the version and the value.
///
/// # Panics
/// When postcard refuses the value; no type that is sent has such a value.
pub fn encode<T: Serialize>(format: &Format, value: &T, mut out: Vec<u8>) -> Vec<u8> {
    format.begin(&mut out);
    postcard::to_extend(value, out).expect("what is sent has no value that postcard refuses")
}

/// Reads a value that is all of `bytes`.
///
/// # Errors
/// When they are of another version, or not such a value.
pub fn decode<'a, T: Deserialize<'a>>(format: &Format, bytes: &'a [u8]) -> Result<T, ReadError> {
    match take(format, bytes)? {
        (value, []) => Ok(value),
        (_, rest) => {
            let reason = format!("{} bytes too many", rest.len());
            Err(ReadError::damaged(format, &reason))
        }
    }
}

/// Reads a value at the beginning of `bytes`, and gives what follows it.
///
/// # Errors
/// When they are of another version, or no such value.
pub fn take<'a, T: Deserialize<'a>>(
    format: &Format,
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), ReadError> {
    postcard::take_from_bytes(format.open(bytes)?)
        .map_err(|source| ReadError::damaged(format, &source))
}

/// JSON with its version. The value is a struct, or an enum that is an object.
///
/// # Panics
/// When the value is not an object.
pub fn to_json<T: Serialize>(format: &Format, value: &T) -> Vec<u8> {
    let versioned = Versioned {
        version: format.written(),
        #[cfg(feature = "next-version")]
        next: domain::next::is_written().then_some(true),
        value,
    };
    serde_json::to_vec(&versioned).expect("what is stored is an object")
}

/// Reads JSON.
///
/// # Errors
/// When it is of another version, or not such a value.
pub fn from_json<T: DeserializeOwned>(format: &Format, bytes: &[u8]) -> Result<T, ReadError> {
    let damaged = |source: serde_json::Error| ReadError::damaged(format, &source);
    let stated: Stated = serde_json::from_slice(bytes).map_err(damaged)?;
    format.check(stated.version)?;
    #[cfg(feature = "next-version")]
    if stated.version == format.newest() && stated.next.is_none() {
        return Err(ReadError::damaged(format, &"without its new field"));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    version: u8,
    #[cfg(feature = "next-version")]
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<bool>,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Deserialize)]
struct Stated {
    #[serde(default = "unstated")]
    version: u8,
    #[cfg(feature = "next-version")]
    next: Option<bool>,
}

fn unstated() -> u8 {
    1
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format::new("pair", 1, 2, 2);

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Pair {
        left: u8,
        right: u8,
    }

    const PAIR: Pair = Pair { left: 3, right: 4 };

    #[test]
    fn bytes_state_their_version_and_end_with_the_value() {
        let bytes = encode(&FORMAT, &PAIR, vec![9]);
        assert_eq!(bytes, [9, 2, 3, 4]);
        assert_eq!(decode(&FORMAT, &bytes[1..]), Ok(PAIR));
        assert_eq!(
            take::<Pair>(&FORMAT, &[2, 3, 4, 5]),
            Ok((PAIR, &[5_u8][..]))
        );
        let reason = |bytes| decode::<Pair>(&FORMAT, bytes).unwrap_err().to_string();
        assert_eq!(reason(&[2, 3, 4, 5]), "a damaged pair: 1 bytes too many");
        assert!(reason(&[2, 3]).starts_with("a damaged pair: "));
        assert_eq!(
            reason(&[7, 3, 4]),
            "pair of version 7: this program reads 1 to 2"
        );
        assert_eq!(reason(&[]), "pair of version 0: this program reads 1 to 2");
    }

    #[test]
    fn json_states_its_version_and_is_of_the_first_without() {
        let json = to_json(&FORMAT, &PAIR);
        assert_eq!(json, br#"{"version":2,"left":3,"right":4}"#);
        let pair = |json: &str| from_json::<Pair>(&FORMAT, json.as_bytes());
        assert_eq!(from_json(&FORMAT, &json), Ok(PAIR));
        assert_eq!(pair(r#"{"left":3,"right":4}"#), Ok(PAIR));
        assert_eq!(
            pair(r#"{"version":1,"left":3,"right":4,"new":0}"#),
            Ok(PAIR)
        );
        let newer = pair(r#"{"version":3,"left":3,"right":4}"#).unwrap_err();
        assert_eq!(
            newer.unknown_version().map(|unknown| unknown.found),
            Some(3)
        );
        for damaged in ["", "[]", r#"{"version":"2"}"#, r#"{"version":300}"#, "{}"] {
            let error = pair(damaged).unwrap_err();
            assert_eq!(error.unknown_version(), None, "{damaged}: {error}");
        }
    }
}

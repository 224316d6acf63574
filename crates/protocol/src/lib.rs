//! The words that Slipstream's programs say to each other.
//!
//! Everything that crosses a process boundary is defined here once: names and
//! ids ([`names`], [`ids`]), limits ([`limits`]), NATS subjects ([`subject`]),
//! the JSON messages of each conversation ([`account`], [`chat`], [`client`],
//! [`lobby`], [`persist`], [`quarantine`], [`replay`], [`room`], [`seats`], [`session`]) and the binary ones
//! ([`catch_up`], [`checkpoint`], [`input`], [`snapshot`]), and the file of the keys that sign
//! tokens ([`signing`]).
//!
//! Invariants:
//! - Pure: no I/O, no clock, no randomness.
//! - Raw strings and bytes become typed values here and nowhere else. A value
//!   of a type of this crate has been checked and is never checked again.
//! - A NATS subject is built only in [`subject`], from tokens that cannot hold
//!   `.`, `*`, `>` or white space.
//! - Everything stored or sent states its version ([`version`]).
//! - Bytes of a peer never panic a decoder: they give an error that says why.
#![warn(clippy::iter_over_hash_type)]

pub mod account;
pub mod budgets;
pub mod catch_up;
pub mod chat;
pub mod checkpoint;
pub mod client;
pub mod frame;
pub mod ids;
pub mod input;
pub mod limits;
pub mod lobby;
pub mod names;
pub mod persist;
pub mod quarantine;
pub mod record;
pub mod rejection;
pub mod replay;
pub mod room;
pub mod seats;
pub mod session;
pub mod signing;
pub mod snapshot;
pub mod subject;
pub mod version;

pub use ids::{
    Epoch, GatewayId, RaceId, RaceTag, RequestId, Revision, Seat, SessionNonce, Tick, UnixMillis,
    WorkerId,
};
pub use names::{NameError, PlayerId, PlayerName, RoomId, RoomName};
pub use rejection::{Rejection, RejectionCode, Reply};
pub use version::ReadError;

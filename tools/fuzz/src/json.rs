//! The JSON messages: between client and gateway, between programs, and what is stored.

use std::fmt::Debug;

use bytes::Bytes;
use client_core::LinkEvent;
use domain::Format;
use protocol::Reply;
use protocol::account::{
    Account, Credentials, LastRaceAnswer, LastRaceRequest, Leaderboard, LeaderboardRequest,
    Profile, ProfileRequest,
};
use protocol::chat::{ChatBody, ChatMessage, Posted, Presence, PresenceRequest, SayRequest};
use protocol::checkpoint::{ClaimRequest, Claimed};
use protocol::client::{ClientMessage, ServerMessage};
use protocol::frame::{self, FrameKind};
use protocol::lobby::RoomEntry;
use protocol::persist::{PersistMessage, RecordStream};
use protocol::quarantine::Quarantined;
use protocol::replay::{ReplayPage, ReplayRequest};
use protocol::room::{
    CreateRequest, Created, CtlReply, CtlRequest, DrainRequest, Draining, Heartbeat, Present,
    PresentRequest, RoomEvent,
};
use protocol::seats::HeldSeats;
use protocol::version;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::checks::{json_round_trip, json_round_trip_with};
use crate::names;

/// A control message of a client.
pub fn client_message(bytes: &[u8]) {
    if let Some(message) = json_round_trip::<ClientMessage>(bytes) {
        let frame = frame::from_client(&message);
        let (kind, body) = frame::split(&frame).expect("it has a kind");
        assert_eq!(kind, FrameKind::Control);
        assert_eq!(
            serde_json::from_slice::<ClientMessage>(body).ok(),
            Some(message)
        );
    }
}

/// A frame of a gateway, as a client reads it.
pub fn server_message(frame: &[u8]) {
    let read = LinkEvent::read(&Bytes::copy_from_slice(frame));
    let Ok((kind, body)) = frame::split(frame) else {
        assert_eq!(read, None);
        return;
    };
    let is_known = match kind {
        FrameKind::Control => json_round_trip::<ServerMessage>(body).is_some(),
        FrameKind::Event => json_round_trip::<RoomEvent>(body).is_some(),
        FrameKind::Chat => json_round_trip::<ChatMessage>(body)
            .inspect(chat_message)
            .is_some(),
        FrameKind::Snapshot => true,
        FrameKind::Hello | FrameKind::Input => false,
    };
    assert_eq!(read.is_some(), is_known);
}

fn chat_message(message: &ChatMessage) {
    match &message.body {
        ChatBody::Said { from, text } => {
            names::check_name(from.as_str());
            names::check_chat_text(text);
        }
        ChatBody::Joined { player } | ChatBody::Left { player } => {
            names::check_name(player.as_str());
            assert!(message.body.notice().is_some());
        }
    }
}

/// Reads one kind of message.
type Read = fn(&[u8]);

fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    json_round_trip::<T>(bytes);
}

/// The messages between programs. The first byte of an input is an index of this list,
/// to which new ones are appended.
pub const SERVICE_MESSAGES: &[Read] = &[
    read::<CreateRequest>,
    read::<Reply<Created>>,
    read::<CtlRequest>,
    read::<Reply<CtlReply>>,
    read::<PresentRequest>,
    read::<Present>,
    read::<Draining>,
    read::<Heartbeat>,
    read::<RoomEvent>,
    read::<ClaimRequest>,
    read::<Reply<Claimed>>,
    read::<Credentials>,
    read::<Reply<Account>>,
    read::<LastRaceRequest>,
    read::<Reply<LastRaceAnswer>>,
    read::<ProfileRequest>,
    read::<Reply<Profile>>,
    read::<LeaderboardRequest>,
    read::<Reply<Leaderboard>>,
    read::<SayRequest>,
    read::<PresenceRequest>,
    read::<Reply<Posted>>,
    read::<ReplayRequest>,
    read::<Reply<ReplayPage>>,
    read::<ChatMessage>,
    read::<DrainRequest>,
];

/// A message between two programs.
pub fn service_message(bytes: &[u8]) {
    one_of(SERVICE_MESSAGES, bytes);
}

/// What is stored with its version. The first byte of an input is an index of this list,
/// to which new ones are appended.
pub const STORED_VALUES: &[Read] = &[
    |bytes| drop(stored::<RoomEntry>(&version::ROOM_ENTRY, bytes)),
    |bytes| drop(stored::<Presence>(&version::PRESENCE, bytes)),
    |bytes| drop(stored::<HeldSeats>(&version::SEATS, bytes)),
    |bytes| drop(stored::<Quarantined>(&version::QUARANTINE, bytes)),
    record,
];

/// A value of a bucket, or a message of a stream.
pub fn stored_value(bytes: &[u8]) {
    one_of(STORED_VALUES, bytes);
}

fn one_of(choices: &[Read], bytes: &[u8]) {
    if let Some((choice, bytes)) = bytes.split_first() {
        choices[usize::from(*choice) % choices.len()](bytes);
    }
}

fn stored<T: Serialize + DeserializeOwned>(format: &Format, bytes: &[u8]) -> Option<T> {
    stored_with(format, bytes, |bytes| version::from_json(format, bytes))
}

fn stored_with<T: Serialize, E: Debug>(
    format: &Format,
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
) -> Option<T> {
    json_round_trip_with(bytes, read, |value| version::to_json(format, value))
}

fn record(bytes: &[u8]) {
    let Some(message) = stored_with(&version::PERSIST, bytes, PersistMessage::read) else {
        return;
    };
    let subject = message.subject();
    names::check_subject(&subject);
    assert_eq!(RecordStream::of_subject(&subject), Some(message.stream()));
}

//! Names, ids, texts and tokens that people and machines choose.

use client_core::GatewayAddress;
use gateway::token::{Claims, Port, Signer};
use protocol::chat::{ChatSession, ChatText, message_id};
use protocol::limits::{CHAT_TEXT_CHARS_MAX, PLAYER_NAME_CHARS_MAX, ROOM_NAME_CHARS_MAX};
use protocol::session::{SessionId, TokenSession};
use protocol::signing::{KEY_BYTES, SigningKey, SigningKeys};
use protocol::{
    PlayerId, PlayerName, RaceId, RoomId, RoomName, SessionNonce, WorkerId, quarantine, subject,
};

use crate::sample::{GATEWAY, SESSION, WORKER, race};

/// A text as each of the things that a text can be.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    player_name(text);
    room_name(text);
    race_id(text);
    process_id(text);
    token(text);
    if let Some(session) = subject::presence_session(text) {
        let (_, written) = text.split_once('.').expect("it has two tokens");
        assert_eq!(session.to_string(), written.to_lowercase());
    }
    if let Ok(text) = ChatText::parse(text) {
        check_chat_text(&text);
    }
    if let Ok(address) = GatewayAddress::parse(text) {
        assert_eq!(address.as_str(), text);
        assert!(!text.contains(char::is_whitespace) && !text.contains(char::is_control));
    }
    let _ = subject::payload_of(text);
}

/// Checks what everything relies on that makes a subject, a key or a line of a log of a
/// name.
pub fn check_name(name: &str) {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    assert!(!name.is_empty() && name.chars().all(is_allowed), "{name:?}");
}

/// Checks that a subject or key is made of tokens without wildcards.
pub fn check_subject(subject: &str) {
    subject.split('.').for_each(check_name);
}

/// Checks that a line of the chat is one line, and of one direction.
pub fn check_chat_text(text: &ChatText) {
    let line = text.as_str();
    assert!((1..=CHAT_TEXT_CHARS_MAX).contains(&line.chars().count()));
    assert_eq!(line.trim(), line);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert_eq!(ChatText::parse(line).as_ref(), Ok(text));
}

fn player_name(text: &str) {
    let Ok(name) = PlayerName::parse(text) else {
        assert!(PlayerId::parse(text).is_err() && PlayerName::parse_new(text).is_err());
        return;
    };
    check_name(name.as_str());
    assert!(name.as_str() == text && text.len() <= PLAYER_NAME_CHARS_MAX);
    let id = name.id();
    assert_eq!(PlayerId::parse(text).as_ref(), Ok(&id));
    assert_eq!(id.as_str(), text.to_ascii_lowercase());
    let is_ai = id.as_str().starts_with("ai-");
    assert!(!(is_ai && PlayerName::parse_new(text).is_ok()));

    let key = subject::presence_key(&id, SESSION);
    check_subject(&key);
    assert_eq!(subject::presence_session(&key), Some(SESSION));
    check_subject(subject::seats_key(&id));
    let session = ChatSession {
        player: name,
        nonce: SESSION,
        gateway: GATEWAY,
    };
    for id in [
        message_id::said(&session, 1),
        message_id::joined(&session),
        message_id::left(&id, SESSION),
    ] {
        id.split(':').for_each(check_name);
    }
}

fn room_name(text: &str) {
    let Ok(name) = RoomName::parse(text) else {
        assert!(RoomId::parse(text).is_err());
        return;
    };
    check_name(name.as_str());
    assert!(name.as_str() == text && text.len() <= ROOM_NAME_CHARS_MAX);
    let id = name.id();
    assert_eq!(id.as_str(), text.to_ascii_lowercase());
    for subject in [
        subject::room_ctl(&id),
        subject::room_input(&id),
        subject::room_snapshot(&id),
        subject::room_heartbeat(&id),
        subject::room_catch_up(&id),
        subject::room_event(&id),
    ] {
        check_subject(&subject);
        assert_eq!(subject.split('.').count(), 4);
    }
    check_subject(subject::room_key(&id));
    check_subject(&quarantine::checkpoint_key(id.as_str(), 1));
}

fn race_id(text: &str) {
    let Ok(id) = text.parse::<RaceId>() else {
        return;
    };
    let written = id.to_string();
    assert_eq!(written.parse::<RaceId>(), Ok(id));
    for subject in [
        subject::record_result(id),
        subject::record_room(id),
        subject::record_players(id),
        subject::record_replay(id, 300),
        subject::record_replay_end(id),
    ] {
        check_subject(&subject);
    }
}

/// Ids of processes and sessions have one way to be written.
fn process_id(text: &str) {
    let json = serde_json::to_vec(text).expect("a text is JSON");
    if let Ok(id) = serde_json::from_slice::<WorkerId>(&json) {
        assert_eq!(id.to_string(), text.to_lowercase());
        check_subject(&subject::worker_ping(id));
        check_subject(&subject::record_players_of(id, 1));
    }
    if let Ok(id) = serde_json::from_slice::<SessionNonce>(&json) {
        assert_eq!(id.to_string(), text.to_lowercase());
    }
}

/// Nobody but a gateway makes a token.
fn token(text: &str) {
    const NOW: u64 = 1_700_000_000_000;
    let signer = Signer::new(SigningKeys::new(key(7)));
    for port in Port::ALL {
        assert!(
            signer.verify(text, port, NOW).is_err(),
            "{text:?} opens {port:?}"
        );
    }
    let Ok(player) = PlayerName::parse(text) else {
        return;
    };
    let claims = Claims {
        player,
        port: Port::Race,
        session: TokenSession {
            id: SessionId::new(9),
            generation: 1,
        },
        expires_at: NOW + 1,
    };
    let token = signer.sign(&claims);
    assert_eq!(signer.verify(&token, Port::Race, NOW), Ok(claims));
    assert!(signer.verify(&token, Port::Chat, NOW).is_err());
    assert!(signer.verify(&token, Port::Race, NOW + 1).is_err());
    let other = Signer::new(SigningKeys::new(key(8)));
    assert!(other.verify(&token, Port::Race, NOW).is_err());
}

fn key(secret: u8) -> SigningKey {
    SigningKey {
        id: 1,
        made_at: 0,
        secret: [secret; KEY_BYTES],
    }
}

/// Texts that are such things.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let [session, worker] = [SESSION.to_string(), WORKER.to_string()];
    let texts = [
        "Ada",
        "AI-Ada",
        "Friday",
        "a_very-long_name_of_24ch",
        &race(0).to_string(),
        "01arz3ndektsv4rrffq69g5fav",
        &worker,
        &format!("ada.{session}"),
        "  hello \u{1f3c1} all ",
        "a\u{202e}b",
        "127.0.0.1:10000",
        "[::1]:10000",
        "[fe80::1%eth0]:10000",
        "a.example:10000",
        "race.room.friday.snapshot",
        "race.room.*.>",
        "eyJwbGF5ZXIiOiJBZGEiLCJwb3J0IjoicmFjZSIsImV4cGlyZXNfYXQiOjE3MDAwMDAwMDF9.AAAA",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

//! The chat without NATS.

use std::time::Duration;

use bytes::Bytes;
use protocol::limits::{LIST_FRAME_BYTES_MAX, PRESENT_PAGE_NAMES_MAX};
use protocol::{GatewayId, PlayerName, SessionNonce};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

use super::*;

fn name(text: &str) -> PlayerName {
    PlayerName::parse(text).unwrap()
}

fn session() -> ChatSession {
    ChatSession {
        player: name("Ada"),
        nonce: SessionNonce::new(1),
        gateway: GatewayId::new(1),
    }
}

fn message(id: &str, payload: impl Into<Bytes>) -> StreamMessage {
    StreamMessage {
        sequence: 1,
        subject: subject::CHAT_CHANNEL_GLOBAL.into(),
        id: id.into(),
        payload: payload.into(),
    }
}

fn deliver(chat: &ChatHub, id: &str) {
    chat.deliver(&message(id, id.to_owned()), Instant::now());
}

fn connected() -> (Arc<SendQueue>, DuplexStream) {
    let (near, far) = duplex(1 << 20);
    (Arc::new(SendQueue::new(near)), far)
}

/// The bodies of all frames once the queue is gone.
async fn bodies(client: &mut DuplexStream) -> Vec<String> {
    let mut read = Vec::new();
    client.read_to_end(&mut read).await.unwrap();
    let mut rest = &read[..];
    std::iter::from_fn(|| {
        let (frame, after) = frame::next(rest)?;
        rest = after;
        Some(String::from_utf8_lossy(&frame[1..]).into_owned())
    })
    .collect()
}

#[tokio::test]
async fn a_listener_hears_what_comes_from_its_own_notice_on_once_and_in_order() {
    let chat = ChatHub::new(1);
    let (send_queue, mut client) = connected();
    chat.expect(1, &session(), &send_queue);
    let own = message_id::joined(&session());
    deliver(&chat, "before");
    deliver(&chat, &own);
    deliver(&chat, "held");
    send_queue.push(Bytes::from_static(b"\x01welcome"));
    chat.begin(1, &session(), &send_queue);
    deliver(&chat, "held");
    deliver(&chat, "after");
    let probe = StreamMessage {
        subject: subject::CHAT_PROBE.into(),
        ..message("", "probe")
    };
    chat.deliver(&probe, Instant::now());
    assert!(chat.leave(1, session()).was_noticed);
    deliver(&chat, "left");
    drop(send_queue);
    let expected = ["welcome", &own, "held", "after"];
    assert_eq!(bodies(&mut client).await, expected);
}

#[tokio::test]
async fn a_line_is_awaited_until_it_was_read() {
    let chat = ChatHub::new(1);
    let mut awaited = chat.read("said:1".into());
    let soon = Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, awaited.read()).await.is_err());
    deliver(&chat, "said:1");
    awaited.read().await;
    chat.read("said:1".into()).read().await;
    drop(chat.read("said:2".into()));
    drop(awaited);
    assert!(chat.lock().awaited.is_empty());
}

#[tokio::test]
async fn a_long_list_comes_in_pages_that_fit() {
    let count = 2 * PRESENT_PAGE_NAMES_MAX + 1;
    let names: Vec<_> = (0..count)
        .map(|it| name(&format!("longest-{it:08}")))
        .collect();
    let chat = ChatHub::new(1);
    for name in &names {
        chat.lock().presence.noticed(name, true, Instant::now());
    }
    let mut listed: Vec<PlayerName> = Vec::new();
    loop {
        let (send_queue, mut client) = connected();
        let after = listed.last().map(PlayerName::id);
        chat.send_present(after.as_ref(), &send_queue);
        drop(send_queue);
        let page = bodies(&mut client).await.remove(0);
        assert!(page.len() < LIST_FRAME_BYTES_MAX);
        let ServerMessage::Present { players, has_more } = serde_json::from_str(&page).unwrap()
        else {
            panic!("{page}")
        };
        listed.extend(players);
        if !has_more {
            break;
        }
    }
    assert_eq!(listed, names);
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let (send_queue, mut client) = connected();
    ChatHub::new(1).send_present(None, &send_queue);
    drop(send_queue);
    let empty = r#"{"type":"present","players":[],"has_more":false}"#;
    assert_eq!(bodies(&mut client).await, [empty]);
}

//! Contexts for the tests of screens, without an application.

use client_core::LinkEvent;
use client_core::protocol::client::ServerMessage;
use serde_json::{Value, json};

use super::*;
use crate::area::Area;
use crate::input::Bindings;
use crate::notices::NoticeBoard;

pub(crate) const WINDOW: Area = Area::new(0.0, 0.0, 1_280.0, 720.0);

/// Calls `act` with the context of a client.
pub(crate) fn with_client<R>(
    client: &RaceClient,
    now: Instant,
    act: impl FnOnce(&ScreenContext<'_>) -> R,
) -> R {
    act(&ScreenContext {
        client,
        bindings: &Bindings::default(),
        settings: &Settings::default(),
        offered: None,
        notices: &NoticeBoard::default(),
        gateway: "play.example.org:10000",
        status: None,
        class: CarClass::Grip,
        window: WINDOW,
        pointer: None,
        now,
    })
}

/// Calls `act` with the context of a player's settings.
pub(crate) fn with_settings<R>(
    settings: &Settings,
    act: impl FnOnce(&ScreenContext<'_>) -> R,
) -> R {
    with_context(|context| {
        act(&ScreenContext {
            bindings: &settings.keys,
            settings,
            ..*context
        })
    })
}

/// Calls `act` with the context of a client that is not connected.
pub(crate) fn with_context<R>(act: impl FnOnce(&ScreenContext<'_>) -> R) -> R {
    with_client(&RaceClient::default(), Instant::now(), act)
}

/// Hands a message of the gateway to a client.
pub(crate) fn receive(client: &mut RaceClient, message: Value) {
    let message: ServerMessage = serde_json::from_value(message).unwrap();
    client.handle(LinkEvent::Message(message), Instant::now());
}

/// Makes a client in the lobby with rooms, each with the race of its number.
pub(crate) fn in_lobby(rooms: &[(u32, &str, &str)]) -> RaceClient {
    let mut client = RaceClient::default();
    client.handle(LinkEvent::Connected, Instant::now());
    receive(
        &mut client,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    list(&mut client, rooms);
    client
}

/// Hands a complete list of rooms to a client.
pub(crate) fn list(client: &mut RaceClient, rooms: &[(u32, &str, &str)]) {
    let room = |(race, name, phase): &(u32, &str, &str)| {
        json!({"race": format!("01ARZ3NDEKTSV4RRFFQ6{race:06}"), "name": name, "phase": phase,
            "seats": 4, "players": ["Bob"], "owner": "00000001", "epoch": 1,
            "track": "harbour-ring"})
    };
    let rooms: Vec<Value> = rooms.iter().map(room).collect();
    receive(client, json!({"type": "rooms", "rooms": rooms}));
}

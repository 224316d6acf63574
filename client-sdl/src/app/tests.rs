use client_core::protocol::client::ServerMessage;
use client_core::protocol::{Rejection, RejectionCode};
use serde_json::json;

use super::*;
use crate::input::{Command, Key};

mod input;
mod layouts;
mod menus;
mod sessions;

const WINDOW: Area = Area::new(0.0, 0.0, 1_280.0, 720.0);

fn receive(app: &mut App, message: serde_json::Value) {
    let message: ServerMessage = serde_json::from_value(message).unwrap();
    app.link_event(LinkEvent::Message(message), Instant::now());
}

fn press(app: &mut App, key: Key) {
    app.handle(&UiEvent::Key(key), WINDOW, Instant::now());
}

fn type_text(app: &mut App, text: &str) {
    app.handle(&UiEvent::Text(text.to_owned()), WINDOW, Instant::now());
}

fn command(app: &mut App, command: Command) {
    app.handle(&UiEvent::Command(command), WINDOW, Instant::now());
}

fn connected() -> App {
    let mut app = App::new(Plan::default(), Instant::now());
    app.link_event(LinkEvent::Connected, Instant::now());
    app
}

fn in_lobby() -> App {
    let mut app = connected();
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    app
}

fn room(phase: &str) -> serde_json::Value {
    json!({"type": "entered", "seat": 0, "room": {
        "race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "friday", "phase": phase,
        "settings": {"seats": 2, "track": "harbour-ring"}, "start_tick": 240,
        "seats": [{"seat": 0, "player": "Ada", "connected": true}]}})
}

fn kind(app: &App) -> &'static str {
    app.screen().kind().name()
}

fn sent(app: &mut App) -> String {
    let frames = app.client_mut().take_outgoing();
    let texts = frames
        .iter()
        .map(|frame| String::from_utf8_lossy(&frame[1..]).into_owned());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn walks_from_connecting_to_the_result_and_back_to_the_lobby() {
    let mut app = App::new(Plan::default(), Instant::now());
    assert_eq!(kind(&app), "offline");
    app.link_event(LinkEvent::Connected, Instant::now());
    assert_eq!(kind(&app), "login");
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    assert_eq!(kind(&app), "lobby");
    receive(&mut app, room("waiting"));
    assert_eq!(kind(&app), "waiting");
    receive(&mut app, room("racing"));
    assert_eq!(kind(&app), "race");
    let closed = json!({"race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "epoch": 1, "tick": 9, "index": 0,
        "event": "closed", "reason": "finished", "leaderboard": []});
    app.link_event(
        LinkEvent::Event(serde_json::from_value(closed).unwrap()),
        Instant::now(),
    );
    assert_eq!(kind(&app), "result");
    press(&mut app, Key::Enter);
    assert_eq!(kind(&app), "lobby");
}

#[test]
fn the_form_logs_in_and_shows_why_it_was_refused() {
    let mut app = connected();
    type_text(&mut app, "Ada");
    press(&mut app, Key::Tab);
    type_text(&mut app, "secret1");
    press(&mut app, Key::Enter);
    assert!(sent(&mut app).contains(r#""type":"log_in","name":"Ada","password":"secret1""#));
    let rejection = Rejection::new(RejectionCode::WrongCredentials, "wrong name or password");
    app.link_event(
        LinkEvent::Message(ServerMessage::Rejected(rejection)),
        Instant::now(),
    );
    assert_eq!(app.screen().error(), Some("wrong name or password"));
    assert_eq!(kind(&app), "login");
}

#[test]
fn a_log_in_that_succeeds_after_a_refusal_clears_the_refusal() {
    let mut app = connected();
    let rejection = Rejection::new(RejectionCode::WrongCredentials, "wrong");
    app.link_event(
        LinkEvent::Message(ServerMessage::Rejected(rejection)),
        Instant::now(),
    );
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    receive(&mut app, room("racing"));
    app.link_event(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    assert_eq!(kind(&app), "race");
}

#[test]
fn c_opens_the_form_for_a_room_and_escape_closes_it() {
    let mut app = in_lobby();
    command(&mut app, Command::Create);
    assert_eq!(kind(&app), "create");
    app.update(Instant::now());
    assert_eq!(kind(&app), "create");
    press(&mut app, Key::Escape);
    assert_eq!(kind(&app), "lobby");
}

#[test]
fn a_room_that_exists_already_is_explained_in_the_form() {
    let mut app = in_lobby();
    command(&mut app, Command::Create);
    press(&mut app, Key::Enter);
    assert!(sent(&mut app).contains(r#""type":"create_room""#));
    let rejection = Rejection::new(RejectionCode::RoomExists, "there is a room race already");
    app.link_event(
        LinkEvent::Message(ServerMessage::Rejected(rejection)),
        Instant::now(),
    );
    assert_eq!(
        (kind(&app), app.screen().error()),
        ("create", Some("there is a room race already"))
    );
}

#[test]
fn the_race_stays_on_the_screen_while_the_client_reconnects() {
    let mut app = in_lobby();
    receive(&mut app, room("racing"));
    app.link_event(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    app.update(Instant::now());
    assert_eq!(kind(&app), "race");
    let Screen::Race(screen) = app.screen() else {
        panic!()
    };
    assert!(screen.is_connection_lost());
    app.link_event(LinkEvent::Connected, Instant::now());
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t2"}),
    );
    assert_eq!(kind(&app), "race");
    receive(&mut app, room("racing"));
    app.update(Instant::now());
    let Screen::Race(screen) = app.screen() else {
        panic!()
    };
    assert!(!screen.is_connection_lost());
}

#[test]
fn without_a_room_a_lost_connection_is_a_screen_of_its_own() {
    let mut app = in_lobby();
    app.link_event(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    assert_eq!(kind(&app), "offline");
    app.link_event(
        LinkEvent::Ended {
            reason: "replaced".into(),
        },
        Instant::now(),
    );
    assert_eq!(kind(&app), "ended");
}

#[test]
fn a_player_whose_token_is_refused_sees_the_log_in_form() {
    let mut app = in_lobby();
    receive(&mut app, room("racing"));
    app.link_event(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    app.link_event(LinkEvent::Connected, Instant::now());
    let rejection = Rejection::new(RejectionCode::BadToken, "the token is too old");
    app.link_event(
        LinkEvent::Message(ServerMessage::Rejected(rejection)),
        Instant::now(),
    );
    assert_eq!(
        (kind(&app), app.screen().error()),
        ("login", Some("the token is too old"))
    );
}

#[test]
fn requests_the_chat_token_once_after_log_in() {
    let plan = Plan {
        wants_chat_token: true,
        ..Plan::default()
    };
    let mut app = App::new(plan, Instant::now());
    app.link_event(LinkEvent::Connected, Instant::now());
    app.update(Instant::now());
    assert_eq!(sent(&mut app), "");
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    app.update(Instant::now());
    assert!(sent(&mut app).contains("chat_token"));
    app.update(Instant::now());
    assert_eq!(sent(&mut app), "");
}

#[test]
fn the_report_says_what_is_on_the_screen() {
    let mut app = in_lobby();
    receive(&mut app, room("waiting"));
    let report = report::Report::new(&app, Instant::now());
    let report = serde_json::to_value(report).unwrap();
    assert_eq!(report["screen"], "waiting");
    assert_eq!(report["room"], "friday");
    assert_eq!(report["phase"], "waiting");
    assert_eq!(report["seats"], json!(["Ada"]));
}

fn room_event(app: &mut App, body: &serde_json::Value) {
    let mut event = json!({"race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "epoch": 1, "tick": 0,
        "index": 0});
    event
        .as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    let event = serde_json::from_value(event).unwrap();
    app.link_event(LinkEvent::Event(event), Instant::now());
}

#[test]
fn k_changes_the_car_in_the_lobby_and_in_a_waiting_room() {
    let mut app = in_lobby();
    command(&mut app, Command::NextCar);
    assert_eq!(app.class(), CarClass::Power);
    app.client_mut().take_outgoing();
    receive(
        &mut app,
        json!({"type": "rooms", "rooms": [{"race": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "name": "friday", "phase": "waiting", "players": [], "owner": "00000001",
            "epoch": 1}]}),
    );
    app.update(Instant::now());
    app.client_mut().take_outgoing();
    press(&mut app, Key::Enter);
    assert_eq!(
        sent(&mut app),
        r#"{"type":"join_room","name":"friday","class":"power"}"#
    );
    receive(&mut app, room("waiting"));
    command(&mut app, Command::NextCar);
    assert_eq!(sent(&mut app), r#"{"type":"choose_class","class":"power"}"#);
    // The class changes only with the room's event.
    assert_eq!(app.class(), CarClass::Grip);
    room_event(
        &mut app,
        &json!({"event": "class_chosen", "player": "Ada", "seat": 0, "class": "power"}),
    );
    assert_eq!(app.class(), CarClass::Power);
}

#[test]
fn f_fills_the_room_for_its_host_only() {
    let mut app = in_lobby();
    receive(&mut app, room("waiting"));
    command(&mut app, Command::Fill);
    assert_eq!(sent(&mut app), "");
    room_event(&mut app, &json!({"event": "host_changed", "player": "Ada"}));
    command(&mut app, Command::Fill);
    assert_eq!(sent(&mut app), r#"{"type":"fill_seats","skill":"club"}"#);
    let rejection = Rejection::new(RejectionCode::NotHost, "only Bob may fill room friday");
    app.link_event(
        LinkEvent::Message(ServerMessage::Rejected(rejection)),
        Instant::now(),
    );
    let history: Vec<_> = app.notices().history().collect();
    assert!(
        history.contains(&"only Bob may fill room friday"),
        "{history:?}"
    );
}

#[test]
fn a_race_on_the_highway_is_shown_with_its_traffic_and_target() {
    use client_core::protocol::snapshot::{SnapshotHeader, relay_into};
    use client_core::simulation::{RaceState, Rules, Track};

    let mut app = in_lobby();
    let mut entered = room("racing");
    entered["room"]["settings"] = json!({"seats": 1, "mode": "highway", "track": "highway",
        "target_metres": 1_500});
    receive(&mut app, entered);
    let race: client_core::protocol::RaceId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    let rules = Rules::highway(race.seed(), 1_500, 240);
    let mut state = RaceState::new(&Track::highway(), &rules, &[Default::default()]);
    state.tick = 300;
    state.cars[0].credited = 1_200 * 1_024;
    state.cars[0].penalty_metres = 100;
    let header = SnapshotHeader {
        race,
        owner: client_core::protocol::WorkerId::new(1),
        epoch: client_core::protocol::Epoch::FIRST,
        tick: 300,
        acks: std::iter::empty().collect(),
    };
    let course = netcode::TrackCourse::shared(&Track::highway());
    let snapshot = netcode::wire::snapshot(&header, &state, &[Default::default()], &course);
    let snapshot = relay_into(&snapshot, Vec::new()).unwrap();
    let event = LinkEvent::Snapshot(snapshot.into());
    app.link_event(event, Instant::now());
    app.update(Instant::now());
    let report = report::Report::new(&app, Instant::now());
    let report = serde_json::to_value(report).unwrap();
    assert_eq!(report["mode"], "highway");
    assert_eq!(report["target_metres"], 1_500);
    assert_eq!(report["leaderboard"][0]["score"], 1_100);
    assert!(report["traffic"].as_u64() > Some(3), "{report}");
    assert_eq!(
        (&report["lap"], &report["laps"]),
        (&json!(null), &json!(null))
    );
}

#[test]
fn an_idle_warning_stands_until_a_key_answers_it() {
    let mut app = in_lobby();
    receive(&mut app, room("waiting"));
    room_event(
        &mut app,
        &json!({"event": "idle_warning", "player": "Ada", "seat": 0, "seconds": 60}),
    );
    let now = Instant::now();
    app.update(now);
    let text = "Still there? Press any key, or you leave the room in 60 s.";
    assert!(app.notices().lines(now).any(|(line, _)| line.text == text));
    sent(&mut app);
    press(&mut app, Key::Down);
    assert_eq!(sent(&mut app), r#"{"type":"stay"}"#);
    app.update(now);
    assert!(app.notices().lines(now).all(|(line, _)| line.text != text));
}

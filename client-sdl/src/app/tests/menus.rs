//! Ways out of every screen, and what a screen keeps.

use std::time::Duration;

use super::*;
use crate::page::Target;
use crate::page::cap::Trigger;

/// Every screen but the race, by name, in states that advertise different keys.
pub(super) const STATES: [&str; 21] = [
    "offline",
    "login",
    "login refused",
    "login continue",
    "lobby empty",
    "lobby",
    "lobby error",
    "lobby filter",
    "lobby own race",
    "settings",
    "settings key",
    "settings capture",
    "create",
    "create highway",
    "create error",
    "waiting",
    "watching",
    "waiting offline",
    "result",
    "result empty",
    "ended",
];

/// The longest names of the protocol, and the widest.
pub(super) fn player(index: usize) -> String {
    format!("{}{index:02}", "W".repeat(14))
}

/// Makes a client in a state.
pub(super) fn in_state(name: &str) -> App {
    let rejected = |app: &mut App, sentence: &str| {
        let rejection = Rejection::new(RejectionCode::RoomFull, sentence);
        let rejected = LinkEvent::Message(ServerMessage::Rejected(rejection));
        app.link_event(rejected, Instant::now());
    };
    let long = "the room WWWWWWWWWWWWWWWWWWWWWWWW cannot be joined, because the race has \
        started without you; you can watch it instead, or choose another one";
    match name {
        "offline" => App::new(
            Plan {
                gateway: "a-gateway-with-a-long-name.example.org:10000, 192.0.2.1:10000".into(),
                ..Plan::default()
            },
            Instant::now(),
        ),
        "login" => connected(),
        "login refused" => {
            let mut app = connected();
            type_text(&mut app, &"W".repeat(32));
            rejected(&mut app, long);
            app
        }
        "login continue" => sessions::offered_as(&player(0)),
        "lobby own race" => sessions::in_lobby_with_a_race(),
        "settings" | "settings key" | "settings capture" => {
            let mut app = in_lobby();
            command(&mut app, Command::Settings);
            if name != "settings" {
                for _ in 0..14 {
                    press(&mut app, Key::Down);
                }
            }
            if name == "settings capture" {
                press(&mut app, Key::Enter);
            }
            app
        }
        "lobby empty" => in_lobby(),
        "lobby" | "lobby error" | "lobby filter" => {
            let mut app = in_lobby();
            receive(&mut app, rooms(109));
            app.update(Instant::now());
            app.update(Instant::now());
            if name == "lobby error" {
                rejected(&mut app, long);
            }
            if name == "lobby filter" {
                command(&mut app, Command::Filter);
                type_text(&mut app, &"W".repeat(24));
            }
            app
        }
        "create" => {
            let mut app = in_lobby();
            command(&mut app, Command::Create);
            app
        }
        "create highway" => {
            let mut app = in_state("create");
            for key in [Key::Tab, Key::Tab, Key::Tab, Key::Right] {
                press(&mut app, key);
            }
            app
        }
        "create error" => {
            let mut app = in_state("create");
            rejected(&mut app, long);
            app
        }
        "waiting" | "watching" => {
            let mut app = in_lobby();
            receive(&mut app, full_room(name == "waiting"));
            app.update(Instant::now());
            app
        }
        "waiting offline" => {
            let mut app = in_state("waiting");
            app.link_event(
                LinkEvent::Lost {
                    reason: "cut".into(),
                },
                Instant::now(),
            );
            app
        }
        "result" => {
            let mut app = in_state("waiting");
            let standing = |index: usize| {
                json!({"place": index + 1, "player": player(index), "seat": index,
                    "score": 1_000_000_000, "laps": 99, "ai": index % 2 == 1,
                    "time_ms": (index < 9).then_some(5_999_999), "best_lap_ms": 599_999})
            };
            let standings: Vec<_> = (0..16).map(standing).collect();
            let closed = json!({"event": "closed", "reason": "finished",
                "leaderboard": standings});
            room_event(&mut app, &closed);
            app
        }
        "result empty" => {
            let mut app = in_state("waiting");
            let closed = json!({"event": "closed", "reason": "abandoned", "leaderboard": []});
            room_event(&mut app, &closed);
            app
        }
        "ended" => {
            let mut app = in_lobby();
            let reason = "you logged in elsewhere, on another machine or in another window";
            app.link_event(
                LinkEvent::Ended {
                    reason: reason.into(),
                },
                Instant::now(),
            );
            app
        }
        name => panic!("{name}"),
    }
}

fn rooms(count: usize) -> serde_json::Value {
    let room = |index: usize| {
        let phase = ["waiting", "countdown", "racing", "finished"][index % 4];
        json!({"race": format!("01ARZ3NDEKTSV4RRFFQ6{index:06}"),
            "name": format!("{}{index:03}", "W".repeat(21)), "phase": phase, "seats": 16,
            "players": [], "owner": "00000001", "epoch": 1, "mode": "highway",
            "track": "harbour-ring", "target_metres": 199_999})
    };
    let rooms: Vec<_> = (0..count).map(room).collect();
    json!({"type": "rooms", "rooms": rooms})
}

fn full_room(is_seated: bool) -> serde_json::Value {
    let seat = |index: usize| {
        let name = if index == 0 {
            "Ada".to_owned()
        } else {
            player(index)
        };
        json!({"seat": index, "player": name, "connected": index != 3, "ai": index > 8})
    };
    let seats: Vec<_> = (0..15).map(seat).collect();
    json!({"type": "entered", "seat": is_seated.then_some(0), "room": {
        "race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "W".repeat(24), "phase": "waiting",
        "settings": {"seats": 16, "track": "harbour-ring", "laps": 99}, "start_tick": null,
        "host": "Ada", "seats": seats}})
}

/// What a key can change.
fn digest(app: &mut App) -> String {
    let now = Instant::now();
    let frames = sent(app);
    let request = app.take_connection_request();
    let lines: Vec<_> = app.notices().history().map(str::to_owned).collect();
    let state = std::mem::discriminant(app.client().state());
    let kind = kind(app);
    let page = app.page(WINDOW, now).map(|page| page.items.len());
    let screen = match app.screen() {
        Screen::Login(screen) => format!("{:?} {:?}", screen.form, screen.error),
        Screen::Create(screen) => format!("{:?} {:?}", screen.form, screen.error),
        Screen::Lobby(screen) => format!("{:?} {:?}", screen.takes_text(), screen.error()),
        Screen::Settings(screen) => format!("{screen:?} {:?}", app.settings()),
        _ => String::new(),
    };
    let wanted = app.take_wanted_session();
    let (quits, class) = (app.is_quitting(), app.class());
    format!(
        "{class} {kind} {screen} {state:?} {frames} {request} {lines:?} {page:?} {quits} {wanted:?}"
    )
}

fn triggers(app: &App) -> Vec<Trigger> {
    app.screen().triggers(&app.context(WINDOW, Instant::now()))
}

#[test]
fn every_advertised_key_of_every_screen_does_something_and_so_does_its_cap() {
    for state in STATES {
        let triggers = triggers(&in_state(state));
        assert!(!triggers.is_empty(), "{state} has no key");
        for (index, trigger) in triggers.into_iter().enumerate() {
            let mut pressed = in_state(state);
            let before = digest(&mut pressed);
            pressed.handle(&trigger.event(), WINDOW, Instant::now());
            let after = digest(&mut pressed);
            assert_ne!(before, after, "{state}: {trigger:?} does nothing");

            let mut clicked = in_state(state);
            digest(&mut clicked);
            let page = clicked.page(WINDOW, Instant::now()).unwrap();
            let area = page.area_of(Target::Cap(index)).unwrap();
            let (x, y) = (area.middle(), area.y + area.h / 2.0);
            clicked.handle(&UiEvent::Click { x, y }, WINDOW, Instant::now());
            // A request has an id of its own.
            let stripped = |text: &str| {
                let at = text.find(r#""request""#).unwrap_or(text.len());
                text[..at].to_owned()
            };
            assert_eq!(
                stripped(&digest(&mut clicked)),
                stripped(&after),
                "{state}: {trigger:?}"
            );
        }
    }
}

#[test]
fn every_screen_has_a_way_out() {
    for state in STATES {
        let app = in_state(state);
        let is_way_out = |trigger: &Trigger| {
            matches!(trigger, Trigger::Key(Key::Escape)) || {
                let mut app = in_state(state);
                app.handle(&trigger.event(), WINDOW, Instant::now());
                kind(&app) != kind(&in_state(state))
            }
        };
        assert!(triggers(&app).iter().any(is_way_out), "{state}");
    }
}

#[test]
fn after_a_second_log_in_elsewhere_a_key_leads_back_to_the_log_in() {
    let mut app = in_state("ended");
    press(&mut app, Key::Enter);
    assert_eq!(kind(&app), "offline");
    assert!(app.take_connection_request() && !app.take_connection_request());
    app.link_event(LinkEvent::Connected, Instant::now());
    assert_eq!((kind(&app), sent(&mut app)), ("login", String::new()));
}

#[test]
fn escape_quits_when_it_is_pressed_twice_within_three_seconds() {
    let start = Instant::now();
    let mut app = connected();
    let escape = |app: &mut App, at| app.handle(&UiEvent::Key(Key::Escape), WINDOW, at);
    escape(&mut app, start);
    assert!(!app.is_quitting());
    escape(&mut app, start + Duration::from_secs(4));
    assert!(!app.is_quitting());
    escape(&mut app, start + Duration::from_secs(5));
    assert!(app.is_quitting());
}

#[test]
fn escape_during_an_outage_leads_to_the_lobby_and_the_seat_can_be_taken_again() {
    let mut app = in_state("waiting offline");
    assert_eq!(kind(&app), "waiting");
    press(&mut app, Key::Escape);
    assert_eq!(kind(&app), "offline");
    app.link_event(LinkEvent::Connected, Instant::now());
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t2"}),
    );
    assert_eq!(kind(&app), "lobby");
    assert!(!sent(&mut app).contains("join_room"));
}

#[test]
fn watching_a_running_race_is_asked_for_by_enter() {
    let mut app = in_state("lobby");
    for _ in 0..2 {
        press(&mut app, Key::Down);
    }
    sent(&mut app);
    press(&mut app, Key::Enter);
    let name = format!("{}002", "W".repeat(21));
    assert_eq!(
        sent(&mut app),
        format!(r#"{{"type":"spectate","name":"{name}"}}"#)
    );
}

fn lose_and_reconnect(app: &mut App) {
    app.link_event(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    assert_eq!(kind(app), "offline");
    app.link_event(LinkEvent::Connected, Instant::now());
}

#[test]
fn forms_keep_what_was_typed_over_a_lost_connection() {
    let mut app = connected();
    type_text(&mut app, "Ada");
    press(&mut app, Key::Tab);
    type_text(&mut app, "secret1");
    lose_and_reconnect(&mut app);
    let Screen::Login(screen) = app.screen() else {
        panic!()
    };
    assert_eq!(
        (screen.form.value(0), screen.form.value(1)),
        ("Ada", "secret1")
    );

    let mut app = in_state("create");
    press(&mut app, Key::SelectAll);
    type_text(&mut app, "friday");
    lose_and_reconnect(&mut app);
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t2"}),
    );
    let Screen::Create(screen) = app.screen() else {
        panic!("{:?}", app.screen())
    };
    assert_eq!(screen.form.value(0), "friday");
}

#[test]
fn forms_and_lists_keep_their_state_while_another_screen_is_shown() {
    let mut app = in_state("lobby");
    press(&mut app, Key::End);
    command(&mut app, Command::Create);
    press(&mut app, Key::SelectAll);
    type_text(&mut app, "friday");
    press(&mut app, Key::Escape);
    let Screen::Lobby(screen) = app.screen() else {
        panic!()
    };
    let chosen = screen.chosen(app.client()).unwrap();
    assert!(chosen.name.as_str().ends_with("108"));
    command(&mut app, Command::NextCar);
    command(&mut app, Command::Create);
    let Screen::Create(screen) = app.screen() else {
        panic!()
    };
    assert_eq!(screen.form.value(0), "friday");
    assert_eq!(
        screen.form.value(2),
        app.class().name(),
        "the car as it is chosen"
    );
}

#[test]
fn a_password_is_forgotten_after_the_log_in() {
    let mut app = connected();
    type_text(&mut app, "Ada");
    press(&mut app, Key::Tab);
    type_text(&mut app, "secret1");
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    app.link_event(
        LinkEvent::Ended {
            reason: "replaced".into(),
        },
        Instant::now(),
    );
    press(&mut app, Key::Enter);
    app.link_event(LinkEvent::Connected, Instant::now());
    assert!(!format!("{app:?}").contains("secret1"));
    let Screen::Login(screen) = app.screen() else {
        panic!()
    };
    assert_eq!(screen.form.value(1), "");
}

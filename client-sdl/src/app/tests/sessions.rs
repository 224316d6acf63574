//! The session of an earlier run, and the race that it was in.

use client_core::protocol::PlayerName;

use super::*;
use crate::session::{KeptSession, SessionChange};

fn session(token: &str) -> KeptSession {
    KeptSession {
        player: PlayerName::parse("Ada").unwrap(),
        token: token.to_owned(),
    }
}

fn offered() -> App {
    offered_as("Ada")
}

/// Makes a client that offers to continue as a player.
pub(super) fn offered_as(player: &str) -> App {
    let now = Instant::now();
    let mut app = App::new(Plan::default(), now);
    app.offer_session(PlayerName::parse(player).unwrap());
    app.link_event(LinkEvent::Connected, now);
    app.update(now);
    app
}

/// Presses the button that continues, and reads the kept session as the shell does.
fn go_on(app: &mut App) {
    press(app, Key::Enter);
    let player = app.take_wanted_session().expect("the button was pressed");
    assert_eq!(player, session("kept").player);
    app.resume(Some(session("kept")));
}

#[test]
fn a_session_that_has_gone_meanwhile_asks_for_the_password() {
    let mut app = offered();
    press(&mut app, Key::Enter);
    app.resume(None);
    app.update(Instant::now());
    let Screen::Login(screen) = app.screen() else {
        panic!()
    };
    assert!(screen.error.is_some() && !screen.is_busy);
    assert_eq!(screen.form.buttons.len(), 2);
}

fn refuse(app: &mut App, code: RejectionCode) {
    let message = ServerMessage::Rejected(Rejection::new(code, "no"));
    app.link_event(LinkEvent::Message(message), Instant::now());
    app.update(Instant::now());
}

#[test]
fn one_press_goes_on_under_the_name_of_the_earlier_run() {
    let mut app = offered();
    assert_eq!(kind(&app), "login");
    go_on(&mut app);
    assert_eq!(sent(&mut app), r#"{"type":"resume","token":"kept"}"#);
    let welcome = json!({"type": "welcome", "player": "Ada", "token": "next"});
    receive(&mut app, welcome);
    assert_eq!(kind(&app), "lobby");
    let changes = app.take_session_changes();
    assert_eq!(changes, [SessionChange::Keep(session("next"))]);
    command(&mut app, Command::LogOut);
    command(&mut app, Command::LogOut);
    app.update(Instant::now());
    let changes = app.take_session_changes();
    assert_eq!(changes, [SessionChange::Forget(session("next"))]);
}

#[test]
fn a_refused_session_is_forgotten_and_the_form_asks() {
    let mut app = offered();
    go_on(&mut app);
    refuse(&mut app, RejectionCode::BadToken);
    let changes = app.take_session_changes();
    assert_eq!(changes, [SessionChange::Forget(session("kept"))]);
    assert_eq!((kind(&app), app.screen().error()), ("login", Some("no")));
    let Screen::Login(screen) = app.screen() else {
        panic!()
    };
    assert_eq!(screen.form.buttons.len(), 2);
}

/// Makes a client in the lobby whose player has a race that still runs.
pub(super) fn in_lobby_with_a_race() -> App {
    let mut app = connected();
    let race = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    receive(
        &mut app,
        json!({"type": "welcome", "player": "Ada", "token": "t", "last_race": {
            "race": race, "room": "friday", "place": 4, "score": 900, "lap": 1,
            "is_running": true}}),
    );
    receive(
        &mut app,
        json!({"type": "rooms", "rooms": [{"race": race, "name": "friday",
            "phase": "racing", "players": ["Ada"], "owner": "00000001", "epoch": 1}]}),
    );
    sent(&mut app);
    app
}

#[test]
fn the_lobby_returns_to_the_own_running_race() {
    let mut app = in_lobby_with_a_race();
    command(&mut app, Command::Return);
    assert!(sent(&mut app).contains(r#""type":"join_room","name":"friday""#));
}

#[test]
fn the_own_running_race_is_given_up_for_good() {
    let mut app = in_lobby_with_a_race();
    command(&mut app, Command::GiveUp);
    assert!(sent(&mut app).contains(r#""type":"join_room","name":"friday""#));
    receive(&mut app, room("racing"));
    assert_eq!(sent(&mut app), r#"{"type":"leave_room"}"#);
    receive(&mut app, json!({"type": "left_room"}));
    assert_eq!(kind(&app), "lobby");
    command(&mut app, Command::Return);
    assert_eq!(sent(&mut app), "");
}

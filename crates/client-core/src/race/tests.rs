//! Tests of the race client, without a gateway.

use netcode::simulation::Track;
use protocol::lobby::Phase;
use protocol::room::{RoomEvent, RoomEventBody, RoomView};
use protocol::{Epoch, RaceId};

use super::*;

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn sent(client: &mut RaceClient) -> Vec<String> {
    let frames = client.take_outgoing();
    frames
        .iter()
        .map(|frame| String::from_utf8_lossy(&frame[1..]).into_owned())
        .collect()
}

fn receive(client: &mut RaceClient, message: ServerMessage) {
    client.handle(LinkEvent::Message(message), Instant::now());
}

fn in_lobby() -> RaceClient {
    let mut client = RaceClient::default();
    client.log_in("Ada", "secret1");
    client.handle(LinkEvent::Connected, Instant::now());
    let player = PlayerName::parse("Ada").unwrap();
    receive(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t".into(),
            last_race: None,
        },
    );
    sent(&mut client);
    client
}

fn entered() -> ServerMessage {
    let settings = RoomSettings {
        track: Track::names()[0].into(),
        ..RoomSettings::default()
    };
    let room = RoomView {
        race: RACE.parse().unwrap(),
        name: RoomName::parse("friday").unwrap(),
        settings,
        phase: Phase::Waiting,
        start_tick: None,
        seats: Vec::new(),
        host: None,
    };
    ServerMessage::Entered {
        seat: Some(0),
        room,
    }
}

fn event(race: RaceId, body: RoomEventBody) -> LinkEvent {
    LinkEvent::Event(RoomEvent {
        race,
        epoch: Epoch::FIRST,
        tick: 0,
        index: 0,
        body,
    })
}

#[test]
fn rejoins_its_room_after_a_lost_connection() {
    let mut client = in_lobby();
    receive(&mut client, entered());
    client.handle(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    assert!(client.is_returning());
    client.handle(LinkEvent::Connected, Instant::now());
    assert_eq!(sent(&mut client), [r#"{"type":"resume","token":"t"}"#]);
    let player = PlayerName::parse("Ada").unwrap();
    receive(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t2".into(),
            last_race: None,
        },
    );
    assert_eq!(
        sent(&mut client),
        [r#"{"type":"join_room","name":"friday","class":"grip"}"#]
    );
    receive(&mut client, entered());
    assert!(client.room().is_some() && !client.is_returning());
}

#[test]
fn warns_when_its_room_closed_while_it_was_offline() {
    let mut client = in_lobby();
    receive(&mut client, entered());
    client.handle(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    client.handle(LinkEvent::Connected, Instant::now());
    let player = PlayerName::parse("Ada").unwrap();
    receive(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t2".into(),
            last_race: None,
        },
    );
    let rejection = Rejection::new(RejectionCode::RoomMissing, "there is no room friday");
    receive(&mut client, ServerMessage::Rejected(rejection));
    assert!(matches!(client.state(), RaceClientState::Lobby));
    assert!(client.take_notices()[0].text.contains("without you"));
}

#[test]
fn repeats_its_request_to_rejoin_while_the_servers_are_busy() {
    let mut client = in_lobby();
    receive(&mut client, entered());
    client.handle(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    client.handle(LinkEvent::Connected, Instant::now());
    let player = PlayerName::parse("Ada").unwrap();
    receive(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t2".into(),
            last_race: None,
        },
    );
    sent(&mut client);
    let rejection = Rejection::new(RejectionCode::Unavailable, "busy");
    receive(&mut client, ServerMessage::Rejected(rejection));
    assert!(client.is_returning());
    client.drive(Controls::default(), Instant::now());
    assert_eq!(
        sent(&mut client),
        [r#"{"type":"join_room","name":"friday","class":"grip"}"#]
    );
    client.drive(Controls::default(), Instant::now());
    assert!(sent(&mut client).is_empty());
}

#[test]
fn shows_the_result_when_the_room_closes_and_ignores_other_races() {
    let mut client = in_lobby();
    receive(&mut client, entered());
    let closed = RoomEventBody::Closed {
        reason: CloseReason::Finished,
        leaderboard: Vec::new(),
    };
    let other = "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap();
    client.handle(event(other, closed.clone()), Instant::now());
    assert!(client.room().is_some());
    client.handle(event(RACE.parse().unwrap(), closed), Instant::now());
    assert!(matches!(client.state(), RaceClientState::Result(_)));
    client.dismiss_result();
    assert!(matches!(client.state(), RaceClientState::Lobby));
}

fn in_waiting_room() -> RaceClient {
    let mut client = in_lobby();
    let mut entered = serde_json::to_value(entered()).unwrap();
    let seat = |seat: u8, player: &str| serde_json::json!({"seat": seat, "player": player, "connected": true});
    entered["room"]["seats"] = serde_json::json!([seat(0, "Ada"), seat(1, "Bob")]);
    entered["room"]["host"] = serde_json::json!("Bob");
    receive(&mut client, serde_json::from_value(entered).unwrap());
    client
}

fn receive_event(client: &mut RaceClient, body: serde_json::Value) {
    let body = serde_json::from_value(body).unwrap();
    client.handle(event(RACE.parse().unwrap(), body), Instant::now());
}

#[test]
fn answers_an_idle_warning_once() {
    let mut client = in_waiting_room();
    client.stay();
    assert!(sent(&mut client).is_empty(), "nobody was warned");
    for (player, is_own) in [("Bob", false), ("Ada", true)] {
        receive_event(
            &mut client,
            serde_json::json!({"event": "idle_warning", "player": player, "seat": 0, "seconds": 60}),
        );
        let warning = client.room().unwrap().idle_warning();
        assert_eq!(warning.is_some(), is_own);
    }
    client.stay();
    assert_eq!(sent(&mut client), [r#"{"type":"stay"}"#]);
    client.stay();
    assert!(sent(&mut client).is_empty());
}

#[test]
fn tracks_car_classes_and_the_host() {
    let mut client = in_waiting_room();
    client.choose_class(CarClass::Power);
    client.fill_seats(Skill::Expert);
    assert_eq!(
        sent(&mut client),
        [
            r#"{"type":"choose_class","class":"power"}"#,
            r#"{"type":"fill_seats","skill":"expert"}"#
        ]
    );
    let chosen =
        serde_json::json!({"event": "class_chosen", "player": "Ada", "seat": 0, "class": "power"});
    receive_event(&mut client, chosen);
    let room = client.room().unwrap();
    assert_eq!(room.own_class(), Some(CarClass::Power));
    assert!(!room.is_host());
    let host = serde_json::json!({"event": "host_changed", "player": "Ada"});
    receive_event(&mut client, host);
    assert!(client.room().unwrap().is_host());
    let ai = serde_json::json!({"event": "joined", "player": "AI-Ada", "seat": 2, "players": 3,
        "seats": 3, "class": "drift", "ai": true});
    receive_event(&mut client, ai);
    let seat = &client.room().unwrap().view().seats[2];
    assert_eq!((seat.class, seat.ai), (CarClass::Drift, true));
}

#[test]
fn a_penalty_warns_its_player_and_informs_the_others() {
    let mut client = in_waiting_room();
    for (player, seat) in [("Bob", 1), ("Ada", 0)] {
        let penalty = serde_json::json!({"event": "penalty", "player": player, "seat": seat,
            "metres": 100, "reason": "traffic"});
        receive_event(&mut client, penalty);
    }
    let notices = client.take_notices();
    assert_eq!(
        notices,
        [
            Notice::info("Bob hit the traffic: −100 m"),
            Notice::warning("Ada hit the traffic: −100 m")
        ]
    );
}

/// The id of the only request among the frames that were sent.
fn request(client: &mut RaceClient) -> String {
    let frames = sent(client);
    let frame = frames.iter().find(|frame| frame.contains("\"request\""));
    let message = frame.expect("a request was sent");
    let message: serde_json::Value = serde_json::from_str(message).unwrap();
    message["request"].as_str().unwrap().to_owned()
}

fn lose_and_regain(client: &mut RaceClient) {
    let reason = "cut".to_owned();
    client.handle(LinkEvent::Lost { reason }, Instant::now());
    client.handle(LinkEvent::Connected, Instant::now());
}

#[test]
fn a_sign_up_is_one_request_until_its_answer_is_final() {
    let mut client = RaceClient::default();
    client.sign_up("Ada", "secret1");
    client.handle(LinkEvent::Connected, Instant::now());
    let first = request(&mut client);
    lose_and_regain(&mut client);
    assert_eq!(request(&mut client), first);
    let busy = Rejection::new(RejectionCode::Unavailable, "busy");
    receive(&mut client, ServerMessage::Rejected(busy));
    client.drive(Controls::default(), Instant::now());
    assert_eq!(request(&mut client), first);
    client.sign_up("Ada", "secret1");
    assert_eq!(request(&mut client), first);
    client.sign_up("Ada", "secret2");
    let second = request(&mut client);
    assert_ne!(second, first);
    let taken = Rejection::new(RejectionCode::NameTaken, "taken");
    receive(&mut client, ServerMessage::Rejected(taken));
    client.sign_up("Ada", "secret2");
    assert_ne!(request(&mut client), second);
}

#[test]
fn a_log_in_that_came_too_often_waits_as_long_as_the_gateway_says() {
    let begun = Instant::now();
    let mut client = RaceClient::default();
    client.resume("t1");
    client.handle(LinkEvent::Connected, begun);
    assert_eq!(client.take_outgoing().len(), 1);
    let often = Rejection::new(RejectionCode::TooFast, "too many log-ins");
    let often = often.with_retry_after(Duration::from_secs(6));
    let often = LinkEvent::Message(ServerMessage::Rejected(often));
    client.handle(often, begun);
    for (passed, frames) in [(0, 0), (5_999, 0), (6_000, 1), (6_500, 0)] {
        client.drive(Controls::default(), begun + Duration::from_millis(passed));
        let sent = client.take_outgoing().len();
        assert_eq!(sent, frames, "after {passed} ms");
    }
}

#[test]
fn the_creation_of_a_room_is_one_request_until_its_answer_is_final() {
    let mut client = in_lobby();
    let create = |client: &mut RaceClient, name: &str| {
        client.create_room(name, RoomSettings::default(), CarClass::Grip);
        request(client)
    };
    let first = create(&mut client, "friday");
    lose_and_regain(&mut client);
    let player = PlayerName::parse("Ada").unwrap();
    let token = "t2".into();
    receive(
        &mut client,
        ServerMessage::Welcome {
            player,
            token,
            last_race: None,
        },
    );
    sent(&mut client);
    assert_eq!(create(&mut client, "friday"), first);
    let busy = Rejection::new(RejectionCode::Unavailable, "busy");
    receive(&mut client, ServerMessage::Rejected(busy));
    assert_eq!(create(&mut client, "friday"), first);
    let second = create(&mut client, "monday");
    assert_ne!(second, first);
    let exists = Rejection::new(RejectionCode::RoomExists, "it exists");
    receive(&mut client, ServerMessage::Rejected(exists));
    let third = create(&mut client, "monday");
    assert_ne!(third, second);
    receive(&mut client, entered());
    receive(&mut client, ServerMessage::LeftRoom);
    assert_ne!(create(&mut client, "monday"), third);
}

#[test]
fn a_deleted_account_is_not_logged_in_to_again() {
    let mut client = in_lobby();
    client.change_password("secret1", "secret2");
    let token = "t2".to_owned();
    receive(&mut client, ServerMessage::PasswordChanged { token });
    assert_eq!(client.token(), Some("t2"));
    let changed = AccountChange::PasswordChanged;
    assert_eq!(client.take_account_change(), Some(changed));
    client.delete_account("secret2");
    assert_eq!(
        sent(&mut client),
        [
            r#"{"type":"change_password","old":"secret1","new":"secret2"}"#,
            r#"{"type":"delete_account","password":"secret2"}"#,
        ]
    );
    let anonymous = PlayerName::parse("deleted-0000002a").unwrap();
    receive(&mut client, ServerMessage::AccountDeleted { anonymous });
    assert!(client.take_account_change().is_some());
    client.handle(LinkEvent::Connected, Instant::now());
    assert!(sent(&mut client).is_empty());
}

#[test]
fn after_a_log_out_nothing_is_resumed() {
    let mut client = in_lobby();
    assert!(client.token().is_some());
    client.log_out();
    assert_eq!(sent(&mut client), [r#"{"type":"log_out"}"#]);
    assert_eq!((client.token(), client.player()), (None, None));
    client.handle(LinkEvent::Connected, Instant::now());
    assert!(sent(&mut client).is_empty());
}

#[test]
fn gives_up_the_race_of_before_without_entering_it() {
    let mut client = RaceClient::default();
    let now = Instant::now();
    client.handle(LinkEvent::Connected, now);
    let last_race = serde_json::json!({"race": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "room": "friday", "score": 9, "lap": 0, "is_running": true});
    let welcome = serde_json::json!({"type": "welcome", "player": "Ada", "token": "t",
        "last_race": last_race});
    let entered = serde_json::json!({"type": "entered", "seat": 0, "room": {
        "race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "friday", "phase": "racing",
        "settings": {"seats": 2, "track": "harbour-ring"}, "start_tick": 240,
        "seats": [{"seat": 0, "player": "Ada", "connected": true}]}});
    let message = |json| LinkEvent::Message(serde_json::from_value(json).unwrap());
    client.handle(message(welcome), now);
    client.take_outgoing();
    client.give_up_race();
    assert_eq!(client.take_outgoing().len(), 1, "it takes the seat");
    client.handle(message(entered.clone()), now);
    assert!(matches!(client.state(), RaceClientState::Lobby));
    assert_eq!(client.take_outgoing().len(), 1, "it gives the seat back");
    client.give_up_race();
    assert!(client.take_outgoing().is_empty());
    client.handle(message(entered), now);
    assert!(matches!(client.state(), RaceClientState::Room(_)));
}

//! A race client without a gateway.

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

fn tell(client: &mut RaceClient, message: ServerMessage) {
    client.handle(LinkEvent::Message(message), Instant::now());
}

fn in_lobby() -> RaceClient {
    let mut client = RaceClient::default();
    client.log_in("Ada", "secret1");
    client.handle(LinkEvent::Connected, Instant::now());
    let player = PlayerName::parse("Ada").unwrap();
    tell(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t".into(),
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
fn goes_back_into_its_room_after_a_lost_connection() {
    let mut client = in_lobby();
    tell(&mut client, entered());
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
    tell(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t2".into(),
        },
    );
    assert_eq!(
        sent(&mut client),
        [r#"{"type":"join_room","name":"friday","class":"grip"}"#]
    );
    tell(&mut client, entered());
    assert!(client.room().is_some() && !client.is_returning());
}

#[test]
fn says_so_when_the_room_is_gone_meanwhile() {
    let mut client = in_lobby();
    tell(&mut client, entered());
    client.handle(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    client.handle(LinkEvent::Connected, Instant::now());
    let player = PlayerName::parse("Ada").unwrap();
    tell(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t2".into(),
        },
    );
    let rejection = Rejection::new(RejectionCode::RoomMissing, "there is no room friday");
    tell(&mut client, ServerMessage::Rejected(rejection));
    assert!(matches!(client.stage(), Stage::Lobby));
    assert!(client.take_notices()[0].text.contains("without you"));
}

#[test]
fn keeps_asking_for_its_place_while_the_servers_are_busy() {
    let mut client = in_lobby();
    tell(&mut client, entered());
    client.handle(
        LinkEvent::Lost {
            reason: "cut".into(),
        },
        Instant::now(),
    );
    client.handle(LinkEvent::Connected, Instant::now());
    let player = PlayerName::parse("Ada").unwrap();
    tell(
        &mut client,
        ServerMessage::Welcome {
            player,
            token: "t2".into(),
        },
    );
    sent(&mut client);
    let rejection = Rejection::new(RejectionCode::Unavailable, "busy");
    tell(&mut client, ServerMessage::Rejected(rejection));
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
    tell(&mut client, entered());
    let closed = RoomEventBody::Closed {
        reason: CloseReason::Finished,
        leaderboard: Vec::new(),
    };
    let other = "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap();
    client.handle(event(other, closed.clone()), Instant::now());
    assert!(client.room().is_some());
    client.handle(event(RACE.parse().unwrap(), closed), Instant::now());
    assert!(matches!(client.stage(), Stage::Result(_)));
    client.dismiss_result();
    assert!(matches!(client.stage(), Stage::Lobby));
}

fn in_waiting_room() -> RaceClient {
    let mut client = in_lobby();
    let mut entered = serde_json::to_value(entered()).unwrap();
    let seat = |seat: u8, player: &str| serde_json::json!({"seat": seat, "player": player, "connected": true});
    entered["room"]["seats"] = serde_json::json!([seat(0, "Ada"), seat(1, "Bob")]);
    entered["room"]["host"] = serde_json::json!("Bob");
    tell(&mut client, serde_json::from_value(entered).unwrap());
    client
}

fn told(client: &mut RaceClient, body: serde_json::Value) {
    let body = serde_json::from_value(body).unwrap();
    client.handle(event(RACE.parse().unwrap(), body), Instant::now());
}

#[test]
fn knows_who_drives_what_and_who_may_fill_the_room() {
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
    told(&mut client, chosen);
    let room = client.room().unwrap();
    assert_eq!(room.own_class(), Some(CarClass::Power));
    assert!(!room.is_host());
    let host = serde_json::json!({"event": "host_changed", "player": "Ada"});
    told(&mut client, host);
    assert!(client.room().unwrap().is_host());
    let ai = serde_json::json!({"event": "joined", "player": "AI-Ada", "seat": 2, "players": 3,
        "seats": 3, "class": "drift", "ai": true});
    told(&mut client, ai);
    let seat = &client.room().unwrap().view().seats[2];
    assert_eq!((seat.class, seat.ai), (CarClass::Drift, true));
}

#[test]
fn a_penalty_is_told_to_the_person_and_most_of_all_to_whom_it_hits() {
    let mut client = in_waiting_room();
    for (player, seat) in [("Bob", 1), ("Ada", 0)] {
        let penalty = serde_json::json!({"event": "penalty", "player": player, "seat": seat,
            "metres": 100, "reason": "traffic"});
        told(&mut client, penalty);
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

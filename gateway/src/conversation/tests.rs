//! The conversation without sockets.

use bytes::BytesMut;
use protocol::account::Password;
use protocol::client::Hello;
use protocol::version::CONVERSATION;

use super::*;
use crate::limiter::{LimitOptions, Limiter};

/// What is said to a conversation; a step may refer to it.
fn words(message: &ClientMessage) -> &'static [u8] {
    frame::from_client(message).to_vec().leak()
}

fn say(conversation: &mut Conversation, message: &ClientMessage) -> Step<'static> {
    conversation.frame(words(message), Instant::now())
}

fn unauthenticated(port: Port) -> Conversation {
    let now = Instant::now();
    let mut conversation = Conversation::new(port, now);
    let hello = frame::hello(&Hello {
        client: "test".into(),
    });
    assert_eq!(conversation.frame(&hello, now), Step::Nothing);
    conversation
}

fn known(port: Port) -> Conversation {
    let mut conversation = unauthenticated(port);
    log_in(&mut conversation);
    conversation
}

fn log_in(conversation: &mut Conversation) {
    let ada = PlayerName::parse("Ada").unwrap();
    let limiter = Limiter::new(LimitOptions::default());
    let limits = limiter.player(&ada.id(), Instant::now());
    conversation.logged_in(ada, limits);
}

fn code(step: &Step) -> RejectionCode {
    match step {
        Step::Send(ServerMessage::Rejected(rejection)) => rejection.code,
        other => panic!("not a rejection: {other:?}"),
    }
}

fn sign_up(name: &str, password: &str) -> ClientMessage {
    ClientMessage::SignUp {
        name: name.into(),
        password: Password::new(password),
        request: None,
    }
}

#[test]
fn asks_for_hello_of_its_own_version_first() {
    let now = Instant::now();
    let mut conversation = Conversation::new(Port::Race, now);
    let list = ClientMessage::ListRooms { after: None };
    let first = conversation.frame(words(&list), now);
    assert!(matches!(
        first,
        Step::Close(ServerMessage::Goodbye { retry: false, .. })
    ));

    let mut conversation = Conversation::new(Port::Race, now);
    let mut other = BytesMut::from(frame::hello(&Hello {
        client: "new".into(),
    }));
    other[1] = CONVERSATION.newest() + 1;
    let Step::Close(ServerMessage::Goodbye { code, reason, .. }) = conversation.frame(&other, now)
    else {
        panic!("another version was let in")
    };
    assert_eq!(code, GoodbyeCode::Version);
    let versions = [CONVERSATION.newest(), CONVERSATION.newest() + 1];
    for version in versions.map(|version| format!("version {version}")) {
        assert!(reason.contains(&version), "{reason}");
    }
}

#[test]
fn checks_names_and_passwords_before_anybody_is_asked() {
    let mut conversation = unauthenticated(Port::Race);
    for (message, expected) in [
        (sign_up("a b", "secret1"), RejectionCode::BadName),
        (sign_up("AI-Ada", "secret1"), RejectionCode::BadName),
        (sign_up("Ada", "short"), RejectionCode::BadPassword),
        (
            ClientMessage::ListRooms { after: None },
            RejectionCode::NotLoggedIn,
        ),
        (ClientMessage::LeaveRoom, RejectionCode::NotLoggedIn),
    ] {
        assert_eq!(code(&say(&mut conversation, &message)), expected);
    }
    assert!(matches!(
        say(&mut conversation, &sign_up("Ada", "secret1")),
        Step::Ask(Ask::SignUp(_))
    ));
}

#[test]
fn keeps_race_and_chat_on_their_ports() {
    let chat = ClientMessage::Say {
        text: "hi".into(),
        sequence: 1,
    };
    assert_eq!(
        code(&say(&mut known(Port::Race), &chat)),
        RejectionCode::WrongPort
    );
    assert!(matches!(
        say(&mut known(Port::Chat), &chat),
        Step::Ask(Ask::Say { .. })
    ));
    let list = ClientMessage::ListRooms { after: None };
    assert_eq!(
        code(&say(&mut known(Port::Chat), &list)),
        RejectionCode::WrongPort
    );
}

#[test]
fn gives_inputs_the_seat_that_the_gateway_knows() {
    let mut conversation = known(Port::Race);
    let frame = frame::binary(FrameKind::Input, b"opaque");
    let now = Instant::now();
    assert_eq!(conversation.frame(&frame, now), Step::Nothing);
    conversation.entered(Membership {
        room: RoomId::parse("r").unwrap(),
        race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
        seat: Some(3),
    });
    let expected = Step::Input(3, b"opaque");
    assert_eq!(conversation.frame(&frame, now), expected);
    let join = ClientMessage::JoinRoom {
        name: "other".into(),
        class: CarClass::Grip,
    };
    assert_eq!(
        code(&say(&mut conversation, &join)),
        RejectionCode::AlreadyInRoom
    );
}

#[test]
fn only_who_has_a_seat_chooses_a_car_and_fills_seats() {
    let choose = ClientMessage::ChooseClass {
        class: CarClass::Drift,
    };
    let fill = ClientMessage::FillSeats {
        skill: Skill::Expert,
    };
    let mut conversation = known(Port::Race);
    for message in [&choose, &fill] {
        let outside = code(&say(&mut conversation, message));
        assert_eq!(outside, RejectionCode::NotInRoom);
    }
    let membership = |seat| Membership {
        room: RoomId::parse("r").unwrap(),
        race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
        seat,
    };
    conversation.entered(membership(None));
    for message in [&choose, &fill] {
        let watching = code(&say(&mut conversation, message));
        assert_eq!(watching, RejectionCode::NotInRoom);
    }
    conversation.entered(membership(Some(0)));
    assert_eq!(
        say(&mut conversation, &choose),
        Step::Ask(Ask::ChooseClass(CarClass::Drift))
    );
    assert_eq!(
        say(&mut conversation, &fill),
        Step::Ask(Ask::FillSeats(Skill::Expert))
    );
}

#[test]
fn slows_a_flood_down_and_survives_nonsense() {
    let mut conversation = known(Port::Race);
    let now = Instant::now();
    let ping = frame::from_client(&ClientMessage::Ping { nonce: 1 });
    let (_, burst) = limits::CONTROL_RATE;
    let mut answers = (0..).map(|_| conversation.frame(&ping, now));
    let pongs = answers
        .by_ref()
        .take(burst as usize)
        .filter(|step| matches!(step, Step::Send(ServerMessage::Pong { .. })));
    assert_eq!(pongs.count(), burst as usize);
    let first_refused = answers.next().unwrap();
    assert_eq!(code(&first_refused), RejectionCode::TooFast);
    assert_eq!(answers.next(), Some(Step::Nothing), "it has been told");
    let (_, tolerated) = limits::REFUSAL_RATE;
    let door = answers
        .take(tolerated as usize)
        .find(|it| *it != Step::Nothing);
    let Some(Step::Close(ServerMessage::Goodbye { code: why, .. })) = door else {
        panic!("{door:?}")
    };
    assert_eq!(why, GoodbyeCode::TooMany);

    let mut conversation = known(Port::Race);
    let junk = frame::binary(FrameKind::Control, b"{\"type\":\"launch\"}");
    assert_eq!(
        code(&conversation.frame(&junk, now)),
        RejectionCode::BadMessage
    );
    let unknown = [200, 1, 2];
    assert!(matches!(conversation.frame(&unknown, now), Step::Close(_)));
}

#[test]
fn a_client_that_goes_on_with_nonsense_is_shown_the_door() {
    let mut conversation = known(Port::Race);
    let now = Instant::now();
    let junk = frame::binary(FrameKind::Control, b"{");
    let steps: Vec<_> = (0..200).map(|_| conversation.frame(&junk, now)).collect();
    let answered = steps.iter().filter(|step| matches!(step, Step::Send(_)));
    assert_eq!(answered.count(), 1);
    let Some(Step::Close(goodbye)) = steps.iter().find(|step| matches!(step, Step::Close(_)))
    else {
        panic!("it was let go on")
    };
    assert!(matches!(
        goodbye,
        ServerMessage::Goodbye {
            code: GoodbyeCode::BadFrame,
            ..
        }
    ));
    let later = now + limits::REFUSAL_SILENCE;
    let mut patient = known(Port::Race);
    assert_eq!(code(&patient.frame(&junk, now)), RejectionCode::BadMessage);
    assert_eq!(patient.frame(&junk, now), Step::Nothing);
    assert_eq!(
        code(&patient.frame(&junk, later)),
        RejectionCode::BadMessage
    );
}

#[test]
fn a_stranger_has_a_dozen_frames() {
    let mut conversation = unauthenticated(Port::Race);
    let ping = ClientMessage::Ping { nonce: 1 };
    for _ in 1..limits::STRANGER_FRAMES_MAX {
        let pong = say(&mut conversation, &ping);
        assert!(matches!(pong, Step::Send(ServerMessage::Pong { .. })));
    }
    let Step::Close(ServerMessage::Goodbye { code, retry, .. }) = say(&mut conversation, &ping)
    else {
        panic!("it may go on")
    };
    assert_eq!((code, retry), (GoodbyeCode::TooMany, true));

    let mut player = unauthenticated(Port::Race);
    log_in(&mut player);
    for _ in 0..2 * limits::STRANGER_FRAMES_MAX {
        assert!(matches!(say(&mut player, &ping), Step::Send(_)));
    }
}

#[test]
fn a_stranger_has_a_minute_whatever_it_sends() {
    let start = Instant::now();
    let mut conversation = Conversation::new(Port::Race, start);
    let hello = frame::hello(&Hello {
        client: "test".into(),
    });
    let second = std::time::Duration::from_secs(1);
    assert_eq!(
        conversation.silent_until(start + second),
        start + limits::HELLO_TIMEOUT
    );
    conversation.frame(&hello, start + second);
    let ping = frame::from_client(&ClientMessage::Ping { nonce: 1 });
    for number in 2..8 {
        let now = start + number * second;
        conversation.frame(&ping, now);
        assert_eq!(
            conversation.silent_until(now),
            start + limits::LOG_IN_TIMEOUT
        );
    }
    log_in(&mut conversation);
    let now = start + 50 * second;
    assert_eq!(conversation.silent_until(now), now + limits::IDLE_TIMEOUT);
}

#[test]
fn a_list_goes_on_after_a_name() {
    let list = |after: &str| ClientMessage::ListRooms {
        after: Some(after.into()),
    };
    let mut conversation = known(Port::Race);
    let expected = Ask::ListRooms(Some(RoomId::parse("friday").unwrap()));
    assert_eq!(say(&mut conversation, &list("Friday")), Step::Ask(expected));
    let bad = say(&mut conversation, &list("a b"));
    assert_eq!(code(&bad), RejectionCode::BadName);
}

#[test]
fn changes_accounts_for_the_player_of_the_connection_only() {
    let change = ClientMessage::ChangePassword {
        old: Password::new("secret1"),
        new: Password::new("secret2"),
    };
    let delete = ClientMessage::DeleteAccount {
        password: Password::new("secret1"),
    };
    for message in [&change, &delete] {
        let step = say(&mut unauthenticated(Port::Race), message);
        assert_eq!(code(&step), RejectionCode::NotLoggedIn);
    }
    let short = ClientMessage::ChangePassword {
        old: Password::new("secret1"),
        new: Password::new("short"),
    };
    let step = say(&mut known(Port::Race), &short);
    assert_eq!(code(&step), RejectionCode::BadPassword);
    for port in [Port::Race, Port::Chat] {
        let ada = PlayerId::parse("ada").unwrap();
        let step = say(&mut known(port), &change);
        assert!(matches!(step, Step::Ask(Ask::ChangePassword(it)) if it.player == ada));
        let step = say(&mut known(port), &delete);
        assert!(matches!(step, Step::Ask(Ask::DeleteAccount(it)) if it.player == ada));
    }
}

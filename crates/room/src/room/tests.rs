//! A room from its creation to its end, without I/O.

mod attendance;
mod catch_up;
mod damage;
mod golden;
mod presence;
mod replay;

use std::time::Duration;

use domain::{CarClass, Controls, Skill};
use protocol::input::{InputBatch, InputFrame};
use protocol::{GatewayId, PlayerName, RejectionCode, Seat, SessionNonce, version};
use simulation::AiDriver;

use super::*;

mod filled;
mod highway;

const GATEWAY: GatewayId = GatewayId::new(7);

fn room(seats: u8, laps: u16) -> Room {
    room_of(RoomSettings {
        seats,
        laps,
        track: Track::names()[0].to_owned(),
        ..RoomSettings::default()
    })
}

fn room_of(settings: RoomSettings) -> Room {
    let track = Arc::new(Track::by_name(&settings.track).unwrap());
    let identity = Identity {
        race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
        name: RoomName::parse("Friday").unwrap(),
        settings,
        creator: Some(player("Ada")),
        request: None,
    };
    let ownership = Ownership {
        owner: WorkerId::new(1),
        epoch: Epoch::FIRST,
    };
    Room::new(identity, ownership, track, Instant::now())
}

fn player(name: &str) -> PlayerName {
    PlayerName::parse(name).unwrap()
}

fn join(room: &mut Room, name: &str, session: u32) -> Reply<CtlReply> {
    join_with(room, name, session, CarClass::Grip)
}

fn join_with(room: &mut Room, name: &str, session: u32, class: CarClass) -> Reply<CtlReply> {
    let session = SessionNonce::new(session);
    let request = CtlRequest::Join {
        player: player(name),
        gateway: GATEWAY,
        session,
        class,
    };
    room.ctl(request, Instant::now())
}

fn leave(room: &mut Room, name: &str, session: u32) {
    let session = SessionNonce::new(session);
    let player = player(name);
    let request = CtlRequest::Leave { player, session };
    room.ctl(request, Instant::now()).unwrap();
}

fn events(room: &mut Room) -> Vec<String> {
    let kind = |output: Output| match output {
        Output::Event(event) => {
            let json = serde_json::to_value(event.body).unwrap();
            json["event"].as_str().map(str::to_owned)
        }
        Output::Snapshot(_)
        | Output::Lobby
        | Output::Persist(_)
        | Output::Players(_)
        | Output::Checkpoint => None,
    };
    room.take_outputs().into_iter().filter_map(kind).collect()
}

/// Races until the room has ended.
fn race_to_the_end(room: &mut Room) -> Vec<String> {
    race_until(room, |room, _| room.ending().is_some())
}

/// Drives every seat with the AI through the wire's own messages.
fn race_until(room: &mut Room, is_done: impl Fn(&Room, &[String]) -> bool) -> Vec<String> {
    let seats = room.seats().len();
    let mut drivers: Vec<_> = (0..seats)
        .map(|seat| AiDriver::new(&room.track, seat as u64, Skill::Expert))
        .collect();
    let mut seen = Vec::new();
    let start = Instant::now();
    for tick in 0..60 * 600_u64 {
        let race = room.race.as_ref().unwrap();
        let is_person = |seat: usize| {
            let occupant = room.seats().get(seat as Seat);
            occupant.is_some_and(|occupant| occupant.is_connected())
        };
        let frames: Vec<(Seat, Vec<u8>)> = drivers
            .iter_mut()
            .enumerate()
            .filter(|(seat, _)| is_person(*seat))
            .map(|(seat, driver)| {
                let input = driver.drive(&room.track, &race.rules, &race.state, seat);
                let controls: [Controls; 1] = [input];
                let first_tick = race.state.tick;
                let frame = InputFrame {
                    first_tick,
                    controls: controls.into_iter().collect(),
                };
                (seat as Seat, frame.encode_into(Vec::new()))
            })
            .collect();
        let frames = frames.iter().map(|(seat, frame)| (*seat, &frame[..]));
        let batch = InputBatch {
            race: room.identity.race,
            gateway: GATEWAY,
            frames: frames.collect(),
        }
        .encode();
        assert_eq!(room.inputs(&batch).unreadable, 0);
        room.tick(start + Duration::from_millis(tick * 1000 / 60), 1_000);
        seen.extend(events(room));
        if is_done(room, &seen) {
            return seen;
        }
    }
    panic!("the race did not end");
}

#[test]
fn waits_until_it_is_full_and_then_counts_down() {
    let mut room = room(2, 1);
    assert_eq!(join(&mut room, "Ada", 1).unwrap().seat, Some(0));
    assert_eq!(room.phase(), Phase::Waiting);
    assert_eq!(join(&mut room, "Bob", 2).unwrap().seat, Some(1));
    assert_eq!(room.phase(), Phase::Countdown);
    assert_eq!(events(&mut room), ["joined", "joined", "countdown"]);
}

#[test]
fn rejects_a_join_when_the_room_is_full_and_when_the_race_has_started() {
    let mut room = room(1, 1);
    join(&mut room, "Ada", 1).unwrap();
    let refusal = |room: &mut Room| join(room, "Bob", 2).unwrap_err().code;
    assert_eq!(refusal(&mut room), RejectionCode::RoomFull);
    while room.phase() == Phase::Countdown {
        room.tick(Instant::now(), 1_000);
    }
    assert_eq!(refusal(&mut room), RejectionCode::RaceStarted);
}

#[test]
fn races_to_a_winner_and_closes_with_a_result() {
    let mut room = room(2, 1);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    events(&mut room);
    let seen = race_to_the_end(&mut room);
    for expected in ["started", "lap", "winner", "finished"] {
        assert!(
            seen.iter().any(|event| event == expected),
            "{expected} in {seen:?}"
        );
    }
    let result = room.ending().unwrap().result.clone().unwrap();
    assert_eq!(result.standings.len(), 2);
    assert!(result.standings[0].score >= result.standings[1].score);
    assert_eq!(result.standings[0].score, i64::from(room.track.length_m()));
    room.close();
    assert_eq!(events(&mut room), ["closed"]);
}

#[test]
fn a_won_race_that_everybody_leaves_has_its_result() {
    let mut room = room(2, 1);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    race_until(&mut room, |_, seen| {
        seen.iter().any(|event| event == "winner")
    });
    for (name, session) in [("Ada", 1), ("Bob", 2)] {
        let session = SessionNonce::new(session);
        let leave = CtlRequest::Leave {
            player: player(name),
            session,
        };
        room.ctl(leave, Instant::now()).unwrap();
    }
    room.tick(Instant::now(), 1_000);
    let ending = room.ending().unwrap();
    assert_eq!(ending.reason, CloseReason::Finished);
    assert_eq!(ending.result.as_ref().unwrap().standings.len(), 2);
}

#[test]
fn a_replaced_connection_cannot_give_its_successors_seat_back() {
    let mut room = room(2, 1);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Ada", 2).unwrap();
    let leave = |session| CtlRequest::Leave {
        player: player("Ada"),
        session: SessionNonce::new(session),
    };
    room.ctl(leave(1), Instant::now()).unwrap();
    assert_eq!(room.ending(), None);
    room.ctl(leave(2), Instant::now()).unwrap();
    assert_eq!(room.ending().unwrap().reason, CloseReason::Empty);
}

#[test]
fn a_lost_connection_keeps_its_seat_and_comes_back_to_it() {
    let mut room = room(2, 1);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    events(&mut room);
    let lost = |session| CtlRequest::Lost {
        player: player("Ada"),
        session,
    };
    // The news of an older connection's end may come late.
    room.ctl(lost(SessionNonce::new(9)), Instant::now())
        .unwrap();
    assert!(events(&mut room).is_empty());
    room.ctl(lost(SessionNonce::new(1)), Instant::now())
        .unwrap();
    assert_eq!(join(&mut room, "ADA", 3).unwrap().seat, Some(0));
    assert_eq!(events(&mut room), ["lost", "returned"]);
}

#[test]
fn a_seat_given_back_while_waiting_is_free_again() {
    let mut room = room(2, 1);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap_or_else(|_| panic!("a free seat"));
    let mut waiting = self::room(3, 1);
    join(&mut waiting, "Ada", 1).unwrap();
    join(&mut waiting, "Bob", 2).unwrap();
    waiting
        .ctl(
            CtlRequest::Leave {
                player: player("Ada"),
                session: SessionNonce::new(1),
            },
            Instant::now(),
        )
        .unwrap();
    assert_eq!(join(&mut waiting, "Cyd", 3).unwrap().seat, Some(0));
    assert_eq!(
        events(&mut waiting),
        ["joined", "joined", "left", "host_changed", "joined"]
    );
}

#[test]
fn ends_when_everybody_has_left_or_nobody_is_connected_for_a_minute() {
    let mut left = room(2, 1);
    join(&mut left, "Ada", 1).unwrap();
    left.ctl(
        CtlRequest::Leave {
            player: player("Ada"),
            session: SessionNonce::new(1),
        },
        Instant::now(),
    )
    .unwrap();
    assert_eq!(left.ending().unwrap().reason, CloseReason::Empty);

    let mut deserted = room(2, 1);
    let now = Instant::now();
    join(&mut deserted, "Ada", 1).unwrap();
    deserted.poll(now + Duration::from_secs(100));
    assert_eq!(deserted.ending(), None);
    let lost = CtlRequest::Lost {
        player: player("Ada"),
        session: SessionNonce::new(1),
    };
    deserted.ctl(lost, now).unwrap();
    deserted.poll(now + Duration::from_secs(59));
    assert_eq!(deserted.ending(), None);
    deserted.poll(now + Duration::from_secs(60));
    assert_eq!(deserted.ending().unwrap().reason, CloseReason::Abandoned);
}

#[test]
fn goes_on_from_a_checkpoint_where_it_was() {
    let mut room = room(1, 1);
    join(&mut room, "Ada", 1).unwrap();
    for _ in 0..300 {
        room.tick(Instant::now(), 0);
    }
    let checkpoint = room.checkpoint();
    let ownership = Ownership {
        owner: WorkerId::new(2),
        epoch: checkpoint.epoch.next().unwrap(),
    };
    let track = Arc::clone(&room.track);
    let restored = Room::restore(&checkpoint, ownership, |_| Some(track), Instant::now()).unwrap();
    let state = |room: &Room| room.race.as_ref().unwrap().state.clone();
    assert_eq!(state(&restored), state(&room));
    assert_eq!(restored.phase(), Phase::Racing);
    assert_eq!(restored.checkpoint().epoch, Epoch(2));
}

#[test]
fn ignores_inputs_of_strangers() {
    let mut room = room(1, 1);
    join(&mut room, "Ada", 1).unwrap();
    let frame = InputFrame {
        first_tick: 0,
        controls: [Controls::default()].into_iter().collect(),
    }
    .encode_into(Vec::new());
    let batch = |gateway, seat, race: &str| {
        InputBatch {
            race: race.parse().unwrap(),
            gateway,
            frames: vec![(seat, &frame)],
        }
        .encode()
    };
    let race = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for payload in [
        batch(GatewayId::new(8), 0, race),
        batch(GATEWAY, 5, race),
        batch(GATEWAY, 0, "01ARZ3NDEKTSV4RRFFQ69G5FAW"),
        vec![version::INPUT_BATCH.written(), 0],
    ] {
        let unreadable = race::Received {
            unreadable: 1,
            ..race::Received::default()
        };
        assert_eq!(room.inputs(&payload), unreadable);
    }
    let mut newer = batch(GATEWAY, 0, race);
    newer[0] = version::INPUT_BATCH.newest() + 1;
    let received = room.inputs(&newer);
    assert_eq!((received.frames, received.unreadable), (0, 1));
    let found = received.unknown_version.map(|unknown| unknown.found);
    assert_eq!(found, Some(newer[0]));
    assert_eq!(room.inputs(&batch(GATEWAY, 0, race)).frames, 1);
}

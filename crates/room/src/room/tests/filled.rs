//! Classes of car, and rooms that AI drivers fill.

use domain::Skill;

use super::*;

fn fill(room: &mut Room, name: &str, session: u32) -> Reply<CtlReply> {
    let request = CtlRequest::FillSeats {
        player: player(name),
        session: SessionNonce::new(session),
        skill: Skill::Expert,
    };
    room.ctl(request, Instant::now())
}

fn choose(room: &mut Room, name: &str, session: u32, class: CarClass) -> Reply<CtlReply> {
    let request = CtlRequest::ChooseClass {
        player: player(name),
        session: SessionNonce::new(session),
        class,
    };
    room.ctl(request, Instant::now())
}

/// Ada and three AI drivers at the start.
fn filled(laps: u16) -> Room {
    let mut room = room(4, laps);
    join(&mut room, "Ada", 1).unwrap();
    fill(&mut room, "Ada", 1).unwrap();
    room
}

#[test]
fn the_creator_fills_the_free_seats_and_the_countdown_begins() {
    let mut room = room(4, 1);
    // Another player was quicker than the creator.
    join(&mut room, "Bob", 2).unwrap();
    join(&mut room, "Ada", 1).unwrap();
    let refused = fill(&mut room, "Bob", 2).unwrap_err();
    assert_eq!(refused.code, RejectionCode::NotHost);
    assert!(refused.message.contains("only Ada may fill"), "{refused}");
    events(&mut room);
    let view = fill(&mut room, "Ada", 1).unwrap().room;
    assert_eq!(view.phase, Phase::Countdown);
    let ai: Vec<bool> = view.seats.iter().map(|seat| seat.ai).collect();
    assert_eq!(ai, [false, false, true, true]);
    assert!(view.seats.iter().all(|seat| seat.connected));
    assert_eq!(events(&mut room), ["joined", "joined", "countdown"]);
    let again = fill(&mut room, "Ada", 1).unwrap_err();
    assert_eq!(again.code, RejectionCode::RaceStarted);
    assert_eq!(
        join(&mut room, "Cyd", 3).unwrap_err().code,
        RejectionCode::RoomFull
    );
}

#[test]
fn the_longest_seated_is_host_while_the_creator_is_away() {
    let mut room = room(4, 1);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    join(&mut room, "Cyd", 3).unwrap();
    assert_eq!(room.host(), Some(player("Ada")));
    leave(&mut room, "Ada", 1);
    assert_eq!(room.host(), Some(player("Bob")));
    // Dan sits in the first seat, but came last.
    join(&mut room, "Dan", 4).unwrap();
    assert_eq!(room.host(), Some(player("Bob")));
    leave(&mut room, "Dan", 4);
    join(&mut room, "Ada", 5).unwrap();
    assert_eq!(room.host(), Some(player("Ada")));
    assert_eq!(
        fill(&mut room, "Bob", 2).unwrap_err().code,
        RejectionCode::NotHost
    );
    let events = events(&mut room);
    assert_eq!(
        events
            .iter()
            .filter(|event| *event == "host_changed")
            .count(),
        2
    );
}

#[test]
fn only_the_present_connection_of_a_seated_player_asks() {
    let mut room = room(3, 1);
    join(&mut room, "Ada", 1).unwrap();
    for (name, session) in [("Ada", 9), ("Eve", 1)] {
        let filled = fill(&mut room, name, session).unwrap_err();
        assert_eq!(filled.code, RejectionCode::NotInRoom);
        let chosen = choose(&mut room, name, session, CarClass::Drift).unwrap_err();
        assert_eq!(chosen.code, RejectionCode::NotInRoom);
    }
}

#[test]
fn nobody_joins_under_the_name_of_an_ai_driver() {
    let mut room = filled(1);
    let name = room.seats().get(2).unwrap().player.to_string();
    assert_eq!(
        join(&mut room, &name, 7).unwrap_err().code,
        RejectionCode::BadName
    );
    leave(&mut room, &name, 7);
    assert_eq!(room.seats().taken().count(), 4);
}

#[test]
fn the_cars_are_of_the_classes_that_were_chosen() {
    let mut room = room(3, 1);
    join_with(&mut room, "Ada", 1, CarClass::Power).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    events(&mut room);
    choose(&mut room, "Bob", 2, CarClass::Drift).unwrap();
    choose(&mut room, "Bob", 2, CarClass::Drift).unwrap();
    assert_eq!(events(&mut room), ["class_chosen"]);
    // A seat that is taken again keeps its car.
    join_with(&mut room, "Ada", 4, CarClass::Grip).unwrap();
    let view = join(&mut room, "Cyd", 3).unwrap().room;
    let classes: Vec<_> = view.seats.iter().map(|seat| seat.class).collect();
    assert_eq!(classes, [CarClass::Power, CarClass::Drift, CarClass::Grip]);
    let race = room.race.as_ref().unwrap();
    let cars: Vec<_> = race.state.cars.iter().map(|car| car.class).collect();
    use domain::CarClass as Raced;
    assert_eq!(cars, [Raced::Power, Raced::Drift, Raced::Grip]);
    let late = choose(&mut room, "Bob", 2, CarClass::Grip).unwrap_err();
    assert_eq!(late.code, RejectionCode::RaceStarted);
}

#[test]
fn a_filled_race_has_a_result_that_marks_the_ai_drivers() {
    let mut room = filled(1);
    race_to_the_end(&mut room);
    let result = room.ending().unwrap().result.clone().unwrap();
    let mut ai: Vec<(Seat, bool)> = result
        .standings
        .iter()
        .map(|standing| (standing.seat, standing.ai))
        .collect();
    ai.sort_unstable();
    assert_eq!(ai, [(0, false), (1, true), (2, true), (3, true)]);
    // They have moved, so they were driven.
    assert!(
        result
            .standings
            .iter()
            .all(|standing| standing.score > 1_000)
    );
}

#[test]
fn the_database_hears_nothing_of_where_ai_drivers_are() {
    let mut room = filled(1);
    for _ in 0..600 {
        room.tick(Instant::now(), 0);
    }
    let mut recorded: Vec<_> = room
        .take_outputs()
        .into_iter()
        .filter_map(|output| match output {
            Output::Persist(PersistMessage::Players { players }) | Output::Players(players) => {
                Some(players)
            }
            Output::Persist(_)
            | Output::Event(_)
            | Output::Snapshot(_)
            | Output::Lobby
            | Output::Checkpoint => None,
        })
        .flatten()
        .map(|record| record.player.to_string())
        .collect();
    recorded.dedup();
    assert_eq!(recorded, ["Ada"]);
}

#[test]
fn a_room_with_ai_drivers_only_closes() {
    let mut left = filled(1);
    leave(&mut left, "Ada", 1);
    assert_eq!(left.ending().unwrap().reason, CloseReason::Empty);

    let mut deserted = filled(1);
    let now = Instant::now();
    let lost = CtlRequest::Lost {
        player: player("Ada"),
        session: SessionNonce::new(1),
    };
    deserted.ctl(lost, now).unwrap();
    deserted.poll(now + Duration::from_secs(61));
    assert_eq!(deserted.ending().unwrap().reason, CloseReason::Abandoned);
}

#[test]
fn ai_drivers_go_on_under_a_new_owner() {
    let mut room = filled(1);
    for _ in 0..600 {
        room.tick(Instant::now(), 0);
    }
    let checkpoint = room.checkpoint();
    let ownership = Ownership {
        owner: WorkerId::new(2),
        epoch: checkpoint.epoch.next().unwrap(),
    };
    let track = Arc::clone(&room.track);
    let mut taken = Room::restore(&checkpoint, ownership, |_| Some(track), Instant::now()).unwrap();
    assert_eq!(taken.view().seats, room.view().seats);
    assert_eq!(taken.host(), room.host());
    let travelled = |room: &Room| room.race.as_ref().unwrap().state.cars[1].travel;
    let before = travelled(&taken);
    for _ in 0..300 {
        taken.tick(Instant::now(), 0);
    }
    let car = &taken.race.as_ref().unwrap().state.cars[1];
    assert_eq!(car.absent_ticks, 0);
    assert!(travelled(&taken) - before > 50 * domain::POSITION_UNITS_PER_M);
}

//! People who have a seat and do nothing.

use protocol::room::LeaveReason;

use super::*;

/// A clock that goes on while the room is looked after.
struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// What the room says while so many seconds pass.
    fn pass(&mut self, room: &mut Room, seconds: u32) -> Vec<String> {
        for _ in 0..seconds * 4 {
            self.0 += Duration::from_millis(250);
            room.poll(self.0);
        }
        events(room)
    }
}

fn ask(room: &mut Room, request: CtlRequest) {
    room.ctl(request, Instant::now()).unwrap();
}

fn lose(room: &mut Room, name: &str, session: u32) {
    let (player, session) = (player(name), SessionNonce::new(session));
    ask(room, CtlRequest::Lost { player, session });
}

fn stay(room: &mut Room, name: &str, session: u32) {
    let (player, session) = (player(name), SessionNonce::new(session));
    ask(room, CtlRequest::Stay { player, session });
}

/// A race of some people, just after its start.
fn racing(people: &[&str]) -> Room {
    let mut room = room(people.len() as u8, 1);
    for (index, name) in people.iter().enumerate() {
        join(&mut room, name, index as u32 + 1).unwrap();
    }
    let now = Instant::now();
    while room.phase() != Phase::Racing {
        room.tick(now, 0);
    }
    events(&mut room);
    room
}

fn left_because(room: &mut Room) -> Vec<(String, LeaveReason, Option<SessionNonce>)> {
    let left = |output| match output {
        Output::Event(event) => match event.body {
            RoomEventBody::Left {
                player,
                reason,
                session,
                ..
            } => Some((player.to_string(), reason, session)),
            _ => None,
        },
        _ => None,
    };
    room.take_outputs().into_iter().filter_map(left).collect()
}

#[test]
fn a_lost_connection_frees_the_seat_of_a_waiting_room_after_fifteen_seconds() {
    let mut room = room(3, 1);
    let mut clock = Clock::start();
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    clock.pass(&mut room, 1);
    lose(&mut room, "Bob", 2);
    assert_eq!(clock.pass(&mut room, 14), ["lost"]);
    join(&mut room, "Bob", 3).unwrap();
    lose(&mut room, "Bob", 3);
    assert_eq!(clock.pass(&mut room, 14), ["returned", "lost"]);
    clock.0 += Duration::from_secs(2);
    room.poll(clock.0);
    clock.0 += Duration::from_secs(2);
    room.poll(clock.0);
    assert_eq!(
        left_because(&mut room),
        [(
            "Bob".to_owned(),
            LeaveReason::Lost,
            Some(SessionNonce::new(3))
        )]
    );
    assert!(room.seats().get(1).is_none());
    // It is a newcomer when it comes back.
    assert_eq!(join(&mut room, "Bob", 4).unwrap().seat, Some(1));
}

#[test]
fn a_waiting_room_whose_last_connection_is_lost_stays_for_a_minute() {
    let mut room = room(2, 1);
    let mut clock = Clock::start();
    join(&mut room, "Ada", 1).unwrap();
    clock.pass(&mut room, 1);
    let lost_at = clock.0;
    let (player, session) = (player("Ada"), SessionNonce::new(1));
    room.ctl(CtlRequest::Lost { player, session }, lost_at)
        .unwrap();
    assert_eq!(clock.pass(&mut room, 58), ["lost", "left"]);
    assert_eq!(room.ending(), None);
    clock.pass(&mut room, 3);
    assert_eq!(room.ending().unwrap().reason, CloseReason::Abandoned);
}

#[test]
fn the_race_does_not_start_against_nobody() {
    let mut room = room(2, 1);
    let mut clock = Clock::start();
    join(&mut room, "Ada", 1).unwrap();
    clock.pass(&mut room, 1);
    lose(&mut room, "Ada", 1);
    clock.pass(&mut room, 16);
    join(&mut room, "Bob", 2).unwrap();
    assert_eq!(room.phase(), Phase::Waiting);
}

#[test]
fn an_idle_host_is_warned_and_leaves_and_the_next_has_as_long() {
    let mut room = room(3, 1);
    let mut clock = Clock::start();
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    clock.pass(&mut room, 1);
    assert_eq!(clock.pass(&mut room, 238), [""; 0]);
    assert_eq!(clock.pass(&mut room, 2), ["idle_warning"]);
    assert_eq!(clock.pass(&mut room, 58), [""; 0]);
    clock.0 += Duration::from_secs(1);
    room.poll(clock.0);
    clock.0 += Duration::from_secs(1);
    room.poll(clock.0);
    assert_eq!(events(&mut room), ["left", "host_changed"]);
    assert_eq!(room.host(), Some(player("Bob")));
    assert_eq!(clock.pass(&mut room, 290), ["idle_warning"]);
    assert_eq!(clock.pass(&mut room, 12), ["left"]);
    assert_eq!(room.ending().unwrap().reason, CloseReason::Empty);
}

#[test]
fn a_host_that_does_something_stays() {
    let mut room = room(4, 1);
    let mut clock = Clock::start();
    join(&mut room, "Ada", 1).unwrap();
    clock.pass(&mut room, 1);
    let signs: [fn(&mut Room); 4] = [
        |room| stay(room, "Ada", 1),
        |room| {
            let (player, session) = (player("Ada"), SessionNonce::new(1));
            let class = CarClass::Power;
            ask(
                room,
                CtlRequest::ChooseClass {
                    player,
                    session,
                    class,
                },
            );
        },
        |room| {
            join(room, "Bob", 2).unwrap();
        },
        |room| {
            join(room, "Ada", 1).unwrap();
        },
    ];
    for sign in signs {
        assert_eq!(clock.pass(&mut room, 245), ["idle_warning"]);
        sign(&mut room);
        events(&mut room);
        assert_eq!(clock.pass(&mut room, 235), [""; 0]);
        sign(&mut room);
        events(&mut room);
    }
    // Nobody else's life is the host's.
    assert_eq!(clock.pass(&mut room, 245), ["idle_warning"]);
    stay(&mut room, "Bob", 2);
    assert_eq!(clock.pass(&mut room, 60), ["left", "host_changed"]);
}

#[test]
fn an_idle_driver_is_warned_and_leaves_and_a_race_of_one_closes() {
    let mut room = racing(&["Ada"]);
    let mut clock = Clock::start();
    assert_eq!(clock.pass(&mut room, 44), [""; 0]);
    let warned = |room: &mut Room, clock: &mut Clock| {
        let mut seconds = None;
        for _ in 0..8 {
            clock.0 += Duration::from_millis(250);
            room.poll(clock.0);
            for output in room.take_outputs() {
                if let Output::Event(RoomEvent {
                    body: RoomEventBody::IdleWarning { seconds: left, .. },
                    ..
                }) = output
                {
                    seconds = Some(left);
                }
            }
        }
        seconds
    };
    assert_eq!(warned(&mut room, &mut clock), Some(15));
    assert_eq!(clock.pass(&mut room, 13), [""; 0]);
    assert_eq!(clock.pass(&mut room, 3), ["left"]);
    assert_eq!(room.ending().unwrap().reason, CloseReason::Empty);
}

#[test]
fn a_driver_that_answers_or_drives_a_metre_stays() {
    let mut room = racing(&["Ada"]);
    let mut clock = Clock::start();
    assert_eq!(clock.pass(&mut room, 50), ["idle_warning"]);
    stay(&mut room, "Ada", 1);
    assert_eq!(clock.pass(&mut room, 50), ["idle_warning"]);
    let race = room.race.as_mut().unwrap();
    let car = &mut race.state.cars[0];
    let before = car.position_m();
    car.x += 100_000;
    assert!((car.position_m() - before).length() > 1.0);
    assert_eq!(clock.pass(&mut room, 44), [""; 0]);
    assert_eq!(clock.pass(&mut room, 4), ["idle_warning"]);
}

#[test]
fn only_people_who_are_there_and_race_are_idle() {
    let mut room = room(2, 1);
    let mut clock = Clock::start();
    join(&mut room, "Ada", 1).unwrap();
    let (player, session) = (player("Ada"), SessionNonce::new(1));
    let skill = Skill::default();
    ask(
        &mut room,
        CtlRequest::FillSeats {
            player,
            session,
            skill,
        },
    );
    events(&mut room);
    // The cars are held on the grid.
    assert_eq!(clock.pass(&mut room, 100), [""; 0]);
    while room.phase() != Phase::Racing {
        room.tick(clock.0, 0);
    }
    events(&mut room);
    let lost_at = clock.0;
    let (player, session) = (self::player("Ada"), SessionNonce::new(1));
    room.ctl(CtlRequest::Lost { player, session }, lost_at)
        .unwrap();
    // The AI stands as well: no tick is computed here.
    assert_eq!(clock.pass(&mut room, 59), ["lost"]);
    join(&mut room, "Ada", 2).unwrap();
    assert_eq!(clock.pass(&mut room, 40), ["returned"]);
}

#[test]
fn a_pause_of_the_owner_is_nobodys_idleness() {
    let mut room = racing(&["Ada", "Bob"]);
    let mut clock = Clock::start();
    clock.pass(&mut room, 30);
    clock.0 += Duration::from_secs(3_600);
    assert_eq!(clock.pass(&mut room, 13), [""; 0]);
    assert_eq!(clock.pass(&mut room, 5), ["idle_warning", "idle_warning"]);

    let checkpoint = room.checkpoint();
    let ownership = Ownership {
        owner: WorkerId::new(2),
        epoch: Epoch(2),
    };
    let track = Arc::clone(&room.track);
    let mut restored = Room::restore(&checkpoint, ownership, |_| Some(track), clock.0).unwrap();
    assert_eq!(clock.pass(&mut restored, 44), [""; 0]);
}

#[test]
fn a_create_request_is_known_again_by_its_creator_and_id() {
    use crate::room::record::Origin;

    let id = |text: &str| serde_json::from_value(text.into()).unwrap();
    let request = id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let mut room = room(2, 1);
    room.identity.request = Some(request);
    let origin = Origin::of(&room.checkpoint().encode()).unwrap();
    assert_eq!(origin.race, room.identity.race);
    let (ada, bob) = (player("ADA"), player("Bob"));
    let other = id("01ARZ3NDEKTSV4RRFFQ69G5FAW");
    assert!(origin.is_of(Some(&ada), Some(request)));
    assert!(!origin.is_of(Some(&bob), Some(request)));
    assert!(!origin.is_of(Some(&ada), Some(other)));
    assert!(!origin.is_of(Some(&ada), None));
}

#[test]
fn a_join_that_is_repeated_gets_the_same_answer() {
    let mut room = room(2, 1);
    let first = join(&mut room, "Ada", 1).unwrap();
    assert_eq!(join(&mut room, "Ada", 1).unwrap(), first);
    assert_eq!(events(&mut room), ["joined"]);
}

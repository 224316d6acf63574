//! Players whose gateway dies, is cut off, or comes back.

use super::super::presence::ExpectedPresence;
use super::*;

fn expected_presence(room: &Room) -> Vec<ExpectedPresence> {
    let expected_presence = room.expected_presence();
    assert_eq!(expected_presence.len(), 1, "one gateway");
    expected_presence
}

#[test]
fn a_gateway_that_is_gone_loses_its_players_and_the_room_its_last() {
    let mut room = room(3, 1);
    let now = Instant::now();
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    events(&mut room);
    let expected = expected_presence(&room).remove(0);
    room.correct(
        &expected,
        &[SessionNonce::new(1), SessionNonce::new(2)],
        now,
    );
    assert!(events(&mut room).is_empty(), "all are there");
    room.correct(&expected, &[], now);
    assert_eq!(events(&mut room), ["lost", "lost"]);
    room.poll(now + ABANDONED_AFTER);
    assert_eq!(room.ending().unwrap().reason, CloseReason::Abandoned);
}

#[test]
fn players_whose_gateway_was_only_cut_off_are_back() {
    let mut room = room(2, 1);
    let now = Instant::now();
    join(&mut room, "Ada", 1).unwrap();
    room.correct(&expected_presence(&room)[0].clone(), &[], now);
    events(&mut room);
    room.correct(
        &expected_presence(&room)[0].clone(),
        &[SessionNonce::new(1)],
        now,
    );
    assert_eq!(events(&mut room), ["returned"]);
    room.poll(now + ABANDONED_AFTER);
    assert_eq!(room.ending(), None);
}

#[test]
fn what_changed_since_the_question_is_left_alone() {
    let mut room = room(3, 1);
    let now = Instant::now();
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    let asked = expected_presence(&room).remove(0);
    // Ada has a new connection by now, and Bob none.
    join(&mut room, "Ada", 3).unwrap();
    let lost = CtlRequest::Lost {
        player: player("Bob"),
        session: SessionNonce::new(2),
    };
    room.ctl(lost, now).unwrap();
    events(&mut room);
    room.correct(&asked, &[SessionNonce::new(2)], now);
    assert!(events(&mut room).is_empty());
}

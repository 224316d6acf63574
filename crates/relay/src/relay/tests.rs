use std::time::Duration;

use arrayvec::ArrayVec;
use protocol::catch_up::CatchUpAnswer;
use protocol::room::{CloseReason, LeaveReason};
use protocol::{PlayerName, WorkerId};

use crate::failure_detector;

use super::*;

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

const MEMBER: MemberId = 1;

fn flush(lead: Duration, origin: Instant) -> FlushOptions {
    FlushOptions {
        lead,
        grid: Duration::ZERO,
        origin,
    }
}

fn core_with_member() -> RelayCore {
    let lead = Duration::from_millis(5);
    let now = Instant::now();
    let mut core = RelayCore::new(GatewayId::new(1), flush(lead, now), now);
    core.expect(MEMBER, SessionNonce::new(9));
    core
}

fn snapshot(epoch: u32, tick: Tick) -> Bytes {
    let header = SnapshotHeader {
        race: RACE.parse().unwrap(),
        owner: WorkerId::new(1),
        epoch: Epoch(epoch),
        tick,
        acks: ArrayVec::new(),
    };
    header.encode_into(Vec::new()).into()
}

fn event(epoch: u32, body: RoomEventBody) -> Vec<u8> {
    let race = RACE.parse().unwrap();
    let event = RoomEvent {
        race,
        epoch: Epoch(epoch),
        tick: 0,
        index: 0,
        body,
    };
    serde_json::to_vec(&event).unwrap()
}

/// What was sent to the member since the last call.
fn kinds(core: &mut RelayCore) -> Vec<FrameKind> {
    let kind = |command| {
        let (Command::Send(member, frame) | Command::SendSnapshot(member, frame)) = command else {
            panic!("{command:?}");
        };
        assert_eq!(member, MEMBER);
        frame::split(&frame).unwrap().0
    };
    core.take_commands().map(kind).collect()
}

#[test]
fn events_between_the_question_and_the_answer_are_not_lost() {
    let mut core = core_with_member();
    core.event(&event(1, RoomEventBody::Started), Instant::now());
    core.snapshot(&snapshot(1, 2), Instant::now());
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    core.snapshot(&snapshot(1, 4), Instant::now());
    let expected = [FrameKind::Control, FrameKind::Event, FrameKind::Snapshot];
    assert_eq!(kinds(&mut core), expected);
}

#[test]
fn events_of_an_old_race_do_not_follow_a_member_into_the_next() {
    let mut core = core_with_member();
    core.event(&event(1, RoomEventBody::Started), Instant::now());
    let next = "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap();
    core.answered(next, Epoch::FIRST, Instant::now());
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    assert_eq!(kinds(&mut core), [FrameKind::Control]);
}

#[test]
fn a_member_whose_seat_was_taken_away_is_sent_to_the_lobby() {
    let mut core = core_with_member();
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    let left = |session, player: &str| RoomEventBody::Left {
        player: PlayerName::parse(player).unwrap(),
        seat: 0,
        reason: LeaveReason::Idle,
        session,
    };
    core.event(&event(1, left(None, "Bob")), Instant::now());
    core.event(
        &event(1, left(Some(SessionNonce::new(7)), "Cyd")),
        Instant::now(),
    );
    let others = kinds(&mut core);
    assert_eq!(
        others,
        [FrameKind::Control, FrameKind::Event, FrameKind::Event]
    );
    core.event(
        &event(1, left(Some(SessionNonce::new(9)), "Ada")),
        Instant::now(),
    );
    let commands: Vec<_> = core.take_commands().collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    assert_eq!(commands[2], Command::Dismissed(MEMBER));
    let Command::Send(MEMBER, frame) = &commands[1] else {
        panic!("{commands:?}");
    };
    assert_eq!(*frame, frame::from_server(&ServerMessage::LeftRoom));
    assert!(core.is_empty());
}

#[test]
fn an_epoch_beyond_the_largest_does_not_raise_the_floor() {
    let mut core = core_with_member();
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    assert_eq!(kinds(&mut core), [FrameKind::Control]);
    for number in [Epoch::MAX.0 + 1, u32::MAX] {
        let mut beyond: serde_json::Value =
            serde_json::from_slice(&event(1, RoomEventBody::Started)).unwrap();
        beyond["epoch"] = number.into();
        core.event(&serde_json::to_vec(&beyond).unwrap(), Instant::now());
        core.snapshot(&snapshot(number, 2), Instant::now());
        assert!(kinds(&mut core).is_empty(), "{number}");
    }
    core.event(&event(1, RoomEventBody::Started), Instant::now());
    assert_eq!(kinds(&mut core), [FrameKind::Event]);
}

#[test]
fn what_a_former_owner_says_late_is_not_for_somebody_who_has_just_come() {
    let mut core = core_with_member();
    let now = Instant::now();
    core.answered(RACE.parse().unwrap(), Epoch(2), now);
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    core.snapshot(&snapshot(1, 10), now);
    core.snapshot(&snapshot(2, 40), now);
    let expected = [FrameKind::Control, FrameKind::Snapshot];
    assert_eq!(kinds(&mut core), expected);
    assert_eq!(core.tick, Some(40));
}

#[test]
fn nothing_of_an_old_owner_passes() {
    let mut core = core_with_member();
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    let now = Instant::now();
    core.snapshot(&snapshot(2, 10), now);
    assert_eq!(kinds(&mut core), [FrameKind::Control, FrameKind::Snapshot]);
    core.snapshot(&snapshot(1, 12), now);
    core.snapshot(&snapshot(2, 10), now);
    core.event(&event(1, RoomEventBody::Started), now);
    let damaged = protocol::version::SNAPSHOT.written();
    core.snapshot(&Bytes::copy_from_slice(&[damaged, 0]), now);
    core.event(&event(2, RoomEventBody::Started), now);
    assert_eq!(kinds(&mut core), [FrameKind::Event]);
}

#[test]
fn the_last_event_closes_the_relay() {
    let mut core = core_with_member();
    assert!(!core.is_closed());
    let body = RoomEventBody::Closed {
        reason: CloseReason::Empty,
        leaderboard: Vec::new(),
    };
    core.event(&event(1, body), Instant::now());
    assert!(core.is_closed());
}

#[test]
fn inputs_of_a_room_leave_as_one_message() {
    let mut core = core_with_member();
    core.snapshot(&snapshot(1, 2), Instant::now());
    let now = Instant::now();
    core.input(0, b"a", now);
    core.input(3, b"b", now);
    let due = core.inputs_due().unwrap();
    let bytes = core.take_inputs(due).unwrap();
    let batch = InputBatch::decode(&bytes).unwrap();
    assert_eq!(batch.frames, [(0, &b"a"[..]), (3, b"b")]);
    assert!(core.inputs_due().unwrap() > due);
    assert_eq!(core.take_inputs(due), None);
}

#[test]
fn after_a_request_to_catch_up_nothing_of_the_former_owner_passes() {
    let mut core = core_with_member();
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    let now = Instant::now();
    core.snapshot(&snapshot(1, 10), now);
    kinds(&mut core);
    let request = |race: &str, epoch| CatchUpRequest {
        race: race.parse().unwrap(),
        epoch: Epoch(epoch),
    };
    let bytes = core.catch_up(&request(RACE, 2), now).unwrap();
    core.snapshot(&snapshot(1, 12), now);
    core.event(&event(1, RoomEventBody::Started), now);
    core.event(&event(2, RoomEventBody::Started), now);
    assert_eq!(kinds(&mut core), [FrameKind::Event]);
    let answer = CatchUpAnswer::decode(&bytes).unwrap();
    assert_eq!(answer.snapshots.len(), 1, "what was passed on before");
    assert_eq!(core.catch_up(&request(RACE, 1), now), None, "too late");
    let older = request("01ARZ3NDEKTSV4RRFFQ69G5FAA", 9);
    assert_eq!(core.catch_up(&older, now), None);
}

#[test]
fn an_event_that_is_sent_again_is_told_once() {
    let mut core = core_with_member();
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    let now = Instant::now();
    core.event(&event(1, RoomEventBody::Started), now);
    core.event(&event(2, RoomEventBody::Started), now);
    let other = RoomEventBody::Countdown {
        seconds: 4,
        start_tick: 240,
    };
    core.event(&event(2, other), now);
    let expected = [FrameKind::Control, FrameKind::Event, FrameKind::Event];
    assert_eq!(kinds(&mut core), expected, "same number, another event");
}

#[test]
fn a_heartbeat_is_a_sign_of_life_and_says_whom_to_ask() {
    let mut core = core_with_member();
    let now = Instant::now();
    let heartbeat = Heartbeat {
        race: RACE.parse().unwrap(),
        owner: WorkerId::new(3),
        epoch: Epoch(1),
    };
    core.heartbeat(&serde_json::to_vec(&heartbeat).unwrap(), now);
    core.heartbeat(b"nonsense", now);
    let deadline = core.failure_detector().next_deadline().unwrap();
    let asked = core.failure_detector().poll(deadline);
    assert_eq!(
        asked,
        Some(failure_detector::Command::Ping(WorkerId::new(3)))
    );
}

#[test]
fn a_room_that_vanished_sends_its_people_to_the_lobby() {
    let mut core = core_with_member();
    assert_eq!(core.sessions(), [SessionNonce::new(9)]);
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    core.close();
    assert!(core.is_closed());
    let expected = [FrameKind::Control, FrameKind::Control];
    assert_eq!(kinds(&mut core), expected);
}

#[test]
fn inputs_that_come_before_the_race_is_known_leave_once_it_is() {
    let mut core = core_with_member();
    let now = Instant::now();
    let frame = protocol::input::InputFrame {
        first_tick: 7,
        controls: [Default::default(); 2].into_iter().collect(),
    };
    let frame = frame.encode_into(Vec::new());
    core.input(3, &frame, now);
    assert_eq!(core.take_inputs(now), None, "for which race is not known");
    core.snapshot(&snapshot(1, 2), now);
    let due = core.inputs_due().unwrap();
    let batch = core.take_inputs(due).unwrap();
    let batch = InputBatch::decode(&batch).unwrap();
    assert_eq!(batch.frames, [(3, &frame[..])]);
    let request = CatchUpRequest {
        race: RACE.parse().unwrap(),
        epoch: Epoch(2),
    };
    let answer = core.catch_up(&request, now).unwrap();
    assert_eq!(CatchUpAnswer::decode(&answer).unwrap().inputs.len(), 1);
}

#[test]
fn reports_a_snapshot_of_a_version_that_it_does_not_read() {
    let now = Instant::now();
    let mut core = RelayCore::new(GatewayId::new(1), flush(Duration::ZERO, now), now);
    let newer = protocol::version::SNAPSHOT.newest() + 1;
    core.snapshot(&Bytes::copy_from_slice(&[newer]), now);
    let commands: Vec<Command> = core.take_commands().collect();
    let [Command::ReportUnknownVersion(unknown)] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(unknown.found, newer);
}

#[test]
fn an_epoch_or_a_tick_that_cannot_be_silences_no_room() {
    let forged = [
        snapshot(Epoch::MAX.0, 12),
        snapshot(1 + Epoch::AHEAD_MAX + 1, 12),
        snapshot(1, Tick::MAX),
        snapshot(1, 10 + TICKS_AHEAD_MAX + 1),
    ];
    for forged in forged {
        let mut core = core_with_member();
        let now = Instant::now();
        core.answered(RACE.parse().unwrap(), Epoch(1), now);
        core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
        core.snapshot(&snapshot(1, 10), now);
        kinds(&mut core);
        core.snapshot(&forged, now);
        core.event(&event(Epoch::MAX.0, RoomEventBody::Started), now);
        assert!(kinds(&mut core).is_empty(), "{forged:?}");
        core.snapshot(&snapshot(1, 12), now);
        assert_eq!(kinds(&mut core), [FrameKind::Snapshot], "{forged:?}");
    }
}

#[test]
fn a_forged_catch_up_silences_no_room() {
    let mut core = core_with_member();
    let now = Instant::now();
    core.answered(RACE.parse().unwrap(), Epoch(1), now);
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    kinds(&mut core);
    let request = CatchUpRequest {
        race: RACE.parse().unwrap(),
        epoch: Epoch::MAX,
    };
    assert_eq!(core.catch_up(&request, now), None);
    core.snapshot(&snapshot(1, 12), now);
    assert_eq!(kinds(&mut core), [FrameKind::Snapshot]);
}

#[test]
fn the_first_answer_outweighs_an_epoch_that_was_overheard_before() {
    let mut core = core_with_member();
    let now = Instant::now();
    core.event(&event(Epoch::MAX.0, RoomEventBody::Started), now);
    core.answered(RACE.parse().unwrap(), Epoch(3), now);
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    kinds(&mut core);
    core.snapshot(&snapshot(3, 10), now);
    assert_eq!(kinds(&mut core), [FrameKind::Snapshot]);
}

#[test]
fn an_answer_is_believed_however_many_takeovers_there_were() {
    let mut core = core_with_member();
    let now = Instant::now();
    core.answered(RACE.parse().unwrap(), Epoch(1), now);
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    kinds(&mut core);
    core.answered(RACE.parse().unwrap(), Epoch(5_000), now);
    core.snapshot(&snapshot(5_001, 10), now);
    assert_eq!(kinds(&mut core), [FrameKind::Snapshot]);
}

#[test]
fn any_tick_is_believed_after_a_long_silence() {
    let mut core = core_with_member();
    let now = Instant::now();
    core.enter(MEMBER, frame::binary(FrameKind::Control, b"entered"));
    core.snapshot(&snapshot(1, 10), now);
    kinds(&mut core);
    core.snapshot(&snapshot(1, 100_000), now + TICK_BELIEVED_AFTER);
    assert_eq!(kinds(&mut core), [FrameKind::Snapshot]);
}

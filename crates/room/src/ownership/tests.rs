use std::sync::LazyLock;
use std::time::Duration;

use domain::TICK_RATE_HZ;
use protocol::checkpoint::ClaimCause;
use protocol::limits::{SNAPSHOT_INTERVAL, TICKS_PER_SNAPSHOT};
use protocol::lobby::RoomSettings;
use protocol::persist::PersistMessage;
use protocol::room::CloseReason;
use protocol::{Epoch, GatewayId, PlayerName, RaceId, RoomName, SessionNonce};
use simulation::Track;

use super::*;
use crate::limits::{
    ADVANCE_TICKS_MAX, CATCH_UP_TIMEOUT, HAND_OVER_ATTEMPTS, LEASE_IDLE, LEASE_RACING,
    TICK_INTERVAL,
};
use crate::room::{Identity, Ownership};
use crate::schedule::ScheduleOptions;

const OWNER: WorkerId = WorkerId::new(1);
const OTHER: WorkerId = WorkerId::new(2);
const GATEWAY: GatewayId = GatewayId::new(1);
const SLEW_MAX: Duration = ScheduleOptions::DEFAULT.slew_max;
const INPUT_GRACE: Duration = ScheduleOptions::DEFAULT.input_grace;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

fn race() -> RaceId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

fn room(now: Instant) -> Room {
    let identity = Identity {
        race: race(),
        name: RoomName::parse("duel").unwrap(),
        settings: RoomSettings {
            seats: 1,
            ..RoomSettings::default()
        },
        creator: None,
        request: None,
    };
    let ownership = Ownership {
        owner: OWNER,
        epoch: Epoch::FIRST,
    };
    let track = Arc::new(Track::by_name(Track::names()[0]).unwrap());
    Room::new(identity, ownership, track, now)
}

fn lease(now: Instant) -> Lease {
    Lease::new(race(), OWNER, Epoch::FIRST, 7, now)
}

fn core(now: Instant) -> OwnerCore {
    OwnerCore::new(OWNER, room(now), lease(now), now)
}

/// The snapshots among what is to be done.
fn snapshots(core: &mut OwnerCore) -> Vec<Vec<u8>> {
    let snapshot = |command| match command {
        Command::Publish(Topic::Snapshot, bytes) => Some(bytes),
        _ => None,
    };
    core.take_commands().filter_map(snapshot).collect()
}

fn moment(now: Instant) -> Moment {
    Moment {
        now,
        unix_ms: 1,
        is_connected: true,
        // By the same clock in all moments of a test.
        schedule: Schedule::new(*ORIGIN, ScheduleOptions::DEFAULT),
    }
}

fn join() -> Vec<u8> {
    let join = CtlRequest::Join {
        player: PlayerName::parse("Ada").unwrap(),
        gateway: GATEWAY,
        session: SessionNonce::new(1),
        class: Default::default(),
    };
    serde_json::to_vec(&join).unwrap()
}

fn lose() -> Vec<u8> {
    let lost = CtlRequest::Lost {
        player: PlayerName::parse("Ada").unwrap(),
        session: SessionNonce::new(1),
    };
    serde_json::to_vec(&lost).unwrap()
}

/// What the commands are, without what they carry.
fn names(core: &mut OwnerCore) -> Vec<&'static str> {
    let name = |command| match command {
        Command::Publish(Topic::Snapshot, _) => "snapshot",
        Command::Publish(Topic::Event, _) => "event",
        Command::Publish(Topic::Heartbeat, _) => "heartbeat",
        Command::Answer(..) => "answer",
        Command::Write(..) => "write",
        Command::Read => "read",
        Command::WriteRecord(pending) => match &*pending {
            PendingWrite::Persist(PersistMessage::Result(_), _) => "result",
            PendingWrite::KeepResult(..) => "keep result",
            PendingWrite::Persist(PersistMessage::Players { .. }, _) => "players",
            PendingWrite::Lobby(_) => "lobby",
            PendingWrite::Persist(..) => "record",
            PendingWrite::RemoveEntry => "remove entry",
            PendingWrite::DeleteCheckpoint(_) => "delete checkpoint",
        },
        Command::KeepPlayers(_) => "keep players",
        Command::AskGateways(_) => "ask gateways",
        Command::CheckPresence(_) => "count",
        Command::Offer(_) => "offer",
        Command::Ticked { .. } => "ticked",
        Command::ReportUnknownVersion(_) => "report unknown version",
        Command::Unlisten => "unlisten",
        Command::Stop(_) => "stop",
    };
    core.take_commands().map(name).collect()
}

#[test]
fn reports_inputs_of_a_version_that_it_does_not_read() {
    let now = Instant::now();
    let mut core = racing(now);
    core.take_commands().for_each(drop);
    let newer = protocol::version::INPUT_BATCH.newest() + 1;
    core.handle(Event::Inputs(&[newer]), moment(now));
    assert_eq!(names(&mut core), ["report unknown version"]);
}

/// An owner in whose room a player sits, with everything written.
fn racing(now: Instant) -> OwnerCore {
    let mut core = core(now);
    core.handle(Event::Written(Ok(8)), moment(now));
    core.handle(Event::Ctl(&join(), None), moment(now));
    core.handle(Event::Written(Ok(9)), moment(now));
    core.handle(Event::Written(Ok(10)), moment(now));
    names(&mut core);
    assert!(core.room().is_moving());
    core
}

#[test]
fn answers_of_a_seat_wait_for_the_checkpoint_that_holds_it() {
    let now = Instant::now();
    let mut core = core(now);
    assert_eq!(names(&mut core), ["write", "lobby", "record"]);
    core.handle(Event::Ctl(&join(), Some("reply_to")), moment(now));
    assert!(!names(&mut core).contains(&"answer"));
    // The write that was under way does not know of it.
    core.handle(Event::Written(Ok(8)), moment(now));
    assert!(!names(&mut core).contains(&"answer"));
    core.handle(Event::Written(Ok(9)), moment(now));
    assert!(names(&mut core).contains(&"answer"));
}

#[test]
fn computes_the_ticks_of_a_snapshot_together_when_the_last_is_due() {
    let now = Instant::now();
    let mut core = racing(now);
    let first = core.ticks_due();
    core.handle(Event::Due, moment(first - TICK_INTERVAL));
    assert_eq!((core.room().tick_number(), names(&mut core)), (0, vec![]));
    core.handle(Event::Due, moment(first));
    assert_eq!(core.room().tick_number(), TICKS_PER_SNAPSHOT);
    let commands = names(&mut core);
    let count = |name| commands.iter().filter(|command| **command == name).count();
    assert_eq!((count("snapshot"), count("ticked")), (1, 1), "{commands:?}");
    let next = first + TICK_INTERVAL * TICKS_PER_SNAPSHOT;
    assert!(core.ticks_due() >= next - SLEW_MAX && core.ticks_due() <= next + SLEW_MAX);
}

#[test]
fn a_tick_waits_a_little_for_inputs_that_nats_has_kept() {
    let now = Instant::now();
    let mut core = racing(now);
    core.handle(Event::Inputs(b"nonsense"), moment(now));
    core.handle(Event::Due, moment(core.ticks_due()));
    assert_eq!(core.room().tick_number(), TICKS_PER_SNAPSHOT);

    let due = core.ticks_due();
    core.handle(Event::Due, moment(due));
    assert_eq!(core.room().tick_number(), TICKS_PER_SNAPSHOT);
    assert!(core.awaits_inputs());
    assert_eq!(core.next_deadline(), Some(due + INPUT_GRACE));
    core.handle(Event::Inputs(b"nonsense"), moment(due));
    assert_eq!(core.next_deadline(), Some(due));
    core.handle(Event::Due, moment(due));
    assert_eq!(core.room().tick_number(), 2 * TICKS_PER_SNAPSHOT);
    assert!(!core.awaits_inputs());

    // The wait does not move the ticks after it.
    let next = core.ticks_due();
    assert!(next <= due + SNAPSHOT_INTERVAL + SLEW_MAX);
    core.handle(Event::Due, moment(next + INPUT_GRACE));
    assert_eq!(core.room().tick_number(), 3 * TICKS_PER_SNAPSHOT);
}

#[test]
fn ticks_come_to_the_phase_of_the_room() {
    let now = Instant::now();
    let mut core = racing(now);
    for _ in 0..(SNAPSHOT_INTERVAL.as_micros() / SLEW_MAX.as_micros()) {
        let due = core.ticks_due();
        core.handle(Event::Due, moment(due));
        core.handle(Event::Written(Ok(11)), moment(due));
        names(&mut core);
    }
    let due = core.ticks_due();
    assert_eq!(moment(due).schedule.slew(due, core.phase), due);
}

#[test]
fn a_room_writes_with_every_third_snapshot() {
    let now = Instant::now();
    let mut core = racing(now);
    let mut writes = Vec::new();
    for snapshot in 0..300 {
        let due = core.ticks_due();
        // By a task that is late by more and less.
        let late = Duration::from_micros(u64::from(core.room().tick_number()) * 37 % 900);
        core.handle(Event::Due, moment(due + late));
        let done = names(&mut core);
        if let Some(write) = done.iter().position(|done| *done == "write") {
            assert!(done[..write].contains(&"snapshot"), "{done:?}");
            let schedule = moment(due).schedule;
            writes.push((snapshot, schedule.is_checkpoint_due(due, core.phase)));
            core.handle(Event::Written(Ok(11)), moment(due + late * 2));
            names(&mut core);
        }
    }
    // Once the room has come to its phase and nothing happens.
    let later = &writes[writes.len() - 30..];
    assert!(later.iter().all(|(_, is_due)| *is_due), "{later:?}");
    let each = |pair: &[(i32, bool)]| pair[1].0 - pair[0].0 == 3;
    assert!(later.windows(2).all(each), "{later:?}");
}

/// Every lane's write in flight is done.
fn all_written(core: &mut OwnerCore, moment: Moment) {
    for lane in Lane::ALL {
        core.handle(Event::RecordWritten(lane, true), moment);
    }
}

#[test]
fn a_presence_check_goes_with_a_tick_and_rows_every_two_seconds() {
    let now = Instant::now();
    let mut core = racing(now);
    // What was begun when the room was made.
    all_written(&mut core, moment(now));
    let (mut rows, mut counts) = (0, 0);
    while core.room().tick_number() < 6 * TICK_RATE_HZ {
        let due = core.next_deadline().unwrap();
        core.handle(Event::Due, moment(due));
        loop {
            let done = names(&mut core);
            let is_done = |name| done.contains(&name);
            if is_done("players") {
                assert!(is_done("write"), "{done:?}");
            }
            rows += u32::from(is_done("keep players"));
            if is_done("count") {
                assert!(is_done("ticked"), "{done:?}");
                counts += 1;
                core.handle(Event::PresenceChecked(Vec::new()), moment(due));
            }
            if is_done("write") {
                core.handle(Event::Written(Ok(10)), moment(due));
            }
            if !is_done("players") && !is_done("record") && !is_done("lobby") {
                break;
            }
            all_written(&mut core, moment(due));
        }
    }
    // At the ticks 0, 120 and 240.
    assert_eq!(rows, 3);
    assert!((1..=2).contains(&counts), "{counts} counts");
}

#[test]
fn stands_still_without_nats_or_a_checkpoint() {
    let now = Instant::now();
    let mut core = racing(now);
    let late = moment(now + LEASE_RACING + Duration::from_millis(1));
    let cut_off = Moment {
        is_connected: false,
        ..moment(now)
    };
    for silent in [late, cut_off] {
        let tick = core.room().tick_number();
        core.handle(Event::Due, silent);
        core.handle(Event::Ctl(&join(), Some("reply_to")), silent);
        assert!(core.is_paused());
        assert_eq!(core.room().tick_number(), tick);
        let said = names(&mut core);
        assert!(!said.contains(&"snapshot") && !said.contains(&"answer"));
    }
}

#[test]
fn after_standing_still_a_race_goes_on_where_it_would_be_unless_that_took_too_long() {
    let most = TICK_INTERVAL * ADVANCE_TICKS_MAX;
    for (pause, is_made_up) in [(2 * LEASE_RACING, true), (most, true), (2 * most, false)] {
        let now = Instant::now();
        let mut core = racing(now);
        let due = core.ticks_due();
        core.handle(Event::Due, moment(due));
        let last = (core.room().tick_number(), core.due - TICK_INTERVAL);
        names(&mut core);

        let silent = moment(now + LEASE_RACING + Duration::from_millis(1));
        core.handle(Event::Due, silent);
        assert!(core.is_paused());
        let end = last.1 + pause;
        core.handle(Event::Written(Ok(11)), moment(end));
        core.handle(Event::Written(Ok(12)), moment(end));
        assert!(!names(&mut core).contains(&"snapshot"));
        core.handle(Event::Due, moment(end));
        assert_eq!(names(&mut core), ["ask gateways"], "after {pause:?}");
        core.handle(Event::CatchUpEnded, moment(end));

        let ticks = core.room().tick_number() - last.0;
        let sent = snapshots(&mut core).len() as u32;
        if is_made_up {
            let passed = pause.as_nanos() / TICK_INTERVAL.as_nanos();
            assert_eq!(u128::from(ticks), passed);
            assert!(
                sent >= ticks / TICKS_PER_SNAPSHOT,
                "{sent} of {ticks} ticks"
            );
            // As if nothing had been.
            assert_eq!(core.due, last.1 + TICK_INTERVAL * (ticks + 1));
        } else {
            assert_eq!((ticks, core.due), (0, end));
        }
        assert!(core.is_running() && !core.is_paused());
    }
}

#[test]
fn an_owner_that_catches_up_behind_its_fence_says_nothing_before_it_has_written() {
    let now = Instant::now();
    let mut room = racing(now).room;
    // What its last owner did not come to say.
    room.ctl(serde_json::from_slice(&lose()).unwrap(), now)
        .unwrap();
    let mut core = OwnerCore::recover(OWNER, room, lease(now), &[GATEWAY], now);
    assert_eq!(names(&mut core), ["ask gateways"]);
    core.handle(Event::Inputs(b"nonsense"), moment(now));
    assert_eq!(core.next_deadline(), Some(now + CATCH_UP_TIMEOUT));
    let late = now + 2 * LEASE_RACING;
    core.handle(Event::CatchUpEnded, moment(late));
    assert_eq!(names(&mut core), ["write"]);
    core.handle(Event::Written(Ok(11)), moment(late));
    assert!(names(&mut core).contains(&"event"));
}

#[test]
fn an_answer_that_comes_behind_the_fence_is_no_sign_of_life() {
    let now = Instant::now();
    for (late, is_said) in [(LEASE_IDLE / 2, true), (2 * LEASE_IDLE, false)] {
        let mut core = core(now);
        names(&mut core);
        core.handle(Event::Written(Ok(8)), moment(now + late));
        assert_eq!(names(&mut core).contains(&"heartbeat"), is_said);
    }
}

#[test]
fn a_lost_room_is_dropped_without_a_word() {
    let now = Instant::now();
    let mut core = core(now);
    names(&mut core);
    core.handle(Event::Written(Err(WriteError::Conflict)), moment(now));
    assert!(matches!(
        core.take_commands().last(),
        Some(Command::Stop(Stop::Lost))
    ));
    core.handle(Event::Ctl(&join(), Some("reply_to")), moment(now));
    core.handle(Event::Due, moment(now));
    assert_eq!(names(&mut core), [""; 0]);
}

/// An owner whose room has ended without a race, and whose checkpoint says so.
fn ended(now: Instant) -> OwnerCore {
    let mut core = core(now);
    core.handle(Event::Written(Ok(8)), moment(now));
    let leave = CtlRequest::Leave {
        player: PlayerName::parse("Ada").unwrap(),
        session: SessionNonce::new(1),
    };
    let leave = serde_json::to_vec(&leave).unwrap();
    core.handle(Event::Ctl(&join(), None), moment(now));
    core.handle(Event::Ctl(&leave, None), moment(now));
    let said = names(&mut core);
    assert!(!said.contains(&"unlisten"), "not before it is written");
    core.handle(Event::Written(Ok(9)), moment(now));
    core.handle(Event::Written(Ok(10)), moment(now));
    core
}

#[test]
fn a_room_that_has_ended_is_written_then_told_then_removed() {
    let now = Instant::now();
    let mut core = ended(now);
    let mut said = names(&mut core);
    assert!(said.ends_with(&["event", "unlisten"]), "{said:?}");
    for _ in 0..20 {
        all_written(&mut core, moment(now));
        said.extend(names(&mut core));
    }
    let traces: Vec<_> = said
        .into_iter()
        .filter(|it| matches!(*it, "remove entry" | "delete checkpoint" | "stop"))
        .collect();
    assert_eq!(traces, ["remove entry", "delete checkpoint", "stop"]);
}

#[test]
fn a_room_whose_records_are_refused_leaves_the_lobby_and_frees_its_name() {
    let now = Instant::now();
    let mut core = ended(now);
    let mut said = Vec::new();
    for _ in 0..20 {
        core.handle(Event::RecordWritten(Lane::Records, false), moment(now));
        core.handle(Event::RecordWritten(Lane::Lobby, true), moment(now));
        said.extend(names(&mut core));
    }
    assert!(said.contains(&"remove entry"), "{said:?}");
    assert!(said.contains(&"delete checkpoint"), "{said:?}");
}

/// A race that has ended with a result, and whose checkpoint says so.
fn finished(now: Instant) -> OwnerCore {
    let mut core = racing(now);
    let result = core.room.result(1);
    core.room.end(CloseReason::Finished, result);
    core.handle(Event::Due, moment(now));
    core.handle(Event::Written(Ok(11)), moment(now));
    core.handle(Event::Written(Ok(12)), moment(now));
    core
}

#[test]
fn an_owner_keeps_its_lease_while_its_result_is_refused() {
    let start = Instant::now();
    let mut core = finished(start);
    let said = names(&mut core);
    assert!(said.contains(&"event") && said.contains(&"unlisten"));
    core.handle(Event::RecordWritten(Lane::Result, false), moment(start));
    let (mut revision, mut writes, mut refused, mut repeats) = (12, 0, 0, 0);
    let mut now = start;
    let end = start + Duration::from_secs(150);
    while now < end {
        let said = names(&mut core);
        for said in &said {
            match *said {
                "write" => {
                    (revision, writes) = (revision + 1, writes + 1);
                    core.handle(Event::Written(Ok(revision)), moment(now));
                }
                "result" | "keep result" => {
                    refused += 1;
                    core.handle(Event::RecordWritten(Lane::Result, false), moment(now));
                }
                "event" => repeats += 1,
                "delete checkpoint" | "stop" => panic!("{said} after {:?}", now - start),
                _ => {}
            }
        }
        all_written_but_result(&mut core, moment(now));
        if said.is_empty() {
            now = core.next_deadline().expect("the lease is kept").max(now);
            core.handle(Event::Due, moment(now));
        }
        assert!(!core.lease().has_expired(Activity::Idle, now));
    }
    assert!(writes >= 290, "{writes} heartbeats in 150 s");
    assert!(refused >= 100, "{refused} attempts");
    assert!(repeats >= 280, "who was cut off hears of it: {repeats}");

    // The bucket takes it: the room is over.
    let mut said = Vec::new();
    for _ in 0..20 {
        all_written(&mut core, moment(now));
        now += Duration::from_millis(500);
        core.handle(Event::Due, moment(now));
        for name in names(&mut core) {
            if name == "write" {
                core.handle(Event::Written(Ok(revision)), moment(now));
            }
            said.push(name);
        }
    }
    assert_eq!(said.last(), Some(&"stop"), "{said:?}");
}

fn all_written_but_result(core: &mut OwnerCore, moment: Moment) {
    for lane in [Lane::Lobby, Lane::Records] {
        core.handle(Event::RecordWritten(lane, true), moment);
    }
}

#[test]
fn an_ending_that_another_has_taken_over_is_dropped() {
    let now = Instant::now();
    let mut core = finished(now);
    names(&mut core);
    let later = now + Duration::from_secs(1);
    core.handle(Event::Due, moment(later));
    assert!(names(&mut core).contains(&"write"));
    core.handle(Event::Written(Err(WriteError::Conflict)), moment(later));
    assert!(names(&mut core).contains(&"stop"));
}

#[test]
fn a_room_is_offered_once_it_is_written_and_kept_until_somebody_has_it() {
    let now = Instant::now();
    let mut core = racing(now);
    core.handle(Event::HandOver, moment(now));
    assert_eq!(names(&mut core), ["write"]);
    core.handle(Event::Written(Ok(11)), moment(now));
    let offer = core.take_commands().find_map(|command| match command {
        Command::Offer(claim) => Some(claim.cause),
        _ => None,
    });
    assert_eq!(offer, Some(ClaimCause::HandOver));
    assert!(core.is_running());
    let claimed = Claimed {
        race: race(),
        owner: OTHER,
        epoch: Epoch(2),
    };
    core.handle(Event::Offered(Some(claimed)), moment(now));
    assert!(names(&mut core).contains(&"unlisten"));
    assert!(!core.is_running());
}

#[test]
fn a_room_that_is_taken_while_it_catches_up_is_let_go() {
    let now = Instant::now();
    let mut core = racing(now);
    core.handle(Event::HandOver, moment(now));
    core.handle(Event::Written(Ok(11)), moment(now));
    let cut_off = Moment {
        is_connected: false,
        ..moment(core.ticks_due())
    };
    core.handle(Event::Due, cut_off);
    names(&mut core);
    core.handle(Event::Due, moment(core.ticks_due()));
    assert_eq!(names(&mut core), ["ask gateways"]);
    let claimed = Claimed {
        race: race(),
        owner: OTHER,
        epoch: Epoch(2),
    };
    core.handle(Event::Offered(Some(claimed)), moment(core.ticks_due()));
    assert!(names(&mut core).contains(&"unlisten"));
}

#[test]
fn a_room_that_nobody_takes_is_left_to_the_sweep() {
    let start = Instant::now();
    let mut core = racing(start);
    all_written(&mut core, moment(start));
    core.handle(Event::HandOver, moment(start));
    let (mut offers, mut revision) = (0, 11);
    // The backoff doubles up to five seconds.
    for step in 1..1_000 {
        let moment = moment(start + step * Duration::from_millis(10));
        for said in names(&mut core) {
            match said {
                "stop" => {
                    assert_eq!(offers, HAND_OVER_ATTEMPTS);
                    return;
                }
                "offer" => {
                    offers += 1;
                    core.handle(Event::Offered(None), moment);
                }
                "write" => {
                    revision += 1;
                    core.handle(Event::Written(Ok(revision)), moment);
                }
                "record" | "players" | "lobby" => all_written(&mut core, moment),
                _ => {}
            }
        }
        core.handle(Event::Due, moment);
    }
    panic!("not left after {offers} offers");
}

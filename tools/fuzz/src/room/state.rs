//! The state of a room in a checkpoint, and what gateways answer its next owner.

use domain::CarClass;
use protocol::catch_up::{CatchUpAnswer, SeenSnapshot};
use protocol::checkpoint::Checkpoint;
use protocol::limits::TICK_INTERVAL;
use protocol::room::CtlRequest;
use protocol::{Epoch, SessionNonce};
use room::catch_up::CatchUp;
use room::limits::{ADVANCE_TICKS_MAX, REPEAT_TICKS_MAX};
use room::{Ownership, Room};

use crate::checks::bounded_by;
use crate::sample::{self, GATEWAY, WORKER};
use crate::source::{Clock, Source};
use crate::tracks;

/// Ticks that the new owner computes.
const TICKS: u32 = 3;

/// The clock of the new owner, for the date of a result.
const NOW_MS: u64 = 1_700_000_000_000;

/// Bytes that are kept for each byte of an answer: an input frame of no ticks is four bytes
/// there and room for 64 ticks here, in a vector that has just doubled.
const KEPT_PER_BYTE_MAX: u64 = 256;

/// What may be kept of any answer: the first nodes of maps.
const KEPT_BASE: u64 = 8 * 1024;

/// A takeover from any state, with any answers.
pub fn room_state(bytes: &[u8]) {
    let (mut source, clock) = (Source::new(bytes), Clock::default());
    let Some(state) = source.run() else { return };
    let checkpoint = Checkpoint {
        race: sample::race(1),
        owner: WORKER,
        epoch: Epoch::FIRST,
        tick: 0,
        gateways: [GATEWAY].into_iter().collect(),
        state: state.to_vec().into(),
    };
    let restore = |checkpoint: &Checkpoint| {
        let (owner, epoch) = (WORKER, Epoch(2));
        let ownership = Ownership { owner, epoch };
        Room::restore(checkpoint, ownership, tracks::by_name, clock.now())
    };
    let Ok(mut room) = restore(&checkpoint) else {
        return;
    };
    let again = restore(&room.checkpoint()).expect("a room wrote it");
    assert_eq!(again.view(), room.view());
    assert_eq!(again.tick_number(), room.tick_number());

    catch_up(&mut room, &mut source, clock);
    go_on(&mut room, clock);
}

fn catch_up(room: &mut Room, source: &mut Source<'_>, mut clock: Clock) {
    let mut answers = CatchUp::new(sample::race(1), &[GATEWAY], clock.now());
    while let Some(answer) = source.run() {
        let allowed = KEPT_BASE + KEPT_PER_BYTE_MAX * answer.len() as u64;
        bounded_by(allowed, || answers.answer(answer, clock.now()));
    }
    let (news, _unreadable) = answers.finish();
    clock.advance(TICK_INTERVAL * 2);
    let before = room.tick_number();
    let caught_up = room.catch_up(&news, clock.now(), NOW_MS);
    assert!(caught_up.repeated <= REPEAT_TICKS_MAX);
    assert!(caught_up.advanced <= ADVANCE_TICKS_MAX);
    assert!(room.tick_number() >= before);
}

fn go_on(room: &mut Room, mut clock: Clock) {
    for session in 0..2 {
        let request = CtlRequest::Join {
            player: sample::player(session as u8),
            gateway: GATEWAY,
            session: SessionNonce::new(session),
            class: CarClass::Grip,
        };
        let _ = room.ctl(request, clock.now());
    }
    for _ in 0..TICKS {
        clock.advance(TICK_INTERVAL);
        room.tick(clock.now(), NOW_MS);
    }
    room.close();
    let _ = (room.standings(), room.view(), room.lobby_entry());
    room.take_outputs();
    let _ = room.checkpoint();
}

/// Rooms that wait and race, and the answer of a gateway to the next owner of each.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let run = |bytes: &[u8]| [&(bytes.len() as u16).to_le_bytes()[..], bytes].concat();
    let ticks = [0, 2, 250];
    ticks.map(|ticks| seed(ticks, run)).to_vec()
}

fn seed(ticks: u32, run: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut clock = Clock::default();
    let identity = room::Identity {
        race: sample::race(1),
        name: sample::room_name(),
        settings: sample::settings(),
        creator: Some(sample::player(0)),
        request: Some(sample::request()),
    };
    let ownership = Ownership {
        owner: WORKER,
        epoch: Epoch::FIRST,
    };
    let track = tracks::by_name(&identity.settings.track).expect("it is shipped");
    let mut room = Room::new(identity, ownership, track, clock.now());
    let players = if ticks == 0 { 1 } else { 2 };
    for session in 0..players {
        let request = CtlRequest::Join {
            player: sample::player(session as u8),
            gateway: GATEWAY,
            session: SessionNonce::new(session),
            class: CarClass::Power,
        };
        room.ctl(request, clock.now()).expect("a seat is free");
    }
    for _ in 0..ticks {
        clock.advance(TICK_INTERVAL);
        room.tick(clock.now(), NOW_MS);
    }
    let snapshot = sample::snapshot(sample::race(1), Epoch::FIRST, ticks + 2);
    let input = sample::input_frame(ticks + 1);
    let answer = CatchUpAnswer {
        race: sample::race(1),
        gateway: GATEWAY,
        snapshots: vec![SeenSnapshot {
            age_us: 30_000,
            bytes: &snapshot,
        }],
        inputs: vec![(1, &input)],
    };
    [run(&room.checkpoint().state), run(&answer.encode())].concat()
}

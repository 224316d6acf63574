//! A new owner computes what its predecessor did, and goes on from there.

use std::collections::BTreeMap;

use protocol::catch_up::{CatchUpAnswer, SeenSnapshot};
use protocol::checkpoint::Checkpoint;
use protocol::snapshot::SnapshotHeader;

use super::*;
use crate::catch_up::{CatchUp, News};
use crate::limits::{ADVANCE_TICKS_MAX, REPEAT_TICKS_MAX, TICK_INTERVAL};

/// How many ticks before their use inputs come.
const LEAD: u32 = 4;

/// A race of two with all that its gateway sees.
struct Watched {
    room: Room,
    drivers: Vec<AiDriver>,
    snapshots: Vec<Vec<u8>>,
    frames: Vec<(Seat, Vec<u8>)>,
    events: Vec<RoomEvent>,
}

impl Watched {
    fn new() -> Self {
        let mut room = room(2, 1);
        join(&mut room, "Ada", 1).unwrap();
        join(&mut room, "Bob", 2).unwrap();
        let drivers = (0..2)
            .map(|seat| AiDriver::new(&room.track, seat, Skill::Expert))
            .collect();
        Self {
            room,
            drivers,
            snapshots: Vec::new(),
            frames: Vec::new(),
            events: Vec::new(),
        }
    }

    fn race(&self) -> &Race {
        self.room.race.as_ref().unwrap()
    }

    /// Clients send, and the gateway passes it on.
    fn send(&mut self) {
        let race = self.room.race.as_ref().unwrap();
        let first_tick = race.state.tick + LEAD;
        let mut frames = Vec::new();
        for (seat, driver) in self.drivers.iter_mut().enumerate() {
            let controls = driver.drive(&self.room.track, &race.rules, &race.state, seat);
            let frame = InputFrame {
                first_tick,
                controls: [controls, controls].into_iter().collect(),
            };
            frames.push((seat as Seat, frame.encode_into(Vec::new())));
        }
        let batch = InputBatch {
            race: self.room.identity.race,
            gateway: GATEWAY,
            frames: frames
                .iter()
                .map(|(seat, frame)| (*seat, &frame[..]))
                .collect(),
        };
        self.room.inputs(&batch.encode());
        self.frames.extend(frames);
    }

    fn tick(&mut self) {
        if self.race().state.tick.is_multiple_of(2) {
            self.send();
        }
        self.room.tick(Instant::now(), 1_000);
        for output in self.room.take_outputs() {
            match output {
                Output::Snapshot(bytes) => self.snapshots.push(bytes),
                Output::Event(event) => self.events.push(event),
                Output::Lobby | Output::Persist(_) | Output::Players(_) | Output::Checkpoint => {}
            }
        }
    }

    fn drive_to(&mut self, tick: u32) {
        while self.race().state.tick < tick {
            self.tick();
        }
    }

    /// What the gateway answers: its last snapshot `age` old, its last frames.
    fn news(&self, age: Duration, now: Instant) -> News {
        let mut catch_up = CatchUp::new(self.room.identity.race, &[GATEWAY], now);
        let last = self.snapshots.len().saturating_sub(16);
        let interval = TICK_INTERVAL * 2;
        let snapshots = self.snapshots[last..].iter().rev().enumerate();
        let seen = snapshots.map(|(ago, bytes)| SeenSnapshot {
            age_us: (age + interval * ago as u32).as_micros() as u32,
            bytes,
        });
        let answer = CatchUpAnswer {
            race: self.room.identity.race,
            gateway: GATEWAY,
            snapshots: seen.collect(),
            inputs: self.frames[self.frames.len().saturating_sub(32)..]
                .iter()
                .map(|(seat, frame)| (*seat, &frame[..]))
                .collect(),
        };
        catch_up.answer(&answer.encode(), now);
        assert!(catch_up.is_complete(now));
        catch_up.finish().0
    }

    fn successor(&self, checkpoint: &Checkpoint) -> Room {
        let ownership = Ownership {
            owner: WorkerId::new(2),
            epoch: checkpoint.epoch.next().unwrap(),
        };
        let track = Arc::clone(&self.room.track);
        Room::restore(checkpoint, ownership, |_| Some(track), Instant::now()).unwrap()
    }
}

fn state(room: &Room) -> &RaceState {
    &room.race.as_ref().unwrap().state
}

fn emitted(room: &mut Room) -> (Vec<RoomEvent>, Vec<Tick>) {
    let (mut events, mut ticks) = (Vec::new(), Vec::new());
    for output in room.take_outputs() {
        match output {
            Output::Event(event) => events.push(event),
            Output::Snapshot(bytes) => {
                ticks.push(SnapshotHeader::split(&bytes).unwrap().0.tick);
            }
            Output::Lobby | Output::Persist(_) | Output::Players(_) | Output::Checkpoint => {}
        }
    }
    (events, ticks)
}

#[test]
fn computes_what_was_seen_and_steps_to_the_present_with_what_was_sent() {
    for checkpointed in [299, 300] {
        let mut old = Watched::new();
        old.drive_to(checkpointed);
        let checkpoint = old.room.checkpoint();
        old.drive_to(checkpointed + 13);
        let newest = (checkpointed + 13) / 2 * 2;
        let now = Instant::now();
        let age = TICK_INTERVAL * 3 + TICK_INTERVAL / 2;
        let mut successor = old.successor(&checkpoint);
        let caught_up = successor.catch_up(&old.news(age, now), now, 1_000);
        assert!(!caught_up.has_diverged);
        assert_eq!(caught_up.repeated, newest - checkpointed);
        assert_eq!(caught_up.advanced, 3);
        let due = now - age + TICK_INTERVAL * 4;
        let early = due.saturating_duration_since(caught_up.due);
        assert!(early < Duration::from_millis(1), "time goes on as it did");
        // The clients' inputs for these ticks had been sent, and nothing else.
        while old.race().state.tick < newest + 3 {
            old.room.tick(now, 1_000);
        }
        assert_eq!(state(&successor), &old.race().state);
        assert_eq!(
            successor.race.as_ref().unwrap().applied,
            old.race().applied,
            "what the next snapshot says was applied"
        );
        let (_, ticks) = emitted(&mut successor);
        assert!(ticks.windows(2).all(|pair| pair[1] == pair[0] + 2));
        assert_eq!(*ticks.last().unwrap(), (newest + 3) / 2 * 2);
    }
}

#[test]
fn events_of_repeated_ticks_have_the_same_identities() {
    let mut old = Watched::new();
    let start_tick = old.race().rules.start_tick;
    old.drive_to(start_tick - 3);
    let checkpoint = old.room.checkpoint();
    let before = old.events.len();
    old.drive_to(start_tick + 3);
    let now = Instant::now();
    let mut successor = old.successor(&checkpoint);
    emitted(&mut successor);
    successor.catch_up(&old.news(Duration::ZERO, now), now, 1_000);
    let identity = |event: &RoomEvent| (event.tick, event.index, event.body.clone());
    let seen: Vec<_> = old.events[before..].iter().map(identity).collect();
    let again: Vec<_> = emitted(&mut successor).0.iter().map(identity).collect();
    assert_eq!(seen, again);
    assert_eq!(seen[0].0, start_tick);
    assert_eq!(successor.phase(), Phase::Racing, "the start is not missed");
}

#[test]
fn adopts_a_snapshot_that_came_out_otherwise_and_keeps_no_replay() {
    let mut old = Watched::new();
    old.drive_to(300);
    let checkpoint = old.room.checkpoint();
    old.drive_to(312);
    let now = Instant::now();
    let mut news = old.news(Duration::ZERO, now);
    // All but the newest are lost on the way, and what was done before it.
    let newest: BTreeMap<_, _> = news.snapshots.split_off(&312);
    news.snapshots = newest;
    news.frames.clear();
    let mut checkpoint = checkpoint;
    let mut forgetful = old.successor(&checkpoint);
    let race = forgetful.race.as_mut().unwrap();
    race.inputs.iter_mut().for_each(SeatInputs::clear);
    checkpoint.state = forgetful.checkpoint().state;
    let mut successor = old.successor(&checkpoint);
    let caught_up = successor.catch_up(&news, now, 1_000);
    assert!(caught_up.has_diverged);
    assert_eq!(
        state(&successor),
        &old.race().state,
        "what clients have seen"
    );
    let race = successor.race.as_ref().unwrap();
    assert_ne!(race.log.end_tick(), race.state.tick);
}

#[test]
fn without_an_answer_goes_on_from_the_checkpoint() {
    let mut old = Watched::new();
    old.drive_to(300);
    let now = Instant::now();
    let mut successor = old.successor(&old.room.checkpoint());
    let caught_up = successor.catch_up(&News::default(), now, 1_000);
    assert_eq!((caught_up.repeated, caught_up.advanced), (0, 0));
    assert_eq!(caught_up.due, now);
    // Inputs that were acknowledged to their drivers are in the checkpoint.
    for _ in 0..LEAD {
        old.room.tick(now, 1_000);
        successor.tick(now, 1_000);
    }
    assert_eq!(state(&successor), &old.race().state);
}

#[test]
fn time_stands_still_in_a_long_absence() {
    let mut old = Watched::new();
    old.drive_to(300);
    let now = Instant::now();
    let away = TICK_INTERVAL * (ADVANCE_TICKS_MAX + 2);
    let mut successor = old.successor(&old.room.checkpoint());
    let caught_up = successor.catch_up(&old.news(away, now), now, 1_000);
    assert_eq!((caught_up.advanced, caught_up.due), (0, now));
    assert_eq!(state(&successor), &old.race().state);
}

#[test]
fn a_waiting_room_has_nothing_to_catch_up_with() {
    let mut waiting = room(3, 1);
    join(&mut waiting, "Ada", 1).unwrap();
    let now = Instant::now();
    let caught_up = waiting.catch_up(&News::default(), now, 1_000);
    assert_eq!((caught_up.repeated, caught_up.due), (0, now));
    assert_eq!(waiting.phase(), Phase::Waiting);
}

#[test]
fn nothing_is_computed_up_to_a_snapshot_that_is_far_ahead() {
    let mut old = Watched::new();
    old.drive_to(300);
    let now = Instant::now();
    for ahead in [REPEAT_TICKS_MAX + 1, u32::MAX - 300] {
        let (mut header, body) = SnapshotHeader::split(old.snapshots.last().unwrap()).unwrap();
        header.tick = 300 + ahead;
        let mut forged = header.encode_into(Vec::new());
        forged.extend(body);
        let mut news = News::default();
        news.snapshots.insert(header.tick, forged);
        let mut successor = old.successor(&old.room.checkpoint());
        let caught_up = successor.catch_up(&news, now, 1_000);
        assert_eq!((caught_up.repeated, caught_up.advanced), (0, 0));
        assert_eq!(state(&successor), &old.race().state);
    }
}

//! A gateway's relay of one room: any messages of the bus, members, inputs and times.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::catch_up::{CatchUpAnswer, CatchUpRequest};
use protocol::client::ServerMessage;
use protocol::frame::{self, FrameKind};
use protocol::input::InputBatch;
use protocol::limits::SNAPSHOT_INTERVAL;
use protocol::room::{Heartbeat, RoomEvent};
use protocol::snapshot::{RelayedHeader, SnapshotHeader};
use protocol::{Epoch, RaceId, RaceTag, SessionNonce, Tick};
use relay::failure_detector::{self, ClaimOutcome, Probe};
use relay::flush_schedule::FlushOptions;
use relay::limits::{
    EVENTS_REMEMBERED_MAX, HISTORY_FRAMES_MAX, HISTORY_SNAPSHOTS_MAX, JOINING_EVENTS_MAX,
};
use relay::{Command, MemberId, RelayCore};

use crate::sample::{self, GATEWAY, WORKER};
use crate::source::{Clock, Source};

/// The distance of the instants at which rooms flush.
const GRID: Duration = Duration::from_millis(1);
/// How long before a snapshot inputs leave.
const LEAD: Duration = Duration::from_millis(4);

/// What happens next. The numbers are those of the corpus: new ones go last.
#[derive(Clone, Copy)]
enum Event {
    Snapshot,
    AnySnapshot,
    Heartbeat,
    Happening,
    AnyHappening,
    CatchUp,
    Answered,
    Expect,
    Enter,
    Leave,
    Input,
    Wait,
    Probed,
    Claimed,
    Unserved,
    Connection,
}

const EVENTS: [Event; 16] = [
    Event::Snapshot,
    Event::AnySnapshot,
    Event::Heartbeat,
    Event::Happening,
    Event::AnyHappening,
    Event::CatchUp,
    Event::Answered,
    Event::Expect,
    Event::Enter,
    Event::Leave,
    Event::Input,
    Event::Wait,
    Event::Probed,
    Event::Claimed,
    Event::Unserved,
    Event::Connection,
];

/// A relay in any company.
pub fn relay(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let mut model = Model::new();
    while let Some(event) = source.event(&EVENTS)
        && model.take(event, &mut source).is_some()
    {
        model.check_commands();
    }
}

/// What the relay must agree with.
struct Model {
    core: RelayCore,
    clock: Clock,
    /// The race and the epoch below which nothing passes.
    floor: Option<(RaceId, Epoch)>,
    /// What has passed last: the race, its epoch and tick.
    passed: Option<(RaceTag, Epoch, Tick)>,
    /// Whether a member has entered, or has only asked.
    members: BTreeMap<MemberId, bool>,
    /// The events of the present race that members got.
    events: BTreeSet<(MemberId, Vec<u8>)>,
    events_passed: usize,
    /// Input frames since the last batch.
    inputs: usize,
}

impl Model {
    fn new() -> Self {
        let clock = Clock::default();
        let flush = FlushOptions {
            lead: LEAD,
            grid: GRID,
            origin: clock.now(),
        };
        Self {
            core: RelayCore::new(GATEWAY, flush, clock.now()),
            clock,
            floor: None,
            passed: None,
            members: BTreeMap::new(),
            events: BTreeSet::new(),
            events_passed: 0,
            inputs: 0,
        }
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether something of that owner may pass. It is then the least that may.
    fn admits(&mut self, race: RaceId, epoch: Epoch) -> bool {
        if self.floor.is_none_or(|(current, _)| race > current) {
            self.events.clear();
            self.events_passed = 0;
        } else if self.floor.is_none_or(|floor| (race, epoch) < floor) {
            return false;
        }
        self.floor = Some((race, epoch));
        true
    }

    fn take(&mut self, event: Event, source: &mut Source<'_>) -> Option<()> {
        match event {
            Event::Snapshot => {
                let (race, epoch) = owner(source)?;
                self.snapshot(sample::snapshot(race, epoch, source.number::<u8>()?.into()));
            }
            Event::AnySnapshot => self.snapshot(source.run()?.to_vec()),
            Event::Heartbeat => {
                let (race, epoch) = owner(source)?;
                let owner = WORKER;
                let heartbeat = Heartbeat { race, owner, epoch };
                self.core.heartbeat(&json(&heartbeat), self.clock.now());
                self.admits(race, epoch);
            }
            Event::Happening => {
                let (race, epoch) = owner(source)?;
                let bodies = sample::event_bodies();
                let body = bodies[usize::from(source.number::<u8>()?) % bodies.len()].clone();
                let tick = source.number::<u8>()?.into();
                self.happening(&json(&sample::event(race, epoch, tick, body)));
            }
            Event::AnyHappening => self.happening(source.run()?),
            Event::CatchUp => {
                let (race, epoch) = owner(source)?;
                self.catch_up(&CatchUpRequest { race, epoch });
            }
            Event::Answered => {
                let (race, epoch) = owner(source)?;
                self.core.answered(race, epoch, self.now());
                self.admits(race, epoch);
            }
            Event::Expect => {
                let member = member(source)?;
                self.core.expect(member, session(member));
                self.members.insert(member, false);
                self.events.retain(|(id, _)| *id != member);
            }
            Event::Enter => {
                let member = member(source)?;
                let frame = frame::from_server(&ServerMessage::Pong { nonce: member });
                self.core.enter(member, frame);
                self.members.entry(member).and_modify(|is_in| *is_in = true);
            }
            Event::Leave => {
                let member = member(source)?;
                self.core.leave(member);
                self.members.remove(&member);
            }
            Event::Input => self.input(source)?,
            Event::Wait => {
                self.clock
                    .advance(Duration::from_millis(source.number::<u8>()?.into()));
                self.wait();
            }
            Event::Probed => {
                let answers = [Probe::Pong, Probe::NoResponders, Probe::TimedOut];
                let answer = source.choose(&answers)?;
                let now = self.now();
                self.core.failure_detector().probed(WORKER, answer, now);
            }
            Event::Claimed => self.claimed(source)?,
            Event::Unserved => {
                let now = self.now();
                self.core.failure_detector().unserved(now);
            }
            Event::Connection => {
                let (is_connected, now) = (source.number()?, self.now());
                self.core
                    .failure_detector()
                    .set_connected(is_connected, now);
            }
        }
        Some(())
    }

    fn snapshot(&mut self, payload: Vec<u8>) {
        if let Ok((header, _body)) = SnapshotHeader::split(&payload) {
            self.admits(header.race, header.epoch);
        }
        self.core.snapshot(&Bytes::from(payload), self.clock.now());
    }

    fn happening(&mut self, payload: &[u8]) {
        if let Ok(event) = serde_json::from_slice::<RoomEvent>(payload) {
            self.admits(event.race, event.epoch);
            self.events_passed += 1;
        }
        self.core.event(payload, self.clock.now());
    }

    fn catch_up(&mut self, request: &CatchUpRequest) {
        let answer = self.core.catch_up(request, self.clock.now());
        assert_eq!(self.admits(request.race, request.epoch), answer.is_some());
        let Some(answer) = answer else { return };
        let answer = CatchUpAnswer::decode(&answer).expect("a gateway wrote it");
        assert_eq!(answer.race, request.race);
        assert!(answer.snapshots.len() <= HISTORY_SNAPSHOTS_MAX);
        for seat in 0..=u8::MAX {
            let frames = answer.inputs.iter().filter(|(it, _)| *it == seat).count();
            assert!(
                frames <= HISTORY_FRAMES_MAX,
                "{frames} frames of seat {seat}"
            );
        }
    }

    fn input(&mut self, source: &mut Source<'_>) -> Option<()> {
        let seat = source.number::<u8>()? % 4;
        let frame = match source.number::<u8>()? {
            u8::MAX => source.run()?.to_vec(),
            tick => sample::input_frame(tick.into()),
        };
        self.core.input(seat, &frame, self.clock.now());
        self.inputs += 1;
        let due = self.core.inputs_due().expect("an input waits");
        assert!(due <= self.clock.now() + SNAPSHOT_INTERVAL + GRID);
        Some(())
    }

    /// Does what is due, as the shell does.
    fn wait(&mut self) {
        let now = self.clock.now();
        if self.core.inputs_due().is_some_and(|due| due <= now) {
            let batch = self.core.take_inputs(now);
            if let Some(batch) = &batch {
                let batch = InputBatch::decode(batch).expect("a gateway wrote it");
                assert_eq!(Some(batch.race), self.floor.map(|(race, _)| race));
                let kept = 4 * HISTORY_FRAMES_MAX;
                assert!(batch.frames.len() <= self.inputs + kept);
            }
            self.inputs = 0;
        }
        let detector = self.core.failure_detector();
        let due = detector.next_deadline();
        let epoch = detector.epoch();
        match detector.poll(now) {
            None => assert!(due.is_none_or(|due| now < due)),
            Some(command) => {
                assert!(due.is_some_and(|due| due <= now));
                match command {
                    failure_detector::Command::Ping(_) => {}
                    failure_detector::Command::Claim { seen_epoch } => {
                        assert_eq!(seen_epoch, epoch);
                    }
                    failure_detector::Command::Close => self.core.close(),
                }
            }
        }
    }

    fn claimed(&mut self, source: &mut Source<'_>) -> Option<()> {
        let (number, epoch): (u8, u8) = (source.number()?, source.number()?);
        let outcome = match number % 3 {
            0 => ClaimOutcome::Owned(WORKER, Epoch(epoch.into())),
            1 => ClaimOutcome::Missing,
            _ => ClaimOutcome::Failed,
        };
        let now = self.now();
        let detector = self.core.failure_detector();
        let before = detector.epoch();
        detector.claimed(outcome, f64::from(epoch) / 255.0, now);
        assert!(detector.epoch() >= before);
        Some(())
    }

    /// Checks what leaves: to whom, in which order, and of which owner.
    fn check_commands(&mut self) {
        let commands: Vec<Command> = self.core.take_commands().collect();
        // The first frame, and the events since the member was expected.
        let frames = |commands: &[Command], member: MemberId| {
            let is_its = |it: &&Command| matches!(it, Command::Send(id, _) if *id == member);
            commands.iter().filter(is_its).count()
        };
        for member in self.members.keys() {
            assert!(frames(&commands, *member) <= 1 + JOINING_EVENTS_MAX);
        }
        let mut snapshot = None;
        for command in commands {
            match command {
                Command::SendSnapshot(member, frame) => {
                    assert_eq!(self.members.get(&member), Some(&true), "not in the room");
                    let (_, bytes) = frame::split(&frame).expect("a relay wrote it");
                    snapshot = RelayedHeader::split(bytes).ok().map(|(header, _)| header);
                }
                Command::Send(member, frame) => self.check_frame(member, &frame),
                Command::Dismissed(member) => {
                    assert_eq!(self.members.remove(&member), Some(true));
                }
                Command::ReportUnknownVersion(unknown) => {
                    assert!(unknown.format.check(unknown.found).is_err());
                }
            }
        }
        if let (Some(header), Some((race, floor))) = (snapshot, self.floor) {
            assert_eq!((header.race, header.epoch), (race.tag(), floor));
            if let Some((_, epoch, tick)) = self.passed.filter(|(tag, ..)| *tag == header.race) {
                assert!(header.epoch >= epoch && header.tick > tick, "it went back");
            }
            self.passed = Some((header.race, header.epoch, header.tick));
        }
    }

    fn check_frame(&mut self, member: MemberId, frame: &Bytes) {
        assert!(self.members.contains_key(&member), "a frame for nobody");
        let (kind, body) = frame::split(frame).expect("a relay wrote it");
        if kind != FrameKind::Event {
            return;
        }
        let event: RoomEvent = serde_json::from_slice(body).expect("a relay has read it");
        let (race, _) = self.floor.expect("it came from an owner");
        assert_eq!(event.race, race);
        // Of an event that is computed again only the epoch differs.
        let identity = json(&(event.tick, event.index, event.body));
        let is_new = self.events.insert((member, identity));
        assert!(
            is_new || self.events_passed > EVENTS_REMEMBERED_MAX,
            "sent twice"
        );
    }
}

fn owner(source: &mut Source<'_>) -> Option<(RaceId, Epoch)> {
    let (race, epoch): (u8, u8) = (source.number()?, source.number()?);
    Some((sample::race(race % 4), Epoch((epoch % 16).into())))
}

/// One of the members is the one that the sample event sends away.
fn session(member: MemberId) -> SessionNonce {
    match member {
        3 => sample::SESSION,
        _ => SessionNonce::new(100 + member as u32),
    }
}

fn member(source: &mut Source<'_>) -> Option<MemberId> {
    Some((source.number::<u8>()? % 4).into())
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("it is a message")
}

/// A takeover, and a room that ends.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let raw = sample::snapshot(sample::race(1), Epoch(2), 12);
    let [low, high] = (raw.len() as u16).to_le_bytes();
    let event = json(&sample::event(
        sample::race(1),
        Epoch(2),
        9,
        sample::event_bodies()[3].clone(),
    ));
    let [event_low, event_high] = (event.len() as u16).to_le_bytes();
    let takeover = [
        &[
            7, 1, 0, 1, 1, 4, 8, 1, 0, 1, 1, 6, 10, 0, 6, 10, 1, 8, 11, 33,
        ][..],
        &[11, 60, 12, 1, 11, 200, 13, 2, 0, 11, 20, 13, 0, 2, 5, 1, 2],
        &[0, 1, 1, 8, 0, 1, 2, 10, 11, 16, 1, low, high],
        &raw,
        &[4, event_low, event_high],
        &event,
        &[3, 1, 2, 13, 9, 9, 1],
    ];
    let waiting = [&[7, 2, 6, 0, 1, 8, 2, 2, 0, 1, 3, 0, 1, 0, 0, 15, 0, 15, 1][..]];
    vec![takeover.concat(), waiting.concat()]
}

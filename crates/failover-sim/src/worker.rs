//! The shell around a worker's cores, as `race_worker::owner` and `takeover` are
//! the real one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::checkpoint::{Checkpoint, Claimed};
use protocol::input::{Controls, InputBatch, InputFrame};
use protocol::persist::PersistMessage;
use protocol::room::RoomEvent;
use protocol::{
    Epoch, GatewayId, Rejection, RejectionCode, Reply, Seat, SessionNonce, Tick, WorkerId,
};
use race_worker::chain::{Fences, ReadBack, Unanswered, WriteError};
use race_worker::claim::{Claim, ClaimsUnderWay, Evidence, Step, unavailable};
use race_worker::clerk::Job;
use race_worker::limits::{FENCE_IDLE, FENCE_RACING};
use race_worker::ownership::{Command, Event, Moment, OwnerCore, Stop, Topic};
use race_worker::room::presence::Belief;
use race_worker::sweep::Sweep;
use rand::RngExt;

use crate::bug::Bug;
use crate::message::{Body, CatchUp, Inbox, Key, Later, Message, Op, RoomIndex, Token, Write};
use crate::process::Pid;
use crate::time::{MILLISECOND, Ns, SECOND};
use crate::world::World;

/// As in the crate `bus`.
const JETSTREAM_TIMEOUT: Ns = 300 * MILLISECOND;
const SUBSCRIBE_TIMEOUT: Ns = 500 * MILLISECOND;
const HAND_OVER_TIMEOUT: Ns = 100 * MILLISECOND;
const PRESENT_TIMEOUT: Ns = 500 * MILLISECOND;

/// Later than any simulation ends.
pub(crate) const UNFENCED: Fences = Fences {
    racing: Duration::from_secs(3_600),
    idle: Duration::from_secs(3_600),
};

/// An input as the simulation knows it.
pub(crate) type Known = (GatewayId, Seat, Tick, Controls);

/// A race worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    owners: Vec<Owner>,
    claims: Vec<Claiming>,
    under_way: ClaimsUnderWay,
    waiting: BTreeMap<Token, Purpose>,
    sweep: Sweep,
    sweep_at: Ns,
    pub(crate) is_draining: bool,
}

#[derive(Debug)]
struct Owner {
    key: Key,
    room: RoomIndex,
    core: OwnerCore,
    is_listening: bool,
    /// Requests wait until the room runs.
    ctl: VecDeque<(Bytes, Inbox)>,
    has_turn: bool,
    census: Vec<(Belief, Option<Vec<SessionNonce>>)>,
    uncounted: usize,
    /// When the write under way was begun, and the last that has happened.
    write_begun: Instant,
    held_since: Instant,
    /// Whether the race was on before the last event: what the event leads to
    /// was decided then.
    was_moving: bool,
    /// Whether that event was the answer to a write.
    is_confirming: bool,
    is_caught_up: bool,
    /// Of the checkpoint that it began with.
    first_tick: Tick,
    answered: Vec<(Pid, Option<Tick>)>,
    /// Inputs that it must know once it has caught up.
    due: Vec<Known>,
}

#[derive(Debug)]
struct Claiming {
    key: Key,
    room: RoomIndex,
    claim: Claim,
    inbox: Option<Inbox>,
    is_listening: bool,
    inputs: Vec<Bytes>,
    ctl: VecDeque<(Bytes, Inbox)>,
    due: Vec<Known>,
    write_begun: Instant,
    found_tick: Tick,
}

#[derive(Clone, Debug)]
enum Purpose {
    Written(Key),
    Read(Key),
    Job(Key),
    CatchUp(Key),
    Count(Key, usize, bool),
    Offer(Key),
    ClaimRead(Key),
    ClaimListen(Key),
    ClaimWritten(Key),
    ClaimReadBack(Key),
    Sweep,
}

impl Worker {
    pub(crate) fn new(id: WorkerId, sweep_at: Ns) -> Self {
        Self {
            id,
            owners: Vec::new(),
            claims: Vec::new(),
            under_way: ClaimsUnderWay::default(),
            waiting: BTreeMap::new(),
            sweep: Sweep::default(),
            sweep_at,
            is_draining: false,
        }
    }

    /// The subscriptions to a room that NATS knows of.
    pub(crate) fn listeners(&self, room: RoomIndex) -> Vec<Key> {
        let owners = self
            .owners
            .iter()
            .filter(|it| it.is_listening && it.room == room);
        let claims = self
            .claims
            .iter()
            .filter(|it| it.is_listening && it.room == room);
        owners
            .map(|it| it.key)
            .chain(claims.map(|it| it.key))
            .collect()
    }

    pub(crate) fn subscribed(&mut self, key: Key) {
        if let Some(owner) = self.owners.iter_mut().find(|it| it.key == key) {
            owner.is_listening = true;
        }
        if let Some(claim) = self.claims.iter_mut().find(|it| it.key == key) {
            claim.is_listening = true;
        }
    }

    /// Whether it runs a room under that epoch.
    pub(crate) fn runs(&self, room: RoomIndex, epoch: Epoch) -> bool {
        let is_it = |it: &&Owner| it.room == room && it.core.chain().epoch() == epoch;
        self.owners
            .iter()
            .find(is_it)
            .is_some_and(|it| !it.core.is_running() || !it.core.is_standing_still())
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.owners.is_empty() && self.claims.is_empty()
    }

    /// When something is due next: by the process's clock, and by that of the
    /// simulation.
    pub(crate) fn next_deadline(&self) -> (Option<Instant>, Ns) {
        let deadlines = self.owners.iter().filter_map(|it| it.core.next_deadline());
        let sweep = if self.is_draining {
            Ns::MAX
        } else {
            self.sweep_at
        };
        (deadlines.min(), sweep)
    }

    pub(crate) fn drain(&mut self) {
        self.is_draining = true;
    }
}

impl World {
    /// A room that is there when the simulation begins.
    pub(crate) fn own(&mut self, pid: Pid, worker: &mut Worker, room: RoomIndex, core: OwnerCore) {
        let now = self.local(pid);
        let key = self.next_token();
        if let Err(why) = self.oracle.owned(room, core.chain().epoch(), worker.id) {
            self.violate(why);
        }
        worker.owners.push(Owner {
            key,
            room,
            core,
            is_listening: true,
            ctl: VecDeque::new(),
            has_turn: false,
            census: Vec::new(),
            uncounted: 0,
            write_begun: now,
            held_since: now,
            was_moving: false,
            is_confirming: false,
            is_caught_up: true,
            first_tick: 0,
            answered: Vec::new(),
            due: Vec::new(),
        });
    }

    /// Handles a message; the process may be dead afterwards.
    pub(crate) fn worker(&mut self, pid: Pid, worker: &mut Worker, message: Message) {
        match message {
            Message::Inputs(key, bytes) => {
                if let Some(owner) = owner_of(worker, key) {
                    self.event(pid, owner, Event::Inputs(&bytes));
                } else if let Some(claim) = worker.claims.iter_mut().find(|it| it.key == key) {
                    claim.inputs.push(bytes);
                }
            }
            Message::InputsDue(room, epoch, bytes) => self.inputs_due(worker, room, epoch, &bytes),
            Message::Ctl(key, bytes, inbox) => {
                if let Some(owner) = owner_of(worker, key) {
                    owner.ctl.push_back((bytes, inbox));
                } else if let Some(claim) = worker.claims.iter_mut().find(|it| it.key == key) {
                    claim.ctl.push_back((bytes, inbox));
                }
            }
            Message::Claim(room, request, inbox) => {
                if worker.is_draining {
                    let message = "this worker is ending";
                    let rejection = Rejection::new(RejectionCode::Unavailable, message);
                    self.submit(pid, Op::Answer(inbox, Body::Claimed(Err(rejection))));
                } else {
                    let evidence = Evidence::Silent(request.seen_epoch);
                    self.begin_claim(pid, worker, room, evidence, Some(inbox));
                }
            }
            Message::Ping(inbox) => self.submit(pid, Op::Answer(inbox, Body::Pong)),
            Message::Answer(token, body) => self.worker_answer(pid, worker, token, body),
            Message::Later(Later::Count(key, index)) => {
                if let Some(owner) = owner_of(worker, key) {
                    let (room, belief) = (owner.room, owner.census[index].0.gateway);
                    let inbox = self.ask(
                        pid,
                        worker,
                        Purpose::Count(key, index, true),
                        PRESENT_TIMEOUT,
                    );
                    self.submit(pid, Op::Present(belief, room, inbox));
                }
            }
            Message::Published(..)
            | Message::AskGateways(..)
            | Message::Present(..)
            | Message::Join(_)
            | Message::Input(..)
            | Message::Later(Later::Ask(_) | Later::RaiseFloor(..)) => {}
        }
        self.settle(pid, worker);
    }

    /// Does what is due.
    pub(crate) fn worker_due(&mut self, pid: Pid, worker: &mut Worker) {
        let now = self.local(pid);
        for owner in &mut worker.owners {
            if owner.core.next_deadline().is_some_and(|due| due <= now) {
                self.event(pid, owner, Event::Due);
            }
        }
        if worker.sweep_at <= self.now && !worker.is_draining {
            worker.sweep_at = self.now + self.rng.random_range(700..1_400) * MILLISECOND;
            let inbox = self.ask(pid, worker, Purpose::Sweep, SECOND);
            self.submit(pid, Op::ListCheckpoints(inbox));
        }
        self.settle(pid, worker);
    }

    /// Carries out what the cores want until they want nothing more.
    fn settle(&mut self, pid: Pid, worker: &mut Worker) {
        let mut index = 0;
        while index < worker.owners.len() {
            let owner = &mut worker.owners[index];
            if worker.is_draining && !owner.has_turn && owner.core.is_running() {
                owner.has_turn = true;
                self.event(pid, owner, Event::Turn);
            }
            let commands: Vec<Command> = owner.core.take_commands().collect();
            let is_busy = !commands.is_empty();
            let key = owner.key;
            for command in commands {
                if self.dies_at_command(pid) {
                    return;
                }
                self.carry_out(pid, worker, key, command);
            }
            let Some(owner) = worker.owners.get_mut(index).filter(|it| it.key == key) else {
                continue;
            };
            if owner.core.is_running()
                && let Some((bytes, inbox)) = owner.ctl.pop_front()
            {
                // Whose inputs count may change: nothing is known for sure.
                self.oracle.reseated(owner.room);
                self.event(pid, owner, Event::Ctl(&bytes, Some(&inbox.name())));
            } else if !is_busy {
                index += 1;
            }
        }
    }

    fn event(&mut self, pid: Pid, owner: &mut Owner, event: Event<'_>) {
        let was_caught_up = owner.is_caught_up;
        self.note(|| match &event {
            Event::Inputs(_) => String::new(),
            event => format!("worker {pid} room {} <- {event:?}", owner.room),
        });
        let moment = Moment {
            now: self.local(pid),
            unix_ms: self.now / MILLISECOND,
            is_connected: self.procs[pid].link.is_connected,
        };
        owner.is_confirming = matches!(event, Event::Written(_));
        owner.was_moving = owner.core.room().is_moving();
        owner.core.handle(event, moment);
        if !was_caught_up && owner.core.is_running() {
            owner.is_caught_up = true;
            self.caught_up(owner);
            if !owner.is_listening {
                // Only a bug waits until now.
                let nowhere = Inbox { pid, token: 0 };
                self.submit(pid, Op::Subscribe(owner.room, owner.key, nowhere));
            }
        }
    }

    fn caught_up(&mut self, owner: &mut Owner) {
        let (room, epoch) = (owner.room, owner.core.chain().epoch());
        let told = owner
            .answered
            .iter()
            .filter_map(|(_, passed)| *passed)
            .max();
        let known = told.unwrap_or(0).max(owner.first_tick);
        self.note(|| {
            let due = owner.due.iter().map(|(_, seat, tick, _)| (*tick, *seat));
            let due: Vec<_> = due.filter(|(tick, _)| *tick >= known).collect();
            format!(
                "room {room} caught up from {} over {known} to {}, answers {:?}, inputs {due:?}",
                owner.first_tick,
                owner.core.room().tick_number(),
                owner.answered
            )
        });
        self.oracle.taken_over(room, epoch, known, &owner.answered);
        for (gateway, seat, tick, controls) in owner.due.drain(..) {
            if tick >= known && owner.core.room().seats().is_driven_from(seat, gateway) {
                self.oracle.input_due(room, epoch, seat, tick, controls);
            }
        }
        if let Err(why) = self.oracle.seats_survive(room, owner.core.room()) {
            self.violate(why);
        }
    }

    /// Notes the inputs that whoever owns the room knows from now on.
    fn inputs_due(&mut self, worker: &mut Worker, room: RoomIndex, epoch: Epoch, bytes: &Bytes) {
        let Ok(batch) = InputBatch::decode(bytes) else {
            return;
        };
        let mut known = Vec::new();
        for (seat, frame) in &batch.frames {
            if let Ok(frame) = InputFrame::decode(frame) {
                let ticks = frame.ticks();
                known.extend(ticks.map(|(tick, it)| (batch.gateway, *seat, tick, it)));
            }
        }
        let is_it = |it: &&mut Owner| it.room == room && it.core.chain().epoch() == epoch;
        if let Some(owner) = worker.owners.iter_mut().find(is_it) {
            if !owner.is_caught_up {
                owner.due.extend(known);
                return;
            }
            let next = owner.core.room().tick_number();
            for (gateway, seat, tick, controls) in known {
                if tick >= next && owner.core.room().seats().is_driven_from(seat, gateway) {
                    self.oracle.input_due(room, epoch, seat, tick, controls);
                }
            }
        } else if let Some(claim) = worker.claims.iter_mut().find(|it| it.room == room) {
            claim.due.extend(known);
        }
    }

    fn carry_out(&mut self, pid: Pid, worker: &mut Worker, key: Key, command: Command) {
        let Some(owner) = worker.owners.iter_mut().find(|it| it.key == key) else {
            return;
        };
        let room = owner.room;
        match command {
            Command::Publish(topic, payload) => self.publish(pid, owner, topic, payload),
            Command::Answer(inbox, reply) => {
                // What a checkpoint holds may be told, however long it took.
                if !owner.is_confirming {
                    self.check_fence(pid, owner, "answered");
                }
                if let Some(inbox) = Inbox::parse(&inbox) {
                    self.submit(pid, Op::Answer(inbox, Body::Ctl(reply)));
                }
            }
            Command::Write(value, revision) => {
                owner.write_begun = self.local(pid);
                let ending = owner.core.room().ending();
                let result = ending
                    .and_then(|ending| ending.result.clone())
                    .map(Box::new);
                let write = Write {
                    value: value.into(),
                    revision: Some(revision),
                    owner: worker.id,
                    epoch: owner.core.chain().epoch(),
                    result,
                };
                if let (Some(Bug::ResultBeforeCas), Some(result)) = (self.bug, &write.result) {
                    let id = format!("{}:result", result.race);
                    let nowhere = Inbox { pid, token: 0 };
                    self.submit(pid, Op::AppendResult(room, id, result.clone(), nowhere));
                }
                let inbox = self.ask(pid, worker, Purpose::Written(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Update(room, write, inbox));
            }
            Command::Read => {
                let inbox = self.ask(pid, worker, Purpose::Read(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Get(room, inbox));
            }
            Command::Do(job) => self.perform(pid, worker, key, room, &job),
            Command::AskGateways(request) => {
                let inbox = self.ask(pid, worker, Purpose::CatchUp(key), SECOND);
                self.submit(pid, Op::AskGateways(room, request.encode().into(), inbox));
            }
            Command::Count(beliefs) => {
                owner.uncounted = beliefs.len();
                owner.census = beliefs.into_iter().map(|belief| (belief, None)).collect();
                let gateways: Vec<_> = owner.census.iter().map(|it| it.0.gateway).collect();
                if gateways.is_empty() {
                    self.event(pid, owner, Event::Counted(Vec::new()));
                }
                for (index, gateway) in gateways.into_iter().enumerate() {
                    let purpose = Purpose::Count(key, index, false);
                    let inbox = self.ask(pid, worker, purpose, PRESENT_TIMEOUT);
                    self.submit(pid, Op::Present(gateway, room, inbox));
                }
            }
            Command::Offer(request) => {
                let inbox = self.ask(pid, worker, Purpose::Offer(key), HAND_OVER_TIMEOUT);
                self.submit(pid, Op::Claim(room, request, inbox));
            }
            Command::Ticked { .. } => {}
            Command::Unlisten => owner.is_listening = false,
            Command::Stop(stop) => self.stopped(worker, key, stop),
        }
    }

    fn publish(&mut self, pid: Pid, owner: &mut Owner, topic: Topic, payload: Vec<u8>) {
        let room = owner.room;
        // The last words of a room that has ended are true for ever.
        if owner.core.room().ending().is_none() {
            self.check_fence(pid, owner, "published");
        }
        let mut payload: Bytes = payload.into();
        if let (Some(Bug::EventWithoutId), Topic::Event) = (self.bug, topic)
            && let Ok(mut event) = serde_json::from_slice::<RoomEvent>(&payload)
        {
            event.index = self.rng.random();
            payload = serde_json::to_vec(&event).unwrap_or_default().into();
        }
        if !self.procs[pid].link.is_connected {
            if topic == Topic::Snapshot {
                self.oracle.lost(room, None, &payload);
            }
            return;
        }
        self.submit(pid, Op::Publish(room, topic, payload));
    }

    /// DESIGN §8: an owner whose last compare-and-set is older stops.
    fn check_fence(&mut self, pid: Pid, owner: &Owner, what: &str) {
        let age = self.local(pid).saturating_duration_since(owner.held_since);
        let fence = if owner.was_moving {
            FENCE_RACING
        } else {
            FENCE_IDLE
        };
        if age > fence {
            let epoch = owner.core.chain().epoch();
            self.violate(format!(
                "the owner of room {} under epoch {epoch} {what} {age:?} after its last checkpoint",
                owner.room
            ));
        }
    }

    fn perform(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        key: Key,
        room: RoomIndex,
        job: &Arc<Job>,
    ) {
        let inbox = self.ask(pid, worker, Purpose::Job(key), JETSTREAM_TIMEOUT);
        let op = match &**job {
            Job::Lobby(_) => Op::PutEntry(room, inbox),
            Job::RemoveEntry => Op::RemoveEntry(room, inbox),
            Job::DeleteCheckpoint(revision) => Op::DeleteCheckpoint(room, *revision, inbox),
            Job::Persist(PersistMessage::Result(result), id) => {
                Op::AppendResult(room, id.clone(), Box::new(result.clone()), inbox)
            }
            Job::Persist(..) => Op::AppendRecord(inbox),
        };
        self.submit(pid, op);
    }

    fn stopped(&mut self, worker: &mut Worker, key: Key, stop: Stop) {
        let Some(index) = worker.owners.iter().position(|it| it.key == key) else {
            return;
        };
        let owner = worker.owners.remove(index);
        let (room, epoch) = (owner.room, owner.core.chain().epoch());
        self.note(|| format!("owner of room {room} under epoch {epoch} stops: {stop:?}"));
        match stop {
            Stop::Ended => self.oracle.closed(room),
            Stop::Lost => {
                let stored = self.nats.checkpoints.get(&room);
                if stored.is_some_and(|it| (it.owner, it.epoch) == (worker.id, epoch)) {
                    self.violate(format!(
                        "worker {} dropped room {room}, which it owns under epoch {epoch}",
                        worker.id
                    ));
                }
            }
            Stop::HandedOver(_) | Stop::Left => {}
        }
    }

    fn worker_answer(&mut self, pid: Pid, worker: &mut Worker, token: Token, body: Body) {
        let Some(purpose) = worker.waiting.get(&token).cloned() else {
            return;
        };
        let is_last = !matches!((&purpose, &body), (Purpose::CatchUp(_), Body::CatchUp(_)));
        if is_last {
            worker.waiting.remove(&token);
        }
        match purpose {
            Purpose::Written(key) => {
                let outcome = self.written(body);
                if let Some(owner) = owner_of(worker, key) {
                    if outcome.is_ok() {
                        owner.held_since = owner.write_begun;
                    }
                    self.event(pid, owner, Event::Written(outcome));
                }
            }
            Purpose::Read(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    let begun = owner.write_begun;
                    let found = read_back(body);
                    if let Ok(Some(found)) = found
                        && (found.owner, found.epoch)
                            == (worker_id(owner), owner.core.chain().epoch())
                        && found.revision != owner.core.chain().revision()
                    {
                        owner.held_since = begun;
                    }
                    self.event(pid, owner, Event::Read(found));
                }
            }
            Purpose::Job(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    self.event(pid, owner, Event::Done(matches!(body, Body::Done)));
                }
            }
            Purpose::CatchUp(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    match body {
                        Body::CatchUp(answer) => self.caught(pid, owner, *answer),
                        _ => self.event(pid, owner, Event::CatchUpEnded),
                    }
                }
            }
            Purpose::Count(key, index, is_again) => {
                self.counted(pid, worker, key, index, is_again, body);
            }
            Purpose::Offer(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    let taken = match body {
                        Body::Claimed(Ok(claimed)) => Some(claimed),
                        _ => None,
                    };
                    self.event(pid, owner, Event::Offered(taken));
                }
            }
            Purpose::ClaimRead(key) => {
                let found = match &body {
                    Body::Got(got) => Ok(got.as_ref().map(|(value, at)| (&value[..], *at))),
                    _ => Err(Unanswered),
                };
                self.step(pid, worker, key, |claim, _| claim.found(found));
            }
            Purpose::ClaimListen(key) if matches!(body, Body::Subscribed) => {
                self.listening(pid, worker, key);
            }
            Purpose::ClaimListen(key) => {
                self.step(pid, worker, key, |_, _| {
                    Step::Answer(Err(unavailable("could not listen")))
                });
            }
            Purpose::ClaimWritten(key) => {
                let outcome = self.written(body);
                self.step(pid, worker, key, |claim, _| claim.written(outcome));
            }
            Purpose::ClaimReadBack(key) => {
                let found = read_back(body);
                self.step(pid, worker, key, |claim, _| claim.read_back(found));
            }
            Purpose::Sweep => self.swept(pid, worker, body),
        }
    }

    fn written(&self, body: Body) -> Result<u64, WriteError> {
        match body {
            Body::Written(outcome) => outcome,
            _ if self.bug == Some(Bug::TimeoutTakenForLost) => Err(WriteError::Conflict),
            _ => Err(WriteError::Unanswered),
        }
    }

    fn caught(&mut self, pid: Pid, owner: &mut Owner, answer: CatchUp) {
        if !owner.is_caught_up {
            owner.answered.push((answer.gateway, answer.passed));
            owner.due.extend(answer.inputs);
        }
        self.event(pid, owner, Event::CatchUp(&answer.bytes));
    }

    fn counted(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        key: Key,
        index: usize,
        is_again: bool,
        body: Body,
    ) {
        let Some(owner) = owner_of(worker, key) else {
            return;
        };
        let present = match body {
            Body::Present(sessions) => Some(sessions),
            Body::NoResponders if is_again => Some(Vec::new()),
            Body::NoResponders => {
                self.later(pid, SECOND, Later::Count(key, index));
                return;
            }
            _ => None,
        };
        if let Some(slot) = owner.census.get_mut(index) {
            slot.1 = present;
        }
        owner.uncounted -= 1;
        if owner.uncounted == 0 {
            self.oracle.reseated(owner.room);
            let census = std::mem::take(&mut owner.census);
            self.event(pid, owner, Event::Counted(census));
        }
    }

    fn swept(&mut self, pid: Pid, worker: &mut Worker, body: Body) {
        let Body::Listed(listed) = body else {
            worker.sweep.blinded();
            return;
        };
        let present: Vec<(String, u64)> = listed
            .into_iter()
            .map(|(room, revision)| (room.to_string(), revision))
            .collect();
        for orphan in worker.sweep.observe(&present, self.local(pid)) {
            if let Ok(room) = orphan.key.parse() {
                let evidence = Evidence::Unwritten(orphan.revision);
                self.begin_claim(pid, worker, room, evidence, None);
            }
        }
    }

    fn begin_claim(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        room: RoomIndex,
        evidence: Evidence,
        inbox: Option<Inbox>,
    ) {
        let key = self.next_token();
        let id = self.rooms[room].id.clone();
        if !worker.under_way.begin(&id) {
            let rejection = unavailable("a claim of it is under way");
            return self.tell_claimed(pid, inbox, Err(rejection));
        }
        worker.claims.push(Claiming {
            key,
            room,
            claim: Claim::new(worker.id, id, evidence),
            inbox,
            is_listening: false,
            inputs: Vec::new(),
            ctl: VecDeque::new(),
            due: Vec::new(),
            write_begun: self.local(pid),
            found_tick: 0,
        });
        let inbox = self.ask(pid, worker, Purpose::ClaimRead(key), JETSTREAM_TIMEOUT);
        self.submit(pid, Op::Get(room, inbox));
    }

    fn listening(&mut self, pid: Pid, worker: &mut Worker, key: Key) {
        // The checkpoint that it goes on from, for the oracle.
        let track = Arc::clone(&self.track);
        let now = self.local(pid);
        self.step(pid, worker, key, |claim, begun| {
            *begun = now;
            claim.listening(|_| Some(track), now)
        });
    }

    /// Takes the next step of a claim.
    fn step(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        key: Key,
        next: impl FnOnce(&mut Claim, &mut Instant) -> Step,
    ) {
        let Some(index) = worker.claims.iter().position(|it| it.key == key) else {
            return;
        };
        if self.dies_at_command(pid) {
            return;
        }
        let claiming = &mut worker.claims[index];
        let room = claiming.room;
        let step = next(&mut claiming.claim, &mut claiming.write_begun);
        self.note(|| format!("worker {pid} claims room {room}: {}", name(&step)));
        match step {
            Step::Read => {}
            Step::Listen if self.bug == Some(Bug::SubscribeAfterCas) => {
                self.listening(pid, worker, key);
            }
            Step::Listen => {
                let inbox = self.ask(pid, worker, Purpose::ClaimListen(key), SUBSCRIBE_TIMEOUT);
                self.submit(pid, Op::Subscribe(room, key, inbox));
            }
            Step::Write(value, revision) => {
                let Ok(checkpoint) = Checkpoint::decode(&value) else {
                    return;
                };
                claiming.found_tick = checkpoint.tick;
                let is_checked = self.bug != Some(Bug::SkipCas);
                let write = Write {
                    value: value.into(),
                    revision: is_checked.then_some(revision),
                    owner: worker.id,
                    epoch: checkpoint.epoch,
                    result: None,
                };
                let inbox = self.ask(pid, worker, Purpose::ClaimWritten(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Update(room, write, inbox));
            }
            Step::ReadBack => {
                let inbox = self.ask(pid, worker, Purpose::ClaimReadBack(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Get(room, inbox));
            }
            Step::Answer(reply) => {
                let claiming = worker.claims.remove(index);
                worker.under_way.end(&self.rooms[room].id);
                self.tell_claimed(pid, claiming.inbox, reply);
            }
            Step::Run(taken) => {
                let claiming = worker.claims.remove(index);
                worker.under_way.end(&self.rooms[room].id);
                let claimed = taken.claimed;
                let mut chain = taken.chain;
                if self.bug == Some(Bug::NoSelfFence) {
                    chain = chain.with_fences(UNFENCED);
                }
                let now = self.local(pid);
                if let Err(why) = self.oracle.owned(room, claimed.epoch, worker.id) {
                    self.violate(why);
                }
                let core = OwnerCore::inherit(
                    worker.id,
                    taken.room,
                    chain,
                    &taken.gateways,
                    self.grid(),
                    now,
                );
                self.run_claimed(pid, worker, claiming, core);
            }
        }
    }

    fn run_claimed(&mut self, pid: Pid, worker: &mut Worker, claiming: Claiming, core: OwnerCore) {
        let Claiming { key, room, .. } = claiming;
        let epoch = core.chain().epoch();
        let claimed = Claimed {
            race: core.room().identity().race,
            owner: worker.id,
            epoch,
        };
        let mut owner = Owner {
            key,
            room,
            core,
            is_listening: claiming.is_listening,
            ctl: claiming.ctl,
            has_turn: false,
            census: Vec::new(),
            uncounted: 0,
            write_begun: claiming.write_begun,
            held_since: claiming.write_begun,
            was_moving: false,
            is_confirming: false,
            is_caught_up: false,
            first_tick: claiming.found_tick,
            answered: Vec::new(),
            due: claiming.due,
        };
        for bytes in claiming.inputs {
            self.event(pid, &mut owner, Event::Inputs(&bytes));
        }
        worker.owners.push(owner);
        self.tell_claimed(pid, claiming.inbox, Ok(claimed));
    }

    fn tell_claimed(&mut self, pid: Pid, inbox: Option<Inbox>, reply: Reply<Claimed>) {
        if let Some(inbox) = inbox {
            self.submit(pid, Op::Answer(inbox, Body::Claimed(reply)));
        }
    }

    fn ask(&mut self, pid: Pid, worker: &mut Worker, purpose: Purpose, timeout: Ns) -> Inbox {
        let token = self.next_token();
        worker.waiting.insert(token, purpose);
        self.time_out(pid, token, timeout);
        Inbox { pid, token }
    }
}

fn owner_of(worker: &mut Worker, key: Key) -> Option<&mut Owner> {
    worker.owners.iter_mut().find(|it| it.key == key)
}

fn worker_id(owner: &Owner) -> WorkerId {
    owner.core.room().lobby_entry().owner
}

fn read_back(body: Body) -> Result<Option<ReadBack>, Unanswered> {
    match body {
        Body::Got(got) => Ok(got.and_then(|(value, revision)| ReadBack::of(&value, revision))),
        _ => Err(Unanswered),
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::Read => "read".to_owned(),
        Step::Listen => "listen".to_owned(),
        Step::Write(_, revision) => format!("write over {revision}"),
        Step::ReadBack => "read back".to_owned(),
        Step::Run(taken) => format!("taken under epoch {}", taken.claimed.epoch),
        Step::Answer(reply) => format!("{reply:?}"),
    }
}

//! The shell around a worker's cores, as `race-worker`'s `owner` and `takeover` are
//! the real one.

mod answers;
mod claims;
mod commands;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::Controls;
use protocol::input::{InputBatch, InputFrame};
use protocol::{
    Epoch, GatewayId, Rejection, RejectionCode, Revision, Seat, SessionNonce, Tick, WorkerId,
};
use rand::RngExt;
use room::ExpectedPresence;
use room::claim::{Claim, ClaimsUnderWay, Evidence};
use room::lease::LeaseTerms;
use room::limits::LOBBY_SWEEP;
use room::ownership::{Command, Event, Moment, OwnerCore, Topic};
use room::sweep::Sweep;
use room::write_queue::Lane;

use crate::message::Pid;
use crate::message::{Body, Key, Later, Message, Op, ReplyTo, RoomIndex, Token};
use crate::time::{MILLISECOND, Ns, SECOND};
use crate::world::World;

/// As in the crate `bus`.
const JETSTREAM_TIMEOUT: Ns = 300 * MILLISECOND;
const SUBSCRIBE_TIMEOUT: Ns = 500 * MILLISECOND;
const HAND_OVER_TIMEOUT: Ns = 100 * MILLISECOND;
const PRESENT_TIMEOUT: Ns = 500 * MILLISECOND;

/// Later than any simulation ends.
pub(crate) const NEVER_EXPIRING: LeaseTerms = LeaseTerms {
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
    sweeps: u32,
    pub(crate) is_draining: bool,
}

#[derive(Debug)]
struct Owner {
    key: Key,
    room: RoomIndex,
    core: OwnerCore,
    is_listening: bool,
    /// Requests wait until the room runs.
    ctl: VecDeque<(Bytes, ReplyTo)>,
    has_turn: bool,
    presence: Vec<(ExpectedPresence, Option<Vec<SessionNonce>>)>,
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
    reply_to: Option<ReplyTo>,
    is_listening: bool,
    inputs: Vec<Bytes>,
    ctl: VecDeque<(Bytes, ReplyTo)>,
    due: Vec<Known>,
    write_begun: Instant,
    found_tick: Tick,
}

#[derive(Clone, Debug)]
enum Purpose {
    Written(Key),
    Read(Key),
    PendingWrite(Key, Lane),
    CatchUp(Key),
    Count(Key, usize, bool),
    Offer(Key),
    ClaimRead(Key),
    ClaimListen(Key),
    ClaimWritten(Key),
    ClaimReadBack(Key),
    SweepEntries,
    SweepResults,
    /// A result that was kept, and the write by which.
    Moved(String, Revision),
    /// Of these entries those are ghosts whose rooms are not found.
    Sweep(Vec<(String, u64)>),
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
            sweeps: 0,
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
        let is_it = |it: &&Owner| it.room == room && it.core.lease().epoch() == epoch;
        self.owners
            .iter()
            .find(is_it)
            .is_some_and(|it| !it.core.is_running() || !it.core.is_paused())
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
        if let Err(why) = self.oracle.owned(room, core.lease().epoch(), worker.id) {
            self.violate(why);
        }
        worker.owners.push(Owner {
            key,
            room,
            core,
            is_listening: true,
            ctl: VecDeque::new(),
            has_turn: false,
            presence: Vec::new(),
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
            Message::Ctl(key, bytes, reply_to) => {
                if let Some(owner) = owner_of(worker, key) {
                    owner.ctl.push_back((bytes, reply_to));
                } else if let Some(claim) = worker.claims.iter_mut().find(|it| it.key == key) {
                    claim.ctl.push_back((bytes, reply_to));
                }
            }
            Message::Claim(room, request, reply_to) => {
                if worker.is_draining {
                    let message = "this worker is ending";
                    let rejection = Rejection::new(RejectionCode::Unavailable, message);
                    self.submit(pid, Op::Answer(reply_to, Body::Claimed(Err(rejection))));
                } else {
                    let evidence = Evidence::Silent(request.seen_epoch);
                    self.begin_claim(pid, worker, room, evidence, Some(reply_to));
                }
            }
            Message::Ping(reply_to) => self.submit(pid, Op::Answer(reply_to, Body::Pong)),
            Message::Answer(token, body) => self.worker_answer(pid, worker, token, body),
            Message::Later(Later::CheckPresence(key, index)) => {
                if let Some(owner) = owner_of(worker, key) {
                    let (room, expected) = (owner.room, owner.presence[index].0.gateway);
                    let reply_to = self.ask(
                        pid,
                        worker,
                        Purpose::Count(key, index, true),
                        PRESENT_TIMEOUT,
                    );
                    self.submit(pid, Op::Present(expected, room, reply_to));
                }
            }
            Message::Published(..)
            | Message::AskGateways(..)
            | Message::Present(..)
            | Message::Join(_)
            | Message::Input(..)
            | Message::Later(Later::Ask(_) | Later::RaiseFloor(..)) => {}
        }
        self.close_when_written(pid, worker);
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
            worker.sweeps += 1;
            let reply_to = self.ask(pid, worker, Purpose::SweepResults, SECOND);
            self.submit(pid, Op::ListResults(reply_to));
            if worker.sweeps.is_multiple_of(LOBBY_SWEEP) {
                let reply_to = self.ask(pid, worker, Purpose::SweepEntries, SECOND);
                self.submit(pid, Op::ListEntries(reply_to));
            } else {
                self.sweep(pid, worker, Vec::new());
            }
        }
        self.close_when_written(pid, worker);
    }

    /// Carries out what the cores want until they want nothing more.
    fn close_when_written(&mut self, pid: Pid, worker: &mut Worker) {
        let mut index = 0;
        while index < worker.owners.len() {
            let owner = &mut worker.owners[index];
            if worker.is_draining && !owner.has_turn && owner.core.is_running() {
                owner.has_turn = true;
                self.event(pid, owner, Event::HandOver);
            }
            let commands: Vec<Command> = owner.core.take_commands().collect();
            let is_busy = !commands.is_empty();
            let key = owner.key;
            let (room, is_confirming) = (owner.room, owner.is_confirming);
            let mut commands = commands.into_iter();
            while let Some(command) = commands.next() {
                if self.dies_at_command(pid) {
                    if is_confirming {
                        self.last_words(room, std::iter::once(command).chain(commands));
                    }
                    return;
                }
                self.carry_out(pid, worker, key, command);
            }
            let Some(owner) = worker.owners.get_mut(index).filter(|it| it.key == key) else {
                continue;
            };
            if owner.core.is_running()
                && let Some((bytes, reply_to)) = owner.ctl.pop_front()
            {
                // Whose inputs count may change: nothing is known for sure.
                self.oracle.reseated(owner.room);
                self.event(pid, owner, Event::Ctl(&bytes, Some(&reply_to.name())));
            } else if !is_busy {
                index += 1;
            }
        }
    }

    /// What an owner could not say before its checkpoint was written, and dies
    /// in the middle of, nobody will hear: the next one begins at the checkpoint.
    fn last_words(&mut self, room: RoomIndex, commands: impl Iterator<Item = Command>) {
        for command in commands {
            if let Command::Publish(Topic::Snapshot, bytes) = command {
                self.oracle.lost(room, None, &bytes);
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
            schedule: self.schedule(pid),
        };
        owner.is_confirming = matches!(event, Event::Written(_));
        owner.was_moving = owner.core.room().is_moving();
        owner.core.handle(event, moment);
        if !was_caught_up && owner.core.is_running() {
            owner.is_caught_up = true;
            self.caught_up(owner);
            if !owner.is_listening {
                // Only a bug waits until now.
                let nowhere = ReplyTo { pid, token: 0 };
                self.submit(pid, Op::Subscribe(owner.room, owner.key, nowhere));
            }
        }
    }

    fn caught_up(&mut self, owner: &mut Owner) {
        let (room, epoch) = (owner.room, owner.core.lease().epoch());
        let sent = owner
            .answered
            .iter()
            .filter_map(|(_, passed)| *passed)
            .max();
        let known = sent.unwrap_or(0).max(owner.first_tick);
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

    /// Notes the inputs that the owner of the room knows from this moment on.
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
        let is_it = |it: &&mut Owner| it.room == room && it.core.lease().epoch() == epoch;
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
}

fn owner_of(worker: &mut Worker, key: Key) -> Option<&mut Owner> {
    worker.owners.iter_mut().find(|it| it.key == key)
}

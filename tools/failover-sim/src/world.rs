//! The queue of what happens, and the processes to which it happens.
//!
//! [`worker`], [`gateway`] and [`client`] are the shells around the cores, [`nats`]
//! is the model between them, [`faults`] is what goes wrong. Each implements its
//! part of [`World`].

mod beginning;
mod client;
mod faults;
mod gateway;
mod nats;
mod process;
mod processes;
mod worker;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use protocol::{GatewayId, RoomId, WorkerId};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use room::ownership::Topic;
use room::schedule::{Schedule, ScheduleOptions};
use simulation::Track;

use crate::bug::Bug;
use crate::message::Pid;
use crate::message::{Body, Connection, Later, Message, Op, Token};
use crate::oracle::Oracle;
use crate::time::{MICROSECOND, MILLISECOND, Ns, SECOND};
use crate::world::client::{Client, ClientState, Delivery};
use crate::world::faults::{CALM_AFTER, Fault};
use crate::world::nats::Nats;
use crate::world::process::Process;
use crate::world::worker::Worker;

/// How long after the last fault every room has an owner.
const OWNED_AFTER: Ns = CALM_AFTER + 8 * SECOND;
/// How long after it every room has ended: a winner waits 30 s for the others.
const ENDED_AFTER: Ns = CALM_AFTER + 60 * SECOND;
/// Lines of a trace that are shown.
const TRACE_MAX: usize = 60;

/// What can happen.
#[derive(Debug)]
pub(crate) enum What {
    /// An operation of a process arrives at NATS, on that connection.
    Serve(Pid, u32, Op),
    /// JetStream carries an operation out.
    Store(Op),
    /// A message of NATS arrives at a process, on that connection.
    Deliver(Pid, u32, Message),
    /// A client's message arrives at its gateway.
    FromClient(Pid, Message),
    ToClient(Connection, Delivery),
    /// A process has waited for long enough.
    Own(Pid, Message),
    Wake(Pid),
    Resume(Pid),
    Reconnect(Pid),
    NatsUp,
    Start {
        is_worker: bool,
    },
    Connect(usize),
    Drive(usize),
    Fault(Fault),
    /// Every room must have an owner by now.
    CheckOwners,
}

/// A room, as the simulation knows it.
#[derive(Debug)]
pub(crate) struct RoomInfo {
    pub(crate) id: RoomId,
}

/// What a seed came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Times that a room was taken over.
    pub takeovers: u32,
    /// Events that were handled.
    pub steps: u64,
}

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// By which seed: it happens every time.
    pub seed: u64,
    /// What was seen.
    pub why: String,
    /// When, since the beginning.
    pub at: Duration,
    /// What happened before, last line last.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            why,
            at,
            trace,
        } = self;
        writeln!(f, "seed {seed} after {at:?}: {why}")?;
        for line in trace {
            // Messages may be long, and their beginning says what they are.
            writeln!(f, "{line:.200}")?;
        }
        write!(f, "run it again with SLIPSTREAM_SEED={seed}")
    }
}

/// All there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Ns,
    base: Instant,
    pub(crate) rng: SmallRng,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    pub(crate) procs: Vec<Process>,
    pub(crate) clients: Vec<Client>,
    pub(crate) rooms: Vec<RoomInfo>,
    pub(crate) nats: Nats,
    pub(crate) oracle: Oracle,
    pub(crate) track: Arc<Track>,
    pub(crate) bug: Option<Bug>,
    /// Whether messages to slow consumers are lost.
    pub(crate) loses: bool,
    pub(crate) skip_due: bool,
    tokens: Token,
    violation: Option<String>,
    is_tracing: bool,
    trace: Vec<String>,
}

#[derive(Debug)]
struct Due {
    at: Ns,
    order: u64,
    what: What,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// Runs the simulation of a seed to its end.
///
/// # Errors
/// When an invariant is broken.
pub fn run(seed: u64, bug: Option<Bug>) -> Result<Report, Box<Violation>> {
    match World::new(seed, bug, false).run() {
        Ok(report) => Ok(report),
        // Again, and with a trace: the same happens.
        Err(_) => run_traced(seed, bug),
    }
}

/// As [`run`]; a violation has what came before it.
///
/// # Errors
/// When an invariant is broken.
pub fn run_traced(seed: u64, bug: Option<Bug>) -> Result<Report, Box<Violation>> {
    let mut world = World::new(seed, bug, true);
    world.run().map_err(|why| {
        let from = world.trace.len().saturating_sub(TRACE_MAX);
        Box::new(Violation {
            seed,
            why,
            at: Duration::from_nanos(world.now),
            trace: world.trace.split_off(from),
        })
    })
}

fn highway() -> Arc<Track> {
    static HIGHWAY: OnceLock<Arc<Track>> = OnceLock::new();
    Arc::clone(HIGHWAY.get_or_init(|| Arc::new(Track::highway())))
}

impl World {
    fn new(seed: u64, bug: Option<Bug>, is_tracing: bool) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let track = highway();
        let mut world = Self {
            now: 0,
            base: Instant::now(),
            loses: rng.random_range(0..4) == 0,
            rng,
            queue: BinaryHeap::new(),
            order: 0,
            procs: Vec::new(),
            clients: Vec::new(),
            rooms: Vec::new(),
            nats: Nats::new(),
            oracle: Oracle::new(Arc::clone(&track)),
            track,
            bug,
            skip_due: false,
            tokens: 1,
            violation: None,
            is_tracing,
            trace: Vec::new(),
        };
        world.populate();
        world.plan_faults();
        world.at(OWNED_AFTER, What::CheckOwners);
        world
    }

    fn run(&mut self) -> Result<Report, String> {
        let mut steps = 0;
        if let Some(why) = self.violation.take() {
            return Err(why);
        }
        while let Some(Reverse(Due { at, what, .. })) = self.queue.pop() {
            self.now = at;
            steps += 1;
            self.happen(what);
            if let Some(why) = self.violation.take() {
                return Err(why);
            }
            if self.is_over() {
                break;
            }
            if self.now > ENDED_AFTER {
                return Err(self.what_is_left());
            }
        }
        for room in 0..self.rooms.len() {
            let results = self.oracle.results(room);
            if results != 1 {
                return Err(format!("room {room} has ended with {results} results"));
            }
        }
        Ok(Report {
            takeovers: self.oracle.takeovers(),
            steps,
        })
    }

    /// Whether all rooms have ended and nobody has anything to do with them.
    fn is_over(&self) -> bool {
        self.nats.checkpoints.is_empty()
            && self.nats.entries.is_empty()
            && self.nats.kept.is_empty()
            && self.clients.iter().all(|it| it.state == ClientState::Done)
            && self
                .procs
                .iter()
                .filter(|it| it.is_alive)
                .all(|process| process.worker().is_none_or(Worker::is_idle))
    }

    fn what_is_left(&self) -> String {
        let clients = self
            .clients
            .iter()
            .filter(|it| it.state != ClientState::Done);
        let workers = self.procs.iter().filter(|it| it.is_alive);
        let busy = workers.filter(|it| it.worker().is_some_and(|it| !it.is_idle()));
        format!(
            "not over: {} checkpoints, {} entries in the lobby, {} results kept, {} clients, \
             {} busy workers",
            self.nats.checkpoints.len(),
            self.nats.entries.len(),
            self.nats.kept.len(),
            clients.count(),
            busy.count(),
        )
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Serve(pid, generation, op) => {
                if self.procs[pid].link.generation == generation {
                    self.serve(pid, op);
                } else {
                    self.lose(&op);
                }
            }
            What::Store(op) => self.store(op),
            What::Deliver(pid, generation, message) => {
                if self.procs[pid].link.generation == generation {
                    self.deliver(pid, message);
                } else if let Message::Published(room, Topic::Snapshot, bytes) = message {
                    self.oracle.lost(room, Some(pid), &bytes);
                }
            }
            What::FromClient(pid, message) | What::Own(pid, message) => self.deliver(pid, message),
            What::ToClient(connection, delivery) => self.client_received(connection, delivery),
            What::Wake(pid) => self.wake(pid),
            What::Resume(pid) => self.resume(pid),
            What::Reconnect(pid) => self.reconnect(pid),
            What::NatsUp => {
                self.nats.is_up = true;
                for pid in 0..self.procs.len() {
                    let micros = self.rng.random_range(1_000..60_000);
                    self.after(micros * MICROSECOND, What::Reconnect(pid));
                }
            }
            What::Start { is_worker } => self.start(is_worker),
            What::Connect(client) => self.connect(client),
            What::Drive(client) => self.drive(client),
            What::Fault(fault) => self.fault(fault),
            What::CheckOwners => self.check_owners(),
        }
    }

    fn check_owners(&mut self) {
        for (room, stored) in &self.nats.checkpoints {
            let workers = self.procs.iter().filter(|it| it.is_alive);
            let mut workers = workers.filter_map(Process::worker);
            if !workers.any(|it| it.id == stored.owner && it.runs(*room, stored.epoch)) {
                let why = format!("room {room} has no owner, long after the last fault");
                return self.violate(why);
            }
        }
    }

    /// When the rooms of a worker tick: at different times, as those of a busy
    /// one, and at others on the next worker.
    pub(crate) fn schedule(&self, pid: Pid) -> Schedule {
        let options = ScheduleOptions {
            phases_max: 4,
            ..ScheduleOptions::DEFAULT
        };
        let origin = Duration::from_millis(7 * pid as u64);
        Schedule::new(self.base + origin, options)
    }

    /// The time as a process has it.
    pub(crate) fn local(&self, pid: Pid) -> Instant {
        self.base + Duration::from_nanos(self.now + self.procs[pid].ahead)
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now >= CALM_AFTER
    }

    pub(crate) fn at(&mut self, at: Ns, what: What) {
        self.order += 1;
        let order = self.order;
        self.queue.push(Reverse(Due { at, order, what }));
    }

    pub(crate) fn after(&mut self, pause: Ns, what: What) {
        self.at(self.now + pause, what);
    }

    pub(crate) fn later(&mut self, pid: Pid, pause: Ns, later: Later) {
        self.after(pause, What::Own(pid, Message::Later(later)));
    }

    pub(crate) fn time_out(&mut self, pid: Pid, token: Token, timeout: Ns) {
        let message = Message::Answer(token, Body::TimedOut);
        self.after(timeout, What::Own(pid, message));
    }

    pub(crate) fn next_token(&mut self) -> Token {
        self.tokens += 1;
        self.tokens
    }

    pub(crate) fn violate(&mut self, why: String) {
        self.note(|| format!("VIOLATION {why}"));
        self.violation.get_or_insert(why);
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.is_tracing {
            let what = what();
            if !what.is_empty() {
                let ms = self.now as f64 / MILLISECOND as f64;
                self.trace.push(format!("{ms:>10.3} {what}"));
            }
        }
    }
}

fn worker_id(pid: Pid) -> WorkerId {
    WorkerId::new(pid as u32 + 1)
}

fn gateway_id(pid: Pid) -> GatewayId {
    GatewayId::new(pid as u32 + 1)
}

//! The claim protocol, exhaustively: two workers, two gateways, one room.
//!
//! A model of the protocol in docs/design.md (Ownership), small enough that
//! every interleaving of it can be visited: messages may be lost or late, a
//! compare-and-set may time out and happen all the same, a process may be
//! suspected without reason, pause for any time or crash. There is no clock:
//! whatever depends on time may happen at any time, so that safety must not
//! depend on it (ADR 009).
//!
//! Each planted bug must make the model fail: a model that cannot fail proves
//! nothing.

use std::collections::BTreeSet;

use stateright::{Checker, Model, Property};

const WORKERS: usize = 2;
const GATEWAYS: usize = 2;
/// The race is over at this tick.
const TICKS: u8 = 2;
/// Owners that a room may have in the model.
const EPOCHS: u8 = 3;
/// Crashes of workers, each followed by a new process.
const CRASHES: u8 = 1;

/// Whether the one input that a client makes led to it: more would be the same
/// again.
const INPUT: u8 = 1;
/// The gateway of that client.
const PLAYER: usize = 0;

/// A state of the race: its tick, and which inputs led to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Race {
    tick: u8,
    inputs: u8,
}

/// The value of the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Record {
    owner: usize,
    epoch: u8,
    race: Race,
}

/// A compare-and-set on its way to NATS, which expects the present revision.
/// What expects another has no effect, and is left out of the model.
type Write = Record;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    /// Has asked for the room; `subscribed` to its inputs.
    Claiming {
        write: Write,
        pending: u8,
    },
    /// Has the room; asks the gateways in `asked` what they have seen.
    CatchingUp {
        lease: Lease,
        race: Race,
        pending: u8,
        asked: u8,
    },
    Owner {
        lease: Lease,
        race: Race,
        pending: u8,
    },
}

/// The writer's end of the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    epoch: u8,
    /// Whether the revision that it knows is the present one.
    is_current: bool,
    /// What is known to be stored.
    stored: Race,
    writing: Option<Write>,
    /// A write was not answered: the revision may be another.
    in_doubt: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Gateway {
    floor: u8,
    /// The newest snapshot that its client has seen.
    seen: Race,
    /// Inputs of its client that no snapshot has acknowledged.
    unacknowledged: u8,
    /// Snapshots on their way, as far as they would be news: epoch and state. One
    /// that is lost is one that never comes.
    coming: BTreeSet<(u8, Race)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    stored: Record,
    writes: BTreeSet<Write>,
    workers: [Worker; WORKERS],
    gateways: [Gateway; GATEWAYS],
    crashes: u8,
    seen: Seen,
}

/// What has happened, for the properties only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Seen {
    /// By epoch: the worker that took itself for the owner.
    owners: [Option<usize>; EPOCHS as usize + 1],
    /// Whether the client has made its input.
    has_input: bool,
    /// The lowest tick that a client saw with the input, and the highest
    /// without it.
    with: Option<u8>,
    without: u8,
    result: Option<Race>,
    broken: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Input,
    Send(usize),
    Claim(usize),
    Crash(usize),
    Tick(usize),
    Checkpoint(usize),
    CatchUp {
        worker: usize,
        gateway: usize,
    },
    Publish(usize),
    TimeOut(usize),
    ReadBack(usize),
    Apply {
        write: Write,
        is_answered: bool,
    },
    Deliver {
        gateway: usize,
        snapshot: (u8, Race),
    },
}

/// A mistake that the model must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    TakeoverWithoutCas,
    NoEpochCheckAtGateway,
    AnswersBeforeRaisingFloor,
    ResultBeforeCas,
    TimedOutMeansWon,
    NoCatchUp,
}

struct ClaimModel {
    bug: Option<Bug>,
}

impl ClaimModel {
    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

impl Model for ClaimModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let race = Race::default();
        let stored = Record {
            owner: 0,
            epoch: 1,
            race,
        };
        let lease = Lease {
            epoch: 1,
            is_current: true,
            stored: race,
            writing: None,
            in_doubt: false,
        };
        let gateway = Gateway {
            floor: 1,
            seen: race,
            unacknowledged: 0,
            coming: BTreeSet::new(),
        };
        let mut seen = Seen::default();
        seen.owners[1] = Some(0);
        vec![State {
            stored,
            writes: BTreeSet::new(),
            workers: [
                Worker::Owner {
                    lease,
                    race,
                    pending: 0,
                },
                Worker::Idle,
            ],
            gateways: [gateway.clone(), gateway],
            crashes: 0,
            seen,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Input);
        for (worker, role) in state.workers.iter().enumerate() {
            actions.extend([
                Action::Claim(worker),
                Action::Send(worker),
                Action::Tick(worker),
                Action::Checkpoint(worker),
                Action::Publish(worker),
                Action::TimeOut(worker),
                Action::ReadBack(worker),
            ]);
            if state.crashes < CRASHES && *role != Worker::Idle {
                actions.push(Action::Crash(worker));
            }
            let catch_up = |gateway| Action::CatchUp { worker, gateway };
            actions.extend((0..GATEWAYS).map(catch_up));
        }
        for &write in &state.writes {
            let apply = |is_answered| Action::Apply { write, is_answered };
            actions.extend([true, false].map(apply));
        }
        for (gateway, there) in state.gateways.iter().enumerate() {
            let deliver = |&snapshot| Action::Deliver { gateway, snapshot };
            actions.extend(there.coming.iter().map(deliver));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Input => state.input()?,
            Action::Send(worker) => state.send(worker)?,
            Action::Claim(worker) => state.claim(worker, self)?,
            Action::Crash(worker) => {
                state.crashes += 1;
                state.workers[worker] = Worker::Idle;
            }
            Action::Tick(worker) => state.tick(worker)?,
            Action::Checkpoint(worker) => state.checkpoint(worker)?,
            Action::CatchUp { worker, gateway } => state.catch_up(worker, gateway, self)?,
            Action::Publish(worker) => state.publish(worker, self)?,
            Action::TimeOut(worker) => state.time_out(worker, self)?,
            Action::ReadBack(worker) => state.read_back(worker)?,
            Action::Apply { write, is_answered } => state.apply(write, is_answered, self)?,
            Action::Deliver { gateway, snapshot } => state.deliver(gateway, snapshot),
        }
        state.forget_what_is_old(self);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("safe", |_, state: &State| state.seen.broken.is_none()),
            // That the model gets anywhere at all.
            Property::sometimes("a third owner ends the race", |_, state: &State| {
                let complete = Race {
                    tick: TICKS,
                    inputs: INPUT,
                };
                state.stored.epoch == EPOCHS && state.seen.result == Some(complete)
            }),
        ]
    }
}

impl State {
    /// The client does something, once.
    fn input(&mut self) -> Option<()> {
        if self.seen.has_input {
            return None;
        }
        self.seen.has_input = true;
        self.gateways[PLAYER].unacknowledged = INPUT;
        Some(())
    }

    /// What is not acknowledged is sent again and again; each time it reaches
    /// all subscribers, or not.
    fn send(&mut self, worker: usize) -> Option<()> {
        let inputs = self.gateways[PLAYER].unacknowledged;
        match &mut self.workers[worker] {
            Worker::Idle => return None,
            Worker::Claiming { pending, .. }
            | Worker::CatchingUp { pending, .. }
            | Worker::Owner { pending, .. } => *pending |= inputs,
        }
        Some(())
    }

    /// Snapshots that would be dropped anyway.
    fn forget_what_is_old(&mut self, model: &ClaimModel) {
        let checks_epoch = !model.has(Bug::NoEpochCheckAtGateway);
        for Gateway {
            floor,
            seen,
            coming,
            ..
        } in &mut self.gateways
        {
            coming
                .retain(|(epoch, race)| race.tick > seen.tick && (epoch >= floor || !checks_epoch));
        }
    }

    /// A gateway suspects the owner, with or without reason, and asks this
    /// worker. It has subscribed to the inputs before it writes.
    fn claim(&mut self, worker: usize, model: &ClaimModel) -> Option<()> {
        if self.workers[worker] != Worker::Idle || self.stored.epoch == EPOCHS {
            return None;
        }
        let write = Record {
            owner: worker,
            epoch: self.stored.epoch + 1,
            race: self.stored.race,
        };
        self.workers[worker] = Worker::Claiming { write, pending: 0 };
        if model.has(Bug::TakeoverWithoutCas) {
            self.won(worker, write, model);
        } else {
            self.writes.insert(write);
        }
        Some(())
    }

    fn tick(&mut self, worker: usize) -> Option<()> {
        let Worker::Owner {
            lease,
            race,
            pending,
        } = &mut self.workers[worker]
        else {
            return None;
        };
        if race.tick == TICKS {
            return None;
        }
        race.tick += 1;
        race.inputs |= *pending;
        *pending = 0;
        let snapshot = (lease.epoch, *race);
        for gateway in &mut self.gateways {
            gateway.coming.insert(snapshot);
        }
        Some(())
    }

    /// One write at a time.
    fn checkpoint(&mut self, worker: usize) -> Option<()> {
        let Worker::Owner { lease, race, .. } = &mut self.workers[worker] else {
            return None;
        };
        if lease.writing.is_some() || lease.in_doubt || lease.stored == *race {
            return None;
        }
        let write = Record {
            owner: worker,
            epoch: lease.epoch,
            race: *race,
        };
        lease.writing = Some(write);
        if lease.is_current {
            self.writes.insert(write);
        }
        Some(())
    }

    /// A gateway is asked: it raises its floor, then it answers.
    fn catch_up(&mut self, worker: usize, gateway: usize, model: &ClaimModel) -> Option<()> {
        let Worker::CatchingUp {
            lease,
            mut race,
            mut pending,
            mut asked,
        } = self.workers[worker]
        else {
            return None;
        };
        if asked & 1 << gateway == 0 {
            return None;
        }
        asked &= !(1 << gateway);
        let there = &mut self.gateways[gateway];
        if !model.has(Bug::AnswersBeforeRaisingFloor) {
            there.floor = there.floor.max(lease.epoch);
        }
        race = race.max(there.seen);
        pending |= there.unacknowledged;
        self.workers[worker] = if asked == 0 {
            Worker::Owner {
                lease,
                race,
                // What was applied is not applied again.
                pending: pending & !race.inputs,
            }
        } else {
            Worker::CatchingUp {
                lease,
                race,
                pending,
                asked,
            }
        };
        Some(())
    }

    /// The race is over, and the checkpoint says so: the result leaves.
    fn publish(&mut self, worker: usize, model: &ClaimModel) -> Option<()> {
        let Worker::Owner { lease, race, .. } = self.workers[worker] else {
            return None;
        };
        let is_safe = lease.stored == race || model.has(Bug::ResultBeforeCas);
        if race.tick < TICKS || !is_safe {
            return None;
        }
        match self.seen.result {
            // Its message id makes a second one nothing.
            Some(result) if result == race => return None,
            Some(_) => self.seen.broken = Some("two results"),
            None => self.seen.result = Some(race),
        }
        Some(())
    }

    /// No answer came in time; the write may be on its way all the same.
    fn time_out(&mut self, worker: usize, model: &ClaimModel) -> Option<()> {
        match &mut self.workers[worker] {
            // Who cannot know lets the claim be, and may be asked again.
            Worker::Claiming { write, .. } => {
                let write = *write;
                if model.has(Bug::TimedOutMeansWon) {
                    self.won(worker, write, model);
                } else {
                    self.workers[worker] = Worker::Idle;
                }
            }
            Worker::Owner { lease, .. } => {
                lease.writing.take()?;
                lease.in_doubt = true;
            }
            Worker::Idle | Worker::CatchingUp { .. } => return None,
        }
        Some(())
    }

    /// In doubt: what is stored decides.
    fn read_back(&mut self, worker: usize) -> Option<()> {
        let stored = self.stored;
        let Worker::Owner { lease, .. } = &mut self.workers[worker] else {
            return None;
        };
        if !lease.in_doubt {
            return None;
        }
        if (stored.owner, stored.epoch) == (worker, lease.epoch) {
            lease.in_doubt = false;
            lease.is_current = true;
            lease.stored = stored.race;
        } else {
            self.workers[worker] = Worker::Idle;
        }
        Some(())
    }

    /// NATS carries out a compare-and-set. What else was on its way, and the
    /// revisions that others know, are void. A write that lost is as good as one
    /// that is never answered: the caller times out and reads back.
    fn apply(&mut self, write: Write, is_answered: bool, model: &ClaimModel) -> Option<()> {
        self.stored = write;
        self.writes.clear();
        for worker in &mut self.workers {
            if let Worker::Owner { lease, .. } | Worker::CatchingUp { lease, .. } = worker {
                lease.is_current = false;
            }
        }
        if !is_answered {
            return Some(());
        }
        match &mut self.workers[write.owner] {
            Worker::Claiming { write: asked, .. } if *asked == write => {
                self.won(write.owner, write, model);
            }
            Worker::Owner { lease, .. } if lease.writing == Some(write) => {
                lease.writing = None;
                lease.is_current = true;
                lease.stored = write.race;
            }
            // The caller is gone, or has given up waiting.
            _ => {}
        }
        Some(())
    }

    fn won(&mut self, worker: usize, write: Write, model: &ClaimModel) {
        let Worker::Claiming { pending, .. } = self.workers[worker] else {
            return;
        };
        let Record { epoch, race, .. } = write;
        let owner = &mut self.seen.owners[usize::from(epoch)];
        if owner.replace(worker).is_some_and(|before| before != worker) {
            self.seen.broken = Some("two owners in one epoch");
        }
        let lease = Lease {
            epoch,
            is_current: true,
            stored: race,
            writing: None,
            in_doubt: false,
        };
        self.workers[worker] = if model.has(Bug::NoCatchUp) {
            Worker::Owner {
                lease,
                race,
                pending,
            }
        } else {
            Worker::CatchingUp {
                lease,
                race,
                pending,
                asked: (1 << GATEWAYS) - 1,
            }
        };
    }

    /// A snapshot that is news reaches a gateway, and its client.
    fn deliver(&mut self, gateway: usize, snapshot: (u8, Race)) {
        let there = &mut self.gateways[gateway];
        let (epoch, race) = snapshot;
        there.coming.remove(&snapshot);
        there.floor = there.floor.max(epoch);
        there.seen = race;
        there.unacknowledged &= !race.inputs;
        let Seen { with, without, .. } = &mut self.seen;
        if race.inputs == 0 {
            *without = (*without).max(race.tick);
        } else {
            *with = Some(with.map_or(race.tick, |tick| tick.min(race.tick)));
        }
        if with.is_some_and(|with| with <= *without) {
            self.seen.broken = Some("the race that clients see has two pasts");
        }
    }
}

fn check(bug: Option<Bug>) -> impl Checker<ClaimModel> {
    ClaimModel { bug }.checker().threads(2).spawn_bfs().join()
}

#[test]
fn every_interleaving_is_safe() {
    let checker = check(None);
    println!("{} states", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn each_planted_bug_is_found() {
    for bug in [
        Bug::TakeoverWithoutCas,
        Bug::NoEpochCheckAtGateway,
        Bug::AnswersBeforeRaisingFloor,
        Bug::ResultBeforeCas,
        Bug::TimedOutMeansWon,
        Bug::NoCatchUp,
    ] {
        let checker = check(Some(bug));
        let path = checker.assert_any_discovery("safe");
        let broken = path.last_state().seen.broken;
        println!(
            "{bug:?}: {} in {} steps",
            broken.unwrap_or(""),
            path.into_actions().len()
        );
    }
}

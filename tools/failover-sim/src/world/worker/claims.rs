//! Rooms that a worker takes over.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use protocol::Reply;
use protocol::checkpoint::{Checkpoint, Claimed};
use room::claim::{Claim, Evidence, Step, unavailable};
use room::ownership::{Event, OwnerCore};

use super::{
    Claiming, JETSTREAM_TIMEOUT, NEVER_EXPIRING, Owner, Purpose, SUBSCRIBE_TIMEOUT, Worker,
};
use crate::bug::Bug;
use crate::message::Pid;
use crate::message::{Body, Key, Op, ReplyTo, RoomIndex, Write};
use crate::world::World;

impl World {
    pub(super) fn begin_claim(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        room: RoomIndex,
        evidence: Evidence,
        reply_to: Option<ReplyTo>,
    ) {
        let key = self.next_token();
        let id = self.rooms[room].id.clone();
        if !worker.under_way.begin(&id) {
            let rejection = unavailable("a claim of it is under way");
            return self.answer_claim(pid, reply_to, Err(rejection));
        }
        worker.claims.push(Claiming {
            key,
            room,
            claim: Claim::new(worker.id, id, evidence),
            reply_to,
            is_listening: false,
            inputs: Vec::new(),
            ctl: VecDeque::new(),
            due: Vec::new(),
            write_begun: self.local(pid),
            found_tick: 0,
        });
        let reply_to = self.ask(pid, worker, Purpose::ClaimRead(key), JETSTREAM_TIMEOUT);
        self.submit(pid, Op::Get(room, reply_to));
    }

    pub(super) fn listening(&mut self, pid: Pid, worker: &mut Worker, key: Key) {
        // The checkpoint that it goes on from, for the oracle.
        let track = Arc::clone(&self.track);
        let now = self.local(pid);
        self.step(pid, worker, key, |claim, begun| {
            *begun = now;
            claim.listening(|_| Some(track), now)
        });
    }

    /// Takes the next step of a claim.
    pub(super) fn step(
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
                let reply_to = self.ask(pid, worker, Purpose::ClaimListen(key), SUBSCRIBE_TIMEOUT);
                self.submit(pid, Op::Subscribe(room, key, reply_to));
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
                let reply_to = self.ask(pid, worker, Purpose::ClaimWritten(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Update(room, write, reply_to));
            }
            Step::ReadBack => {
                let reply_to =
                    self.ask(pid, worker, Purpose::ClaimReadBack(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Get(room, reply_to));
            }
            Step::LeaveAlone(unknown) => self.violate(unknown.to_string()),
            Step::Quarantine(damage) => self.violate(damage.reason),
            Step::Answer(reply) => {
                let claiming = worker.claims.remove(index);
                worker.under_way.end(&self.rooms[room].id);
                self.answer_claim(pid, claiming.reply_to, reply);
            }
            Step::Run(taken) => {
                let claiming = worker.claims.remove(index);
                worker.under_way.end(&self.rooms[room].id);
                let claimed = taken.claimed;
                let mut lease = taken.lease;
                if self.bug == Some(Bug::NoLeaseExpiry) {
                    lease = lease.with_terms(NEVER_EXPIRING);
                }
                let now = self.local(pid);
                if let Err(why) = self.oracle.owned(room, claimed.epoch, worker.id) {
                    self.violate(why);
                }
                let core = OwnerCore::recover(worker.id, taken.room, lease, &taken.gateways, now);
                self.run_claimed(pid, worker, claiming, core);
            }
        }
    }

    pub(super) fn run_claimed(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        claiming: Claiming,
        core: OwnerCore,
    ) {
        let Claiming { key, room, .. } = claiming;
        let epoch = core.lease().epoch();
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
            presence: Vec::new(),
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
        self.answer_claim(pid, claiming.reply_to, Ok(claimed));
    }

    pub(super) fn answer_claim(
        &mut self,
        pid: Pid,
        reply_to: Option<ReplyTo>,
        reply: Reply<Claimed>,
    ) {
        if let Some(reply_to) = reply_to {
            self.submit(pid, Op::Answer(reply_to, Body::Claimed(reply)));
        }
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::Read => "read".to_owned(),
        Step::Listen => "listen".to_owned(),
        Step::Write(_, revision) => format!("write over {revision}"),
        Step::ReadBack => "read back".to_owned(),
        Step::Run(taken) => format!("taken under epoch {}", taken.claimed.epoch),
        Step::LeaveAlone(unknown) => unknown.to_string(),
        Step::Quarantine(damage) => format!("quarantine: {}", damage.reason),
        Step::Answer(reply) => format!("{reply:?}"),
    }
}

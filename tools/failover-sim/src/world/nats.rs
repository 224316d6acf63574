//! A model of NATS: subjects, queue groups, buckets and a stream.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::checkpoint::ClaimRequest;
use protocol::record::ResultRecord;
use protocol::{Epoch, Revision, WorkerId};
use rand::RngExt;
use room::lease::WriteError;
use room::ownership::Topic;

use crate::message::Pid;
use crate::message::{Body, Kept, Message, Op, ReplyTo, RoomIndex, Write};
use crate::time::{MICROSECOND, MILLISECOND, Ns};
use crate::world::{What, World};

/// What NATS keeps in files.
#[derive(Debug, Default)]
pub(crate) struct Nats {
    pub(crate) is_up: bool,
    revision: Revision,
    pub(crate) checkpoints: BTreeMap<RoomIndex, Stored>,
    pub(crate) entries: BTreeMap<RoomIndex, Revision>,
    /// The stream, by message id.
    results: BTreeMap<String, ResultRecord>,
    /// The bucket `results`, by message id.
    pub(crate) kept: BTreeMap<String, Kept>,
    /// Until when there is no space in the stream, and in the bucket.
    pub(crate) stream_full_until: Ns,
    pub(crate) bucket_full_until: Ns,
}

/// A checkpoint, and what the simulation knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) value: Bytes,
    pub(crate) revision: Revision,
    pub(crate) owner: WorkerId,
    pub(crate) epoch: Epoch,
}

impl Nats {
    /// Up, and empty.
    pub(crate) fn new() -> Self {
        Self {
            is_up: true,
            ..Self::default()
        }
    }

    fn update(&mut self, room: RoomIndex, write: &Write) -> Result<Revision, WriteError> {
        let found = self.checkpoints.get(&room).map(|stored| stored.revision);
        if write.revision.is_some() && write.revision != found {
            return Err(WriteError::Conflict);
        }
        self.revision += 1;
        let stored = Stored {
            value: write.value.clone(),
            revision: self.revision,
            owner: write.owner,
            epoch: write.epoch,
        };
        self.checkpoints.insert(room, stored);
        Ok(self.revision)
    }

    fn put_entry(&mut self, room: RoomIndex) {
        self.revision += 1;
        self.entries.insert(room, self.revision);
    }

    /// The first checkpoint of a room.
    pub(crate) fn create(&mut self, room: RoomIndex, write: &Write) -> Revision {
        self.put_entry(room);
        self.update(room, write).unwrap_or_default()
    }
}

impl World {
    /// A message has arrived at the server.
    pub(crate) fn serve(&mut self, from: Pid, op: Op) {
        if !self.nats.is_up {
            return self.lose(&op);
        }
        match op {
            Op::Publish(room, topic, bytes) => {
                // Also those that are cut off just now: they miss it.
                for pid in self.listeners(room, 0..self.procs.len()) {
                    let message = Message::Published(room, topic, bytes.clone());
                    if !self.send(pid, message) && topic == Topic::Snapshot {
                        self.oracle.lost(room, Some(pid), &bytes);
                    }
                }
            }
            Op::Inputs(room, bytes) => self.serve_inputs(room, &bytes),
            Op::Ctl(room, bytes, reply_to) => {
                let listeners = self.owners_of(room);
                if listeners.is_empty() {
                    self.answer(reply_to, Body::NoResponders);
                }
                for (pid, key) in listeners {
                    self.send(pid, Message::Ctl(key, bytes.clone(), reply_to));
                }
            }
            Op::AskGateways(room, bytes, reply_to) => {
                let gateways = self.gateways_of(room);
                if gateways.is_empty() {
                    self.answer(reply_to, Body::NoResponders);
                }
                for pid in gateways {
                    self.send(pid, Message::AskGateways(room, bytes.clone(), reply_to));
                }
            }
            Op::Claim(room, request, reply_to) => self.serve_claim(room, &request, reply_to),
            Op::Ping(worker, reply_to) => {
                let is_it = |pid: &Pid| self.procs[*pid].worker().is_some_and(|it| it.id == worker);
                let found = self.connected().find(is_it);
                match found {
                    Some(pid) => {
                        self.send(pid, Message::Ping(reply_to));
                    }
                    None => self.answer(reply_to, Body::NoResponders),
                }
            }
            Op::Present(gateway, room, reply_to) => {
                let is_it = |pid: &Pid| {
                    self.procs[*pid]
                        .gateway()
                        .is_some_and(|it| it.id == gateway)
                };
                let found = self.connected().find(is_it);
                match found {
                    Some(pid) => {
                        self.send(pid, Message::Present(room, reply_to));
                    }
                    None => self.answer(reply_to, Body::NoResponders),
                }
            }
            Op::Subscribe(room, key, reply_to) => {
                self.subscribed(from, room, key);
                self.answer(reply_to, Body::Subscribed);
            }
            Op::Answer(reply_to, body) => self.answer(reply_to, body),
            op @ (Op::Get(..)
            | Op::Update(..)
            | Op::DeleteCheckpoint(..)
            | Op::ListCheckpoints(..)
            | Op::PutEntry(..)
            | Op::RemoveEntry(..)
            | Op::DeleteEntry(..)
            | Op::ListEntries(..)
            | Op::AppendResult(..)
            | Op::KeepResult(..)
            | Op::ListResults(..)
            | Op::DeleteResult(..)
            | Op::AppendRecord(..)) => {
                // Files take their time, and sometimes much of it.
                let micros = match self.rng.random_range(0..1_000) {
                    0 if !self.is_calm() => self.rng.random_range(1_000..600_000),
                    1..40 => self.rng.random_range(1_000..10_000),
                    _ => self.rng.random_range(50..400),
                };
                self.after(micros * MICROSECOND, What::Store(op));
            }
        }
    }

    /// What was on its way is lost with the connection.
    pub(crate) fn lose(&mut self, op: &Op) {
        if let Op::Publish(room, Topic::Snapshot, bytes) = op {
            self.oracle.lost(*room, None, bytes);
        }
    }

    /// JetStream carries a request out.
    pub(crate) fn store(&mut self, op: Op) {
        if !self.nats.is_up {
            return;
        }
        let (reply_to, body) = match op {
            Op::Get(room, reply_to) => {
                let stored = self.nats.checkpoints.get(&room);
                let got = stored.map(|it| (it.value.clone(), it.revision));
                (reply_to, Body::Got(got))
            }
            Op::Update(room, write, reply_to) => {
                let outcome = self.nats.update(room, &write);
                if let (Ok(_), Some(result)) = (outcome, write.result) {
                    self.oracle.finished(room, *result);
                }
                (reply_to, Body::Written(outcome))
            }
            Op::DeleteCheckpoint(room, revision, reply_to) => {
                let found = self.nats.checkpoints.get(&room).map(|it| it.revision);
                if found == Some(revision) {
                    self.nats.checkpoints.remove(&room);
                }
                (reply_to, Body::Done)
            }
            Op::ListCheckpoints(reply_to) => {
                let all = self.nats.checkpoints.iter();
                let listed = all.map(|(room, it)| (*room, it.revision)).collect();
                (reply_to, Body::Listed(listed))
            }
            Op::PutEntry(room, reply_to) => {
                self.nats.put_entry(room);
                (reply_to, Body::Done)
            }
            Op::RemoveEntry(room, reply_to) => {
                self.nats.entries.remove(&room);
                (reply_to, Body::Done)
            }
            Op::DeleteEntry(room, revision) => {
                if self.nats.entries.get(&room) == Some(&revision) {
                    self.nats.entries.remove(&room);
                }
                return;
            }
            Op::ListEntries(reply_to) => {
                let all = self.nats.entries.iter();
                let listed = all.map(|(room, revision)| (*room, *revision)).collect();
                (reply_to, Body::Listed(listed))
            }
            Op::AppendResult(.., reply_to) | Op::AppendRecord(reply_to)
                if self.now < self.nats.stream_full_until =>
            {
                (reply_to, Body::Refused)
            }
            Op::KeepResult(.., reply_to) if self.now < self.nats.bucket_full_until => {
                (reply_to, Body::Refused)
            }
            Op::AppendResult(room, id, result, reply_to) => {
                self.appended(room, id, *result);
                (reply_to, Body::Done)
            }
            Op::AppendRecord(reply_to) => (reply_to, Body::Done),
            Op::KeepResult(room, id, result, reply_to) => {
                if let Err(why) = self.oracle.announced(room, &result) {
                    self.violate(why);
                }
                self.nats.revision += 1;
                let kept = Kept {
                    room,
                    result,
                    revision: self.nats.revision,
                };
                self.nats.kept.insert(id, kept);
                (reply_to, Body::Done)
            }
            Op::ListResults(reply_to) => {
                let kept = self.nats.kept.iter();
                let kept = kept.map(|(id, it)| (id.clone(), it.clone())).collect();
                (reply_to, Body::Kept(kept))
            }
            Op::DeleteResult(id, revision) => {
                if self.nats.kept.get(&id).map(|it| it.revision) == Some(revision) {
                    self.nats.kept.remove(&id);
                }
                return;
            }
            Op::Publish(..)
            | Op::Inputs(..)
            | Op::Ctl(..)
            | Op::AskGateways(..)
            | Op::Claim(..)
            | Op::Ping(..)
            | Op::Present(..)
            | Op::Subscribe(..)
            | Op::Answer(..) => return,
        };
        // The write has happened, whether its writer learns of it or not.
        if self.is_calm() || self.rng.random_range(0..2_000) > 0 {
            self.answer(reply_to, body);
        }
    }

    fn appended(&mut self, room: RoomIndex, id: String, result: ResultRecord) {
        if let Err(why) = self.oracle.announced(room, &result) {
            self.violate(why);
        }
        if self.nats.results.insert(id, result).is_none()
            && let Err(why) = self.oracle.published(room)
        {
            self.violate(why);
        }
    }

    fn serve_inputs(&mut self, room: RoomIndex, bytes: &Bytes) {
        for (pid, key) in self.owners_of(room) {
            self.send(pid, Message::Inputs(key, bytes.clone()));
        }
        // Whether it listens or not: the owner of the room must learn of this.
        let Some(stored) = self.nats.checkpoints.get(&room) else {
            return;
        };
        let (owner, epoch) = (stored.owner, stored.epoch);
        let is_owner = |pid: &Pid| self.procs[*pid].worker().is_some_and(|it| it.id == owner);
        let pid = self.connected().find(is_owner);
        if let Some(pid) = pid {
            self.send(pid, Message::InputsDue(room, epoch, bytes.clone()));
        }
    }

    fn serve_claim(&mut self, room: RoomIndex, request: &ClaimRequest, reply_to: ReplyTo) {
        let serves = |pid: &Pid| self.procs[*pid].worker().is_some_and(|it| !it.is_draining);
        let members: Vec<Pid> = self.connected().filter(serves).collect();
        if members.is_empty() {
            self.answer(reply_to, Body::NoResponders);
            return;
        }
        let times = if self.rng.random_range(0..20) == 0 {
            2
        } else {
            1
        };
        for _ in 0..times {
            let pid = members[self.rng.random_range(0..members.len())];
            self.send(pid, Message::Claim(room, request.clone(), reply_to));
        }
    }

    fn answer(&mut self, reply_to: ReplyTo, body: Body) {
        self.send(reply_to.pid, Message::Answer(reply_to.token, body));
    }

    fn connected(&self) -> impl Iterator<Item = Pid> + '_ {
        let is_connected = |pid: &Pid| {
            let process = &self.procs[*pid];
            process.is_alive && process.link.is_connected
        };
        (0..self.procs.len()).filter(is_connected)
    }

    fn gateways_of(&self, room: RoomIndex) -> Vec<Pid> {
        self.listeners(room, self.connected())
    }

    fn listeners(&self, room: RoomIndex, among: impl Iterator<Item = Pid>) -> Vec<Pid> {
        let listens = |pid: &Pid| {
            let gateway = self.procs[*pid].gateway();
            gateway.is_some_and(|gateway| gateway.listens(room))
        };
        among.filter(listens).collect()
    }

    fn owners_of(&self, room: RoomIndex) -> Vec<(Pid, u64)> {
        let of_process = |pid: Pid| {
            let worker = self.procs[pid].worker();
            let keys = worker.map(|worker| worker.listeners(room));
            keys.into_iter().flatten().map(move |key| (pid, key))
        };
        self.connected().flat_map(of_process).collect()
    }

    /// Sends a message of the server to a process. Returns whether it is on its
    /// way.
    fn send(&mut self, to: Pid, message: Message) -> bool {
        let process = &self.procs[to];
        if !process.is_alive || !process.link.is_connected {
            return false;
        }
        // A slow consumer loses what it does not take.
        let may_be_lost = matches!(
            message,
            Message::Published(..) | Message::Inputs(..) | Message::AskGateways(..)
        );
        if may_be_lost && self.loses && !self.is_calm() && self.rng.random_range(0..300) == 0 {
            self.skip_due = matches!(message, Message::Inputs(..));
            return false;
        }
        if matches!(message, Message::InputsDue(..)) && std::mem::take(&mut self.skip_due) {
            return false;
        }
        let delay = self.delay();
        let link = &mut self.procs[to].link;
        let at = (self.now + delay)
            .max(link.down_last)
            .max(link.down_stalled);
        link.down_last = at + 1;
        let generation = link.generation;
        self.at(at, What::Deliver(to, generation, message));
        true
    }

    /// Sends an operation of a process to the server.
    pub(crate) fn submit(&mut self, from: Pid, op: Op) {
        if !self.procs[from].link.is_connected {
            // Publishing gives up at once, a request waits for the connection.
            let is_request = matches!(
                op,
                Op::Get(..)
                    | Op::Update(..)
                    | Op::DeleteCheckpoint(..)
                    | Op::ListCheckpoints(..)
                    | Op::PutEntry(..)
                    | Op::RemoveEntry(..)
                    | Op::DeleteEntry(..)
                    | Op::ListEntries(..)
                    | Op::AppendResult(..)
                    | Op::KeepResult(..)
                    | Op::ListResults(..)
                    | Op::DeleteResult(..)
                    | Op::AppendRecord(..)
                    | Op::Claim(..)
                    | Op::Ctl(..)
                    | Op::AskGateways(..)
                    | Op::Subscribe(..)
            );
            if is_request {
                self.procs[from].link.buffer.push(op);
            }
            return;
        }
        let delay = self.delay();
        let link = &mut self.procs[from].link;
        let at = (self.now + delay).max(link.up_last).max(link.up_stalled);
        link.up_last = at + 1;
        let generation = link.generation;
        self.at(at, What::Serve(from, generation, op));
    }

    fn delay(&mut self) -> u64 {
        match self.rng.random_range(0..200) {
            0 => self.rng.random_range(MILLISECOND..20 * MILLISECOND),
            1..10 => self.rng.random_range(400 * MICROSECOND..2 * MILLISECOND),
            _ => self.rng.random_range(30 * MICROSECOND..300 * MICROSECOND),
        }
    }
}

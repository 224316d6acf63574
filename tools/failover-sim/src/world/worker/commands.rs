//! What an owner wants done.

use std::sync::Arc;

use bytes::Bytes;
use protocol::persist::PersistMessage;
use protocol::room::RoomEvent;
use rand::RngExt;
use room::limits::{LEASE_IDLE, LEASE_RACING};
use room::ownership::{Command, Event, Stop, Topic};
use room::write_queue::PendingWrite;

use super::{HAND_OVER_TIMEOUT, JETSTREAM_TIMEOUT, Owner, PRESENT_TIMEOUT, Purpose, Worker};
use crate::bug::Bug;
use crate::message::Pid;
use crate::message::{Body, Key, Op, ReplyTo, RoomIndex, Write};
use crate::time::SECOND;
use crate::world::World;

impl World {
    pub(super) fn carry_out(&mut self, pid: Pid, worker: &mut Worker, key: Key, command: Command) {
        let Some(owner) = worker.owners.iter_mut().find(|it| it.key == key) else {
            return;
        };
        let room = owner.room;
        match command {
            Command::Publish(topic, payload) => self.publish(pid, owner, topic, payload),
            Command::Answer(reply_to, reply) => {
                // What a checkpoint holds may be sent, however long it took.
                if !owner.is_confirming {
                    self.check_fence(pid, owner, "answered");
                }
                if let Some(reply_to) = ReplyTo::parse(&reply_to) {
                    self.submit(pid, Op::Answer(reply_to, Body::Ctl(reply)));
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
                    epoch: owner.core.lease().epoch(),
                    result,
                };
                if let (Some(Bug::ResultBeforeCas), Some(result)) = (self.bug, &write.result) {
                    let id = format!("{}:result", result.race);
                    let nowhere = ReplyTo { pid, token: 0 };
                    self.submit(pid, Op::AppendResult(room, id, result.clone(), nowhere));
                }
                let reply_to = self.ask(pid, worker, Purpose::Written(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Update(room, write, reply_to));
            }
            Command::Read => {
                let reply_to = self.ask(pid, worker, Purpose::Read(key), JETSTREAM_TIMEOUT);
                self.submit(pid, Op::Get(room, reply_to));
            }
            Command::WriteRecord(pending) => self.perform(pid, worker, key, room, &pending),
            Command::KeepPlayers(_) => {}
            Command::AskGateways(request) => {
                let reply_to = self.ask(pid, worker, Purpose::CatchUp(key), SECOND);
                self.submit(
                    pid,
                    Op::AskGateways(room, request.encode().into(), reply_to),
                );
            }
            Command::CheckPresence(expected_presence) => {
                owner.uncounted = expected_presence.len();
                owner.presence = expected_presence
                    .into_iter()
                    .map(|expected| (expected, None))
                    .collect();
                let gateways: Vec<_> = owner.presence.iter().map(|it| it.0.gateway).collect();
                if gateways.is_empty() {
                    self.event(pid, owner, Event::PresenceChecked(Vec::new()));
                }
                for (index, gateway) in gateways.into_iter().enumerate() {
                    let purpose = Purpose::Count(key, index, false);
                    let reply_to = self.ask(pid, worker, purpose, PRESENT_TIMEOUT);
                    self.submit(pid, Op::Present(gateway, room, reply_to));
                }
            }
            Command::Offer(request) => {
                let reply_to = self.ask(pid, worker, Purpose::Offer(key), HAND_OVER_TIMEOUT);
                self.submit(pid, Op::Claim(room, request, reply_to));
            }
            Command::Ticked { .. } => {}
            Command::ReportUnknownVersion(unknown) => self.violate(unknown.to_string()),
            Command::Unlisten => owner.is_listening = false,
            Command::Stop(stop) => self.stopped(worker, key, stop),
        }
    }

    pub(super) fn publish(&mut self, pid: Pid, owner: &mut Owner, topic: Topic, payload: Vec<u8>) {
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

    /// docs/design.md, Ownership: an owner whose last compare-and-set is older stops.
    pub(super) fn check_fence(&mut self, pid: Pid, owner: &Owner, what: &str) {
        let age = self.local(pid).saturating_duration_since(owner.held_since);
        let expiry = if owner.was_moving {
            LEASE_RACING
        } else {
            LEASE_IDLE
        };
        if age > expiry {
            let epoch = owner.core.lease().epoch();
            self.violate(format!(
                "the owner of room {} under epoch {epoch} {what} {age:?} after its last checkpoint",
                owner.room
            ));
        }
    }

    pub(super) fn perform(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        key: Key,
        room: RoomIndex,
        pending: &Arc<PendingWrite>,
    ) {
        let reply_to = self.ask(
            pid,
            worker,
            Purpose::PendingWrite(key, pending.lane()),
            JETSTREAM_TIMEOUT,
        );
        let op = match &**pending {
            PendingWrite::Lobby(_) => Op::PutEntry(room, reply_to),
            PendingWrite::RemoveEntry => Op::RemoveEntry(room, reply_to),
            PendingWrite::DeleteCheckpoint(revision) => {
                Op::DeleteCheckpoint(room, *revision, reply_to)
            }
            PendingWrite::Persist(PersistMessage::Result(result), id) => {
                Op::AppendResult(room, id.clone(), Box::new(result.clone()), reply_to)
            }
            PendingWrite::KeepResult(PersistMessage::Result(result), id) => {
                Op::KeepResult(room, id.clone(), Box::new(result.clone()), reply_to)
            }
            PendingWrite::Persist(..) | PendingWrite::KeepResult(..) => Op::AppendRecord(reply_to),
        };
        self.submit(pid, op);
    }

    pub(super) fn stopped(&mut self, worker: &mut Worker, key: Key, stop: Stop) {
        let Some(index) = worker.owners.iter().position(|it| it.key == key) else {
            return;
        };
        let owner = worker.owners.remove(index);
        let (room, epoch) = (owner.room, owner.core.lease().epoch());
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
}

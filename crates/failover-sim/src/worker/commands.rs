//! What an owner wants done.

use std::sync::Arc;

use bytes::Bytes;
use protocol::persist::PersistMessage;
use protocol::room::RoomEvent;
use race_worker::limits::{LEASE_IDLE, LEASE_RACING};
use race_worker::ownership::{Command, Event, Stop, Topic};
use race_worker::write_queue::PendingWrite;
use rand::RngExt;

use super::{HAND_OVER_TIMEOUT, JETSTREAM_TIMEOUT, Owner, PRESENT_TIMEOUT, Purpose, Worker};
use crate::bug::Bug;
use crate::message::{Body, Inbox, Key, Op, RoomIndex, Write};
use crate::process::Pid;
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
                    epoch: owner.core.lease().epoch(),
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
            Command::WriteRecord(pending) => self.perform(pid, worker, key, room, &pending),
            Command::AskGateways(request) => {
                let inbox = self.ask(pid, worker, Purpose::CatchUp(key), SECOND);
                self.submit(pid, Op::AskGateways(room, request.encode().into(), inbox));
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
                    let inbox = self.ask(pid, worker, purpose, PRESENT_TIMEOUT);
                    self.submit(pid, Op::Present(gateway, room, inbox));
                }
            }
            Command::Offer(request) => {
                let inbox = self.ask(pid, worker, Purpose::Offer(key), HAND_OVER_TIMEOUT);
                self.submit(pid, Op::Claim(room, request, inbox));
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
        let inbox = self.ask(pid, worker, Purpose::PendingWrite(key), JETSTREAM_TIMEOUT);
        let op = match &**pending {
            PendingWrite::Lobby(_) => Op::PutEntry(room, inbox),
            PendingWrite::RemoveEntry => Op::RemoveEntry(room, inbox),
            PendingWrite::DeleteCheckpoint(revision) => {
                Op::DeleteCheckpoint(room, *revision, inbox)
            }
            PendingWrite::Persist(PersistMessage::Result(result), id) => {
                Op::AppendResult(room, id.clone(), Box::new(result.clone()), inbox)
            }
            PendingWrite::Persist(..) => Op::AppendRecord(inbox),
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

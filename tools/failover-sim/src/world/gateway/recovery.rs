//! What a gateway answers the next owner, and relays of the present one.

use bytes::Bytes;
use protocol::Epoch;
use protocol::catch_up::CatchUpRequest;
use protocol::frame::{self, FrameKind};
use protocol::snapshot::{RelayedHeader, SnapshotHeader};
use rand::RngExt;
use relay::Command;

use super::{ENTERED, Gateway, Relay};
use crate::bug::Bug;
use crate::message::Pid;
use crate::message::{Body, CatchUp, Later, Op, ReplyTo, RoomIndex};
use crate::time::MILLISECOND;
use crate::world::World;
use crate::world::client::Delivery;

impl Relay {
    /// Remembers a snapshot that has come. Of two with the same epoch and tick
    /// only the first can be passed on.
    pub(super) fn deliver(&mut self, bytes: &[u8]) {
        if let Ok((header, _)) = SnapshotHeader::split(bytes) {
            let key = (header.tick, header.epoch);
            self.delivered.entry(key).or_insert(header);
        }
    }

    /// As what a relayed snapshot had come; nothing of an earlier tick can be
    /// passed on after it.
    fn take_delivered(&mut self, relayed: &RelayedHeader) -> Option<SnapshotHeader> {
        let later = self
            .delivered
            .split_off(&(relayed.tick.saturating_add(1), Epoch(0)));
        let delivered = std::mem::replace(&mut self.delivered, later);
        let header = delivered.get(&(relayed.tick, relayed.epoch))?;
        let is_same = header.race.tag() == relayed.race && header.acks == relayed.acks;
        is_same.then(|| header.clone())
    }
}

impl World {
    /// Sends clients what waits for them.
    pub(super) fn pass_on(&mut self, pid: Pid, gateway: &mut Gateway, room: RoomIndex) {
        let Some(relay) = gateway.relays.get_mut(&room) else {
            return;
        };
        let commands: Vec<Command> = relay.core.take_commands().collect();
        for command in commands {
            let (number, bytes) = match command {
                Command::Send(number, bytes) | Command::SendSnapshot(number, bytes) => {
                    (number, bytes)
                }
                Command::Dismissed(number) => {
                    gateway.members.remove(&number);
                    continue;
                }
                Command::ReportUnknownVersion(unknown) => {
                    self.violate(unknown.to_string());
                    continue;
                }
            };
            let (Some(member), Ok((kind, body))) =
                (gateway.members.get(&number), frame::split(&bytes))
            else {
                continue;
            };
            let body = bytes.slice_ref(body);
            let delivery = match kind {
                FrameKind::Snapshot => {
                    self.passed_on(pid, room, &body, relay);
                    Delivery::Snapshot(body)
                }
                FrameKind::Event => Delivery::Event(body),
                FrameKind::Control if body == ENTERED => Delivery::Entered(member.seat),
                FrameKind::Hello | FrameKind::Control | FrameKind::Input | FrameKind::Chat => {
                    Delivery::LeftRoom
                }
            };
            self.deliver_to_client(member.connection, delivery);
        }
    }

    pub(super) fn passed_on(
        &mut self,
        pid: Pid,
        room: RoomIndex,
        bytes: &Bytes,
        relay: &mut Relay,
    ) {
        if let Ok((header, body)) = RelayedHeader::split(bytes)
            && relay.passed.is_none_or(|passed| header.tick > passed)
        {
            let before = relay.passed.replace(header.tick);
            let seen = match relay.take_delivered(&header) {
                Some(delivered) => self.oracle.see(room, pid, before, &delivered, body),
                None => Err(format!(
                    "room {room}: gateway {pid} passed on what nobody has sent: {header:?}"
                )),
            };
            if let Err(why) = seen {
                self.violate(why);
            }
        }
    }

    pub(super) fn catch_up(
        &mut self,
        pid: Pid,
        gateway: &mut Gateway,
        room: RoomIndex,
        bytes: &Bytes,
        reply_to: ReplyTo,
    ) {
        let now = self.local(pid);
        let id = gateway.id;
        let (Some(relay), Ok(mut request)) =
            (gateway.relays.get_mut(&room), CatchUpRequest::decode(bytes))
        else {
            return;
        };
        let epoch = request.epoch;
        if self.bug == Some(Bug::AnswerBeforeFloor) {
            request.epoch = relay.core.failure_detector().epoch();
            let pause = self.rng.random_range(1..5) * MILLISECOND;
            self.later(pid, pause, Later::RaiseFloor(room, bytes.clone()));
        }
        let Some(answer) = relay.core.catch_up(&request, now) else {
            return;
        };
        self.oracle.answered(room, pid, epoch);
        let inputs = relay.inputs.iter();
        let answer = CatchUp {
            bytes: answer.into(),
            gateway: pid,
            passed: relay.passed,
            inputs: inputs
                .map(|((seat, tick), controls)| (id, *seat, *tick, *controls))
                .collect(),
        };
        self.submit(pid, Op::Answer(reply_to, Body::CatchUp(Box::new(answer))));
    }

    pub(super) fn with_epoch(&self, relay: &mut Relay, bytes: Bytes) -> Bytes {
        if self.bug != Some(Bug::NoEpochCheck) {
            return bytes;
        }
        let Ok((mut header, body)) = SnapshotHeader::split(&bytes) else {
            return bytes;
        };
        let epoch: Epoch = relay.core.failure_detector().epoch();
        header.epoch = header.epoch.max(epoch);
        let mut changed = header.encode_into(Vec::new());
        changed.extend_from_slice(body);
        changed.into()
    }
}

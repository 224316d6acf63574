//! What a gateway tells the next owner, and passes on of the present one.

use bytes::Bytes;
use futures::FutureExt;
use protocol::catch_up::CatchUpRequest;
use protocol::frame::{self, FrameKind};
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, Tick};
use rand::RngExt;

use super::{ENTERED, Gateway, Relay};
use crate::bug::Bug;
use crate::client::Told;
use crate::message::{Body, CatchUp, Inbox, Later, Op, RoomIndex};
use crate::process::Pid;
use crate::time::MILLISECOND;
use crate::world::World;

impl World {
    /// Sends clients what waits for them.
    pub(super) fn pass_on(&mut self, pid: Pid, gateway: &mut Gateway, room: RoomIndex) {
        let members = gateway.members.values().filter(|it| it.room == room);
        for member in members {
            while let Some(batch) = member.outbox.take().now_or_never() {
                for bytes in batch.frames {
                    let Ok((kind, body)) = frame::split(&bytes) else {
                        continue;
                    };
                    let told = match kind {
                        FrameKind::Snapshot => {
                            if let Some(relay) = gateway.relays.get_mut(&room) {
                                self.passed_on(pid, room, &body, &mut relay.passed);
                            }
                            Told::Snapshot(body)
                        }
                        FrameKind::Event => Told::Event(body),
                        FrameKind::Control if &body[..] == ENTERED => Told::Entered(member.seat),
                        FrameKind::Hello
                        | FrameKind::Control
                        | FrameKind::Input
                        | FrameKind::Chat => Told::LeftRoom,
                    };
                    self.tell(member.connection, told);
                }
                if batch.closing {
                    break;
                }
            }
        }
    }

    pub(super) fn passed_on(
        &mut self,
        pid: Pid,
        room: RoomIndex,
        bytes: &Bytes,
        passed: &mut Option<Tick>,
    ) {
        if let Ok((header, body)) = SnapshotHeader::split(bytes)
            && passed.is_none_or(|passed| header.tick > passed)
        {
            let before = passed.replace(header.tick);
            if let Err(why) = self.oracle.see(room, pid, before, &header, body) {
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
        inbox: Inbox,
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
            request.epoch = relay.core.watch().epoch();
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
        self.submit(pid, Op::Answer(inbox, Body::CatchUp(Box::new(answer))));
    }

    pub(super) fn with_epoch(&self, relay: &mut Relay, bytes: Bytes) -> Bytes {
        if self.bug != Some(Bug::NoEpochCheck) {
            return bytes;
        }
        let Ok((mut header, body)) = SnapshotHeader::split(&bytes) else {
            return bytes;
        };
        let epoch: Epoch = relay.core.watch().epoch();
        header.epoch = header.epoch.max(epoch);
        let mut changed = header.encode_into(Vec::new());
        changed.extend_from_slice(body);
        changed.into()
    }
}

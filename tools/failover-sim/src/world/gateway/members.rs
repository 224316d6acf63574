//! Clients that come to a gateway and ask for a seat.

use protocol::room::CtlRequest;
use relay::retry::{AttemptFailure, Next, RetryPolicy};

use super::{Gateway, Member, Purpose, Relay, SUBSCRIBE_TIMEOUT, entered};
use crate::message::Pid;
use crate::message::{Body, Connection, Later, Op, RoomIndex};
use crate::time::{MILLISECOND, Ns};
use crate::world::World;
use crate::world::client::Delivery;

impl World {
    /// A relay has ended: refuses those that are about to enter.
    pub(super) fn dismiss(&mut self, gateway: &mut Gateway, room: RoomIndex) {
        let members = gateway.members.extract_if(.., |_, it| it.room == room);
        let gone: Vec<Member> = members.map(|(_, member)| member).collect();
        for member in gone.into_iter().filter(|it| !it.is_in) {
            self.deliver_to_client(member.connection, Delivery::Refused);
        }
    }

    pub(super) fn join(&mut self, pid: Pid, gateway: &mut Gateway, connection: Connection) {
        let now = self.local(pid);
        let room = self.clients[connection.client].room;
        let id = gateway.id;
        let is_new = !gateway.relays.contains_key(&room);
        let relay = gateway
            .relays
            .entry(room)
            .or_insert_with(|| Relay::new(id, now));
        let number = connection.number;
        relay.core.expect(number, connection.session());
        let is_listening = relay.is_listening;
        let member = Member {
            connection,
            room,
            retry: RetryPolicy::new(now),
            seat: None,
            is_in: false,
            is_leaving: false,
        };
        gateway.members.insert(number, member);
        if is_new {
            self.listen(pid, gateway, room);
        } else if is_listening {
            self.ask_owner(pid, gateway, number);
        }
    }

    pub(super) fn listen(&mut self, pid: Pid, gateway: &mut Gateway, room: RoomIndex) {
        let timeout = SUBSCRIBE_TIMEOUT / MILLISECOND;
        let reply_to = self.ask_for(pid, gateway, Purpose::Listen(room), timeout);
        self.submit(pid, Op::Subscribe(room, 0, reply_to));
    }

    pub(super) fn ask_owner(&mut self, pid: Pid, gateway: &mut Gateway, number: u64) {
        let now = self.local(pid);
        let id = gateway.id;
        let Some(member) = gateway.members.get_mut(&number) else {
            return;
        };
        let timeout_ns = member.retry.attempt(now).as_nanos() as Ns;
        let player = self.clients[member.connection.client].name.clone();
        let session = member.connection.session();
        let request = if member.is_leaving {
            CtlRequest::Lost { player, session }
        } else {
            CtlRequest::Join {
                player,
                gateway: id,
                session,
                class: Default::default(),
            }
        };
        let room = member.room;
        let bytes = serde_json::to_vec(&request).unwrap_or_default().into();
        let reply_to = self.ask_for(pid, gateway, Purpose::Ask(number), timeout_ns / MILLISECOND);
        self.submit(pid, Op::Ctl(room, bytes, reply_to));
    }

    pub(super) fn owner_answered(
        &mut self,
        pid: Pid,
        gateway: &mut Gateway,
        number: u64,
        body: Body,
    ) {
        let now = self.local(pid);
        let Some(member) = gateway.members.get_mut(&number) else {
            return;
        };
        let room = member.room;
        let why = match body {
            Body::Ctl(Ok(reply)) if !member.is_leaving => {
                member.seat = reply.seat;
                member.is_in = true;
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.answered(reply.room.race, reply.epoch, now);
                    relay.core.enter(number, entered());
                }
                return;
            }
            Body::Ctl(_) => return self.refuse(gateway, number, false),
            Body::NoResponders => AttemptFailure::NoResponders,
            _ => AttemptFailure::TimedOut,
        };
        let is_in_lobby = self.nats.entries.contains_key(&room);
        match member.retry.failed(why, is_in_lobby) {
            Next::Retry => self.ask_owner(pid, gateway, number),
            Next::Wait(pause) => {
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.failure_detector().unserved(now);
                }
                self.later(pid, pause.as_nanos() as Ns, Later::Ask(number));
            }
            Next::GiveUp if why == AttemptFailure::NoResponders => {
                self.refuse(gateway, number, !is_in_lobby);
            }
            // It may have been heard: nobody shall sit in a seat that this
            // connection knows nothing of.
            Next::GiveUp if !member.is_leaving => {
                member.is_leaving = true;
                member.retry = RetryPolicy::new(now);
                self.ask_owner(pid, gateway, number);
            }
            Next::GiveUp => self.refuse(gateway, number, false),
        }
    }

    pub(super) fn refuse(&mut self, gateway: &mut Gateway, number: u64, is_gone: bool) {
        let Some(member) = gateway.members.remove(&number) else {
            return;
        };
        if let Some(relay) = gateway.relays.get_mut(&member.room) {
            relay.core.leave(number);
        }
        let delivery = if is_gone {
            Delivery::LeftRoom
        } else {
            Delivery::Refused
        };
        self.deliver_to_client(member.connection, delivery);
    }
}

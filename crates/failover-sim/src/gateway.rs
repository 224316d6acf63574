//! The shell around a gateway's cores, as `gateway::relay` and `desk` are the
//! real one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use gateway::asking::{Asking, Next, Unheard};
use gateway::outbox::Outbox;
use gateway::relay::core::RelayCore;
use gateway::relay::watch::{ClaimOutcome, Command, Probe};
use protocol::catch_up::CatchUpRequest;
use protocol::checkpoint::{ClaimCause, ClaimRequest};
use protocol::frame::{self, FrameKind};
use protocol::input::{Controls, InputFrame};
use protocol::room::CtlRequest;
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RejectionCode, Seat, Tick, WorkerId};
use race_worker::ownership::Topic;
use rand::RngExt;

use crate::bug::Bug;
use crate::client::Told;
use crate::message::{Body, CatchUp, Connection, Inbox, Later, Message, Op, RoomIndex, Token};
use crate::process::Pid;
use crate::time::{MILLISECOND, Ns};
use crate::world::World;

const SUBSCRIBE_TIMEOUT: Ns = 500 * MILLISECOND;

/// A gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) id: GatewayId,
    relays: BTreeMap<RoomIndex, Relay>,
    /// By number.
    members: BTreeMap<u64, Member>,
    waiting: BTreeMap<Token, Purpose>,
}

#[derive(Debug)]
struct Relay {
    core: RelayCore,
    is_listening: bool,
    /// The newest tick that was passed on.
    passed: Option<Tick>,
    /// What came from clients, by seat and tick.
    inputs: BTreeMap<(Seat, Tick), Controls>,
}

#[derive(Debug)]
struct Member {
    connection: Connection,
    room: RoomIndex,
    outbox: Arc<Outbox>,
    asking: Asking,
    seat: Option<Seat>,
    is_in: bool,
    /// Whether the question is one to give the seat back.
    is_leaving: bool,
}

#[derive(Clone, Debug)]
enum Purpose {
    Listen(RoomIndex),
    Ask(u64),
    Ping(RoomIndex, WorkerId),
    Claim(RoomIndex),
}

impl Gateway {
    pub(crate) fn new(id: GatewayId) -> Self {
        Self {
            id,
            relays: BTreeMap::new(),
            members: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Whether NATS knows that it listens to the room.
    pub(crate) fn listens(&self, room: RoomIndex) -> bool {
        self.relays
            .get(&room)
            .is_some_and(|relay| relay.is_listening)
    }

    pub(crate) fn subscribed(&mut self, room: RoomIndex) {
        if let Some(relay) = self.relays.get_mut(&room) {
            relay.is_listening = true;
        }
    }

    /// A member that is in from the beginning.
    pub(crate) fn settle_in(
        &mut self,
        room: RoomIndex,
        connection: Connection,
        seat: Seat,
        now: Instant,
    ) {
        let relay = self
            .relays
            .entry(room)
            .or_insert_with(|| Relay::new(self.id, now));
        relay.is_listening = true;
        let outbox = Arc::new(Outbox::default());
        let number = connection.number;
        relay
            .core
            .expect(number, connection.session(), Arc::clone(&outbox));
        relay.core.enter(number, entered());
        let member = Member {
            connection,
            room,
            outbox,
            asking: Asking::new(now),
            seat: Some(seat),
            is_in: true,
            is_leaving: false,
        };
        self.members.insert(number, member);
    }

    /// By the process's clock.
    pub(crate) fn next_deadline(&mut self) -> Option<Instant> {
        let of_relay = |relay: &mut Relay| {
            let inputs = relay.core.inputs_due();
            let watch = relay.core.watch().next_deadline();
            match (inputs, watch) {
                (Some(inputs), Some(watch)) => Some(inputs.min(watch)),
                (inputs, watch) => inputs.or(watch),
            }
        };
        let listening = self.relays.values_mut().filter(|it| it.is_listening);
        listening.filter_map(of_relay).min()
    }
}

impl Relay {
    fn new(gateway: GatewayId, now: Instant) -> Self {
        Self {
            core: RelayCore::new(gateway, now),
            is_listening: false,
            passed: None,
            inputs: BTreeMap::new(),
        }
    }
}

impl World {
    /// Handles a message; the process may be dead afterwards.
    pub(crate) fn gateway(&mut self, pid: Pid, gateway: &mut Gateway, message: Message) {
        let now = self.local(pid);
        match message {
            Message::Published(room, topic, bytes) => {
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    match topic {
                        Topic::Snapshot => {
                            let bytes = self.with_epoch(relay, bytes);
                            relay.core.snapshot(&bytes, now);
                        }
                        Topic::Event => relay.core.event(&bytes, now),
                        Topic::Heartbeat => relay.core.heartbeat(&bytes, now),
                    }
                }
            }
            Message::AskGateways(room, bytes, inbox) => {
                self.catch_up(pid, gateway, room, &bytes, inbox);
            }
            Message::Present(room, inbox) => {
                let relay = gateway.relays.get(&room);
                let sessions = relay.map(|it| it.core.sessions()).unwrap_or_default();
                self.submit(pid, Op::Answer(inbox, Body::Present(sessions)));
            }
            Message::Join(connection) => self.join(pid, gateway, connection),
            Message::Input(number, frame) => input(gateway, number, frame, now),
            Message::Answer(token, body) => self.gateway_answer(pid, gateway, token, body),
            Message::Later(Later::Ask(number)) => self.ask_owner(pid, gateway, number),
            Message::Later(Later::RaiseFloor(room, bytes)) => {
                if let (Some(relay), Ok(request)) = (
                    gateway.relays.get_mut(&room),
                    CatchUpRequest::decode(&bytes),
                ) {
                    relay.core.catch_up(&request, now);
                }
            }
            Message::Inputs(..)
            | Message::InputsDue(..)
            | Message::Ctl(..)
            | Message::Claim(..)
            | Message::Ping(_)
            | Message::Later(Later::Count(..)) => {}
        }
        self.look_after(pid, gateway);
    }

    /// Does what is due, and passes on what there is.
    pub(crate) fn look_after(&mut self, pid: Pid, gateway: &mut Gateway) {
        let now = self.local(pid);
        let is_connected = self.procs[pid].link.is_connected;
        let rooms: Vec<RoomIndex> = gateway.relays.keys().copied().collect();
        for room in rooms {
            let Some(relay) = gateway.relays.get_mut(&room).filter(|it| it.is_listening) else {
                continue;
            };
            if relay.core.inputs_due().is_some_and(|due| due <= now)
                && let Some(batch) = relay.core.take_inputs(now)
            {
                self.submit(pid, Op::Inputs(room, batch.into()));
            }
            let watch = relay.core.watch();
            watch.set_connected(is_connected, now);
            let command = watch.poll(now);
            if let Some(command) = command {
                if self.dies_at_command(pid) {
                    return;
                }
                self.note(|| format!("gateway {pid} room {room}: {command:?}"));
                self.watch_command(pid, gateway, room, command);
            }
            self.pass_on(pid, gateway, room);
            let relay = &gateway.relays[&room];
            if relay.core.is_closed() || relay.core.is_empty() {
                gateway.relays.remove(&room);
                self.dismiss(gateway, room);
            }
        }
    }

    /// A relay has ended: who is about to come in is told of it.
    fn dismiss(&mut self, gateway: &mut Gateway, room: RoomIndex) {
        let members = gateway.members.extract_if(.., |_, it| it.room == room);
        let gone: Vec<Member> = members.map(|(_, member)| member).collect();
        for member in gone.into_iter().filter(|it| !it.is_in) {
            self.tell(member.connection, Told::Refused);
        }
    }

    fn watch_command(
        &mut self,
        pid: Pid,
        gateway: &mut Gateway,
        room: RoomIndex,
        command: Command,
    ) {
        match command {
            Command::Ping(owner) => {
                let inbox = self.ask_for(pid, gateway, Purpose::Ping(room, owner), 30);
                self.submit(pid, Op::Ping(owner, inbox));
            }
            Command::Claim { seen_epoch } => {
                let request = ClaimRequest {
                    room: self.rooms[room].id.clone(),
                    seen_epoch,
                    cause: ClaimCause::OwnerGone,
                };
                let inbox = self.ask_for(pid, gateway, Purpose::Claim(room), 25);
                self.submit(pid, Op::Claim(room, request, inbox));
            }
            Command::Close => {
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.close();
                }
            }
        }
    }

    /// Sends clients what waits for them.
    fn pass_on(&mut self, pid: Pid, gateway: &mut Gateway, room: RoomIndex) {
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

    fn passed_on(&mut self, pid: Pid, room: RoomIndex, bytes: &Bytes, passed: &mut Option<Tick>) {
        if let Ok((header, body)) = SnapshotHeader::split(bytes)
            && passed.is_none_or(|passed| header.tick > passed)
        {
            let before = passed.replace(header.tick);
            if let Err(why) = self.oracle.see(room, pid, before, &header, body) {
                self.violate(why);
            }
        }
    }

    fn catch_up(
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

    fn with_epoch(&self, relay: &mut Relay, bytes: Bytes) -> Bytes {
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

    fn join(&mut self, pid: Pid, gateway: &mut Gateway, connection: Connection) {
        let now = self.local(pid);
        let room = self.clients[connection.client].room;
        let id = gateway.id;
        let is_new = !gateway.relays.contains_key(&room);
        let relay = gateway
            .relays
            .entry(room)
            .or_insert_with(|| Relay::new(id, now));
        let outbox = Arc::new(Outbox::default());
        let number = connection.number;
        relay
            .core
            .expect(number, connection.session(), Arc::clone(&outbox));
        let is_listening = relay.is_listening;
        let member = Member {
            connection,
            room,
            outbox,
            asking: Asking::new(now),
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

    fn listen(&mut self, pid: Pid, gateway: &mut Gateway, room: RoomIndex) {
        let timeout = SUBSCRIBE_TIMEOUT / MILLISECOND;
        let inbox = self.ask_for(pid, gateway, Purpose::Listen(room), timeout);
        self.submit(pid, Op::Subscribe(room, 0, inbox));
    }

    fn ask_owner(&mut self, pid: Pid, gateway: &mut Gateway, number: u64) {
        let now = self.local(pid);
        let id = gateway.id;
        let Some(member) = gateway.members.get_mut(&number) else {
            return;
        };
        let patience = member.asking.attempt(now).as_nanos() as Ns;
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
        let inbox = self.ask_for(pid, gateway, Purpose::Ask(number), patience / MILLISECOND);
        self.submit(pid, Op::Ctl(room, bytes, inbox));
    }

    fn gateway_answer(&mut self, pid: Pid, gateway: &mut Gateway, token: Token, body: Body) {
        let Some(purpose) = gateway.waiting.remove(&token) else {
            return;
        };
        let now = self.local(pid);
        match purpose {
            Purpose::Listen(room) => {
                let numbers = gateway.members.values().filter(|it| it.room == room);
                let numbers: Vec<u64> = numbers.map(|it| it.connection.number).collect();
                if matches!(body, Body::Subscribed) {
                    for number in numbers {
                        self.ask_owner(pid, gateway, number);
                    }
                } else {
                    for number in numbers {
                        self.refuse(gateway, number, false);
                    }
                    gateway.relays.remove(&room);
                }
            }
            Purpose::Ask(number) => self.owner_answered(pid, gateway, number, body),
            Purpose::Ping(room, owner) => {
                let probe = match body {
                    Body::Pong => Probe::Pong,
                    Body::NoResponders => Probe::NoResponders,
                    _ => Probe::Silence,
                };
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.watch().probed(owner, probe, now);
                }
            }
            Purpose::Claim(room) => {
                let outcome = match body {
                    Body::Claimed(Ok(claimed)) => ClaimOutcome::Owned(claimed.owner, claimed.epoch),
                    Body::Claimed(Err(it)) if it.code == RejectionCode::RoomMissing => {
                        ClaimOutcome::Missing
                    }
                    _ => ClaimOutcome::Failed,
                };
                let jitter = self.rng.random();
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.watch().claimed(outcome, jitter, now);
                }
            }
        }
    }

    fn owner_answered(&mut self, pid: Pid, gateway: &mut Gateway, number: u64, body: Body) {
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
                    relay.core.enter(number, entered());
                }
                return;
            }
            Body::Ctl(_) => return self.refuse(gateway, number, false),
            Body::NoResponders => Unheard::NoResponders,
            _ => Unheard::TimedOut,
        };
        let is_in_lobby = self.nats.entries.contains_key(&room);
        match member.asking.unheard(why, is_in_lobby) {
            Next::Again => self.ask_owner(pid, gateway, number),
            Next::Wait(pause) => {
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.watch().unserved(now);
                }
                self.later(pid, pause.as_nanos() as Ns, Later::Ask(number));
            }
            Next::GiveUp if why == Unheard::NoResponders => {
                self.refuse(gateway, number, !is_in_lobby);
            }
            // It may have been heard: nobody shall sit in a seat that this
            // connection knows nothing of.
            Next::GiveUp if !member.is_leaving => {
                member.is_leaving = true;
                member.asking = Asking::new(now);
                self.ask_owner(pid, gateway, number);
            }
            Next::GiveUp => self.refuse(gateway, number, false),
        }
    }

    fn refuse(&mut self, gateway: &mut Gateway, number: u64, is_gone: bool) {
        let Some(member) = gateway.members.remove(&number) else {
            return;
        };
        if let Some(relay) = gateway.relays.get_mut(&member.room) {
            relay.core.leave(number);
        }
        let told = if is_gone {
            Told::LeftRoom
        } else {
            Told::Refused
        };
        self.tell(member.connection, told);
    }

    fn ask_for(
        &mut self,
        pid: Pid,
        gateway: &mut Gateway,
        purpose: Purpose,
        timeout_ms: u64,
    ) -> Inbox {
        let token = self.next_token();
        gateway.waiting.insert(token, purpose);
        self.time_out(pid, token, timeout_ms * MILLISECOND);
        Inbox { pid, token }
    }
}

const ENTERED: &[u8] = b"entered";

fn entered() -> Bytes {
    frame::binary(FrameKind::Control, ENTERED)
}

fn input(gateway: &mut Gateway, number: u64, frame: Bytes, now: Instant) {
    /// What is older is in every checkpoint.
    const KNOWN_INPUTS_MAX: usize = 400;
    let Some(member) = gateway.members.get(&number) else {
        return;
    };
    let (Some(seat), Some(relay)) = (member.seat, gateway.relays.get_mut(&member.room)) else {
        return;
    };
    if let Ok(frame) = InputFrame::decode(&frame) {
        for (tick, controls) in frame.ticks() {
            relay.inputs.insert((seat, tick), controls);
        }
        while relay.inputs.len() > KNOWN_INPUTS_MAX {
            let oldest = relay.inputs.keys().min_by_key(|(_, tick)| *tick).copied();
            oldest.and_then(|oldest| relay.inputs.remove(&oldest));
        }
    }
    relay.core.input(seat, &frame, now);
}

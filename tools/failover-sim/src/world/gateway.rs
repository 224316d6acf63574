//! The shell around a gateway's cores, as `gateway::relays` and `backend` are the
//! real one.

mod members;
mod recovery;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::Controls;
use protocol::catch_up::CatchUpRequest;
use protocol::checkpoint::{ClaimCause, ClaimRequest};
use protocol::frame::{self, FrameKind};
use protocol::input::InputFrame;
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RejectionCode, Seat, Tick, WorkerId};
use rand::RngExt;
use relay::RelayCore;
use relay::failure_detector::{ClaimOutcome, Command, Probe};
use relay::flush_schedule::FlushOptions;
use relay::retry::RetryPolicy;
use room::ownership::Topic;

use crate::message::Pid;
use crate::message::{Body, Connection, Later, Message, Op, ReplyTo, RoomIndex, Token};
use crate::time::{MILLISECOND, Ns};
use crate::world::World;

const SUBSCRIBE_TIMEOUT: Ns = 500 * MILLISECOND;

/// The parameters of a gateway by default.
fn flush(origin: Instant) -> FlushOptions {
    FlushOptions {
        lead: Duration::from_millis(5),
        grid: Duration::from_millis(4),
        origin,
    }
}

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
    /// The headers of what came since, with what clients do not get.
    delivered: BTreeMap<(Tick, Epoch), SnapshotHeader>,
    /// What came from clients, by seat and tick.
    inputs: BTreeMap<(Seat, Tick), Controls>,
}

#[derive(Debug)]
struct Member {
    connection: Connection,
    room: RoomIndex,
    retry: RetryPolicy,
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
        let number = connection.number;
        relay.core.expect(number, connection.session());
        relay.core.enter(number, entered());
        let member = Member {
            connection,
            room,
            retry: RetryPolicy::new(now),
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
            let suspicion = relay.core.failure_detector().next_deadline();
            match (inputs, suspicion) {
                (Some(inputs), Some(suspicion)) => Some(inputs.min(suspicion)),
                (inputs, suspicion) => inputs.or(suspicion),
            }
        };
        let listening = self.relays.values_mut().filter(|it| it.is_listening);
        listening.filter_map(of_relay).min()
    }
}

impl Relay {
    fn new(gateway: GatewayId, now: Instant) -> Self {
        Self {
            core: RelayCore::new(gateway, flush(now), now),
            is_listening: false,
            passed: None,
            delivered: BTreeMap::new(),
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
                            relay.deliver(&bytes);
                            relay.core.snapshot(&bytes, now);
                        }
                        Topic::Event => relay.core.event(&bytes, now),
                        Topic::Heartbeat => relay.core.heartbeat(&bytes, now),
                    }
                }
            }
            Message::AskGateways(room, bytes, reply_to) => {
                self.catch_up(pid, gateway, room, &bytes, reply_to);
            }
            Message::Present(room, reply_to) => {
                let relay = gateway.relays.get(&room);
                let sessions = relay.map(|it| it.core.sessions()).unwrap_or_default();
                self.submit(pid, Op::Answer(reply_to, Body::Present(sessions)));
            }
            Message::Join(connection) => self.join(pid, gateway, connection),
            Message::Input(number, frame) => input(gateway, number, &frame, now),
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
            | Message::Later(Later::CheckPresence(..)) => {}
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
            let failure_detector = relay.core.failure_detector();
            failure_detector.set_connected(is_connected, now);
            let command = failure_detector.poll(now);
            if let Some(command) = command {
                if self.dies_at_command(pid) {
                    return;
                }
                self.note(|| format!("gateway {pid} room {room}: {command:?}"));
                self.detector_command(pid, gateway, room, command);
            }
            self.pass_on(pid, gateway, room);
            let relay = &gateway.relays[&room];
            if relay.core.is_closed() || relay.core.is_empty() {
                gateway.relays.remove(&room);
                self.dismiss(gateway, room);
            }
        }
    }

    fn detector_command(
        &mut self,
        pid: Pid,
        gateway: &mut Gateway,
        room: RoomIndex,
        command: Command,
    ) {
        match command {
            Command::Ping(owner) => {
                let reply_to = self.ask_for(pid, gateway, Purpose::Ping(room, owner), 30);
                self.submit(pid, Op::Ping(owner, reply_to));
            }
            Command::Claim { seen_epoch } => {
                let request = ClaimRequest {
                    room: self.rooms[room].id.clone(),
                    seen_epoch,
                    cause: ClaimCause::OwnerGone,
                };
                let reply_to = self.ask_for(pid, gateway, Purpose::Claim(room), 25);
                self.submit(pid, Op::Claim(room, request, reply_to));
            }
            Command::Close => {
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.close();
                }
            }
        }
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
                    _ => Probe::TimedOut,
                };
                if let Some(relay) = gateway.relays.get_mut(&room) {
                    relay.core.failure_detector().probed(owner, probe, now);
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
                    relay.core.failure_detector().claimed(outcome, jitter, now);
                }
            }
        }
    }

    fn ask_for(
        &mut self,
        pid: Pid,
        gateway: &mut Gateway,
        purpose: Purpose,
        timeout_ms: u64,
    ) -> ReplyTo {
        let token = self.next_token();
        gateway.waiting.insert(token, purpose);
        self.time_out(pid, token, timeout_ms * MILLISECOND);
        ReplyTo { pid, token }
    }
}

const ENTERED: &[u8] = b"entered";

fn entered() -> Bytes {
    frame::binary(FrameKind::Control, ENTERED)
}

fn input(gateway: &mut Gateway, number: u64, bytes: &Bytes, now: Instant) {
    /// What is older is in every checkpoint.
    const KNOWN_INPUTS_MAX: usize = 400;
    let Some(member) = gateway.members.get(&number) else {
        return;
    };
    let (Some(seat), Some(relay)) = (member.seat, gateway.relays.get_mut(&member.room)) else {
        return;
    };
    if let Ok(frame) = InputFrame::decode(bytes) {
        for (tick, controls) in frame.ticks() {
            relay.inputs.insert((seat, tick), controls);
        }
        while relay.inputs.len() > KNOWN_INPUTS_MAX {
            let oldest = relay.inputs.keys().min_by_key(|(_, tick)| *tick).copied();
            oldest.and_then(|oldest| relay.inputs.remove(&oldest));
        }
    }
    relay.core.input(seat, bytes, now);
}

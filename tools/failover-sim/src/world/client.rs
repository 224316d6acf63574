//! A client that drives as the real one does, without a picture.

use std::collections::HashSet;

use arrayvec::ArrayVec;
use bytes::Bytes;
use domain::{Controls, TICK_RATE_HZ};
use protocol::input::InputFrame;
use protocol::limits::INPUT_TICKS_MAX;
use protocol::room::{RoomEvent, RoomEventBody};
use protocol::snapshot::RelayedHeader;
use protocol::{Epoch, PlayerName, Seat, Tick};
use rand::RngExt;

use crate::message::Pid;
use crate::message::{Connection, Message, RoomIndex};
use crate::time::{MICROSECOND, MILLISECOND, Ns, SECOND};
use crate::world::{What, World};

const TICK: Ns = SECOND / TICK_RATE_HZ as Ns;
/// Further ahead of what was heard no client predicts.
const AHEAD_MAX: u32 = INPUT_TICKS_MAX as u32;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: PlayerName,
    pub(crate) room: RoomIndex,
    pub(crate) state: ClientState,
    pub(crate) at: Option<Pid>,
    /// The number of the present connection.
    pub(crate) connection: u64,
    pub(crate) seat: Option<Seat>,
    pub(crate) up_last: Ns,
    pub(crate) down_last: Ns,
    /// The newest snapshot, and when it came.
    seen: Option<(Epoch, Tick, Ns)>,
    /// The newest tick on this connection.
    seen_here: Option<Tick>,
    events_here: HashSet<(Tick, u32, Vec<u8>)>,
    happened_here: HashSet<(Tick, Vec<u8>)>,
    /// How many ticks it drives ahead of the room.
    pub(crate) lead: u32,
    acknowledged: Tick,
    newest: Tick,
}

/// How far a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientState {
    Away,
    Joining,
    In,
    Done,
}

/// What a client receives.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    Entered(Option<Seat>),
    Snapshot(Bytes),
    Event(Bytes),
    LeftRoom,
    Refused,
    /// The connection is gone.
    Lost,
}

impl Client {
    pub(crate) fn new(name: PlayerName, room: RoomIndex, lead: u32) -> Self {
        Self {
            name,
            room,
            state: ClientState::Away,
            at: None,
            connection: 0,
            seat: None,
            up_last: 0,
            down_last: 0,
            seen: None,
            seen_here: None,
            events_here: HashSet::new(),
            happened_here: HashSet::new(),
            lead,
            acknowledged: 0,
            newest: 0,
        }
    }

    /// A seat that it has from the beginning.
    pub(crate) fn settle_in(&mut self, at: Pid, connection: u64, seat: Seat) {
        self.at = Some(at);
        self.connection = connection;
        self.state = ClientState::In;
        self.seat = Some(seat);
    }

    fn snapshot(&mut self, bytes: &Bytes, now: Ns) -> Result<(), String> {
        let Ok((header, _)) = RelayedHeader::split(bytes) else {
            return Err(format!("{} got an unreadable snapshot", self.name));
        };
        if self.seen_here.is_some_and(|seen| header.tick <= seen) {
            let seen = self.seen_here;
            return Err(format!(
                "{} saw tick {} after {seen:?}",
                self.name, header.tick
            ));
        }
        self.seen_here = Some(header.tick);
        let is_news = self
            .seen
            .is_none_or(|(epoch, tick, _)| (header.epoch, header.tick) > (epoch, tick));
        if is_news {
            self.seen = Some((header.epoch, header.tick, now));
            let ack = self
                .seat
                .and_then(|seat| header.acks.get(usize::from(seat)));
            // A new owner may have fewer of the inputs; they are sent again.
            self.acknowledged = ack.map_or(0, |ack| ack.tick);
        }
        Ok(())
    }

    fn event(&mut self, bytes: &Bytes) -> Result<bool, String> {
        let Ok(event) = serde_json::from_slice::<RoomEvent>(bytes) else {
            return Err(format!("{} got an unreadable event", self.name));
        };
        let body = serde_json::to_vec(&event.body).unwrap_or_default();
        // A race is driven once: its events happen once in a tick.
        let is_of_race = matches!(
            event.body,
            RoomEventBody::Started
                | RoomEventBody::Lap { .. }
                | RoomEventBody::Penalty { .. }
                | RoomEventBody::Finished { .. }
                | RoomEventBody::Winner { .. }
        );
        let is_new = !is_of_race || self.happened_here.insert((event.tick, body.clone()));
        if !is_new || !self.events_here.insert((event.tick, event.index, body)) {
            return Err(format!("{} got an event twice: {event:?}", self.name));
        }
        Ok(matches!(event.body, RoomEventBody::Closed { .. }))
    }

    /// The input frame for a moment: what is not acknowledged, and what is new.
    fn drive(&mut self, now: Ns) -> Option<Bytes> {
        let (_, tick, at) = self.seen?;
        let since = u32::try_from((now - at) / TICK).unwrap_or(u32::MAX);
        let target = tick + since.saturating_add(self.lead).min(AHEAD_MAX);
        if self.seat.is_none() || target < self.newest + 2 {
            return None;
        }
        self.newest = target;
        let first = (self.acknowledged + 1).max((target + 1).saturating_sub(AHEAD_MAX));
        let controls: ArrayVec<Controls, INPUT_TICKS_MAX> =
            (first..=target).map(|tick| self.controls(tick)).collect();
        let frame = InputFrame {
            first_tick: first,
            controls,
        };
        Some(frame.encode_into(Vec::new()).into())
    }

    /// What it does in a tick: the same whenever it is asked, and never twice
    /// the same.
    fn controls(&self, tick: Tick) -> Controls {
        let noise = (u64::from(tick) + 1 + (self.connection_free_id() << 20))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Controls {
            throttle: 120 + (noise >> 57) as u8,
            ..Controls::default()
        }
    }

    fn connection_free_id(&self) -> u64 {
        self.name
            .as_str()
            .bytes()
            .fold(0, |id, byte| id * 31 + u64::from(byte))
    }
}

impl World {
    /// A client comes to a gateway that lives.
    pub(crate) fn connect(&mut self, client: usize) {
        if self.clients[client].state != ClientState::Away {
            return;
        }
        let is_open = |pid: &usize| self.procs[*pid].is_alive && !self.procs[*pid].is_worker;
        let open: Vec<Pid> = (0..self.procs.len()).filter(is_open).collect();
        if open.is_empty() {
            self.after(100 * MILLISECOND, What::Connect(client));
            return;
        }
        let pid = open[self.rng.random_range(0..open.len())];
        let number = self.next_token();
        let it = &mut self.clients[client];
        it.at = Some(pid);
        it.connection = number;
        it.state = ClientState::Joining;
        it.seen_here = None;
        it.events_here.clear();
        it.happened_here.clear();
        self.note(|| format!("client {client} comes to gateway {pid}"));
        self.say(client, Message::Join(Connection { client, number }));
    }

    /// Sends something to the client's gateway.
    fn say(&mut self, client: usize, message: Message) {
        let delay = self.client_delay();
        let it = &mut self.clients[client];
        let Some(pid) = it.at else { return };
        let at = (self.now + delay).max(it.up_last);
        it.up_last = at + 1;
        self.at(at, What::FromClient(pid, message));
    }

    /// Sends a client a message of its gateway.
    pub(crate) fn deliver_to_client(&mut self, to: Connection, delivery: Delivery) {
        let delay = self.client_delay();
        let it = &mut self.clients[to.client];
        let at = (self.now + delay).max(it.down_last);
        it.down_last = at + 1;
        self.at(at, What::ToClient(to, delivery));
    }

    fn client_delay(&mut self) -> Ns {
        match self.rng.random_range(0..50) {
            0 => self.rng.random_range(5 * MILLISECOND..40 * MILLISECOND),
            _ => self.rng.random_range(500 * MICROSECOND..4 * MILLISECOND),
        }
    }

    /// A client hears something.
    pub(crate) fn client_received(&mut self, to: Connection, delivery: Delivery) {
        let now = self.now;
        let it = &mut self.clients[to.client];
        if it.connection != to.number || it.state == ClientState::Done {
            return;
        }
        let outcome = match delivery {
            Delivery::Snapshot(bytes) => it.snapshot(&bytes, now).map(|()| false),
            Delivery::Event(bytes) => it.event(&bytes),
            Delivery::Entered(seat) => {
                it.state = ClientState::In;
                it.seat = seat;
                let (room, name) = (it.room, it.name.clone());
                self.oracle.seated(room, &name, seat).map(|()| false)
            }
            Delivery::LeftRoom => Ok(true),
            Delivery::Refused | Delivery::Lost => {
                it.state = ClientState::Away;
                let pause = self.rng.random_range(20..500) * MILLISECOND;
                self.after(pause, What::Connect(to.client));
                Ok(false)
            }
        };
        match outcome {
            Ok(true) => self.clients[to.client].state = ClientState::Done,
            Ok(false) => {}
            Err(why) => self.violate(why),
        }
    }

    /// Thirty times a second.
    pub(crate) fn drive(&mut self, client: usize) {
        let it = &mut self.clients[client];
        if it.state == ClientState::Done {
            return;
        }
        if it.state == ClientState::In
            && let Some(frame) = it.drive(self.now)
        {
            let number = it.connection;
            self.say(client, Message::Input(number, frame));
        }
        self.after(SECOND / 30, What::Drive(client));
    }
}

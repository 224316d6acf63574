//! What a relay decides: who gets what, and which messages are too old.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use bytes::Bytes;
use domain::UnknownVersion;
use protocol::catch_up::CatchUpRequest;
use protocol::client::ServerMessage;
use protocol::frame::{self, FrameKind};
use protocol::input::InputBatch;
use protocol::room::{Heartbeat, RoomEvent, RoomEventBody};
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RaceId, ReadError, Seat, SessionNonce, Tick};

use crate::failure_detector::{FailureDetector, Signal};
use crate::flush_schedule::{FlushOptions, FlushSchedule};
use crate::history::History;
use crate::limits::{
    EVENTS_REMEMBERED_MAX, JOINING_EVENTS_MAX, TICK_BELIEVED_AFTER, TICKS_AHEAD_MAX,
};
use crate::metrics;
use crate::seat_frames::SeatFrames;

/// A connection, as the relay knows it.
pub type MemberId = u64;

/// A frame for a member, to be sent by the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send a frame that must arrive.
    Send(MemberId, Bytes),
    /// Send a snapshot, which replaces one that still waits.
    SendSnapshot(MemberId, Bytes),
    /// The room has sent a member away, which was told so.
    Dismissed(MemberId),
    /// Report a version that was not read.
    ReportUnknownVersion(UnknownVersion),
}

/// The state of one room's relay.
#[derive(Debug)]
pub struct RelayCore {
    gateway: GatewayId,
    members: Vec<Member>,
    race: Option<RaceId>,
    /// The floor: nothing of a lower epoch passes.
    epoch: Epoch,
    /// The epoch of the owner's last answer. Only what was asked can answer, so that it
    /// bounds what is believed of what is overheard.
    answered: Option<Epoch>,
    tick: Option<Tick>,
    /// Of the last snapshot that passed: when, and under which epoch.
    snapshot_at: Option<(Instant, Epoch)>,
    failure_detector: FailureDetector,
    history: History,
    /// The last events that passed: tick, index and a hash of what happened.
    passed_events: VecDeque<(Tick, u32, u64)>,
    /// The next message to the owner.
    inputs: SeatFrames,
    flush_schedule: FlushSchedule,
    commands: Vec<Command>,
    closed: bool,
}

#[derive(Debug)]
struct Member {
    id: MemberId,
    session: SessionNonce,
    state: MemberState,
}

#[derive(Debug)]
enum MemberState {
    /// The owner was asked for a seat; events wait for its answer.
    Joining(Vec<Bytes>),
    In,
}

impl RelayCore {
    /// A relay without members, whose inputs leave by `flush` before a snapshot
    /// is expected.
    #[must_use]
    pub fn new(gateway: GatewayId, flush: FlushOptions, now: Instant) -> Self {
        Self {
            gateway,
            members: Vec::new(),
            race: None,
            epoch: Epoch::default(),
            answered: None,
            tick: None,
            snapshot_at: None,
            failure_detector: FailureDetector::new(now),
            history: History::default(),
            passed_events: VecDeque::new(),
            inputs: SeatFrames::default(),
            flush_schedule: FlushSchedule::new(flush),
            commands: Vec::new(),
            closed: false,
        }
    }

    /// Keeps events for a member that is about to enter.
    pub fn expect(&mut self, id: MemberId, session: SessionNonce) {
        self.leave(id);
        self.members.push(Member {
            id,
            session,
            state: MemberState::Joining(Vec::new()),
        });
    }

    /// Notes that the owner has answered a request under that epoch. Without it a
    /// relay that is new to a room would pass on late messages of a former owner.
    pub fn answered(&mut self, race: RaceId, epoch: Epoch, now: Instant) {
        if self.race == Some(race) {
            // An epoch that was overheard before the first answer, and cannot be.
            if self.answered.is_none() && self.epoch.is_far_above(epoch) {
                self.epoch = epoch;
            }
            self.answered = self.answered.max(Some(epoch));
        }
        match self.check(race, epoch, now) {
            Ok(()) => self.answered = self.answered.max(Some(epoch)),
            Err(reason) => metrics::relay_dropped(reason),
        }
    }

    /// Lets a member in: sends the given frame, then the events since [`Self::expect`].
    pub fn enter(&mut self, id: MemberId, frame: Bytes) {
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else {
            return;
        };
        self.commands.push(Command::Send(id, frame));
        if let MemberState::Joining(events) = std::mem::replace(&mut member.state, MemberState::In)
        {
            let events = events.into_iter().map(|event| Command::Send(id, event));
            self.commands.extend(events);
        }
    }

    /// Removes a member.
    pub fn leave(&mut self, id: MemberId) {
        self.members.retain(|member| member.id != id);
    }

    /// Takes the frames to be sent, in their order.
    pub fn take_commands(&mut self) -> impl Iterator<Item = Command> + '_ {
        self.commands.drain(..)
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether the room is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The connections that are here or coming in.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionNonce> {
        self.members.iter().map(|member| member.session).collect()
    }

    /// The failure detector of the room's owner.
    pub fn failure_detector(&mut self) -> &mut FailureDetector {
        &mut self.failure_detector
    }

    /// Passes a snapshot on to all members, unless it is old or of another race.
    pub fn snapshot(&mut self, payload: &Bytes, now: Instant) {
        let read = SnapshotHeader::split(payload)
            .and_then(|(header, _body)| Ok((header, frame::snapshot(payload)?)));
        let (header, frame) = match read {
            Ok(read) => read,
            Err(error) => return self.could_not_read(&error),
        };
        if let Err(reason) = self.check(header.race, header.epoch, now) {
            return metrics::relay_dropped(reason);
        }
        if self.is_far_in_the_future(header.tick, now) {
            return metrics::relay_dropped("implausible");
        }
        // Also one of a tick that is known: its owner lives, and catches up.
        self.failure_detector
            .heard(header.owner, header.epoch, Signal::Snapshot, now);
        if self.tick.is_some_and(|tick| header.tick <= tick) {
            return metrics::relay_dropped("old_tick");
        }
        self.tick = Some(header.tick);
        self.flush_schedule.snapshot(header.tick, now);
        if let Some((before, epoch)) = self.snapshot_at.replace((now, header.epoch)) {
            let interval = now.saturating_duration_since(before);
            metrics::snapshot_interval(interval);
            if header.epoch > epoch {
                metrics::takeover_gap(interval);
            }
        }
        self.history.snapshot(payload.clone(), now);
        for member in &self.members {
            match member.state {
                MemberState::In => {
                    let command = Command::SendSnapshot(member.id, frame.clone());
                    self.commands.push(command);
                }
                MemberState::Joining(_) => {}
            }
        }
    }

    /// Counts a message that could not be read.
    pub fn could_not_read(&mut self, error: &ReadError) {
        let unknown = error.unknown_version();
        self.commands
            .extend(unknown.map(Command::ReportUnknownVersion));
        metrics::relay_dropped("unreadable");
    }

    /// Notes that the owner of a room without snapshots lives.
    pub fn heartbeat(&mut self, payload: &[u8], now: Instant) {
        let Ok(heartbeat) = serde_json::from_slice::<Heartbeat>(payload) else {
            return metrics::relay_dropped("unreadable");
        };
        let Heartbeat { race, owner, epoch } = heartbeat;
        if let Err(reason) = self.check(race, epoch, now) {
            return metrics::relay_dropped(reason);
        }
        self.failure_detector
            .heard(owner, epoch, Signal::Heartbeat, now);
    }

    /// The answer to a new owner's request: what is known of the race. `None`
    /// when the request is about another race. After it nothing of a former owner
    /// passes: it would be missing in the answer.
    pub fn catch_up(&mut self, request: &CatchUpRequest, now: Instant) -> Option<Vec<u8>> {
        if let Err(reason) = self.check(request.race, request.epoch, now) {
            metrics::relay_dropped(reason);
            return None;
        }
        self.failure_detector.superseded(request.epoch, now);
        Some(self.history.answer(request.race, self.gateway, now))
    }

    /// Passes an event on to all members, unless it has passed already or is of an
    /// old owner or race.
    pub fn event(&mut self, payload: &[u8], now: Instant) {
        let Ok(event) = serde_json::from_slice::<RoomEvent>(payload) else {
            return metrics::relay_dropped("unreadable");
        };
        if let Err(reason) = self.check(event.race, event.epoch, now) {
            return metrics::relay_dropped(reason);
        }
        if !self.is_news(&event) {
            return metrics::relay_dropped("repeated");
        }
        let frame = frame::binary(FrameKind::Event, payload);
        for member in &mut self.members {
            match &mut member.state {
                MemberState::In => self.commands.push(Command::Send(member.id, frame.clone())),
                MemberState::Joining(events) if events.len() < JOINING_EVENTS_MAX => {
                    events.push(frame.clone());
                }
                MemberState::Joining(_) => metrics::relay_dropped("joining"),
            }
        }
        self.closed |= matches!(event.body, RoomEventBody::Closed { .. });
        if let RoomEventBody::Left {
            session: Some(session),
            ..
        } = event.body
        {
            self.dismiss(session);
        }
    }

    /// Sends a member back to the lobby that has lost its seat without asking for
    /// it: its inputs would drive the car of the next player in that seat.
    fn dismiss(&mut self, session: SessionNonce) {
        let is_it = |it: &&Member| it.session == session && matches!(it.state, MemberState::In);
        let Some(id) = self.members.iter().find(is_it).map(|it| it.id) else {
            return;
        };
        let frame = frame::from_server(&ServerMessage::LeftRoom);
        self.commands.push(Command::Send(id, frame));
        self.commands.push(Command::Dismissed(id));
        self.leave(id);
    }

    /// Sends all members back to the lobby: the room is gone without a last event.
    pub fn close(&mut self) {
        let frame = frame::from_server(&ServerMessage::LeftRoom);
        let frames = self
            .members
            .iter()
            .map(|member| Command::Send(member.id, frame.clone()));
        self.commands.extend(frames);
        self.closed = true;
    }

    /// Keeps a driver's input for the next batch.
    pub fn input(&mut self, seat: Seat, frame: &[u8], now: Instant) {
        self.history.frame(seat, frame);
        self.inputs.push(seat, frame);
        self.flush_schedule.input(now);
    }

    /// When the inputs that are here by then are to be [taken](Self::take_inputs).
    #[must_use]
    pub fn inputs_due(&self) -> Option<Instant> {
        self.flush_schedule.due()
    }

    /// The inputs that wait, as one message for the room.
    pub fn take_inputs(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.flush_schedule.flushed(!self.inputs.is_empty(), now);
        let race = self.race.filter(|_| !self.inputs.is_empty());
        let batch = race.map(|race| {
            InputBatch {
                race,
                gateway: self.gateway,
                frames: self.inputs.iter().collect(),
            }
            .encode()
        });
        self.inputs.clear();
        batch
    }

    /// Whether an event has not passed yet. What happened is part of its
    /// identity: an owner that died before its checkpoint may have given the
    /// same number to something that did not happen under the next one.
    fn is_news(&mut self, event: &RoomEvent) -> bool {
        let mut hasher = DefaultHasher::new();
        let body = serde_json::to_vec(&event.body).expect("an event serialises to JSON");
        body.hash(&mut hasher);
        let identity = (event.tick, event.index, hasher.finish());
        if self.passed_events.contains(&identity) {
            return false;
        }
        if self.passed_events.len() == EVENTS_REMEMBERED_MAX {
            self.passed_events.pop_front();
        }
        self.passed_events.push_back(identity);
        true
    }

    /// Removes the events that wait for a member: those of an old race must not follow the
    /// first frame of the new one.
    fn forget_joining_events(&mut self) {
        for member in &mut self.members {
            if let MemberState::Joining(events) = &mut member.state {
                events.clear();
            }
        }
    }

    /// Queues the inputs that came before the race was known: clients send them
    /// again only with their next frame, which is too late.
    fn queue_early_inputs(&mut self, now: Instant) {
        self.inputs.clear();
        for (seat, frame) in self.history.frames() {
            self.inputs.push(seat, frame);
            self.flush_schedule.input(now);
        }
    }

    /// Follows the room to a higher epoch or a new race, whose ULID grows with its
    /// creation. Says why, when the message is not of the present owner and race, or its
    /// epoch cannot be: a forged one must not outrank all that owners say later.
    fn check(&mut self, race: RaceId, epoch: Epoch, now: Instant) -> Result<(), &'static str> {
        if self.race.is_none_or(|current| race > current) {
            if self.race.is_some() {
                self.failure_detector.renewed(now);
                self.history.clear();
            }
            self.race = Some(race);
            self.epoch = epoch;
            self.answered = None;
            self.tick = None;
            self.snapshot_at = None;
            self.passed_events.clear();
            self.forget_joining_events();
            self.queue_early_inputs(now);
            return Ok(());
        }
        if self.race != Some(race) || epoch < self.epoch {
            return Err("stale");
        }
        if self
            .answered
            .is_some_and(|answered| epoch.is_far_above(answered))
        {
            return Err("implausible");
        }
        self.epoch = epoch;
        Ok(())
    }

    fn is_far_in_the_future(&self, tick: Tick, now: Instant) -> bool {
        let (Some(before), Some((at, _))) = (self.tick, self.snapshot_at) else {
            return false;
        };
        let silence = now.saturating_duration_since(at);
        tick.saturating_sub(before) > TICKS_AHEAD_MAX && silence < TICK_BELIEVED_AFTER
    }
}

#[cfg(test)]
mod tests;

//! What a relay decides: who gets what, and which messages are too old.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use protocol::beat::Beat;
use protocol::catch_up::CatchUpRequest;
use protocol::client::ServerMessage;
use protocol::frame::{self, FrameKind};
use protocol::input::InputBatch;
use protocol::room::{Heartbeat, RoomEvent, RoomEventBody};
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RaceId, Seat, SessionNonce, Tick};

use super::cadence::Cadence;
use super::inbox::Frames;
use super::ring::Ring;
use super::watch::{Pace, Watch};
use crate::limits::{EVENTS_REMEMBERED_MAX, JOINING_EVENTS_MAX};
use crate::metrics;
use crate::outbox::Outbox;

/// A connection, as the relay knows it.
pub type MemberId = u64;

/// The state of one room's relay.
#[derive(Debug)]
pub struct RelayCore {
    gateway: GatewayId,
    members: Vec<Member>,
    race: Option<RaceId>,
    /// The floor: nothing of a lower epoch passes.
    epoch: Epoch,
    tick: Option<Tick>,
    /// Of the last snapshot that passed: when, and under which epoch.
    snapshot_at: Option<(Instant, Epoch)>,
    watch: Watch,
    ring: Ring,
    /// What was told lately: tick, index and a hash of what happened.
    told: VecDeque<(Tick, u32, u64)>,
    /// What leaves as the next message.
    inputs: Frames,
    cadence: Cadence,
    closed: bool,
}

#[derive(Debug)]
struct Member {
    id: MemberId,
    session: SessionNonce,
    outbox: Arc<Outbox>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The owner was asked for a seat; events wait for its answer.
    Joining(Vec<Bytes>),
    In,
}

impl RelayCore {
    /// Without members.
    #[must_use]
    pub fn new(gateway: GatewayId, beat: Beat, now: Instant) -> Self {
        Self {
            gateway,
            members: Vec::new(),
            race: None,
            epoch: Epoch::default(),
            tick: None,
            snapshot_at: None,
            watch: Watch::new(now),
            ring: Ring::default(),
            told: VecDeque::new(),
            inputs: Frames::default(),
            cadence: Cadence::new(beat),
            closed: false,
        }
    }

    /// Keeps events for somebody who is about to enter.
    pub fn expect(&mut self, id: MemberId, session: SessionNonce, outbox: Arc<Outbox>) {
        self.leave(id);
        self.members.push(Member {
            id,
            session,
            outbox,
            stage: Stage::Joining(Vec::new()),
        });
    }

    /// Its owner has answered a question under that epoch. A relay that has just
    /// come to a room knows of no owner yet, and would pass on what a former one
    /// has said that comes late.
    pub fn answered(&mut self, race: RaceId, epoch: Epoch, now: Instant) {
        if !self.is_current(race, epoch, now) {
            metrics::relay_dropped("stale");
        }
    }

    /// Lets somebody in: first the given frame, then what happened since.
    pub fn enter(&mut self, id: MemberId, frame: Bytes) {
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else {
            return;
        };
        member.outbox.push(frame);
        if let Stage::Joining(events) = std::mem::replace(&mut member.stage, Stage::In) {
            events
                .into_iter()
                .for_each(|event| member.outbox.push(event));
        }
    }

    /// Forgets somebody.
    pub fn leave(&mut self, id: MemberId) {
        self.members.retain(|member| member.id != id);
    }

    /// Whether nobody is here.
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

    /// Whether the room still has an owner.
    pub fn watch(&mut self) -> &mut Watch {
        &mut self.watch
    }

    /// Hands a snapshot to everybody, unless it is old or of another race.
    pub fn snapshot(&mut self, payload: &Bytes, now: Instant) {
        let (Ok((header, _body)), Ok(frame)) =
            (SnapshotHeader::split(payload), frame::snapshot(payload))
        else {
            return metrics::relay_dropped("unreadable");
        };
        if !self.is_current(header.race, header.epoch, now) {
            return metrics::relay_dropped("stale");
        }
        // Also one of a tick that is known: its owner lives, and catches up.
        self.watch
            .heard(header.owner, header.epoch, Pace::Snapshots, now);
        if self.tick.is_some_and(|tick| header.tick <= tick) {
            return metrics::relay_dropped("old_tick");
        }
        self.tick = Some(header.tick);
        self.cadence.snapshot(header.slot, now);
        if let Some((before, epoch)) = self.snapshot_at.replace((now, header.epoch)) {
            let interval = now.saturating_duration_since(before);
            metrics::snapshot_interval(interval);
            if header.epoch > epoch {
                metrics::takeover_gap(interval);
            }
        }
        self.ring.snapshot(payload.clone(), now);
        for member in &self.members {
            match member.stage {
                Stage::In => member.outbox.snapshot(frame.clone()),
                Stage::Joining(_) => {}
            }
        }
    }

    /// Notes that the owner of a room without snapshots lives.
    pub fn heartbeat(&mut self, payload: &[u8], now: Instant) {
        let Ok(heartbeat) = serde_json::from_slice::<Heartbeat>(payload) else {
            return metrics::relay_dropped("unreadable");
        };
        let Heartbeat { race, owner, epoch } = heartbeat;
        if !self.is_current(race, epoch, now) {
            return metrics::relay_dropped("stale");
        }
        self.watch.heard(owner, epoch, Pace::Heartbeats, now);
    }

    /// What is known of the race, for its new owner. `None` when it is not the
    /// race that is known here. From now on nothing of a former owner passes:
    /// what is told afterwards must not be missing in the answer.
    pub fn catch_up(&mut self, request: &CatchUpRequest, now: Instant) -> Option<Vec<u8>> {
        if !self.is_current(request.race, request.epoch, now) {
            return None;
        }
        self.watch.superseded(request.epoch, now);
        Some(self.ring.answer(request.race, self.gateway, now))
    }

    /// Hands an event to everybody, unless it was told already, or is of an old
    /// owner or race.
    pub fn event(&mut self, payload: &[u8], now: Instant) {
        let Ok(event) = serde_json::from_slice::<RoomEvent>(payload) else {
            return metrics::relay_dropped("unreadable");
        };
        if !self.is_current(event.race, event.epoch, now) {
            return metrics::relay_dropped("stale");
        }
        if !self.is_news(&event) {
            return metrics::relay_dropped("repeated");
        }
        let frame = frame::binary(FrameKind::Event, payload);
        for member in &mut self.members {
            match &mut member.stage {
                Stage::In => member.outbox.push(frame.clone()),
                Stage::Joining(events) if events.len() < JOINING_EVENTS_MAX => {
                    events.push(frame.clone());
                }
                Stage::Joining(_) => metrics::relay_dropped("joining"),
            }
        }
        self.closed |= matches!(event.body, RoomEventBody::Closed { .. });
    }

    /// The room is gone without a word: everybody is back in the lobby.
    pub fn close(&mut self) {
        let frame = frame::from_server(&ServerMessage::LeftRoom);
        for member in &self.members {
            member.outbox.push(frame.clone());
        }
        self.closed = true;
    }

    /// Keeps a driver's input for the next batch.
    pub fn input(&mut self, seat: Seat, frame: &[u8], now: Instant) {
        self.ring.frame(seat, frame);
        self.inputs.push(seat, frame);
        self.cadence.input(now);
    }

    /// When the inputs that are here by then are to be [taken](Self::take_inputs).
    #[must_use]
    pub fn inputs_due(&self) -> Option<Instant> {
        self.cadence.due()
    }

    /// The inputs that wait, as one message for the room.
    pub fn take_inputs(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.cadence.left(!self.inputs.is_empty(), now);
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

    /// Whether an event was not told yet. What happened is part of its
    /// identity: an owner that died before its checkpoint may have given the
    /// same number to something that did not happen under the next one.
    fn is_news(&mut self, event: &RoomEvent) -> bool {
        let mut hasher = DefaultHasher::new();
        let body = serde_json::to_vec(&event.body).expect("an event serialises to JSON");
        body.hash(&mut hasher);
        let identity = (event.tick, event.index, hasher.finish());
        if self.told.contains(&identity) {
            return false;
        }
        if self.told.len() == EVENTS_REMEMBERED_MAX {
            self.told.pop_front();
        }
        self.told.push_back(identity);
        true
    }

    /// What clients have sent before the race was known could not leave: they
    /// would send it again only with their next frame, when it is too late.
    fn send_what_waited(&mut self, now: Instant) {
        self.inputs.clear();
        for (seat, frame) in self.ring.frames() {
            self.inputs.push(seat, frame);
            self.cadence.input(now);
        }
    }

    /// Follows the room to a higher epoch or a new race; says whether the
    /// message is of the present one. A race's ULID grows with its creation.
    fn is_current(&mut self, race: RaceId, epoch: Epoch, now: Instant) -> bool {
        if self.race.is_none_or(|current| race > current) {
            if self.race.is_some() {
                self.watch.renewed(now);
                self.ring.clear();
            }
            self.race = Some(race);
            self.epoch = epoch;
            self.tick = None;
            self.snapshot_at = None;
            self.told.clear();
            self.send_what_waited(now);
            return true;
        }
        if self.race != Some(race) || epoch < self.epoch {
            return false;
        }
        self.epoch = epoch;
        true
    }
}

#[cfg(test)]
mod tests;

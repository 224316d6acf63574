//! What a relay decides: who gets what, and which messages are too old.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use protocol::catch_up::CatchUpRequest;
use protocol::client::ServerMessage;
use protocol::frame::{self, FrameKind};
use protocol::input::InputBatch;
use protocol::room::{Heartbeat, RoomEvent, RoomEventBody};
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RaceId, Seat, SessionNonce, Tick};

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
    inputs: Vec<(Seat, Bytes)>,
    inputs_since: Option<Instant>,
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
    pub fn new(gateway: GatewayId, now: Instant) -> Self {
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
            inputs: Vec::new(),
            inputs_since: None,
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
        let Ok((header, _body)) = SnapshotHeader::split(payload) else {
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
        if let Some((before, epoch)) = self.snapshot_at.replace((now, header.epoch)) {
            let interval = now.saturating_duration_since(before);
            metrics::snapshot_interval(interval);
            if header.epoch > epoch {
                metrics::takeover_gap(interval);
            }
        }
        self.ring.snapshot(payload.clone(), now);
        let frame = frame::binary(FrameKind::Snapshot, payload);
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
    pub fn input(&mut self, seat: Seat, frame: Bytes, now: Instant) {
        self.ring.frame(seat, frame.clone());
        self.inputs.push((seat, frame));
        self.inputs_since.get_or_insert(now);
    }

    /// Since when an input waits.
    #[must_use]
    pub fn inputs_since(&self) -> Option<Instant> {
        self.inputs_since
    }

    /// The inputs that wait, as one message for the room.
    pub fn take_inputs(&mut self) -> Option<Vec<u8>> {
        self.inputs_since = None;
        let batch = self.race.map(|race| {
            let frames = self
                .inputs
                .iter()
                .map(|(seat, frame)| (*seat, &frame[..]))
                .collect();
            InputBatch {
                race,
                gateway: self.gateway,
                frames,
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

    /// Follows the room to a higher epoch or a new race; says whether the
    /// message is of the present one. A race's ULID grows with its creation.
    fn is_current(&mut self, race: RaceId, epoch: Epoch, now: Instant) -> bool {
        if self.race.is_none_or(|current| race > current) {
            if self.race.is_some() {
                self.watch.renewed(now);
            }
            self.race = Some(race);
            self.epoch = epoch;
            self.tick = None;
            self.snapshot_at = None;
            self.ring.clear();
            self.told.clear();
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
mod tests {
    use arrayvec::ArrayVec;
    use protocol::WorkerId;
    use protocol::catch_up::CatchUpAnswer;
    use protocol::room::CloseReason;

    use crate::relay::watch::Command;

    use super::*;

    const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    fn core_with_member() -> (RelayCore, Arc<Outbox>) {
        let mut core = RelayCore::new(GatewayId::new(1), Instant::now());
        let outbox = Arc::new(Outbox::default());
        core.expect(1, SessionNonce::new(9), Arc::clone(&outbox));
        (core, outbox)
    }

    fn snapshot(epoch: u32, tick: Tick) -> Bytes {
        let header = SnapshotHeader {
            race: RACE.parse().unwrap(),
            owner: WorkerId::new(1),
            epoch: Epoch(epoch),
            tick,
            acks: ArrayVec::new(),
        };
        header.encode_into(Vec::new()).into()
    }

    fn event(epoch: u32, body: RoomEventBody) -> Vec<u8> {
        let race = RACE.parse().unwrap();
        let event = RoomEvent {
            race,
            epoch: Epoch(epoch),
            tick: 0,
            index: 0,
            body,
        };
        serde_json::to_vec(&event).unwrap()
    }

    async fn kinds(outbox: &Outbox) -> Vec<FrameKind> {
        let frames = outbox.take().await.frames;
        frames
            .iter()
            .map(|frame| frame::split(frame).unwrap().0)
            .collect()
    }

    #[tokio::test]
    async fn events_between_the_question_and_the_answer_are_not_lost() {
        let (mut core, outbox) = core_with_member();
        core.event(&event(1, RoomEventBody::Started), Instant::now());
        core.snapshot(&snapshot(1, 2), Instant::now());
        core.enter(1, frame::binary(FrameKind::Control, b"entered"));
        core.snapshot(&snapshot(1, 4), Instant::now());
        let expected = [FrameKind::Control, FrameKind::Event, FrameKind::Snapshot];
        assert_eq!(kinds(&outbox).await, expected);
    }

    #[tokio::test]
    async fn nothing_of_an_old_owner_passes() {
        let (mut core, outbox) = core_with_member();
        core.enter(1, frame::binary(FrameKind::Control, b"entered"));
        let now = Instant::now();
        core.snapshot(&snapshot(2, 10), now);
        assert_eq!(
            kinds(&outbox).await,
            [FrameKind::Control, FrameKind::Snapshot]
        );
        core.snapshot(&snapshot(1, 12), now);
        core.snapshot(&snapshot(2, 10), now);
        core.event(&event(1, RoomEventBody::Started), now);
        core.snapshot(&Bytes::from_static(b"nonsense"), now);
        core.event(&event(2, RoomEventBody::Started), now);
        assert_eq!(kinds(&outbox).await, [FrameKind::Event]);
    }

    #[tokio::test]
    async fn the_last_event_closes_the_relay() {
        let (mut core, _outbox) = core_with_member();
        assert!(!core.is_closed());
        let body = RoomEventBody::Closed {
            reason: CloseReason::Empty,
            leaderboard: Vec::new(),
        };
        core.event(&event(1, body), Instant::now());
        assert!(core.is_closed());
    }

    #[test]
    fn inputs_of_a_room_leave_as_one_message() {
        let (mut core, _outbox) = core_with_member();
        core.snapshot(&snapshot(1, 2), Instant::now());
        let now = Instant::now();
        core.input(0, Bytes::from_static(b"a"), now);
        core.input(3, Bytes::from_static(b"b"), now);
        assert_eq!(core.inputs_since(), Some(now));
        let bytes = core.take_inputs().unwrap();
        let batch = InputBatch::decode(&bytes).unwrap();
        assert_eq!(batch.frames, [(0, &b"a"[..]), (3, b"b")]);
        assert_eq!(core.inputs_since(), None);
    }

    #[tokio::test]
    async fn after_a_request_to_catch_up_nothing_of_the_former_owner_passes() {
        let (mut core, outbox) = core_with_member();
        core.enter(1, frame::binary(FrameKind::Control, b"entered"));
        let now = Instant::now();
        core.snapshot(&snapshot(1, 10), now);
        kinds(&outbox).await;
        let request = |race: &str, epoch| CatchUpRequest {
            race: race.parse().unwrap(),
            epoch: Epoch(epoch),
        };
        let bytes = core.catch_up(&request(RACE, 2), now).unwrap();
        core.snapshot(&snapshot(1, 12), now);
        core.event(&event(1, RoomEventBody::Started), now);
        core.event(&event(2, RoomEventBody::Started), now);
        assert_eq!(kinds(&outbox).await, [FrameKind::Event]);
        let answer = CatchUpAnswer::decode(&bytes).unwrap();
        assert_eq!(answer.snapshots.len(), 1, "what was passed on before");
        assert_eq!(core.catch_up(&request(RACE, 1), now), None, "too late");
        let older = request("01ARZ3NDEKTSV4RRFFQ69G5FAA", 9);
        assert_eq!(core.catch_up(&older, now), None);
    }

    #[tokio::test]
    async fn an_event_that_is_sent_again_is_told_once() {
        let (mut core, outbox) = core_with_member();
        core.enter(1, frame::binary(FrameKind::Control, b"entered"));
        let now = Instant::now();
        core.event(&event(1, RoomEventBody::Started), now);
        core.event(&event(2, RoomEventBody::Started), now);
        let other = RoomEventBody::Countdown {
            seconds: 4,
            start_tick: 240,
        };
        core.event(&event(2, other), now);
        let expected = [FrameKind::Control, FrameKind::Event, FrameKind::Event];
        assert_eq!(kinds(&outbox).await, expected, "same number, another event");
    }

    #[test]
    fn a_heartbeat_is_a_sign_of_life_and_says_whom_to_ask() {
        let (mut core, _outbox) = core_with_member();
        let now = Instant::now();
        let heartbeat = Heartbeat {
            race: RACE.parse().unwrap(),
            owner: WorkerId::new(3),
            epoch: Epoch(1),
        };
        core.heartbeat(&serde_json::to_vec(&heartbeat).unwrap(), now);
        core.heartbeat(b"nonsense", now);
        let deadline = core.watch().next_deadline().unwrap();
        let asked = core.watch().poll(deadline);
        assert_eq!(asked, Some(Command::Ping(WorkerId::new(3))));
    }

    #[tokio::test]
    async fn a_room_that_vanished_sends_its_people_to_the_lobby() {
        let (mut core, outbox) = core_with_member();
        assert_eq!(core.sessions(), [SessionNonce::new(9)]);
        core.enter(1, frame::binary(FrameKind::Control, b"entered"));
        core.close();
        assert!(core.is_closed());
        let expected = [FrameKind::Control, FrameKind::Control];
        assert_eq!(kinds(&outbox).await, expected);
    }
}

//! What a relay decides: who gets what, and which messages are too old.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use protocol::frame::{self, FrameKind};
use protocol::input::InputBatch;
use protocol::room::{RoomEvent, RoomEventBody};
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, RaceId, Seat, Tick};

use crate::limits::JOINING_EVENTS_MAX;
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
    epoch: Epoch,
    tick: Option<Tick>,
    snapshot_at: Option<Instant>,
    inputs: Vec<(Seat, Bytes)>,
    inputs_since: Option<Instant>,
    closed: bool,
}

#[derive(Debug)]
struct Member {
    id: MemberId,
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
    pub fn new(gateway: GatewayId) -> Self {
        Self {
            gateway,
            members: Vec::new(),
            race: None,
            epoch: Epoch::default(),
            tick: None,
            snapshot_at: None,
            inputs: Vec::new(),
            inputs_since: None,
            closed: false,
        }
    }

    /// Keeps events for somebody who is about to enter.
    pub fn expect(&mut self, id: MemberId, outbox: Arc<Outbox>) {
        self.leave(id);
        self.members.push(Member {
            id,
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

    /// Hands a snapshot to everybody, unless it is old or of another race.
    pub fn snapshot(&mut self, payload: &[u8], now: Instant) {
        let Ok((header, _body)) = SnapshotHeader::split(payload) else {
            return metrics::relay_dropped("unreadable");
        };
        if !self.is_current(header.race, header.epoch) {
            return metrics::relay_dropped("stale");
        }
        if self.tick.is_some_and(|tick| header.tick <= tick) {
            return metrics::relay_dropped("old_tick");
        }
        self.tick = Some(header.tick);
        if let Some(before) = self.snapshot_at.replace(now) {
            metrics::snapshot_interval(now.saturating_duration_since(before));
        }
        let frame = frame::binary(FrameKind::Snapshot, payload);
        for member in &self.members {
            match member.stage {
                Stage::In => member.outbox.snapshot(frame.clone()),
                Stage::Joining(_) => {}
            }
        }
    }

    /// Hands an event to everybody, unless it is of an old owner or race.
    pub fn event(&mut self, payload: &[u8]) {
        let Ok(event) = serde_json::from_slice::<RoomEvent>(payload) else {
            return metrics::relay_dropped("unreadable");
        };
        if !self.is_current(event.race, event.epoch) {
            return metrics::relay_dropped("stale");
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

    /// Keeps a driver's input for the next batch.
    pub fn input(&mut self, seat: Seat, frame: Bytes, now: Instant) {
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

    /// Follows the room to a higher epoch or a new race; says whether the
    /// message is of the present one. A race's ULID grows with its creation.
    fn is_current(&mut self, race: RaceId, epoch: Epoch) -> bool {
        let is_newer = self.race.is_none_or(|current| race > current);
        if is_newer {
            self.race = Some(race);
            self.epoch = epoch;
            self.tick = None;
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
    use protocol::room::CloseReason;

    use super::*;

    const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    fn core_with_member() -> (RelayCore, Arc<Outbox>) {
        let mut core = RelayCore::new(GatewayId::new(1));
        let outbox = Arc::new(Outbox::default());
        core.expect(1, Arc::clone(&outbox));
        (core, outbox)
    }

    fn snapshot(epoch: u32, tick: Tick) -> Vec<u8> {
        let header = SnapshotHeader {
            race: RACE.parse().unwrap(),
            owner: WorkerId::new(1),
            epoch: Epoch(epoch),
            tick,
            acks: ArrayVec::new(),
        };
        header.encode_into(Vec::new())
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
        core.event(&event(1, RoomEventBody::Started));
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
        core.event(&event(1, RoomEventBody::Started));
        core.snapshot(b"nonsense", now);
        core.event(&event(2, RoomEventBody::Started));
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
        core.event(&event(1, body));
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
}

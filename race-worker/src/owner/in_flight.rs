//! Requests and writes of an owner's task that wait for their answers.

use std::sync::Arc;
use std::time::Duration;

use bus::store::store_of;
use bus::{Bucket, Bus, CasError, RequestError};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use protocol::checkpoint::{ClaimRequest, Claimed};
use protocol::persist::PersistMessage;
use protocol::room::{Present, PresentRequest};
use protocol::version::{self, PERSIST, ROOM_ENTRY};
use protocol::{Revision, RoomId, SessionNonce, subject};
use room::ExpectedPresence;
use room::lease::{ReadBack, Unanswered, WriteError};
use room::ownership::Event;
use room::write_queue::{Lane, PendingWrite};
use tracing::{debug, warn};

use crate::limits::{GATEWAY_CHECK_TIMEOUT, GATEWAY_GONE_AFTER, HAND_OVER_TIMEOUT};
use crate::worker::{Worker, write_error};

/// What the gateways answered. `None`: it is not known.
type PresenceAnswers = Vec<(ExpectedPresence, Option<Vec<SessionNonce>>)>;

/// An answer that fails at once must not make reading it again a busy loop.
const READ_PAUSE: Duration = Duration::from_millis(20);

/// An answer.
pub(super) enum Answer {
    Written(Result<Revision, WriteError>),
    Read(Result<Option<ReadBack>, Unanswered>),
    RecordWritten(Lane, bool),
    PresenceChecked(PresenceAnswers),
    Offered(Option<Claimed>),
}

impl Answer {
    pub(super) fn event(self) -> Event<'static> {
        match self {
            Self::Written(outcome) => Event::Written(outcome),
            Self::Read(outcome) => Event::Read(outcome),
            Self::RecordWritten(lane, is_done) => Event::RecordWritten(lane, is_done),
            Self::PresenceChecked(presence) => Event::PresenceChecked(presence),
            Self::Offered(taken) => Event::Offered(taken),
        }
    }
}

/// At most one of each kind is under way.
#[derive(Default)]
pub(super) struct InFlight {
    checkpoint: Option<BoxFuture<'static, Answer>>,
    /// Of each lane.
    lobby: Option<BoxFuture<'static, Answer>>,
    result: Option<BoxFuture<'static, Answer>>,
    record: Option<BoxFuture<'static, Answer>>,
    presence: Option<BoxFuture<'static, Answer>>,
    offer: Option<BoxFuture<'static, Answer>>,
}

impl InFlight {
    /// The next answer, that of the checkpoint first: it may end everything else.
    pub(super) async fn next(&mut self) -> Answer {
        tokio::select! {
            biased;
            answer = awaited(&mut self.checkpoint) => answer,
            answer = awaited(&mut self.offer) => answer,
            answer = awaited(&mut self.lobby) => answer,
            answer = awaited(&mut self.result) => answer,
            answer = awaited(&mut self.record) => answer,
            answer = awaited(&mut self.presence) => answer,
        }
    }

    pub(super) fn write(
        &mut self,
        worker: &Worker,
        room: &RoomId,
        value: Vec<u8>,
        revision: Revision,
    ) {
        let (bucket, key) = (
            worker.checkpoints.clone(),
            subject::room_key(room).to_owned(),
        );
        let write = async move {
            let outcome = bucket.update(&key, value, revision).await;
            Answer::Written(outcome.map_err(|error| write_error(&error)))
        };
        self.checkpoint = Some(write.boxed());
    }

    pub(super) fn read(&mut self, worker: &Worker, room: &RoomId) {
        let (bucket, key) = (
            worker.checkpoints.clone(),
            subject::room_key(room).to_owned(),
        );
        let read = async move { Answer::Read(read_back(&bucket, &key).await) };
        self.checkpoint = Some(read.boxed());
    }

    pub(super) fn write_record(
        &mut self,
        worker: &Arc<Worker>,
        room: &RoomId,
        pending: Arc<PendingWrite>,
    ) {
        let (worker, room) = (Arc::clone(worker), room.clone());
        let lane = pending.lane();
        let write = async move {
            let is_done = perform(&worker, &room, &pending).await;
            Answer::RecordWritten(lane, is_done)
        };
        let in_flight = match lane {
            Lane::Lobby => &mut self.lobby,
            Lane::Result => &mut self.result,
            Lane::Records => &mut self.record,
        };
        *in_flight = Some(write.boxed());
    }

    pub(super) fn check_presence(
        &mut self,
        bus: &Bus,
        room: &RoomId,
        expected_presence: Vec<ExpectedPresence>,
    ) {
        let questions = expected_presence
            .into_iter()
            .map(|expected| ask(bus.clone(), room.clone(), expected));
        let presence = join_all(questions).map(Answer::PresenceChecked);
        self.presence = Some(presence.boxed());
    }

    pub(super) fn offer(&mut self, bus: &Bus, claim: ClaimRequest) {
        let bus = bus.clone();
        let offer = async move {
            let offered = bus
                .request(subject::RACE_CLAIM, &claim, HAND_OVER_TIMEOUT)
                .await;
            if let Err(error) = &offered {
                debug!(%error, room = %claim.room, "could not hand the room over");
            }
            Answer::Offered(offered.ok())
        };
        self.offer = Some(offer.boxed());
    }
}

/// What is under way; nothing, as long as nothing is.
async fn awaited(under_way: &mut Option<BoxFuture<'static, Answer>>) -> Answer {
    match under_way {
        Some(request) => {
            let answer = request.await;
            *under_way = None;
            answer
        }
        None => std::future::pending().await,
    }
}

async fn read_back(bucket: &Bucket, key: &str) -> Result<Option<ReadBack>, Unanswered> {
    let Ok(found) = bucket.get(key).await else {
        tokio::time::sleep(READ_PAUSE).await;
        return Err(Unanswered);
    };
    Ok(found.and_then(|(value, revision)| ReadBack::of(&value, revision)))
}

/// Makes one attempt at a pending write; returns whether it succeeded.
async fn perform(worker: &Worker, room: &RoomId, pending: &PendingWrite) -> bool {
    let key = subject::room_key(room);
    let outcome = match pending {
        PendingWrite::Lobby(entry) => {
            let value = version::to_json(&ROOM_ENTRY, entry);
            worker.rooms.put(key, value).await.map(drop)
        }
        PendingWrite::Persist(message, id) => append(&worker.bus, message, id).await,
        PendingWrite::KeepResult(message, _id) => keep(worker, message).await,
        PendingWrite::RemoveEntry => worker.rooms.remove(key).await,
        PendingWrite::DeleteCheckpoint(revision) => {
            match worker.checkpoints.delete(key, *revision).await {
                Err(CasError::Conflict { .. }) => Ok(()),
                outcome => outcome,
            }
        }
    };
    if let Err(error) = &outcome {
        debug!(%error, %room, "writing failed, trying again");
    }
    outcome.is_ok()
}

async fn append(bus: &Bus, message: &PersistMessage, id: &str) -> Result<(), CasError> {
    let payload = version::to_json(&PERSIST, message);
    let (store, subject) = (store_of(message.stream()), message.subject());
    bus.append(store, &subject, id, payload).await.map(drop)
}

/// Keeps a result for the sweep to move into its stream.
async fn keep(worker: &Worker, message: &PersistMessage) -> Result<(), CasError> {
    let PersistMessage::Result(result) = message else {
        return Ok(());
    };
    let value = version::to_json(&PERSIST, message);
    worker.results.put(&result.race.to_string(), value).await?;
    warn!(race = %result.race, "kept a result that its stream does not take");
    Ok(())
}

/// Asks a gateway which of its connections are in the room.
async fn ask(
    bus: Bus,
    room: RoomId,
    expected: ExpectedPresence,
) -> (ExpectedPresence, Option<Vec<SessionNonce>>) {
    let subject = subject::gateway_ping(expected.gateway);
    let request = PresentRequest { room };
    for pause in [GATEWAY_GONE_AFTER, Duration::ZERO] {
        let asked = bus.request(subject.clone(), &request, GATEWAY_CHECK_TIMEOUT);
        match asked.await {
            Ok(Present { sessions }) => return (expected, Some(sessions)),
            // It may be on its way back to NATS.
            Err(RequestError::NoResponders { .. }) => tokio::time::sleep(pause).await,
            Err(error) => {
                debug!(%error, gateway = %expected.gateway, "no answer");
                return (expected, None);
            }
        }
    }
    (expected, Some(Vec::new()))
}

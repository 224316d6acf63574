//! One task per room: ticks, requests, checkpoints, and the end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bus::{CasError, Inbound};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use protocol::checkpoint::{Checkpoint, ClaimRequest, Claimed};
use protocol::persist::PersistMessage;
use protocol::room::CtlRequest;
use protocol::{Rejection, RejectionCode, Reply, RoomId, subject};
use tracing::{debug, info, warn};

use crate::chain::{Action, Chain, Ownership, Pace, ReadBack};
use crate::clerk::{self, Clerk, Job};
use crate::endpoints::{Ears, Worker};
use crate::limits::{
    FENCE_RACING, HAND_OVER_ATTEMPTS, HAND_OVER_TIMEOUT, IDLE_INTERVAL, RETRY_DELAY, TICK_INTERVAL,
};
use crate::metrics;
use crate::room::{Output, Room};

/// Between two ticks that are both late.
const BREATH: Duration = Duration::from_millis(1);

/// The task of one room.
pub(crate) struct Owner {
    worker: Arc<Worker>,
    room: Room,
    id: RoomId,
    chain: Chain,
    ears: Ears,
    clerk: Clerk,
    /// Numbers the messages for the database within this epoch.
    persisted: u64,
    /// When the next tick is to be computed.
    due: Instant,
    writing: Option<BoxFuture<'static, Answer>>,
}

/// What came of an [`Action`].
enum Answer {
    Written(Result<bus::Revision, CasError>),
    Read(Result<Option<ReadBack>, CasError>),
}

/// Why a room's task stops ticking.
enum Stop {
    /// The room has ended.
    Ended,
    /// Somebody else owns the room.
    Lost,
    /// This worker ends.
    Drain,
}

enum Event {
    Answer(Answer),
    Ctl(Inbound),
    Due,
    Drain,
}

impl Owner {
    pub(crate) fn new(worker: Arc<Worker>, room: Room, chain: Chain, ears: Ears) -> Self {
        let id = room.identity().name.id();
        let clerk = Clerk::start(worker.bus.clone(), worker.rooms.clone(), id.clone());
        let due = Instant::now();
        Self {
            worker,
            room,
            id,
            chain,
            ears,
            clerk,
            persisted: 0,
            due,
            writing: None,
        }
    }

    pub(crate) async fn run(mut self) {
        let stop = match self.tick_on().await {
            Stop::Lost => Stop::Lost,
            // What is true now must be written before anybody acts on it.
            stop @ (Stop::Ended | Stop::Drain) => match self.settle().await {
                Ownership::Ours => stop,
                Ownership::Lost => Stop::Lost,
            },
        };
        match stop {
            Stop::Ended => self.end().await,
            Stop::Drain => self.hand_over().await,
            Stop::Lost => {
                metrics::dropped();
                warn!(room = %self.id, "somebody else owns the room, dropping it");
                self.clerk.dismiss();
            }
        }
    }

    async fn tick_on(&mut self) -> Stop {
        loop {
            self.emit();
            if self.room.ending().is_some() {
                return Stop::Ended;
            }
            if let Some(action) = self.chain.poll(self.pace(), Instant::now()) {
                self.writing = Some(self.begin(action));
            }
            match self.next().await {
                Event::Answer(answer) => {
                    if self.answered(&answer) == Ownership::Lost {
                        return Stop::Lost;
                    }
                }
                Event::Ctl(request) => self.ctl(&request),
                Event::Due => self.tick(),
                Event::Drain => return Stop::Drain,
            }
        }
    }

    async fn next(&mut self) -> Event {
        let writing = async {
            match &mut self.writing {
                Some(writing) => writing.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = writing => Event::Answer(answer),
            () = tokio::time::sleep_until(self.due.into()) => Event::Due,
            Some(request) = self.ears.ctl.next() => Event::Ctl(request),
            () = self.worker.draining.wait() => Event::Drain,
        }
    }

    fn pace(&self) -> Pace {
        if self.room.is_moving() {
            Pace::Racing
        } else {
            Pace::Idle
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        let (mut frames, mut unreadable) = (0, 0);
        while let Some(message) = self.ears.inputs.next_now() {
            let received = self.room.inputs(&message.payload);
            frames += received.frames;
            unreadable += received.unreadable;
        }
        metrics::inputs(frames, unreadable);
        if !self.room.is_moving() {
            self.room.poll(now);
            self.due = now + IDLE_INTERVAL;
            return;
        }
        if self.chain.is_fenced(self.pace(), now) {
            metrics::fenced();
            self.due = now + TICK_INTERVAL;
            return;
        }
        self.room.replay_is_safe(self.clerk.replay_safe_tick());
        self.room.tick(now, unix_ms());
        metrics::tick(now.elapsed());
        self.due += TICK_INTERVAL;
        let late = now.saturating_duration_since(self.due);
        if late > TICK_INTERVAL {
            metrics::overrun();
            // Requests and the end of the worker must be heard in between.
            self.due = self.due.max(Instant::now() + BREATH);
        }
        // A short delay is made up for; after a long one time simply stood still.
        if late > FENCE_RACING {
            self.due = now;
        }
    }

    fn ctl(&mut self, message: &Inbound) {
        let reply: Reply<_> = serde_json::from_slice::<CtlRequest>(&message.payload)
            .map_err(|error| Rejection::new(RejectionCode::BadMessage, error.to_string()))
            .and_then(|request| {
                if self.chain.is_fenced(self.pace(), Instant::now()) {
                    let message = "the room is being moved, try again in a moment";
                    return Err(Rejection::new(RejectionCode::Unavailable, message));
                }
                let was_moving = self.room.is_moving();
                let reply = self.room.ctl(request, Instant::now());
                if !was_moving && self.room.is_moving() {
                    self.due = Instant::now();
                }
                reply
            });
        if let Some(inbox) = &message.reply {
            self.worker.bus.publish_json(inbox.clone(), &reply);
        }
    }

    /// Sends what the room has to say, in its order.
    fn emit(&mut self) {
        for output in self.room.take_outputs() {
            match output {
                Output::Event(event) => {
                    if !self
                        .worker
                        .bus
                        .publish_json(subject::room_event(&self.id), &event)
                    {
                        metrics::unsent("event");
                    }
                }
                Output::Snapshot(bytes) => {
                    if !self
                        .worker
                        .bus
                        .publish(subject::room_snapshot(&self.id), bytes)
                    {
                        metrics::unsent("snapshot");
                    }
                }
                Output::Lobby => self.clerk.queue(Job::Lobby(self.room.lobby_entry())),
                Output::Persist(message) => {
                    let id = self.message_id();
                    self.clerk.queue(Job::Persist(message, id));
                }
                Output::Checkpoint => self.chain.hurry(),
            }
        }
    }

    fn message_id(&mut self) -> String {
        self.persisted += 1;
        let race = self.room.identity().race;
        format!("{race}:{}:{}", self.chain.epoch(), self.persisted)
    }

    fn begin(&self, action: Action) -> BoxFuture<'static, Answer> {
        let bucket = self.worker.checkpoints.clone();
        let key = subject::room_key(&self.id).to_owned();
        match action {
            Action::Write(revision) => {
                let value = self.room.checkpoint().encode();
                async move { Answer::Written(bucket.update(&key, value, revision).await) }.boxed()
            }
            Action::ReadBack => async move { Answer::Read(read_back(&bucket, &key).await) }.boxed(),
        }
    }

    fn answered(&mut self, answer: &Answer) -> Ownership {
        self.writing = None;
        let now = Instant::now();
        match answer {
            Answer::Written(Ok(revision)) => {
                metrics::checkpoint(self.chain.written(*revision, now));
                Ownership::Ours
            }
            Answer::Written(Err(CasError::Conflict { .. })) => match self.chain.conflicted(now) {
                Some(action) => {
                    self.writing = Some(self.begin(action));
                    Ownership::Ours
                }
                None => Ownership::Lost,
            },
            Answer::Read(Ok(found)) => self.chain.read_back(*found, now),
            Answer::Written(Err(CasError::Unknown { .. })) | Answer::Read(Err(_)) => {
                metrics::checkpoint_unknown();
                let action = self.chain.unanswered(now);
                self.writing = Some(self.begin(action));
                Ownership::Ours
            }
        }
    }

    /// Writes until the present state is in the checkpoint.
    async fn settle(&mut self) -> Ownership {
        self.chain.hurry();
        loop {
            if let Some(writing) = self.writing.take() {
                if self.answered(&writing.await) == Ownership::Lost {
                    return Ownership::Lost;
                }
            } else if self.chain.is_settled() {
                return Ownership::Ours;
            } else if let Some(action) = self.chain.poll(self.pace(), Instant::now()) {
                self.writing = Some(self.begin(action));
            }
        }
    }

    /// The room has ended, and its checkpoint says so: publish, then remove.
    async fn end(mut self) {
        let worker = Arc::clone(&self.worker);
        let race = self.room.identity().race;
        if let Some(result) = self.room.ending().and_then(|ending| ending.result.clone()) {
            let message = PersistMessage::Result(result);
            clerk::append(&worker.bus, &message, &format!("{race}:result")).await;
            metrics::finished();
        }
        self.room.close();
        self.emit();
        self.clerk.finish().await;
        clerk::remove_entry(&worker.rooms, &self.id).await;
        clerk::delete_checkpoint(&worker.checkpoints, &self.id, self.chain.revision()).await;
        info!(room = %self.id, %race, "room closed");
    }

    /// This worker ends: let another go on from the checkpoint just written.
    async fn hand_over(self) {
        self.clerk.finish().await;
        drop(self.ears);
        let claim = ClaimRequest {
            room: self.id.clone(),
            seen_epoch: self.chain.epoch(),
        };
        for _ in 0..HAND_OVER_ATTEMPTS {
            let asked: Result<Claimed, _> = self
                .worker
                .bus
                .request(subject::RACE_CLAIM, &claim, HAND_OVER_TIMEOUT)
                .await;
            match asked {
                Ok(claimed) => {
                    return info!(room = %self.id, to = %claimed.owner, "room handed over");
                }
                Err(error) => debug!(%error, room = %self.id, "could not hand the room over"),
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
        warn!(room = %self.id, "nobody took the room over");
    }
}

async fn read_back(bucket: &bus::Bucket, key: &str) -> Result<Option<ReadBack>, CasError> {
    /// An answer that fails at once must not make this a busy loop.
    const PAUSE: Duration = Duration::from_millis(20);
    let found = match bucket.get(key).await {
        Ok(found) => found,
        Err(error) => {
            tokio::time::sleep(PAUSE).await;
            return Err(error);
        }
    };
    Ok(found.and_then(|(value, revision)| {
        let Checkpoint { owner, epoch, .. } = Checkpoint::decode(&value).ok()?;
        Some(ReadBack {
            owner,
            epoch,
            revision,
        })
    }))
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

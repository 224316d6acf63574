//! One task per room: ticks, requests, checkpoints, and the end.

mod end;
mod inherit;
mod leave;
mod writes;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bus::Inbound;
use futures::StreamExt;
use futures::future::BoxFuture;
use protocol::beat::Beat;
use protocol::room::{CtlReply, CtlRequest};
use protocol::{GatewayId, Rejection, RejectionCode, Reply, RoomId, WorkerId, subject};
use tracing::{debug, info, warn};

use self::inherit::Census;
use self::leave::{Leaving, Offered, Turn};
use self::writes::Answer;
use crate::chain::{Chain, Ownership, Pace};
use crate::clerk::{Clerk, Job};
use crate::endpoints::{Ears, Worker};
use crate::limits::{
    BEAT_PULL_MAX, FENCE_RACING, GATEWAY_CHECK_INTERVAL, IDLE_INTERVAL, REPLIES_MAX, TICK_INTERVAL,
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
    /// When the next tick is to be computed, and what it is drawn to.
    due: Instant,
    beat: Beat,
    is_standing_still: bool,
    writing: Option<BoxFuture<'static, Answer>>,
    /// Answers that must not leave before that write has happened.
    replies: Vec<(u64, String, Reply<CtlReply>)>,
    /// When to ask the gateways who is there, and the question.
    census_due: Instant,
    census: Option<BoxFuture<'static, Census>>,
    leaving: Leaving,
}

/// Why a room's task stops ticking.
enum Stop {
    /// The room has ended.
    Ended,
    /// Somebody else owns the room.
    Lost,
    /// That worker has taken it over.
    HandedOver(WorkerId),
    /// This worker ends, and nobody else takes the room.
    Left,
}

enum Event {
    Answer(Answer),
    Ctl(Inbound),
    Due,
    CensusDue,
    Census(Census),
    Turn(Turn),
    Offered(Offered),
}

impl Owner {
    pub(crate) fn new(worker: Arc<Worker>, room: Room, chain: Chain, ears: Ears) -> Self {
        let id = room.identity().name.id();
        let clerk = Clerk::start(worker.bus.clone(), worker.rooms.clone(), id.clone());
        let now = Instant::now();
        let beat = worker.beat.of_room(&id);
        let leaving = Leaving::waiting(&worker);
        Self {
            worker,
            room,
            id,
            chain,
            ears,
            clerk,
            persisted: 0,
            due: now,
            beat,
            is_standing_still: false,
            writing: None,
            replies: Vec::new(),
            census_due: now + GATEWAY_CHECK_INTERVAL,
            census: None,
            leaving,
        }
    }

    /// Runs the room to its end or its next owner. One that was taken over has
    /// the gateways with players whose checkpoint was found.
    pub(crate) async fn run(mut self, inherited: Option<&[GatewayId]>) {
        self.clerk.hold_until(self.chain.fenced_at(self.pace()));
        if let Some(gateways) = inherited {
            self.catch_up(gateways).await;
        }
        let stop = match self.tick_on().await {
            // What is true now must be written before anybody acts on it.
            stop @ (Stop::Ended | Stop::Left) => match self.settle().await {
                Ownership::Ours => stop,
                Ownership::Lost => Stop::Lost,
            },
            stop @ (Stop::Lost | Stop::HandedOver(_)) => stop,
        };
        self.stand_still(false);
        match stop {
            Stop::Ended => self.end().await,
            Stop::HandedOver(to) => {
                info!(room = %self.id, %to, "room handed over");
                drop(self.ears);
                self.clerk.finish_for_another().await;
            }
            Stop::Left => {
                warn!(room = %self.id, "nobody took the room over");
                self.clerk.finish().await;
            }
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
            if !self.is_offered() {
                self.write_if_due();
            }
            self.offer_if_due();
            match self.next().await {
                Event::Answer(answer) => {
                    if self.answered(&answer) == Ownership::Lost {
                        return Stop::Lost;
                    }
                }
                Event::Ctl(request) => self.ctl(&request),
                Event::Due => self.tick(),
                Event::CensusDue => self.count_the_present(),
                Event::Census(census) => self.counted(&census),
                Event::Turn(turn) => self.take_turn(turn),
                Event::Offered(Ok(claimed)) => return Stop::HandedOver(claimed.owner),
                Event::Offered(Err(error)) => {
                    debug!(%error, room = %self.id, "could not hand the room over");
                    if !self.offer_again() {
                        return Stop::Left;
                    }
                }
            }
        }
    }

    async fn next(&mut self) -> Event {
        let (turn, offer) = self.leaving.under_way();
        tokio::select! {
            biased;
            answer = awaited(self.writing.as_mut()) => Event::Answer(answer),
            offered = awaited(offer) => Event::Offered(offered),
            () = tokio::time::sleep_until(self.due.into()) => Event::Due,
            Some(request) = self.ears.ctl.next() => Event::Ctl(request),
            census = awaited(self.census.as_mut()) => Event::Census(census),
            () = tokio::time::sleep_until(self.census_due.into()) => Event::CensusDue,
            turn = awaited(turn) => Event::Turn(turn),
        }
    }

    fn pace(&self) -> Pace {
        if self.room.is_moving() {
            Pace::Racing
        } else {
            Pace::Idle
        }
    }

    /// Whether this owner must keep silent: another may own the room by now, or
    /// nobody would hear it.
    fn must_stand_still(&self, now: Instant) -> bool {
        self.chain.is_fenced(self.pace(), now) || !self.worker.bus.is_connected()
    }

    fn stand_still(&mut self, is_standing_still: bool) {
        if self.is_standing_still != is_standing_still {
            self.is_standing_still = is_standing_still;
            metrics::rooms_fenced(if is_standing_still { 1.0 } else { -1.0 });
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.stand_still(self.must_stand_still(now));
        // Always, since a full subscription would drop the newest.
        self.hear_inputs();
        if !self.room.is_moving() {
            if !self.is_standing_still {
                self.room.poll(now);
            }
            self.due = now + IDLE_INTERVAL;
            return;
        }
        if self.is_standing_still {
            metrics::fenced();
            self.due = now + TICK_INTERVAL;
            return;
        }
        self.room.replay_is_safe(self.clerk.replay_safe_tick());
        self.room.tick(now, unix_ms());
        metrics::tick(now.elapsed());
        let due = self.due + TICK_INTERVAL;
        self.due = self.beat.draw(due, BEAT_PULL_MAX);
        self.keep_time(now);
    }

    fn hear_inputs(&mut self) {
        let (mut frames, mut unreadable) = (0, 0);
        while let Some(message) = self.ears.inputs.next_now() {
            let received = self.room.inputs(&message.payload);
            frames += received.frames;
            unreadable += received.unreadable;
        }
        metrics::inputs(frames, unreadable);
    }

    fn keep_time(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.due);
        self.worker.ticks.fetch_add(1, Ordering::Relaxed);
        if late > TICK_INTERVAL {
            metrics::overrun();
            self.worker.late_ticks.fetch_add(1, Ordering::Relaxed);
            // Requests and the end of the worker must be heard in between.
            self.due = self.due.max(Instant::now() + BREATH);
        }
        // A short delay is made up for; after a long one time simply stood still.
        if late > FENCE_RACING {
            self.due = now;
        }
    }

    fn ctl(&mut self, message: &Inbound) {
        let now = Instant::now();
        if self.must_stand_still(now) {
            // Whoever owns the room now answers, or is asked again.
            return;
        }
        let request = serde_json::from_slice::<CtlRequest>(&message.payload);
        let reply = match request {
            Ok(request) => {
                let was_moving = self.room.is_moving();
                let reply = self.room.ctl(request, now);
                if !was_moving && self.room.is_moving() {
                    self.due = now;
                }
                reply
            }
            Err(error) => Err(Rejection::new(RejectionCode::BadMessage, error.to_string())),
        };
        // A seat that somebody was told of must outlive this worker.
        let write = self.chain.write_of(self.room.wants_checkpoint());
        match &message.reply {
            None => {}
            Some(inbox) if self.chain.is_confirmed(write) => {
                self.worker.bus.publish_json(inbox.clone(), &reply);
            }
            Some(inbox) if self.replies.len() < REPLIES_MAX => {
                self.replies.push((write, inbox.clone(), reply));
            }
            Some(_) => metrics::unsent("reply"),
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
}

/// What is under way; nothing, as long as nothing is.
async fn awaited<T>(under_way: Option<&mut BoxFuture<'static, T>>) -> T {
    match under_way {
        Some(under_way) => under_way.await,
        None => std::future::pending().await,
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

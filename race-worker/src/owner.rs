//! One task per room: the shell around [`ownership`](room::ownership).

mod in_flight;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrayvec::ArrayVec;
use bus::{Answers, BusError, Inbound, Subject, Subscription};
use bytes::Bytes;
use domain::SEATS_MAX;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use protocol::catch_up::CatchUpRequest;
use protocol::{GatewayId, RoomId, subject};
use room::Room;
use room::lease::Lease;
use room::ownership::{Command, Event, Moment, OwnerCore, Stop, Topic};
use service::{Deadline, unix_ms};
use tracing::{debug, info, warn};

use self::in_flight::{Answer, InFlight};
use crate::handover_limiter::HandoverPermit;
use crate::metrics;
use crate::worker::{CapacityPermit, Subscriptions, Worker};

/// A timer of a millisecond's steps is never late by so much.
const LATE: Duration = Duration::from_millis(2);
/// Between two ticks that are both late.
const YIELD_PAUSE: Duration = Duration::from_millis(1);

/// The task of one room.
pub(crate) struct Owner {
    worker: Arc<Worker>,
    core: OwnerCore,
    id: RoomId,
    /// Thirty times a second something goes there.
    snapshots: Subject,
    /// `None` once the room is another's.
    subscriptions: Option<Subscriptions>,
    in_flight: InFlight,
    /// When the worker ends: the permit to hand this room over.
    permit: BoxFuture<'static, HandoverPermit>,
    /// Held while the room is handed over.
    handover_permit: HandoverPermit,
    answers: CatchUps,
    /// For the next time that something is due. Kept, so that rooms that tick
    /// at once do so in the same order each time.
    timer: Deadline,
    /// No tick before this: the others must be let in.
    yield_until: Instant,
}

/// The answers of gateways to a request to catch up.
enum CatchUps {
    None,
    Asked(BoxFuture<'static, Result<Answers, BusError>>),
    Coming(Answers),
}

/// What a task hears.
enum Heard {
    Answer(Answer),
    CatchUp(Option<Bytes>),
    Due,
    Inputs(Inbound),
    Ctl(Inbound),
    HandoverPermit(HandoverPermit),
}

impl Owner {
    pub(crate) fn new(worker: Arc<Worker>, core: OwnerCore, subscriptions: Subscriptions) -> Self {
        let ending = Arc::clone(&worker);
        let permit = async move {
            ending.draining.wait().await;
            ending.handover_limiter.take().await
        };
        let id = core.room().identity().name.id();
        Self {
            snapshots: subject::room_snapshot(&id).into(),
            id,
            core,
            subscriptions: Some(subscriptions),
            in_flight: InFlight::default(),
            permit: permit.boxed(),
            handover_permit: None,
            answers: CatchUps::None,
            timer: worker.timers.deadline(),
            yield_until: Instant::now(),
            worker,
        }
    }

    /// Runs the room to its end or its next owner.
    pub(crate) async fn run(mut self) {
        let mut commands = Vec::new();
        let mut began = Instant::now();
        loop {
            commands.extend(self.core.take_commands());
            for command in commands.drain(..) {
                if let Command::Stop(stop) = command {
                    return self.stopped(stop);
                }
                self.carry_out(command, began);
            }
            let heard = self.next().await;
            if self.is_behind(&heard) {
                // There are inputs for a late tick that were not read yet.
                tokio::task::yield_now().await;
            }
            began = Instant::now();
            self.drain_inputs();
            self.handle(heard);
        }
    }

    /// Whether a tick is late, as after many rooms were taken over at once.
    fn is_behind(&self, heard: &Heard) -> bool {
        let due = self.core.next_deadline();
        matches!(heard, Heard::Due) && due.is_some_and(|due| due.elapsed() > LATE)
    }

    async fn next(&mut self) -> Heard {
        let due = self.core.next_deadline();
        let due = due.map(|due| due.max(self.yield_until));
        let is_running = self.core.is_running();
        let subscriptions = self.subscriptions.as_mut();
        let (ctl, inputs) = subscriptions
            .map(|subscriptions| (&mut subscriptions.ctl, &mut subscriptions.inputs))
            .unzip();
        tokio::select! {
            biased;
            answer = self.in_flight.next() => Heard::Answer(answer),
            answer = self.answers.next() => Heard::CatchUp(answer),
            () = self.timer.reached(due) => Heard::Due,
            message = next_of(inputs), if self.core.awaits_inputs() => Heard::Inputs(message),
            request = next_of(ctl), if is_running => Heard::Ctl(request),
            permit = &mut self.permit, if is_running && self.handover_permit.is_none() => Heard::HandoverPermit(permit),
        }
    }

    fn handle(&mut self, heard: Heard) {
        let moment = self.moment();
        match heard {
            Heard::Answer(answer) => self.core.handle(answer.event(), moment),
            Heard::CatchUp(Some(bytes)) => self.core.handle(Event::CatchUp(&bytes), moment),
            Heard::CatchUp(None) => {
                self.answers = CatchUps::None;
                self.core.handle(Event::CatchUpEnded, moment);
            }
            Heard::Due => self.core.handle(Event::Due, moment),
            Heard::Inputs(inputs) => {
                self.core.handle(Event::Inputs(&inputs.payload), moment);
                self.core.handle(Event::Due, moment);
            }
            Heard::Ctl(request) => {
                let reply_to = request.reply.as_deref();
                self.core
                    .handle(Event::Ctl(&request.payload, reply_to), moment);
            }
            Heard::HandoverPermit(permit) => {
                self.handover_permit = permit;
                // Without permits there is only no limit.
                self.permit = std::future::pending().boxed();
                self.core.handle(Event::HandOver, moment);
            }
        }
    }

    /// Always, since a full subscription would drop the newest.
    fn drain_inputs(&mut self) {
        let moment = self.moment();
        while let Some(message) = self
            .subscriptions
            .as_mut()
            .and_then(|subscriptions| subscriptions.inputs.next_now())
        {
            self.core.handle(Event::Inputs(&message.payload), moment);
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: Instant::now(),
            unix_ms: unix_ms(),
            is_connected: self.worker.bus.is_connected(),
            schedule: self.worker.schedule.load(),
        }
    }

    fn carry_out(&mut self, command: Command, began: Instant) {
        let (worker, id) = (&self.worker, &self.id);
        match command {
            Command::Publish(topic, payload) => self.publish(topic, payload),
            Command::Answer(reply_to, reply) => {
                worker.bus.publish_json(reply_to, &reply);
            }
            Command::Write(value, revision) => self.in_flight.write(worker, id, value, revision),
            Command::Read => self.in_flight.read(worker, id),
            Command::WriteRecord(pending) => self.in_flight.write_record(worker, id, pending),
            Command::KeepPlayers(rows) => worker.player_rows().keep(rows),
            Command::AskGateways(request) => self.ask_gateways(request),
            Command::CheckPresence(expected_presence) => {
                self.in_flight
                    .check_presence(&worker.bus, id, expected_presence);
            }
            Command::Offer(claim) => self.in_flight.offer(&worker.bus, claim),
            Command::Ticked { ticks, is_late } => self.ticked(ticks, is_late, began),
            Command::ReportUnknownVersion(unknown) => service::report_unknown_version(&unknown),
            Command::Unlisten => self.subscriptions = None,
            Command::Stop(_) => {}
        }
    }

    fn publish(&self, topic: Topic, payload: Vec<u8>) {
        let (subject, what) = match topic {
            Topic::Snapshot => (self.snapshots.clone(), "snapshot"),
            Topic::Event => (subject::room_event(&self.id).into(), "event"),
            Topic::Heartbeat => (subject::room_heartbeat(&self.id).into(), "heartbeat"),
        };
        if !self.worker.bus.publish(subject, payload) {
            metrics::unsent(what);
        }
    }

    fn ask_gateways(&mut self, request: CatchUpRequest) {
        let (bus, subject) = (self.worker.bus.clone(), subject::room_catch_up(&self.id));
        let asked = async move { bus.ask_all(subject, request.encode()).await };
        self.answers = CatchUps::Asked(asked.boxed());
    }

    fn ticked(&mut self, ticks: u32, is_late: bool, began: Instant) {
        let now = Instant::now();
        metrics::tick(now.saturating_duration_since(began) / ticks.max(1));
        self.worker.ticks.fetch_add(ticks, Ordering::Relaxed);
        if is_late {
            self.worker.late_ticks.fetch_add(ticks, Ordering::Relaxed);
            // Requests and the end of the worker must be heard in between.
            self.yield_until = now + YIELD_PAUSE;
        }
    }

    fn stopped(&self, stop: Stop) {
        let (room, race) = (&self.id, self.core.room().identity().race);
        self.worker.player_rows().forget(race);
        match stop {
            Stop::Ended => info!(%room, %race, "room closed"),
            Stop::HandedOver(to) => info!(%room, %to, "room handed over"),
            Stop::Left => warn!(%room, "nobody took the room over"),
            Stop::Lost => warn!(%room, "another worker owns the room, dropping it"),
        }
    }
}

impl Worker {
    /// Runs a room that this worker owns; `recovering` are the gateways with
    /// players in one that was taken over.
    pub(crate) fn own(
        self: &Arc<Self>,
        room: Room,
        lease: Lease,
        subscriptions: Subscriptions,
        mut capacity: CapacityPermit,
        recovering: Option<ArrayVec<GatewayId, SEATS_MAX>>,
    ) {
        capacity.count(room.identity().settings.seats);
        let room = room.with_timeouts(self.timeouts);
        let now = Instant::now();
        let core = match recovering {
            None => OwnerCore::new(self.id, room, lease, now),
            Some(gateways) => OwnerCore::recover(self.id, room, lease, &gateways, now),
        };
        let owner = Owner::new(Arc::clone(self), core, subscriptions);
        self.tasks.spawn(async move {
            metrics::rooms(1.0);
            owner.run().await;
            drop(capacity);
            metrics::rooms(-1.0);
        });
    }
}

impl CatchUps {
    /// The next answer; `None` when there will be none.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self {
                Self::None => return std::future::pending().await,
                Self::Asked(asked) => match asked.await {
                    Ok(answers) => *self = Self::Coming(answers),
                    Err(error) => {
                        debug!(%error, "could not ask the gateways");
                        return None;
                    }
                },
                Self::Coming(answers) => return answers.next().await,
            }
        }
    }
}

async fn next_of(subscription: Option<&mut Subscription>) -> Inbound {
    if let Some(subscription) = subscription
        && let Some(message) = subscription.next().await
    {
        return message;
    }
    std::future::pending().await
}

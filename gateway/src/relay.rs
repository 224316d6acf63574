//! One task per room: inputs up, snapshots and events down.
//!
//! [`core`] decides, without I/O: who gets what; within it [`watch`] whether the
//! room still has an owner, [`ring`] what the next one must know, and
//! [`cadence`] when inputs leave. This module is the task around them and the
//! [`Relays`] that find it; [`errand`]s are the questions that it sends out, the
//! [`inbox`] is where connections put inputs, until they [lend](Loan) it what they
//! would read them from.

pub mod cadence;
pub mod core;
mod errand;
pub mod inbox;
pub mod ring;
pub mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bus::{Bus, BusError, Inbound, Subject, Subscription};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use protocol::beat::Beat;
use protocol::catch_up::CatchUpRequest;
use protocol::{GatewayId, RoomId, Seat, SessionNonce, subject};
use service::{AlarmClock, Deadline};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use self::core::{MemberId, RelayCore};
use self::errand::{Errand, Report};
use self::inbox::{Frames, Inbox};
use self::watch::Command;
use crate::connection::loan::Loan;
use crate::limits::{CLAIMS_MAX, CONNECTION_CHECK, RELAY_QUEUE_MAX, WATCH_LEEWAY};
use crate::metrics;
use crate::outbox::Outbox;

/// What a connection tells the relay of its room.
#[derive(Debug)]
pub enum RelayCommand {
    /// Somebody is about to enter: keep events for them.
    Expect(MemberId, SessionNonce, Arc<Outbox>, oneshot::Sender<()>),
    /// They are in: here is their first frame.
    Enter(MemberId, Bytes),
    /// They are gone.
    Leave(MemberId),
    /// They drive: here is where their inputs come.
    Lend(MemberId, Loan),
    /// They want it back.
    Recall(MemberId),
    /// Nobody serves the requests to the room's owner.
    Unserved,
    /// Somebody wants to know which connections are here.
    Present(oneshot::Sender<Vec<SessionNonce>>),
    /// A new owner wants to catch up.
    CatchUp(Inbound),
    /// The owner of a room without a race lives.
    Heartbeat(Bytes),
}

/// A way to the relay of one room.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    commands: mpsc::Sender<RelayCommand>,
    inputs: Arc<Inbox>,
}

impl RelayHandle {
    /// Tells the relay; waits while it is busy.
    pub async fn tell(&self, command: RelayCommand) {
        // A relay that has ended has no members left to serve.
        let _ = self.commands.send(command).await;
    }

    /// Whether the room is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inputs.is_closed()
    }

    /// Passes an input on, or drops it when the relay is overwhelmed: the next
    /// frame carries it again.
    pub fn input(&self, seat: Seat, frame: &[u8]) {
        if !self.inputs.put(seat, frame) {
            metrics::frame_ignored("relay_busy");
        }
    }
}

/// The relays of this gateway, by room.
#[derive(Debug)]
pub struct Relays {
    bus: Bus,
    gateway: GatewayId,
    beat: Beat,
    clock: AlarmClock,
    tasks: TaskTracker,
    /// One permit for each claim under way.
    claims: Arc<Semaphore>,
    open: Mutex<HashMap<RoomId, RelayHandle>>,
}

impl Relays {
    /// None yet.
    #[must_use]
    pub fn new(
        bus: Bus,
        gateway: GatewayId,
        beat: Beat,
        clock: AlarmClock,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            bus,
            gateway,
            beat,
            clock,
            tasks,
            claims: Arc::new(Semaphore::new(CLAIMS_MAX)),
            open: Mutex::default(),
        }
    }

    /// Announces a member to the relay of a room, which is started when there
    /// is none. Returns once the relay hears everything that the room says.
    /// `None` when it cannot be started.
    pub async fn expect(
        self: &Arc<Self>,
        room: &RoomId,
        member: MemberId,
        session: SessionNonce,
        outbox: &Arc<Outbox>,
    ) -> Option<RelayHandle> {
        let (ready, is_ready) = oneshot::channel();
        let command = RelayCommand::Expect(member, session, Arc::clone(outbox), ready);
        let handle = {
            // Under the lock, so that a relay without members cannot end
            // between being found and being told.
            let mut open = self.lock();
            let handle = open
                .entry(room.clone())
                .or_insert_with(|| self.start(room.clone()))
                .clone();
            handle.commands.try_send(command).ok()?;
            handle
        };
        is_ready.await.ok()?;
        Some(handle)
    }

    /// Tells the relay of a room, if it has one, that its owner was not there.
    pub fn unserved(&self, room: &RoomId) {
        if let Some(handle) = self.lock().get(room) {
            // A relay that is overwhelmed will notice by itself.
            let _ = handle.commands.try_send(RelayCommand::Unserved);
        }
    }

    /// The connections in a room; `None` when its relay is too busy to tell.
    pub async fn present(&self, room: &RoomId) -> Option<Vec<SessionNonce>> {
        let (answer, answered) = oneshot::channel();
        match self.lock().get(room) {
            Some(handle) => handle
                .commands
                .try_send(RelayCommand::Present(answer))
                .ok()?,
            None => return Some(Vec::new()),
        }
        answered.await.ok()
    }

    fn start(self: &Arc<Self>, room: RoomId) -> RelayHandle {
        let (commands, inbox) = mpsc::channel(RELAY_QUEUE_MAX);
        let handle = RelayHandle {
            commands,
            inputs: Arc::default(),
        };
        let (inputs, teller) = (Arc::clone(&handle.inputs), handle.commands.clone());
        let relays = Arc::clone(self);
        self.tasks.spawn(async move {
            metrics::rooms(1.0);
            let mut task = RelayTask {
                relays: &relays,
                room: &room,
                inbox,
                inputs: &inputs,
                spare: Frames::default(),
                loans: Vec::new(),
                core: RelayCore::new(relays.gateway, relays.beat, Instant::now()),
                errands: FuturesUnordered::new(),
                timer: relays.clock.deadline(),
            };
            if let Err(error) = task.run(teller).await {
                tracing::warn!(%room, %error, "the relay of a room failed");
            }
            relays.forget(&room, &inputs);
            inputs.close();
            // What is being sent in this moment must not stay in the queue, a loan
            // least of all.
            task.inbox.close();
            while task.inbox.recv().await.is_some() {}
            metrics::rooms(-1.0);
        });
        handle
    }

    /// Takes a relay that has ended off the list, unless the room has another
    /// by now.
    fn forget(&self, room: &RoomId, inputs: &Arc<Inbox>) {
        let mut open = self.lock();
        if open
            .get(room)
            .is_some_and(|handle| Arc::ptr_eq(&handle.inputs, inputs))
        {
            open.remove(room);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RoomId, RelayHandle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct RelayTask<'a> {
    relays: &'a Relays,
    room: &'a RoomId,
    inbox: mpsc::Receiver<RelayCommand>,
    inputs: &'a Inbox,
    /// Without frames, to be exchanged for those in the inbox.
    spare: Frames,
    /// Where inputs of members come who only drive.
    loans: Vec<(MemberId, Loan)>,
    core: RelayCore,
    errands: FuturesUnordered<Errand>,
    /// For the next time that something is due.
    timer: Deadline,
}

/// What a relay hears of its room all the time. Of what is rare it is told with a
/// command: each stream is asked whenever the relay waits.
struct Ears {
    snapshots: Subscription,
    events: Subscription,
    _rare: AbortOnDropHandle<()>,
}

impl Ears {
    async fn of(
        bus: &Bus,
        room: &RoomId,
        teller: mpsc::Sender<RelayCommand>,
    ) -> Result<Self, BusError> {
        let (snapshots, events, heartbeats, catch_ups) = tokio::try_join!(
            bus.subscribe(subject::room_snapshot(room)),
            bus.subscribe(subject::room_event(room)),
            bus.subscribe(subject::room_heartbeat(room)),
            bus.subscribe(subject::room_catch_up(room)),
        )?;
        let mut rare = stream::select(
            catch_ups.map(RelayCommand::CatchUp),
            heartbeats.map(|message| RelayCommand::Heartbeat(message.payload)),
        );
        let telling = async move {
            while let Some(command) = rare.next().await
                && teller.send(command).await.is_ok()
            {}
        };
        Ok(Self {
            snapshots,
            events,
            _rare: AbortOnDropHandle::new(tokio::spawn(telling)),
        })
    }
}

enum Event {
    Command(RelayCommand),
    Snapshot(Bytes),
    Happening(Bytes),
    Report(Report),
    InputArrived,
    Due,
    Ended,
}

impl RelayTask<'_> {
    async fn run(&mut self, teller: mpsc::Sender<RelayCommand>) -> Result<(), BusError> {
        let mut ears = Ears::of(&self.relays.bus, self.room, teller).await?;
        let input_subject = Subject::from(subject::room_input(self.room));
        loop {
            let event = self.next(&mut ears).await;
            let now = Instant::now();
            match event {
                Event::Command(command) => self.command(command, &mut ears, now),
                Event::Snapshot(payload) => self.core.snapshot(&payload, now),
                Event::Happening(payload) => self.core.event(&payload, now),
                Event::Report(report) => self.reported(report, now),
                Event::InputArrived => self.hear_inputs(now),
                Event::Due => self.send_inputs_if_due(&input_subject, now),
                Event::Ended => return Ok(()),
            }
            self.look_after(now);
            if self.core.is_closed() || (self.core.is_empty() && self.retire()) {
                return Ok(());
            }
        }
    }

    async fn next(&mut self, ears: &mut Ears) -> Event {
        let inputs_due = self.core.inputs_due();
        let is_away = !self.relays.bus.is_connected();
        let watch_due = self.core.watch().next_deadline();
        let watch_due = watch_due.or_else(|| is_away.then(|| Instant::now() + CONNECTION_CHECK));
        let with_leeway = |due| self.relays.clock.with_leeway(due, WATCH_LEEWAY);
        let watch_due = watch_due.map(with_leeway);
        let due = [inputs_due, watch_due].into_iter().flatten().min();
        tokio::select! {
            // A new owner first, which waits; then events before snapshots: a
            // lap is told before its picture. Suspicion comes last, after all
            // that was heard of a race. A heartbeat may still be on its way to
            // this task: that costs the owner a ping.
            biased;
            command = self.inbox.recv() => command.map_or(Event::Ended, Event::Command),
            Some(message) = ears.events.next() => Event::Happening(message.payload),
            Some(message) = ears.snapshots.next() => Event::Snapshot(message.payload),
            Some(report) = self.errands.next(), if !self.errands.is_empty() => Event::Report(report),
            () = self.inputs.arrived(), if inputs_due.is_none() => Event::InputArrived,
            () = self.timer.reached(due) => Event::Due,
        }
    }

    fn send_inputs_if_due(&mut self, subject: &Subject, now: Instant) {
        if self.core.inputs_due().is_none_or(|due| due > now) {
            return;
        }
        self.hear_inputs(now);
        if let Some(batch) = self.core.take_inputs(now) {
            self.relays.bus.publish(subject.clone(), batch);
        }
        if self.core.inputs_due().is_none() {
            // Nobody would look for the next input.
            self.loans.clear();
        }
    }

    fn command(&mut self, command: RelayCommand, ears: &mut Ears, now: Instant) {
        match command {
            RelayCommand::CatchUp(message) => self.catch_up(&message, ears, now),
            RelayCommand::Heartbeat(payload) => self.core.heartbeat(&payload, now),
            RelayCommand::Expect(member, session, outbox, ready) => {
                // What came before is not for them; perhaps that the room is gone.
                self.hear_events(ears, now);
                if !self.core.is_closed() {
                    self.core.expect(member, session, outbox);
                    // A connection that went away meanwhile leaves by itself.
                    let _ = ready.send(());
                }
            }
            RelayCommand::Enter(member, frame) => self.core.enter(member, frame),
            RelayCommand::Leave(member) => {
                self.core.leave(member);
                self.recall(member);
            }
            RelayCommand::Lend(member, loan) => {
                // Otherwise nobody would look.
                if self.core.inputs_due().is_some() {
                    self.loans.push((member, loan));
                }
            }
            RelayCommand::Recall(member) => self.recall(member),
            RelayCommand::Unserved => self.core.watch().unserved(now),
            RelayCommand::Present(answer) => {
                // Who does not wait any more asks again.
                let _ = answer.send(self.core.sessions());
            }
        }
    }

    fn hear_inputs(&mut self, now: Instant) {
        self.inputs.swap(&mut self.spare);
        for (seat, frame) in self.spare.iter() {
            self.core.input(seat, frame, now);
        }
        self.spare.clear();
        let core = &mut self.core;
        self.loans
            .retain_mut(|(_, loan)| loan.inputs(now, |seat, frame| core.input(seat, frame, now)));
    }

    fn recall(&mut self, member: MemberId) {
        self.loans.retain(|(lender, _)| *lender != member);
    }

    fn hear_events(&mut self, ears: &mut Ears, now: Instant) {
        while let Some(message) = ears.events.next_now() {
            self.core.event(&message.payload, now);
        }
    }

    fn catch_up(&mut self, message: &Inbound, ears: &mut Ears, now: Instant) {
        let Ok(request) = CatchUpRequest::decode(&message.payload) else {
            return metrics::relay_dropped("unreadable");
        };
        // What the former owner has said may be here already, and counts.
        self.hear_events(ears, now);
        while let Some(message) = ears.snapshots.next_now() {
            self.core.snapshot(&message.payload, now);
        }
        self.hear_inputs(now);
        if let (Some(answer), Some(inbox)) = (self.core.catch_up(&request, now), &message.reply) {
            self.relays.bus.publish(inbox.clone(), answer);
        }
    }

    fn reported(&mut self, report: Report, now: Instant) {
        match report {
            Report::Probed(owner, answer) => self.core.watch().probed(owner, answer, now),
            Report::Claimed(outcome) => {
                let jitter = rand::random();
                self.core.watch().claimed(outcome, jitter, now);
            }
        }
    }

    /// Does what the watch over the room wants done.
    fn look_after(&mut self, now: Instant) {
        let is_connected = self.relays.bus.is_connected();
        self.core.watch().set_connected(is_connected, now);
        let (bus, room) = (&self.relays.bus, self.room);
        match self.core.watch().poll(now) {
            None => {}
            Some(Command::Ping(owner)) => self.errands.push(errand::ping(bus, owner)),
            Some(Command::Claim { seen_epoch }) => {
                let claims = Arc::clone(&self.relays.claims);
                let claim = errand::claim(bus, room.clone(), seen_epoch, claims);
                self.errands.push(claim);
            }
            Some(Command::Close) => self.core.close(),
        }
    }

    /// Takes the relay off the list unless somebody has just asked for it.
    fn retire(&mut self) -> bool {
        let mut open = self.relays.lock();
        let idle = self.inbox.is_empty();
        if idle {
            open.remove(self.room);
            self.inbox.close();
        }
        idle
    }
}

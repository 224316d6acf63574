//! The shell around a relay's core: one task per room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bus::{Bus, BusError, Inbound, Subject, Subscription};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use protocol::catch_up::CatchUpRequest;
use protocol::{RoomId, subject};
use relay::failure_detector::Command;
use relay::{MemberId, RelayCore, SeatFrames};
use service::Deadline;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::in_flight::{self, Answer, InFlight};
use super::input_buffer::InputBuffer;
use super::{Member, RelayCommand, Relays};
use crate::limits::{CONNECTION_CHECK, SUSPICION_LEEWAY};
use crate::metrics;

/// The task of one room.
pub(super) struct RelayTask<'a> {
    relays: &'a Relays,
    room: &'a RoomId,
    commands: mpsc::Receiver<RelayCommand>,
    inputs: &'a InputBuffer,
    /// Empty, to be exchanged for the frames in the buffer.
    spare: SeatFrames,
    members: BTreeMap<MemberId, Member>,
    core: RelayCore,
    in_flight: FuturesUnordered<InFlight>,
    timer: Deadline,
}

/// The subjects of a room. Low-rate subjects arrive through the command channel:
/// every extra stream is polled on each wake-up.
struct Subscriptions {
    snapshots: Subscription,
    events: Subscription,
    _low_rate: AbortOnDropHandle<()>,
}

impl Subscriptions {
    async fn open(
        bus: &Bus,
        room: &RoomId,
        command_tx: mpsc::Sender<RelayCommand>,
    ) -> Result<Self, BusError> {
        let (snapshots, events, heartbeats, catch_ups) = tokio::try_join!(
            bus.subscribe(subject::room_snapshot(room)),
            bus.subscribe(subject::room_event(room)),
            bus.subscribe(subject::room_heartbeat(room)),
            bus.subscribe(subject::room_catch_up(room)),
        )?;
        let mut low_rate = stream::select(
            catch_ups.map(RelayCommand::CatchUp),
            heartbeats.map(|message| RelayCommand::Heartbeat(message.payload)),
        );
        let forwarding = async move {
            while let Some(command) = low_rate.next().await
                && command_tx.send(command).await.is_ok()
            {}
        };
        Ok(Self {
            snapshots,
            events,
            _low_rate: AbortOnDropHandle::new(tokio::spawn(forwarding)),
        })
    }
}

enum Event {
    Command(RelayCommand),
    Snapshot(Bytes),
    Room(Bytes),
    Answer(Answer),
    InputArrived,
    Due,
    Ended,
}

impl<'a> RelayTask<'a> {
    /// A task without members.
    pub(super) fn new(
        relays: &'a Relays,
        room: &'a RoomId,
        commands: mpsc::Receiver<RelayCommand>,
        inputs: &'a InputBuffer,
    ) -> Self {
        Self {
            relays,
            room,
            commands,
            inputs,
            spare: SeatFrames::default(),
            members: BTreeMap::new(),
            core: RelayCore::new(relays.gateway, relays.flush, Instant::now()),
            in_flight: FuturesUnordered::new(),
            timer: relays.timers.deadline(),
        }
    }

    /// Serves the room until it is gone, or has no members here.
    pub(super) async fn run(
        &mut self,
        command_tx: mpsc::Sender<RelayCommand>,
    ) -> Result<(), BusError> {
        let mut subscriptions =
            Subscriptions::open(&self.relays.bus, self.room, command_tx).await?;
        let input_subject = Subject::from(subject::room_input(self.room));
        loop {
            let event = self.next(&mut subscriptions).await;
            let now = Instant::now();
            match event {
                Event::Command(command) => self.command(command, &mut subscriptions, now),
                Event::Snapshot(payload) => self.core.snapshot(&payload, now),
                Event::Room(payload) => self.core.event(&payload, now),
                Event::Answer(answer) => self.answered(answer, now),
                Event::InputArrived => self.drain_inputs(now),
                Event::Due => self.flush_if_due(&input_subject, now),
                Event::Ended => return Ok(()),
            }
            self.detect_failure(now);
            self.send();
            if self.core.is_closed() || (self.core.is_empty() && self.retire()) {
                return Ok(());
            }
        }
    }

    async fn next(&mut self, subscriptions: &mut Subscriptions) -> Event {
        let inputs_due = self.core.inputs_due();
        let is_away = !self.relays.bus.is_connected();
        let suspicion_due = self.core.failure_detector().next_deadline();
        let suspicion_due =
            suspicion_due.or_else(|| is_away.then(|| Instant::now() + CONNECTION_CHECK));
        let with_leeway = |due| self.relays.timers.with_leeway(due, SUSPICION_LEEWAY);
        let due = [inputs_due, suspicion_due.map(with_leeway)];
        let due = due.into_iter().flatten().min();
        tokio::select! {
            // A new owner's request first, since a race waits for its answer; then
            // events before snapshots, so that a lap is announced before it is
            // shown. Suspicion comes last, after all that was heard of a race. A
            // heartbeat may still be on its way to this task: that costs a ping.
            biased;
            command = self.commands.recv() => command.map_or(Event::Ended, Event::Command),
            Some(message) = subscriptions.events.next() => Event::Room(message.payload),
            Some(message) = subscriptions.snapshots.next() => Event::Snapshot(message.payload),
            Some(answer) = self.in_flight.next(), if !self.in_flight.is_empty() => Event::Answer(answer),
            () = self.inputs.arrived(), if inputs_due.is_none() => Event::InputArrived,
            () = self.timer.reached(due) => Event::Due,
        }
    }

    fn flush_if_due(&mut self, subject: &Subject, now: Instant) {
        if self.core.inputs_due().is_none_or(|due| due > now) {
            return;
        }
        self.drain_inputs(now);
        if let Some(batch) = self.core.take_inputs(now) {
            metrics::inputs_flushed();
            self.relays.bus.publish(subject.clone(), batch);
        }
    }

    fn command(&mut self, command: RelayCommand, subscriptions: &mut Subscriptions, now: Instant) {
        match command {
            RelayCommand::CatchUp(message) => self.catch_up(&message, subscriptions, now),
            RelayCommand::Heartbeat(payload) => self.core.heartbeat(&payload, now),
            RelayCommand::Expect(member, session, way, ready) => {
                // Earlier events are not for the member; one may close the room.
                self.drain_events(subscriptions, now);
                if !self.core.is_closed() {
                    self.core.expect(member, session);
                    self.members.insert(member, way);
                    // A connection that went away meanwhile leaves by itself.
                    let _ = ready.send(());
                }
            }
            RelayCommand::Enter(member, frame, race, epoch) => {
                self.core.answered(race, epoch, now);
                self.core.enter(member, frame);
            }
            RelayCommand::Leave(member) => {
                self.core.leave(member);
                self.members.remove(&member);
            }
            RelayCommand::Unserved => self.core.failure_detector().unserved(now),
            RelayCommand::Present(answer) => {
                // A caller that gave up asks again.
                let _ = answer.send(self.core.sessions());
            }
        }
    }

    fn drain_inputs(&mut self, now: Instant) {
        self.inputs.swap(&mut self.spare);
        for (seat, frame) in self.spare.iter() {
            self.core.input(seat, frame, now);
        }
        self.spare.clear();
    }

    fn drain_events(&mut self, subscriptions: &mut Subscriptions, now: Instant) {
        while let Some(message) = subscriptions.events.next_now() {
            self.core.event(&message.payload, now);
        }
    }

    fn catch_up(&mut self, message: &Inbound, subscriptions: &mut Subscriptions, now: Instant) {
        let request = match CatchUpRequest::decode(&message.payload) {
            Ok(request) => request,
            Err(error) => return self.core.could_not_read(&error),
        };
        // Messages of the former owner may be here already, and count.
        self.drain_events(subscriptions, now);
        while let Some(message) = subscriptions.snapshots.next_now() {
            self.core.snapshot(&message.payload, now);
        }
        self.drain_inputs(now);
        let answer = self.core.catch_up(&request, now);
        if let (Some(answer), Some(reply_to)) = (answer, &message.reply) {
            self.relays.bus.publish(reply_to.clone(), answer);
        }
    }

    fn answered(&mut self, answer: Answer, now: Instant) {
        let failure_detector = self.core.failure_detector();
        match answer {
            Answer::Probed(owner, probe) => failure_detector.probed(owner, probe, now),
            Answer::Claimed(outcome) => failure_detector.claimed(outcome, rand::random(), now),
        }
    }

    /// Carries out what the failure detector asks for.
    fn detect_failure(&mut self, now: Instant) {
        let (bus, room) = (&self.relays.bus, self.room);
        let failure_detector = self.core.failure_detector();
        failure_detector.set_connected(bus.is_connected(), now);
        match failure_detector.poll(now) {
            None => {}
            Some(Command::Ping(owner)) => self.in_flight.push(in_flight::ping(bus, owner)),
            Some(Command::Claim { seen_epoch }) => {
                let permits = Arc::clone(&self.relays.claim_permits);
                let claim = in_flight::claim(bus, room.clone(), seen_epoch, permits);
                self.in_flight.push(claim);
            }
            Some(Command::Close) => self.core.close(),
        }
    }

    /// Sends members their frames.
    fn send(&mut self) {
        for command in self.core.take_commands() {
            match command {
                relay::Command::Send(member, frame) => {
                    if let Some(member) = self.members.get(&member) {
                        member.send_queue.push(frame);
                    }
                }
                relay::Command::SendSnapshot(member, frame) => {
                    if let Some(member) = self.members.get(&member) {
                        member.send_queue.push_snapshot(frame);
                    }
                }
                relay::Command::Dismissed(member) => {
                    if let Some(member) = self.members.remove(&member) {
                        member.is_dismissed.store(true, Ordering::Relaxed);
                    }
                }
                relay::Command::ReportUnknownVersion(unknown) => {
                    service::report_unknown_version(&unknown);
                }
            }
        }
    }

    /// Takes the relay off the list unless a member is about to come.
    fn retire(&mut self) -> bool {
        let mut open = self.relays.lock();
        let idle = self.commands.is_empty();
        if idle {
            open.remove(self.room);
            self.commands.close();
        }
        idle
    }
}

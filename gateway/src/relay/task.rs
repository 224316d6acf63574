//! The task of one room: what happens, handed to the core, and what it wants done.

use std::sync::Arc;
use std::time::Instant;

use bus::{Bus, BusError, Inbound, Subject, Subscription};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use protocol::catch_up::CatchUpRequest;
use protocol::{RoomId, subject};
use service::Deadline;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::core::{MemberId, RelayCore};
use super::errand::{self, Errand, Report};
use super::inbox::{Frames, Inbox};
use super::watch::Command;
use super::{RelayCommand, Relays};
use crate::connection::loan::Loan;
use crate::limits::{CONNECTION_CHECK, WATCH_LEEWAY};
use crate::metrics;

/// The task of one room.
pub(super) struct RelayTask<'a> {
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

impl<'a> RelayTask<'a> {
    /// Without members.
    pub(super) fn new(
        relays: &'a Relays,
        room: &'a RoomId,
        inbox: mpsc::Receiver<RelayCommand>,
        inputs: &'a Inbox,
    ) -> Self {
        Self {
            relays,
            room,
            inbox,
            inputs,
            spare: Frames::default(),
            loans: Vec::new(),
            core: RelayCore::new(relays.gateway, relays.beat, Instant::now()),
            errands: FuturesUnordered::new(),
            timer: relays.clock.deadline(),
        }
    }

    /// Serves the room until it is gone, or nobody is here.
    pub(super) async fn run(&mut self, teller: mpsc::Sender<RelayCommand>) -> Result<(), BusError> {
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

    /// Answers nobody any more. What is being sent in this moment must not stay in
    /// the queue, a loan least of all.
    pub(super) async fn end(mut self) {
        self.inbox.close();
        while self.inbox.recv().await.is_some() {}
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
            RelayCommand::Enter(member, frame, race, epoch) => {
                self.core.answered(race, epoch, now);
                self.core.enter(member, frame);
            }
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

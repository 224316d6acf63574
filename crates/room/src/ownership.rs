//! The owner of one room: a state machine without I/O.
//!
//! [`Event`]s go in with the time; [`Command`]s come out, in the order in which
//! they must be begun. Within it [`Room`] is the race, [`Lease`] its
//! compare-and-set and [`WriteQueue`] what it writes; this module is their order:
//! when to catch up, to tick, to pause, to answer, to hand over and to
//! end (docs/design.md, Ownership; ADR 008).
//!
//! The shell that carries the commands out is `owner`; the simulation with
//! seeds is another (ADR 010).

mod ending;
mod inputs;
mod leaving;
mod recovery;
mod ticks;
mod writes;

use std::sync::Arc;
use std::time::Instant;

use domain::UnknownVersion;
use protocol::catch_up::CatchUpRequest;
use protocol::checkpoint::{ClaimRequest, Claimed};
use protocol::record::PlayerRecord;
use protocol::room::{CtlReply, CtlRequest};
use protocol::{
    GatewayId, Rejection, RejectionCode, Reply, Revision, RoomId, SessionNonce, UnixMillis,
    WorkerId,
};

pub use self::ending::result_id;
use self::inputs::InputWait;
use self::leaving::Leaving;
use self::recovery::Recovery;
use crate::lease::{Activity, Lease, ReadBack, Unanswered, WriteError};
use crate::limits::{PRESENCE_INTERVAL, REPLIES_MAX};
use crate::metrics;
use crate::room::presence::ExpectedPresence;
use crate::room::{Output, Room};
use crate::schedule::{Phase, Schedule};
use crate::write_queue::{Lane, PendingWrite, WriteQueue};

/// When something happens, and what only a shell can know of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time.
    pub now: Instant,
    /// The wall clock, for the date of a result.
    pub unix_ms: UnixMillis,
    /// Whether messages can leave: an owner that cannot be heard pauses.
    pub is_connected: bool,
    /// When rooms tick.
    pub schedule: Schedule,
}

/// What happens to an owner.
#[derive(Debug)]
pub enum Event<'a> {
    /// [`OwnerCore::next_deadline`] has come.
    Due,
    /// Inputs of a gateway.
    Inputs(&'a [u8]),
    /// A request of a gateway, and where its answer is expected.
    Ctl(&'a [u8], Option<&'a str>),
    /// What came of [`Command::Write`].
    Written(Result<Revision, WriteError>),
    /// What came of [`Command::Read`].
    Read(Result<Option<ReadBack>, Unanswered>),
    /// What came of the [`Command::WriteRecord`] of that lane: whether it is done.
    RecordWritten(Lane, bool),
    /// One of the answers to [`Command::AskGateways`].
    CatchUp(&'a [u8]),
    /// There will be no more of them.
    CatchUpEnded,
    /// What came of [`Command::CheckPresence`]; `None` for what is not known.
    PresenceChecked(Vec<(ExpectedPresence, Option<Vec<SessionNonce>>)>),
    /// The worker ends, and this room has the permit to leave it.
    HandOver,
    /// What came of [`Command::Offer`]: who has taken the room, if anybody.
    Offered(Option<Claimed>),
}

/// What the shell shall do.
#[derive(Debug)]
pub enum Command {
    /// Send a message to everybody who listens to the room. One that cannot
    /// leave now is dropped.
    Publish(Topic, Vec<u8>),
    /// Send that answer to that subject.
    Answer(String, Reply<CtlReply>),
    /// Write the checkpoint over that revision; then [`Event::Written`].
    Write(Vec<u8>, Revision),
    /// Read the checkpoint; then [`Event::Read`].
    Read,
    /// Write something for the room; then [`Event::RecordWritten`].
    WriteRecord(Arc<PendingWrite>),
    /// Keep the rows of the room's players until they are written with those of
    /// other rooms, in the place of older ones.
    KeepPlayers(Vec<PlayerRecord>),
    /// Ask all gateways what they have seen; [`Event::CatchUp`] for each answer.
    AskGateways(CatchUpRequest),
    /// Ask the gateways which connections are there; then [`Event::PresenceChecked`].
    CheckPresence(Vec<ExpectedPresence>),
    /// Ask the other workers to take the room; then [`Event::Offered`].
    Offer(ClaimRequest),
    /// Ticks were computed; whether they were late by more than one interval.
    Ticked {
        /// How many.
        ticks: u32,
        /// The others must be let in before the next one.
        is_late: bool,
    },
    /// Report a version that was not read.
    ReportUnknownVersion(UnknownVersion),
    /// Listen to the room no more: it is another's.
    Unlisten,
    /// The owner is done; nothing comes after this.
    Stop(Stop),
}

/// Where a message to a room goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// `race.room.<room>.snapshot`
    Snapshot,
    /// `race.room.<room>.event`
    Event,
    /// `race.room.<room>.heartbeat`
    Heartbeat,
}

/// Why an owner stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The room has ended.
    Ended,
    /// Another worker owns the room.
    Lost,
    /// That worker has taken it over.
    HandedOver(WorkerId),
    /// This worker ends, and nobody else takes the room.
    Left,
}

/// How far an owner is.
#[derive(Debug)]
enum OwnerState {
    /// Asks the gateways what has happened since the checkpoint.
    Recovering(Box<Recovery>),
    /// Runs the room.
    Running,
    /// Writes until the checkpoint says what is true now; nobody acts on it
    /// before.
    Closing(Stop),
    /// The room has ended, and this event has said so. Its owner keeps it until its
    /// result is safe.
    Ended(Vec<u8>),
    /// What is queued is being written.
    Flushing(Stop),
    /// Over.
    Stopped,
}

/// The owner of one room.
#[derive(Debug)]
pub struct OwnerCore {
    id: RoomId,
    owner: WorkerId,
    room: Room,
    lease: Lease,
    write_queue: WriteQueue,
    state: OwnerState,
    /// Numbers the messages for the database within this epoch.
    persisted: u64,
    /// The time of the next tick, which slews to the room's phase.
    due: Instant,
    phase: Phase,
    input_wait: InputWait,
    /// While the owner is paused: when its next tick was due.
    paused_since: Option<Instant>,
    /// Whether what the room has to say must wait for a checkpoint.
    is_silent: bool,
    /// Answers that must not leave before that write has happened.
    replies: Vec<(u64, String, Reply<CtlReply>)>,
    /// When to check with the gateways who is present, and whether they are asked.
    presence_due: Instant,
    is_checking_presence: bool,
    leaving: Leaving,
    commands: Vec<Command>,
}

impl OwnerCore {
    /// The owner of a room that has just been made.
    #[must_use]
    pub fn new(owner: WorkerId, room: Room, lease: Lease, now: Instant) -> Self {
        let mut core = Self::build(owner, room, lease, now);
        core.advance(now);
        core
    }

    fn build(owner: WorkerId, room: Room, lease: Lease, now: Instant) -> Self {
        let write_queue = WriteQueue::new(lease.expires_at(activity(&room)));
        Self {
            phase: Phase::of(room.identity().race),
            id: room.identity().name.id(),
            owner,
            room,
            lease,
            write_queue,
            state: OwnerState::Running,
            persisted: 0,
            due: now,
            input_wait: InputWait::default(),
            paused_since: None,
            is_silent: false,
            replies: Vec::new(),
            presence_due: now + PRESENCE_INTERVAL,
            is_checking_presence: false,
            leaving: Leaving::No,
            commands: Vec::new(),
        }
    }

    /// The owner of a room that was taken over from its checkpoint, which names
    /// `gateways` with players.
    #[must_use]
    pub fn recover(
        owner: WorkerId,
        room: Room,
        lease: Lease,
        gateways: &[GatewayId],
        now: Instant,
    ) -> Self {
        let mut core = Self::build(owner, room, lease, now);
        core.ask_gateways(gateways, None, now);
        core
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Its lease.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Whether the room's events are of interest still: inputs, requests, handovers.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, OwnerState::Running)
    }

    /// Whether another may own the room, or nobody would hear this owner.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    /// When to send [`Event::Due`]; `None` while only answers are awaited.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let own = match &self.state {
            OwnerState::Recovering(recovery) => Some(recovery.deadline()),
            OwnerState::Running => Some(self.input_wait.deadline(self.ticks_due())),
            OwnerState::Ended(_) => self.lease.renewal_at(activity(&self.room)),
            OwnerState::Closing(_) | OwnerState::Flushing(_) | OwnerState::Stopped => None,
        };
        match (own, self.write_queue.next_deadline()) {
            (Some(own), Some(write_queue)) => Some(own.min(write_queue)),
            (own, write_queue) => own.or(write_queue),
        }
    }

    /// Whether a tick is overdue for want of inputs: with the next of them,
    /// [`OwnerCore::next_deadline`] has come.
    #[must_use]
    pub fn awaits_inputs(&self) -> bool {
        self.is_running() && self.input_wait.holds_tick()
    }

    /// What there is to do since the last call, in its order.
    pub fn take_commands(&mut self) -> impl Iterator<Item = Command> + '_ {
        self.commands.drain(..)
    }

    /// Takes an event, and decides what follows.
    pub fn handle(&mut self, event: Event<'_>, moment: Moment) {
        let now = moment.now;
        let was_silent = self.must_pause(moment);
        match event {
            Event::Due => self.due(moment),
            // Nothing follows from them before the next tick.
            Event::Inputs(payload) => return self.inputs(payload),
            Event::Ctl(payload, reply_to) => self.ctl(payload, reply_to, moment),
            Event::Written(outcome) => self.written(outcome, now),
            Event::Read(outcome) => self.read(outcome, now),
            Event::RecordWritten(lane, is_done) => self.write_queue.done(lane, is_done, now),
            Event::CatchUp(answer) => self.caught(answer, now),
            Event::CatchUpEnded => self.catch_up_ended(),
            Event::PresenceChecked(presence) => self.counted(&presence, moment),
            Event::HandOver => self.begin_handover(now),
            Event::Offered(taken) => self.offered(taken, now),
        }
        self.catch_up_if_complete(moment);
        // What an event leads to is decided by how old the checkpoint was then,
        // or is now that another is written.
        self.is_silent = was_silent && self.must_pause(moment);
        self.advance(now);
    }

    fn due(&mut self, moment: Moment) {
        if !self.is_running() {
            return;
        }
        let due = self.ticks_due();
        let grace = moment.schedule.input_grace();
        if moment.now >= due && self.input_wait.may_tick(due, grace, moment.now) {
            self.tick(moment);
            // With a tick: the worker is awake, and messages leave anyway.
            if moment.now >= self.presence_due {
                self.check_presence(moment);
            }
        }
    }

    /// What follows from how things are.
    fn advance(&mut self, now: Instant) {
        match self.state {
            OwnerState::Recovering(_) | OwnerState::Stopped => {}
            OwnerState::Running => self.run_on(now),
            OwnerState::Closing(_) => self.close_when_written(now),
            OwnerState::Ended(_) => self.end_when_safe(now),
            OwnerState::Flushing(stop) => self.stop_when_flushed(stop),
        }
        let is_racing = self.is_running() && self.room.is_moving();
        let is_better_later = is_racing && !self.lease.begins(now);
        let writes = self.write_queue.poll(is_better_later, now);
        self.commands.extend(writes.map(Command::WriteRecord));
    }

    fn run_on(&mut self, now: Instant) {
        // After a pause in the middle of catching up, for instance.
        if !self.is_silent {
            self.emit();
        }
        if self.room.ending().is_some() {
            self.begin_closing(Stop::Ended, now);
            return;
        }
        if !self.is_offered() {
            self.write_if_due(now);
        }
        self.offer_if_due(now);
    }

    /// Whether this owner must keep silent: another may own the room by now, or
    /// nobody would hear it.
    fn must_pause(&self, moment: Moment) -> bool {
        self.lease.has_expired(activity(&self.room), moment.now) || !moment.is_connected
    }

    fn ctl(&mut self, payload: &[u8], reply_to: Option<&str>, moment: Moment) {
        if !self.is_running() || self.must_pause(moment) {
            // The new owner answers, or is asked again.
            return;
        }
        let reply = match serde_json::from_slice::<CtlRequest>(payload) {
            Ok(request) => {
                let was_moving = self.room.is_moving();
                let reply = self.room.ctl(request, moment.now);
                if !was_moving && self.room.is_moving() {
                    self.due = moment.now;
                }
                reply
            }
            Err(error) => Err(Rejection::new(RejectionCode::BadMessage, error.to_string())),
        };
        // A seat that a player knows of must outlive this worker.
        let write = self.lease.write_of(self.room.wants_checkpoint());
        match reply_to {
            None => {}
            Some(reply_to) if self.lease.is_confirmed(write) => {
                self.commands
                    .push(Command::Answer(reply_to.to_owned(), reply));
            }
            Some(reply_to) if self.replies.len() < REPLIES_MAX => {
                self.replies.push((write, reply_to.to_owned(), reply));
            }
            Some(_) => metrics::unsent("reply"),
        }
    }

    /// Sends what the room has to say, in its order.
    fn emit(&mut self) {
        for output in self.room.take_outputs() {
            match output {
                Output::Event(event) => {
                    let event = serde_json::to_vec(&event).expect("an event serialises to JSON");
                    self.commands.push(Command::Publish(Topic::Event, event));
                }
                Output::Snapshot(bytes) => {
                    self.commands.push(Command::Publish(Topic::Snapshot, bytes));
                }
                Output::Lobby => self
                    .write_queue
                    .queue(PendingWrite::Lobby(self.room.lobby_entry())),
                Output::Persist(message) => {
                    let id = self.message_id();
                    self.write_queue.queue(PendingWrite::Persist(message, id));
                }
                Output::Players(players) => self.commands.push(Command::KeepPlayers(players)),
                Output::Checkpoint => self.lease.hurry(),
            }
        }
    }

    fn message_id(&mut self) -> String {
        self.persisted += 1;
        let race = self.room.identity().race;
        format!("{race}:{}:{}", self.lease.epoch(), self.persisted)
    }
}

/// How often a room must be heard of.
fn activity(room: &Room) -> Activity {
    if room.is_moving() {
        Activity::Racing
    } else {
        Activity::Idle
    }
}

#[cfg(test)]
mod tests;

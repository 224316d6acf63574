//! One task per room: inputs up, snapshots and events down.
//!
//! [`core`] decides, without I/O; this module is the task around it and the
//! [`Relays`] that find it.

pub mod core;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bus::{Bus, BusError, Subscription};
use bytes::Bytes;
use futures::StreamExt;
use protocol::{GatewayId, RoomId, Seat, subject};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::core::{MemberId, RelayCore};
use crate::limits::{INPUT_COALESCE, RELAY_QUEUE_MAX};
use crate::metrics;
use crate::outbox::Outbox;

/// What a connection tells the relay of its room.
#[derive(Debug)]
pub enum RelayCommand {
    /// Somebody is about to enter: keep events for them.
    Expect(MemberId, Arc<Outbox>, oneshot::Sender<()>),
    /// They are in: here is their first frame.
    Enter(MemberId, Bytes),
    /// They are gone.
    Leave(MemberId),
    /// A driver's input frame.
    Input(Seat, Bytes),
}

/// A way to the relay of one room.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    commands: mpsc::Sender<RelayCommand>,
    /// Fires when the room is gone.
    pub closed: CancellationToken,
}

impl RelayHandle {
    /// Tells the relay; waits while it is busy.
    pub async fn tell(&self, command: RelayCommand) {
        // A relay that has ended has no members left to serve.
        let _ = self.commands.send(command).await;
    }

    /// Passes an input on, or drops it when the relay is overwhelmed: the next
    /// frame carries it again.
    pub fn input(&self, seat: Seat, frame: Bytes) {
        if self
            .commands
            .try_send(RelayCommand::Input(seat, frame))
            .is_err()
        {
            metrics::frame_ignored("relay_busy");
        }
    }
}

/// The relays of this gateway, by room.
#[derive(Debug)]
pub struct Relays {
    bus: Bus,
    gateway: GatewayId,
    tasks: TaskTracker,
    open: Mutex<HashMap<RoomId, RelayHandle>>,
}

impl Relays {
    /// None yet.
    #[must_use]
    pub fn new(bus: Bus, gateway: GatewayId, tasks: TaskTracker) -> Self {
        Self {
            bus,
            gateway,
            tasks,
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
        outbox: &Arc<Outbox>,
    ) -> Option<RelayHandle> {
        let (ready, is_ready) = oneshot::channel();
        let command = RelayCommand::Expect(member, Arc::clone(outbox), ready);
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

    fn start(self: &Arc<Self>, room: RoomId) -> RelayHandle {
        let (commands, inbox) = mpsc::channel(RELAY_QUEUE_MAX);
        let handle = RelayHandle {
            commands,
            closed: CancellationToken::new(),
        };
        let closed = handle.closed.clone();
        let relays = Arc::clone(self);
        self.tasks.spawn(async move {
            metrics::rooms(1.0);
            let core = RelayCore::new(relays.gateway);
            let mut task = RelayTask {
                relays: &relays,
                room: &room,
                inbox,
                core,
            };
            if let Err(error) = task.run().await {
                tracing::warn!(%room, %error, "the relay of a room failed");
            }
            relays.forget(&room, &closed);
            closed.cancel();
            metrics::rooms(-1.0);
        });
        handle
    }

    /// Takes a relay that has ended off the list, unless the room has another
    /// by now: tokens of two relays are never equal.
    fn forget(&self, room: &RoomId, closed: &CancellationToken) {
        let mut open = self.lock();
        if open
            .get(room)
            .is_some_and(|handle| handle.closed == *closed)
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
    core: RelayCore,
}

enum Event {
    Command(RelayCommand),
    Snapshot(Bytes),
    Happening(Bytes),
    InputsDue,
    Ended,
}

impl RelayTask<'_> {
    async fn run(&mut self) -> Result<(), BusError> {
        let bus = &self.relays.bus;
        let mut snapshots = bus.subscribe(subject::room_snapshot(self.room)).await?;
        let mut events = bus.subscribe(subject::room_event(self.room)).await?;
        let input_subject = subject::room_input(self.room);
        loop {
            match self.next(&mut snapshots, &mut events).await {
                Event::Command(command) => self.command(command),
                Event::Snapshot(payload) => self.core.snapshot(&payload, Instant::now()),
                Event::Happening(payload) => self.core.event(&payload),
                Event::InputsDue => {
                    if let Some(batch) = self.core.take_inputs() {
                        bus.publish(input_subject.clone(), batch);
                    }
                }
                Event::Ended => return Ok(()),
            }
            if self.core.is_closed() || (self.core.is_empty() && self.retire()) {
                return Ok(());
            }
        }
    }

    async fn next(&mut self, snapshots: &mut Subscription, events: &mut Subscription) -> Event {
        let due = self.core.inputs_since().map(|since| since + INPUT_COALESCE);
        tokio::select! {
            // Events before snapshots: a lap is told before its picture.
            biased;
            Some(message) = events.next() => Event::Happening(message.payload),
            Some(message) = snapshots.next() => Event::Snapshot(message.payload),
            () = sleep_until(due), if due.is_some() => Event::InputsDue,
            command = self.inbox.recv() => command.map_or(Event::Ended, Event::Command),
        }
    }

    fn command(&mut self, command: RelayCommand) {
        match command {
            RelayCommand::Expect(member, outbox, ready) => {
                self.core.expect(member, outbox);
                // A connection that went away meanwhile leaves by itself.
                let _ = ready.send(());
            }
            RelayCommand::Enter(member, frame) => self.core.enter(member, frame),
            RelayCommand::Leave(member) => self.core.leave(member),
            RelayCommand::Input(seat, frame) => self.core.input(seat, frame, Instant::now()),
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

async fn sleep_until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due.into()).await;
    }
}

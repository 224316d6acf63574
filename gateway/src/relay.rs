//! One task per room: inputs up, snapshots and events down.
//!
//! [`core`] decides, without I/O: who gets what; within it [`watch`] whether the
//! room still has an owner, [`ring`] what the next one must know, and
//! [`cadence`] when inputs leave. The [`task`] is around them, and [`Relays`] finds
//! it; [`errand`]s are the questions that it sends out, the [`inbox`] is where
//! connections put inputs, until they [lend](Loan) it what they would read them
//! from.

pub mod cadence;
pub mod core;
mod errand;
pub mod inbox;
pub mod ring;
mod task;
pub mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bus::{Bus, Inbound};
use bytes::Bytes;
use protocol::beat::Beat;
use protocol::{Epoch, GatewayId, RaceId, RoomId, Seat, SessionNonce};
use service::AlarmClock;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use self::core::MemberId;
use self::inbox::Inbox;
use self::task::RelayTask;
use crate::connection::loan::Loan;
use crate::limits::{CLAIMS_MAX, RELAY_QUEUE_MAX};
use crate::metrics;
use crate::outbox::Outbox;

/// What a connection tells the relay of its room.
#[derive(Debug)]
pub enum RelayCommand {
    /// Somebody is about to enter: keep events for them.
    Expect(MemberId, SessionNonce, Arc<Outbox>, oneshot::Sender<()>),
    /// They are in: here is their first frame, and under which epoch an owner of
    /// which race has let them in.
    Enter(MemberId, Bytes, RaceId, Epoch),
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
            let mut task = RelayTask::new(&relays, &room, inbox, &inputs);
            if let Err(error) = task.run(teller).await {
                tracing::warn!(%room, %error, "the relay of a room failed");
            }
            relays.forget(&room, &inputs);
            inputs.close();
            task.end().await;
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

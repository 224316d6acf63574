//! One task per room: inputs up, snapshots and events down.
//!
//! What is decided, [`relay`] decides without I/O. The [`task`] is the shell around
//! it, and [`Relays`] finds it; connections put inputs into its [`input_buffer`].

mod in_flight;
pub mod input_buffer;
mod task;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bus::{Bus, Inbound};
use bytes::Bytes;
use protocol::{Epoch, GatewayId, RaceId, RoomId, Seat, SessionNonce};
use relay::MemberId;
use relay::flush_schedule::FlushOptions;
use service::TimerQueue;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use self::input_buffer::InputBuffer;
use self::task::RelayTask;
use crate::limits::{CLAIMS_MAX, RELAY_QUEUE_MAX};
use crate::metrics;
use crate::send_queue::SendQueue;

/// A message of a connection, or of a low-rate subject, to the relay of its room.
#[derive(Debug)]
pub enum RelayCommand {
    /// A member is about to enter: keep events for it.
    Expect(MemberId, SessionNonce, Member, oneshot::Sender<()>),
    /// A member is in: its first frame, and the race and epoch under which the
    /// owner has let it in.
    Enter(MemberId, Bytes, RaceId, Epoch),
    /// A member is gone.
    Leave(MemberId),
    /// Nobody serves the requests to the room's owner.
    Unserved,
    /// A request for the sessions of all members.
    Present(oneshot::Sender<Vec<SessionNonce>>),
    /// A new owner's request to catch up.
    CatchUp(Inbound),
    /// A sign of life of the owner of a room without a race.
    Heartbeat(Bytes),
}

/// How a relay reaches a member.
#[derive(Debug)]
pub struct Member {
    send_queue: Arc<SendQueue>,
    /// Set when the room has sent the member away.
    is_dismissed: Arc<AtomicBool>,
}

/// A member's way to the relay of one room.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    commands: mpsc::Sender<RelayCommand>,
    inputs: Arc<InputBuffer>,
    is_dismissed: Arc<AtomicBool>,
}

impl RelayHandle {
    /// Sends the relay a command; waits while it is busy.
    pub async fn send(&self, command: RelayCommand) {
        // A relay that has ended has no members left to serve.
        let _ = self.commands.send(command).await;
    }

    /// Whether the room is gone, or has sent this member away.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inputs.is_closed() || self.is_dismissed.load(Ordering::Relaxed)
    }

    /// Passes an input on, or drops it when the relay is overwhelmed: the next
    /// frame carries it again.
    pub fn input(&self, seat: Seat, frame: &[u8]) {
        if self.is_dismissed.load(Ordering::Relaxed) {
            // The seat may be another player's by now.
            return metrics::frame_ignored("input_without_seat");
        }
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
    flush: FlushOptions,
    timers: TimerQueue,
    tasks: TaskTracker,
    /// One permit for each claim in flight.
    claim_permits: Arc<Semaphore>,
    open: Mutex<HashMap<RoomId, RelayHandle>>,
}

impl Relays {
    /// No relays yet. Their inputs leave by `flush`.
    #[must_use]
    pub fn new(
        bus: Bus,
        gateway: GatewayId,
        flush: FlushOptions,
        timers: TimerQueue,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            bus,
            gateway,
            flush,
            timers,
            tasks,
            claim_permits: Arc::new(Semaphore::new(CLAIMS_MAX)),
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
        send_queue: &Arc<SendQueue>,
    ) -> Option<RelayHandle> {
        let (ready, is_ready) = oneshot::channel();
        let is_dismissed = Arc::default();
        let way = Member {
            send_queue: Arc::clone(send_queue),
            is_dismissed: Arc::clone(&is_dismissed),
        };
        let command = RelayCommand::Expect(member, session, way, ready);
        let handle = {
            // Under the lock, so that a relay without members cannot end
            // between being found and getting the command.
            let mut open = self.lock();
            let handle = open
                .entry(room.clone())
                .or_insert_with(|| self.start(room.clone()))
                .clone();
            handle.commands.try_send(command).ok()?;
            handle
        };
        is_ready.await.ok()?;
        Some(RelayHandle {
            is_dismissed,
            ..handle
        })
    }

    /// Reports to the relay of a room, if it has one, that its owner was not there.
    pub fn unserved(&self, room: &RoomId) {
        if let Some(handle) = self.lock().get(room) {
            // A relay that is overwhelmed will notice by itself.
            let _ = handle.commands.try_send(RelayCommand::Unserved);
        }
    }

    /// The connections in a room; `None` when its relay is too busy to answer.
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
        let (command_tx, command_rx) = mpsc::channel(RELAY_QUEUE_MAX);
        let handle = RelayHandle {
            commands: command_tx.clone(),
            inputs: Arc::default(),
            is_dismissed: Arc::default(),
        };
        let inputs = Arc::clone(&handle.inputs);
        let relays = Arc::clone(self);
        self.tasks.spawn(async move {
            metrics::rooms(1.0);
            let mut task = RelayTask::new(&relays, &room, command_rx, &inputs);
            if let Err(error) = task.run(command_tx).await {
                tracing::warn!(%room, %error, "the relay of a room failed");
            }
            relays.forget(&room, &inputs);
            inputs.close();
            metrics::rooms(-1.0);
        });
        handle
    }

    /// Takes a relay that has ended off the list, unless the room has another
    /// by now.
    fn forget(&self, room: &RoomId, inputs: &Arc<InputBuffer>) {
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

//! What the rooms of a worker share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bus::{Bucket, Bus, BusError, CasError, Subscription};
use protocol::{Rejection, RejectionCode, Reply, RoomId, WorkerId, subject};
use room::Timeouts;
use room::claim::ClaimsUnderWay;
use room::lease::WriteError;
use room::player_rows::PlayerRows;
use room::schedule::SharedSchedule;
use service::{Shutdown, TimerQueue};
use simulation::Track;
use tokio_util::task::TaskTracker;

use crate::handover_limiter::HandoverLimiter;

/// What all rooms of a worker share.
#[derive(Debug)]
pub struct Worker {
    /// This worker.
    pub id: WorkerId,
    /// The way to everybody else.
    pub bus: Bus,
    /// The checkpoints of all rooms, by which they are owned.
    pub checkpoints: Bucket,
    /// The lobby.
    pub rooms: Bucket,
    /// Results that their stream has not taken.
    pub results: Bucket,
    /// What could not be read, with the reason.
    pub quarantine: Bucket,
    /// The tasks of its rooms.
    pub tasks: TaskTracker,
    /// When to hand the rooms over: after the queue group has been left, so
    /// that they do not come back.
    pub draining: Shutdown,
    /// Which of them is handed over next.
    pub handover_limiter: HandoverLimiter,
    /// Ticks computed since they were last counted, and those that were late.
    pub ticks: AtomicU32,
    /// As `ticks`.
    pub late_ticks: AtomicU32,
    /// What keeps their deadlines.
    pub timers: TimerQueue,
    /// When its rooms tick.
    pub schedule: SharedSchedule,
    /// Most rooms to take.
    pub rooms_max: u32,
    /// Rooms taken.
    pub rooms_taken: AtomicU32,
    /// The seats of the rooms that it owns.
    pub seats: AtomicU32,
    /// Rooms that are being taken over.
    pub claims: Mutex<ClaimsUnderWay>,
    /// How long its rooms wait for people who do nothing.
    pub timeouts: Timeouts,
    /// The rows of its players that are not written.
    pub player_rows: Mutex<PlayerRows>,
    /// Tracks that were built already.
    pub tracks: Mutex<HashMap<String, Arc<Track>>>,
}

/// What a failed write means for a lease.
pub(crate) fn write_error(error: &CasError) -> WriteError {
    match error {
        CasError::Conflict { .. } => WriteError::Conflict,
        CasError::Unknown { .. } => WriteError::Unanswered,
    }
}

/// What a room's owner listens to.
pub(crate) struct Subscriptions {
    pub(crate) ctl: Subscription,
    pub(crate) inputs: Subscription,
}

impl Worker {
    pub(crate) async fn listen(&self, room: &RoomId) -> Result<Subscriptions, BusError> {
        let (inputs, ctl) = tokio::try_join!(
            self.bus.subscribe(subject::room_input(room)),
            self.bus.subscribe(subject::room_ctl(room)),
        )?;
        Ok(Subscriptions { ctl, inputs })
    }

    pub(crate) fn track(&self, name: &str) -> Option<Arc<Track>> {
        let mut tracks = self.tracks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(track) = tracks.get(name) {
            return Some(Arc::clone(track));
        }
        let track = Arc::new(Track::by_name(name)?);
        tracks.insert(name.to_owned(), Arc::clone(&track));
        Some(track)
    }

    pub(crate) fn take_capacity(self: &Arc<Self>) -> Reply<CapacityPermit> {
        let capacity = CapacityPermit {
            worker: Arc::clone(self),
            seats: 0,
        };
        let taken = self.rooms_taken.fetch_add(1, Ordering::Relaxed);
        if taken < self.rooms_max {
            return Ok(capacity);
        }
        let message = "all servers are busy, try again in a moment";
        Err(Rejection::new(RejectionCode::Unavailable, message))
    }
}

/// The right to run one room; dropping it frees the capacity.
pub(crate) struct CapacityPermit {
    worker: Arc<Worker>,
    seats: u32,
}

impl CapacityPermit {
    /// Counts the seats of the room that has it.
    pub(crate) fn count(&mut self, seats: u8) {
        self.seats += u32::from(seats);
        self.worker.seats.fetch_add(seats.into(), Ordering::Relaxed);
    }
}

impl Drop for CapacityPermit {
    fn drop(&mut self) {
        self.worker.rooms_taken.fetch_sub(1, Ordering::Relaxed);
        self.worker.seats.fetch_sub(self.seats, Ordering::Relaxed);
    }
}

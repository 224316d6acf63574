//! Writes what must not hold a tick up: the lobby and the database's queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use bus::{Bucket, Bus, CasError, Revision};
use protocol::lobby::RoomEntry;
use protocol::persist::PersistMessage;
use protocol::{RoomId, Tick, subject};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::limits::{CLERK_QUEUE_MAX, RETRIES_MAX, RETRY_DELAY};
use crate::metrics;

/// Something to write.
#[derive(Debug)]
pub enum Job {
    /// The lobby entry as it is now.
    Lobby(RoomEntry),
    /// A message for the database, with its id.
    Persist(PersistMessage, String),
}

/// How long a clerk may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Until then, unless the room is still owned by then.
    Until(Instant),
    /// The room has ended; what it says last is true whoever owns it.
    ForGood,
    /// Its records are true, but its lobby entry is another's to write.
    HandedOver,
}

/// A task that writes the jobs of one room, in order.
#[derive(Debug)]
pub struct Clerk {
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<()>,
    hold: watch::Sender<Hold>,
    replay_safe_tick: Arc<AtomicU32>,
}

impl Clerk {
    /// For one room, which is not held yet.
    #[must_use]
    pub fn start(bus: Bus, rooms: Bucket, room: RoomId) -> Self {
        let (jobs, queue) = mpsc::channel(CLERK_QUEUE_MAX);
        let replay_safe_tick = Arc::new(AtomicU32::new(0));
        let safe_tick = Arc::clone(&replay_safe_tick);
        let (hold, held) = watch::channel(Hold::Until(Instant::now()));
        Self {
            jobs,
            task: tokio::spawn(work(bus, rooms, room, queue, held, safe_tick)),
            hold,
            replay_safe_tick,
        }
    }

    /// Queues a job without waiting. A full queue, after a long absence of the
    /// bus, drops it: what comes later says the same, and newer.
    pub fn queue(&self, job: Job) {
        if self.jobs.try_send(job).is_err() {
            metrics::unsent("clerk");
        }
    }

    /// Where the last chunk of a replay ends that is in the queue of the
    /// database.
    #[must_use]
    pub fn replay_safe_tick(&self) -> Tick {
        self.replay_safe_tick.load(Ordering::Relaxed)
    }

    /// The room is owned until then at least: nothing is written later, so that
    /// an owner that was stopped does not overwrite what its successor said.
    pub fn hold_until(&self, fence: Instant) {
        self.hold.send_replace(Hold::Until(fence));
    }

    /// The room has ended, and its checkpoint says so.
    pub fn hold_for_good(&self) {
        self.hold.send_replace(Hold::ForGood);
    }

    /// Waits until all records are written; the lobby is the next owner's.
    pub async fn finish_for_another(self) {
        self.hold.send_replace(Hold::HandedOver);
        self.finish().await;
    }

    /// Waits until everything is written.
    pub async fn finish(self) {
        drop(self.jobs);
        // Dropped only now: without it the clerk would not know.
        let _hold = self.hold;
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a clerk failed");
        }
    }

    /// Forgets what is queued: the room belongs to somebody else.
    pub fn dismiss(self) {
        self.task.abort();
    }
}

async fn work(
    bus: Bus,
    rooms: Bucket,
    room: RoomId,
    mut queue: mpsc::Receiver<Job>,
    mut held: watch::Receiver<Hold>,
    replay_safe_tick: Arc<AtomicU32>,
) {
    while let Some(job) = queue.recv().await {
        let is_ours = |hold: &Hold| match hold {
            Hold::Until(fence) => Instant::now() <= *fence,
            Hold::ForGood | Hold::HandedOver => true,
        };
        let Ok(hold) = held.wait_for(is_ours).await.map(|hold| *hold) else {
            return;
        };
        match job {
            Job::Lobby(_) if hold == Hold::HandedOver => {}
            Job::Lobby(entry) => put_entry(&rooms, &room, &entry).await,
            Job::Persist(message, id) => {
                let is_there = append(&bus, &message, &id).await;
                if let (true, PersistMessage::ReplayChunk(chunk)) = (is_there, message) {
                    let end = chunk.first_tick + chunk.ticks;
                    replay_safe_tick.store(end, Ordering::Relaxed);
                }
            }
        }
    }
}

async fn put_entry(rooms: &Bucket, room: &RoomId, entry: &RoomEntry) {
    let value = serde_json::to_vec(entry).expect("a lobby entry serialises to JSON");
    let mut attempts = Attempts::default();
    while attempts
        .again(rooms.put(subject::room_key(room), value.clone()).await)
        .await
    {}
}

/// Appends a message for the database, whatever it takes. Tells whether it is
/// there: after minutes without the bus it is given up.
pub async fn append(bus: &Bus, message: &PersistMessage, id: &str) -> bool {
    let payload = serde_json::to_vec(message).expect("a record serialises to JSON");
    let mut attempts = Attempts::default();
    loop {
        let appended = bus.append(message.subject(), id, payload.clone()).await;
        let is_there = appended.is_ok();
        if !attempts.again(appended).await {
            return is_there;
        }
    }
}

/// Takes a room out of the lobby, whatever it takes.
pub async fn remove_entry(rooms: &Bucket, room: &RoomId) {
    let mut attempts = Attempts::default();
    while attempts
        .again(rooms.remove(subject::room_key(room)).await)
        .await
    {}
}

/// Removes the checkpoint of a room that is closed. Another revision means
/// that it is gone, or somebody else's.
pub async fn delete_checkpoint(checkpoints: &Bucket, room: &RoomId, revision: Revision) {
    let mut attempts = Attempts::default();
    loop {
        let deleted = match checkpoints.delete(subject::room_key(room), revision).await {
            Err(CasError::Conflict { .. }) => Ok(()),
            outcome => outcome,
        };
        if !attempts.again(deleted).await {
            return;
        }
    }
}

/// Repeats a write until it is done, or the bus has been away for too long.
#[derive(Default)]
struct Attempts(u32);

impl Attempts {
    /// Whether to write again, after a pause.
    async fn again<T>(&mut self, outcome: Result<T, CasError>) -> bool {
        let Err(error) = outcome else { return false };
        self.0 += 1;
        if self.0 == RETRIES_MAX {
            tracing::error!(%error, "gave up writing");
            return false;
        }
        tracing::debug!(%error, "trying again");
        tokio::time::sleep(RETRY_DELAY).await;
        true
    }
}

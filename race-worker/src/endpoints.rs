//! What the rooms of a worker share, and `race.create`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arrayvec::ArrayVec;
use bus::{Bucket, Bus, BusError, CasError, Subscription};
use domain::{Mode, SEATS_MAX};
use protocol::lobby::RoomSettings;
use protocol::room::{CreateRequest, Created};
use protocol::{
    Epoch, GatewayId, RaceId, Rejection, RejectionCode, Reply, Revision, RoomId, WorkerId, subject,
};
use service::{Shutdown, TimerQueue};
use simulation::Track;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::claim::{ClaimsUnderWay, READ_BACK_ATTEMPTS, unavailable};
use crate::handover_limiter::HandoverLimiter;
use crate::lease::{Lease, ReadBack};
use crate::metrics;
use crate::owner::Owner;
use crate::ownership::OwnerCore;
use crate::room::{Identity, Ownership, Room};
use crate::schedule::SharedSchedule;

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
    /// Tracks that were built already.
    pub tracks: Mutex<HashMap<String, Arc<Track>>>,
}

/// What a room's owner listens to.
pub(crate) struct Subscriptions {
    pub(crate) ctl: Subscription,
    pub(crate) inputs: Subscription,
}

impl Worker {
    /// Creates a room and runs it.
    ///
    /// # Errors
    /// When the settings are bad, a room of this name exists, or this worker
    /// has too many.
    pub async fn create(self: &Arc<Self>, request: CreateRequest) -> Reply<Created> {
        let CreateRequest {
            name,
            settings,
            creator,
        } = request;
        settings.check()?;
        let settings = with_track(settings)?;
        let track = self
            .track(&settings.track)
            .ok_or_else(|| no_track(&settings.track))?;
        let capacity = self.take_capacity()?;
        let room = name.id();
        let race = RaceId::new(ulid::Ulid::generate());
        let ownership = Ownership {
            owner: self.id,
            epoch: Epoch::FIRST,
        };
        let begun = Instant::now();
        let fresh = Room::new(
            Identity {
                race,
                name,
                settings,
                creator,
            },
            ownership,
            track,
            begun,
        );
        // Listening comes first: who learns of the room can talk to it.
        let subscriptions = self
            .listen(&room)
            .await
            .map_err(|error| unavailable(&error.to_string()))?;
        let checkpoint = fresh.checkpoint();
        let created = self
            .checkpoints
            .create(subject::room_key(&room), checkpoint.encode())
            .await;
        let revision = match created {
            Ok(revision) => revision,
            Err(CasError::Conflict { .. }) => {
                let message = format!("a room named {} exists already", fresh.identity().name);
                return Err(Rejection::new(RejectionCode::RoomExists, message));
            }
            Err(error @ CasError::Unknown { .. }) => self
                .read_own(&room, race)
                .await
                .ok_or_else(|| unavailable(&error.to_string()))?,
        };
        metrics::created();
        info!(%room, %race, "room created");
        let lease = Lease::new(race, self.id, Epoch::FIRST, revision, begun);
        // In the lobby before the answer: the creator may list it at once.
        let entry = serde_json::to_vec(&fresh.lobby_entry()).expect("an entry serialises");
        if let Err(error) = self.rooms.put(subject::room_key(&room), entry).await {
            tracing::debug!(%error, "the lobby learns of the room a moment later");
        }
        self.own(fresh, lease, subscriptions, capacity, None);
        Ok(Created {
            race,
            owner: self.id,
        })
    }

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

    pub(crate) async fn listen(&self, room: &RoomId) -> Result<Subscriptions, BusError> {
        let (inputs, ctl) = tokio::try_join!(
            self.bus.subscribe(subject::room_input(room)),
            self.bus.subscribe(subject::room_ctl(room)),
        )?;
        Ok(Subscriptions { ctl, inputs })
    }

    /// The revision of a room's first write that had no answer, if it happened.
    async fn read_own(&self, room: &RoomId, race: RaceId) -> Option<Revision> {
        for _ in 0..READ_BACK_ATTEMPTS {
            let Ok(found) = self.checkpoints.get(subject::room_key(room)).await else {
                continue;
            };
            let (value, revision) = found?;
            let found = ReadBack::of(&value, revision)?;
            let is_own = (found.race, found.owner, found.epoch) == (race, self.id, Epoch::FIRST);
            return is_own.then_some(revision);
        }
        None
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

/// The settings with the track that they mean: the first circuit when none is
/// named, and on the highway nothing but the highway.
fn with_track(mut settings: RoomSettings) -> Reply<RoomSettings> {
    let bad = |message| Err(Rejection::new(RejectionCode::BadSettings, message));
    match (settings.mode, settings.track.as_str()) {
        (Mode::Circuit, "") => settings.track = Track::names()[0].to_owned(),
        (Mode::Highway, "" | Track::HIGHWAY) => settings.track = Track::HIGHWAY.to_owned(),
        (Mode::Highway, track) => {
            let message = format!(
                "the mode highway is raced on the track {}, not on {track:?}",
                Track::HIGHWAY
            );
            return bad(message);
        }
        (Mode::Circuit, Track::HIGHWAY) => {
            return bad("the highway has no laps: choose the mode highway for it".to_owned());
        }
        (Mode::Circuit, track) if !Track::names().contains(&track) => return Err(no_track(track)),
        (Mode::Circuit, _) => {}
    }
    Ok(settings)
}

fn no_track(name: &str) -> Rejection {
    let known = Track::names().join(", ");
    let message = format!("there is no track {name:?}; there are: {known}");
    Rejection::new(RejectionCode::BadSettings, message)
}

/// The right to run one room; dropping it frees the capacity.
pub(crate) struct CapacityPermit {
    worker: Arc<Worker>,
    seats: u32,
}

impl CapacityPermit {
    /// Counts the seats of the room that has it.
    fn count(&mut self, seats: u8) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_every_mode_its_track_and_says_why_not() {
        let first = Track::names()[0];
        let cases = [
            (Mode::Circuit, "", Ok(first)),
            (Mode::Circuit, first, Ok(first)),
            (Mode::Circuit, "moon", Err("there is no track \"moon\"")),
            (Mode::Circuit, "highway", Err("choose the mode highway")),
            (Mode::Highway, "", Ok("highway")),
            (Mode::Highway, "highway", Ok("highway")),
            (Mode::Highway, first, Err("raced on the track highway")),
        ];
        for (mode, track, expected) in cases {
            let settings = RoomSettings {
                mode,
                track: track.to_owned(),
                ..RoomSettings::default()
            };
            match (with_track(settings), expected) {
                (Ok(settings), Ok(expected)) => assert_eq!(settings.track, expected),
                (Err(rejection), Err(expected)) => {
                    assert!(rejection.message.contains(expected), "{rejection}");
                }
                (given, _) => panic!("{mode:?} on {track:?}: {given:?}"),
            }
        }
    }
}

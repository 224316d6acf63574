//! `race.create`: a new room.

use std::sync::Arc;
use std::time::Instant;

use bus::CasError;
use domain::Mode;
use protocol::lobby::RoomSettings;
use protocol::room::{CreateRequest, Created};
use protocol::version::{self, ROOM_ENTRY};
use protocol::{Epoch, RaceId, Rejection, RejectionCode, Reply, Revision, RoomId, subject};
use room::claim::{Damage, READ_BACK_ATTEMPTS, unavailable};
use room::lease::{Lease, ReadBack};
use room::{Identity, Origin, Ownership, Room};
use simulation::Track;
use tracing::info;

use crate::limits::CREATE_ATTEMPTS;
use crate::metrics;
use crate::worker::Worker;

/// What came of a room's first write.
enum First {
    /// The name is the room's.
    Written(Revision),
    /// The same request has made its room already.
    MadeBefore(Created),
}

impl Worker {
    /// Creates a room and runs it. A request that has made its room already gets
    /// the answer of then.
    ///
    /// # Errors
    /// When the settings are bad, a room of this name exists, or this worker
    /// has too many.
    pub async fn create(self: &Arc<Self>, request: CreateRequest) -> Reply<Created> {
        let CreateRequest {
            name,
            settings,
            creator,
            request,
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
        let identity = Identity {
            race,
            name,
            settings,
            creator,
            request,
        };
        let fresh = Room::new(identity, ownership, track, begun);
        // Listening comes first: who learns of the room can talk to it.
        let subscriptions = self
            .listen(&room)
            .await
            .map_err(|error| unavailable(&error.to_string()))?;
        let revision = match self.write_first(&fresh).await? {
            First::Written(revision) => revision,
            First::MadeBefore(created) => return Ok(created),
        };
        metrics::created();
        info!(%room, %race, "room created");
        let lease = Lease::new(race, self.id, Epoch::FIRST, revision, begun);
        // In the lobby before the answer: the creator may list it at once.
        let entry = version::to_json(&ROOM_ENTRY, &fresh.lobby_entry());
        if let Err(error) = self.rooms.put(subject::room_key(&room), entry).await {
            tracing::debug!(%error, "the lobby learns of the room a moment later");
        }
        self.own(fresh, lease, subscriptions, capacity, None);
        Ok(Created {
            race,
            owner: self.id,
        })
    }

    /// Writes the first checkpoint of a room, if its name is free.
    async fn write_first(&self, fresh: &Room) -> Reply<First> {
        let Identity {
            race,
            name,
            creator,
            request,
            ..
        } = fresh.identity();
        let room = name.id();
        let key = subject::room_key(&room);
        let value = fresh.checkpoint().encode();
        for _ in 0..CREATE_ATTEMPTS {
            match self.checkpoints.create(key, value.clone()).await {
                Ok(revision) => return Ok(First::Written(revision)),
                Err(CasError::Conflict { .. }) => {}
                Err(error @ CasError::Unknown { .. }) => {
                    let own = self.read_own(&room, *race).await;
                    let revision = own.ok_or_else(|| unavailable(&error.to_string()))?;
                    return Ok(First::Written(revision));
                }
            }
            let found = self.checkpoints.get(key).await;
            let found = found.map_err(|error| unavailable(&error.to_string()))?;
            // It has ended meanwhile.
            let Some((value, revision)) = found else {
                continue;
            };
            match Origin::of(&value) {
                Ok(origin) if origin.is_of(creator.as_ref(), *request) => {
                    let Origin { race, owner, .. } = origin;
                    return Ok(First::MadeBefore(Created { race, owner }));
                }
                Ok(_) => break,
                Err(error) => match Damage::of(&error, &value, revision) {
                    // A worker that reads it may own it.
                    None => break,
                    Some(damage) => {
                        let set_aside = self.quarantine(&room, damage).await;
                        set_aside.map_err(|error| unavailable(&error.to_string()))?;
                    }
                },
            }
        }
        let message = format!("a room named {name} exists already");
        Err(Rejection::new(RejectionCode::RoomExists, message))
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

//! The lobby: the bucket `rooms`, followed.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use bus::{BucketFollower, BucketUpdate, Change};
use protocol::limits::LOBBY_ROOMS_MAX;
use protocol::lobby::RoomEntry;
use protocol::version::ROOM_ENTRY;
use protocol::{RaceId, RoomId, subject};
use service::Shutdown;

use crate::stored::read_stored;

/// All rooms, as of the last change.
#[derive(Debug, Default)]
pub struct Lobby {
    rooms: RwLock<BTreeMap<String, RoomEntry>>,
}

impl Lobby {
    /// The first hundred rooms in the order of names.
    #[must_use]
    pub fn list(&self) -> Vec<RoomEntry> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.values().take(LOBBY_ROOMS_MAX).cloned().collect()
    }

    /// Whether there is such a room.
    #[must_use]
    pub fn has(&self, room: &RoomId) -> bool {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.contains_key(subject::room_key(room))
    }

    /// Whether a room runs, or is about to run, this race.
    #[must_use]
    pub fn runs(&self, room: &RoomId, race: RaceId) -> bool {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms
            .get(subject::room_key(room))
            .is_some_and(|entry| entry.race == race)
    }

    /// Follows the bucket until shutdown.
    pub async fn follow(&self, mut bucket: BucketFollower, shutdown: &Shutdown) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = bucket.next() => update,
            };
            let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
            match update {
                BucketUpdate::All(entries) => {
                    *rooms = entries.into_iter().filter_map(read_entry).collect();
                }
                BucketUpdate::Changed(change) => {
                    let key = change.key.clone();
                    match read_entry(change) {
                        Some((key, entry)) => rooms.insert(key, entry),
                        None => rooms.remove(&key),
                    };
                }
            }
        }
    }
}

/// The entry of a key; `None` for one that is gone or cannot be read.
fn read_entry(change: Change) -> Option<(String, RoomEntry)> {
    let entry = read_stored(&ROOM_ENTRY, &change.value?)?;
    Some((change.key, entry))
}

#[cfg(test)]
mod tests {
    use domain::{Mode, SEATS_MAX};
    use protocol::client::ServerMessage;
    use protocol::limits::{
        LAPS_MAX, PLAYER_NAME_CHARS_MAX, ROOM_NAME_CHARS_MAX, SERVER_FRAME_BYTES_MAX,
    };
    use protocol::lobby::{Phase, RoomSettings};
    use protocol::{Epoch, PlayerName, RaceId, RoomName, WorkerId, frame};

    use super::*;

    /// Longer than the name of any track: an unknown one makes no room.
    const TRACK_CHARS: usize = 40;

    #[test]
    fn the_largest_list_fits_a_frame() {
        let largest = RoomEntry {
            race: RaceId::first_of(0),
            name: RoomName::parse(&"r".repeat(ROOM_NAME_CHARS_MAX)).unwrap(),
            phase: Phase::Countdown,
            settings: RoomSettings {
                seats: 16,
                mode: Mode::Highway,
                track: "t".repeat(TRACK_CHARS),
                laps: LAPS_MAX,
                target_metres: u32::MAX,
            },
            players: vec![
                PlayerName::parse(&"p".repeat(PLAYER_NAME_CHARS_MAX)).unwrap();
                SEATS_MAX
            ],
            owner: WorkerId::new(u32::MAX),
            epoch: Epoch(u32::MAX),
        };
        let rooms = vec![largest; LOBBY_ROOMS_MAX];
        let frame = frame::from_server(&ServerMessage::Rooms { rooms });
        assert!(frame.len() <= SERVER_FRAME_BYTES_MAX, "{}", frame.len());
    }
}

//! The lobby: the bucket `rooms`, followed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bus::{BucketFollower, BucketUpdate, Change};
use bytes::Bytes;
use protocol::client::ServerMessage;
use protocol::limits::LOBBY_PAGE_ROOMS_MAX;
use protocol::lobby::{Phase, RoomEntry};
use protocol::version::ROOM_ENTRY;
use protocol::{PlayerId, PlayerName, RaceId, RoomId, frame, subject};
use service::Shutdown;

use crate::paged_list::PagedList;
use crate::stored::read_stored;

/// All rooms, as of the last change.
#[derive(Debug)]
pub struct Lobby {
    /// By their keys in the bucket.
    rooms: Mutex<PagedList<String, RoomEntry>>,
}

impl Default for Lobby {
    fn default() -> Self {
        Self {
            rooms: Mutex::new(no_rooms()),
        }
    }
}

impl Lobby {
    /// The frame with the page of rooms that begins after one, or with the first page.
    #[must_use]
    pub fn page(&self, after: Option<&RoomId>) -> Bytes {
        self.lock().page(after.map(subject::room_key), encode)
    }

    /// Whether there is such a room.
    #[must_use]
    pub fn has(&self, room: &RoomId) -> bool {
        self.lock().get(subject::room_key(room)).is_some()
    }

    /// The rooms that a player has made and that are not over, but for one.
    #[must_use]
    pub fn made_by(&self, creator: &PlayerId, but_for: &RoomId) -> usize {
        let is_other = |entry: &&RoomEntry| {
            let is_over = matches!(entry.phase, Phase::Finished | Phase::Closed);
            let id = entry.creator.as_ref().map(PlayerName::id);
            id.as_ref() == Some(creator) && !is_over && entry.name.id() != *but_for
        };
        self.lock().values().filter(is_other).count()
    }

    /// Whether a room runs, or is about to run, this race.
    #[must_use]
    pub fn runs(&self, room: &RoomId, race: RaceId) -> bool {
        let rooms = self.lock();
        let entry = rooms.get(subject::room_key(room));
        entry.is_some_and(|entry| entry.race == race)
    }

    /// Follows the bucket until shutdown.
    pub async fn follow(&self, mut bucket: BucketFollower, shutdown: &Shutdown) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = bucket.next() => update,
            };
            let mut rooms = self.lock();
            match update {
                BucketUpdate::All(entries) => {
                    *rooms = no_rooms();
                    let entries = entries.into_iter().filter_map(read_entry);
                    entries.for_each(|(key, entry)| rooms.insert(key, entry));
                }
                BucketUpdate::Changed(change) => {
                    let key = change.key.clone();
                    match read_entry(change) {
                        Some((key, entry)) => rooms.insert(key, entry),
                        None => drop(rooms.remove(&key)),
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, PagedList<String, RoomEntry>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_rooms() -> PagedList<String, RoomEntry> {
    PagedList::new(LOBBY_PAGE_ROOMS_MAX)
}

fn encode(rooms: &BTreeMap<String, RoomEntry>, has_more: bool) -> Bytes {
    frame::from_server(&ServerMessage::Rooms {
        rooms: rooms.values().cloned().collect(),
        has_more,
    })
}

/// The entry of a key; `None` for one that is gone or cannot be read.
fn read_entry(change: Change) -> Option<(String, RoomEntry)> {
    let entry = read_stored(&ROOM_ENTRY, &change.value?)?;
    Some((change.key, entry))
}

#[cfg(test)]
mod tests {
    use domain::{Mode, SEATS_MAX};
    use protocol::limits::{
        EPOCH_MAX, LAPS_MAX, LIST_FRAME_BYTES_MAX, PLAYER_NAME_CHARS_MAX, ROOM_NAME_CHARS_MAX,
    };
    use protocol::lobby::RoomSettings;
    use protocol::{Epoch, RoomName, WorkerId};

    use super::*;

    /// Longer than the name of any track: an unknown one makes no room.
    const TRACK_CHARS: usize = 40;

    #[test]
    fn the_largest_pages_fit_a_frame_and_have_every_room() {
        let largest = |number: usize| RoomEntry {
            race: RaceId::first_of(0),
            name: RoomName::parse(&format!("{number:0ROOM_NAME_CHARS_MAX$}")).unwrap(),
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
            creator: PlayerName::parse(&"c".repeat(PLAYER_NAME_CHARS_MAX)).ok(),
            owner: WorkerId::new(u32::MAX),
            epoch: Epoch(EPOCH_MAX),
        };
        let lobby = Lobby::default();
        for number in 0..1_000 {
            let room = largest(number);
            let key = subject::room_key(&room.name.id()).to_owned();
            lobby.lock().insert(key, room);
        }
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = lobby.page(after.as_ref());
            assert!(page.len() <= LIST_FRAME_BYTES_MAX, "{}", page.len());
            let ServerMessage::Rooms { rooms, has_more } =
                serde_json::from_slice(&page[1..]).unwrap()
            else {
                panic!("{page:?}")
            };
            after = rooms.last().map(|room| room.name.id());
            listed.extend(rooms.into_iter().map(|room| room.name));
            if !has_more {
                break;
            }
        }
        let all = (0..1_000).map(|number| largest(number).name);
        assert_eq!(listed, all.collect::<Vec<_>>());
    }
}

//! The list of rooms, which comes in pages.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::RoomId;
use protocol::client::ClientMessage;
use protocol::lobby::RoomEntry;

/// Time without a page after which a list counts as lost.
const PATIENCE: Duration = Duration::from_secs(3);

/// Time between a page and the request for the next one: a gateway takes twenty requests
/// a second of a client, which has others, too.
const PAGE_INTERVAL: Duration = Duration::from_millis(60);

/// The rooms as of the latest list, and the list that is under way.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    rooms: Vec<RoomEntry>,
    listing: Option<Listing>,
}

#[derive(Debug, Default)]
struct Listing {
    rooms: BTreeMap<RoomId, RoomEntry>,
    /// When the next page is asked for, and the last room of the one before.
    next: Option<(Instant, String)>,
    /// The last sign of life of it.
    heard_at: Option<Instant>,
}

impl Lobby {
    /// Returns the rooms in the order of their names.
    pub(super) fn rooms(&self) -> &[RoomEntry] {
        &self.rooms
    }

    /// Starts a list unless one is under way. Returns the message to send.
    pub(super) fn request(&mut self) -> Option<ClientMessage> {
        if self.listing.is_some() {
            return None;
        }
        self.listing = Some(Listing::default());
        Some(ClientMessage::ListRooms { after: None })
    }

    /// Takes a page. The first list is shown as it comes; a later one takes its place
    /// once it is complete.
    pub(super) fn page(&mut self, page: Vec<RoomEntry>, has_more: bool, now: Instant) {
        let last = page.last().map(|room| room.name.to_string());
        let mut listing = self.listing.take().unwrap_or_default();
        let rooms = page.into_iter().map(|room| (room.name.id(), room));
        listing.rooms.extend(rooms);
        listing.heard_at = Some(now);
        match last {
            Some(last) if has_more => {
                if listing.rooms.len() > self.rooms.len() {
                    self.rooms = listing.rooms.values().cloned().collect();
                }
                listing.next = Some((now + PAGE_INTERVAL, last));
                self.listing = Some(listing);
            }
            Some(_) | None => self.rooms = listing.rooms.into_values().collect(),
        }
    }

    /// Returns the message that asks for the next page, once it is due. Gives up a list
    /// of which nothing is heard.
    pub(super) fn poll(&mut self, now: Instant) -> Option<ClientMessage> {
        let listing = self.listing.as_mut()?;
        let heard_at = *listing.heard_at.get_or_insert(now);
        if now.saturating_duration_since(heard_at) >= PATIENCE {
            self.listing = None;
            return None;
        }
        let (_, last) = listing.next.take_if(|(due, _)| *due <= now)?;
        Some(ClientMessage::ListRooms { after: Some(last) })
    }

    /// Gives up the list that is under way: its connection is gone.
    pub(super) fn give_up(&mut self) {
        self.listing = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(names: &[&str]) -> Vec<RoomEntry> {
        let room = |name: &&str| {
            let json = format!(
                r#"{{"race":"01ARZ3NDEKTSV4RRFFQ69G5FAV","name":"{name}","phase":"waiting",
                    "players":[],"owner":"00000001","epoch":1,"track":"harbour-ring"}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        names.iter().map(room).collect()
    }

    fn names(lobby: &Lobby) -> Vec<&str> {
        let rooms = lobby.rooms().iter();
        rooms.map(|room| room.name.as_str()).collect()
    }

    fn after(name: &str) -> Option<ClientMessage> {
        let after = Some(name.to_owned());
        Some(ClientMessage::ListRooms { after })
    }

    #[test]
    fn asks_for_page_after_page_and_shows_the_whole_list() {
        let mut lobby = Lobby::default();
        let now = Instant::now();
        let first = lobby.request();
        assert_eq!(first, Some(ClientMessage::ListRooms { after: None }));
        lobby.page(rooms(&["a", "b"]), true, now);
        assert_eq!(
            names(&lobby),
            ["a", "b"],
            "the first list is shown as it comes"
        );
        assert_eq!(lobby.request(), None, "a list is under way");
        assert_eq!(lobby.poll(now), None, "a gateway takes so many requests");
        let now = now + PAGE_INTERVAL;
        assert_eq!(lobby.poll(now), after("b"));
        assert_eq!(lobby.poll(now), None);
        // A page may begin with rooms that the one before has, too.
        lobby.page(rooms(&["b", "c"]), true, now);
        let now = now + PAGE_INTERVAL;
        assert_eq!(lobby.poll(now), after("c"));
        lobby.page(rooms(&["d"]), false, now);
        assert_eq!(lobby.poll(now + PAGE_INTERVAL), None);
        assert_eq!(names(&lobby), ["a", "b", "c", "d"]);
        lobby.request();
        lobby.page(rooms(&["d"]), true, now);
        assert_eq!(names(&lobby), ["a", "b", "c", "d"], "until it is complete");
        lobby.page(rooms(&["e"]), false, now);
        assert_eq!(names(&lobby), ["d", "e"]);
    }

    #[test]
    fn begins_again_when_a_page_does_not_come() {
        let mut lobby = Lobby::default();
        let now = Instant::now();
        lobby.request();
        lobby.page(rooms(&["a"]), true, now);
        assert!(lobby.poll(now + PAGE_INTERVAL).is_some());
        assert_eq!(lobby.request(), None, "its next page is on its way");
        let now = now + PATIENCE;
        assert_eq!(lobby.poll(now), None);
        assert!(lobby.request().is_some());
        lobby.page(rooms(&["z"]), false, now);
        assert_eq!(names(&lobby), ["z"]);
        lobby.request();
        lobby.give_up();
        assert!(lobby.request().is_some());
    }
}

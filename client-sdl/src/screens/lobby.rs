//! The list of rooms.

use std::time::{Duration, Instant};

use client_core::protocol::lobby::RoomEntry;

use super::Action;
use crate::area::Area;
use crate::input::{Command, Key, UiEvent};
use crate::theme;

/// Interval between requests for the list.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);
/// What each room adds to it: a gateway takes twenty requests a second, and a long list
/// takes one for every fifty rooms or fewer.
const REFRESH_INTERVAL_PER_ROOM: Duration = Duration::from_millis(5);
/// Top of the first row, points.
const ROWS_TOP: f32 = 170.0;
/// Vertical distance between rows, points.
const ROW_PITCH: f32 = 46.0;
/// The number of rows that fit.
const ROWS_SHOWN: usize = 10;

/// The list of rooms.
#[derive(Debug, Default)]
pub struct LobbyScreen {
    /// The index of the room that Enter joins.
    pub chosen: usize,
    /// The reason for which the latest request failed.
    pub error: Option<String>,
    requested_at: Option<Instant>,
}

impl LobbyScreen {
    /// Returns the index and the row of each room that is shown. A long list
    /// scrolls with the selection.
    #[must_use]
    pub fn rows(&self, rooms: usize, width: f32) -> Vec<(usize, Area)> {
        let list = Self::list(width);
        let first = (self.chosen + 1).saturating_sub(ROWS_SHOWN);
        let row = |(line, room): (usize, usize)| {
            let y = ROWS_TOP + line as f32 * ROW_PITCH;
            (room, Area::new(list.x, y, list.w, ROW_PITCH - 6.0))
        };
        (first..rooms.min(first + ROWS_SHOWN))
            .enumerate()
            .map(row)
            .collect()
    }

    /// Returns the area of all rows.
    #[must_use]
    pub fn list(width: f32) -> Area {
        let list_width = (width - 2.0 * theme::MARGIN).min(1_000.0);
        let x = (width - list_width) / 2.0;
        Area::new(x, ROWS_TOP, list_width, ROWS_SHOWN as f32 * ROW_PITCH)
    }

    pub(super) fn handle(
        &mut self,
        event: &UiEvent,
        rooms: &[RoomEntry],
        width: f32,
    ) -> Option<Action> {
        self.chosen = self.chosen.min(rooms.len().saturating_sub(1));
        match event {
            UiEvent::Key(Key::Up) => self.chosen = self.chosen.saturating_sub(1),
            UiEvent::Key(Key::Down) => {
                self.chosen = (self.chosen + 1).min(rooms.len().saturating_sub(1));
            }
            UiEvent::Key(Key::Home) => self.chosen = 0,
            UiEvent::Key(Key::End) => self.chosen = rooms.len().saturating_sub(1),
            UiEvent::Key(Key::Enter) => return self.join(rooms),
            UiEvent::Command(Command::Create) => return Some(Action::OpenCreate),
            UiEvent::Command(Command::Refresh) => {
                self.error = None;
                return Some(Action::ListRooms);
            }
            UiEvent::Command(Command::NextCar) => return Some(Action::NextClass),
            UiEvent::Click { x, y } => {
                let rows = self.rows(rooms.len(), width);
                let (room, _) = rows.into_iter().find(|(_, area)| area.contains(*x, *y))?;
                self.chosen = room;
                return self.join(rooms);
            }
            UiEvent::Key(_)
            | UiEvent::Command(_)
            | UiEvent::Text(_)
            | UiEvent::Paste(_)
            | UiEvent::DoubleClick { .. }
            | UiEvent::Hover { .. }
            | UiEvent::Wheel { .. } => {}
        }
        None
    }

    pub(super) fn update(&mut self, rooms: usize, now: Instant) -> Option<Action> {
        let rooms = u32::try_from(rooms).unwrap_or(u32::MAX);
        let interval = REFRESH_INTERVAL + REFRESH_INTERVAL_PER_ROOM.saturating_mul(rooms);
        if self.requested_at.is_some_and(|at| now - at < interval) {
            return None;
        }
        self.requested_at = Some(now);
        Some(Action::ListRooms)
    }

    fn join(&mut self, rooms: &[RoomEntry]) -> Option<Action> {
        self.error = None;
        rooms
            .get(self.chosen)
            .map(|room| Action::Join(room.name.as_str().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(count: usize) -> Vec<RoomEntry> {
        let room = |index: usize| {
            let json = format!(
                r#"{{"race":"01ARZ3NDEKTSV4RRFFQ69G5FAV","name":"r{index}","phase":"waiting",
                    "players":[],"owner":"00000001","epoch":1,"track":"harbour-ring"}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        (0..count).map(room).collect()
    }

    fn press(screen: &mut LobbyScreen, key: Key, rooms: &[RoomEntry]) -> Option<Action> {
        screen.handle(&UiEvent::Key(key), rooms, 1280.0)
    }

    #[test]
    fn enter_joins_the_chosen_room() {
        let rooms = rooms(3);
        let mut screen = LobbyScreen::default();
        press(&mut screen, Key::Down, &rooms);
        assert_eq!(
            press(&mut screen, Key::Enter, &rooms),
            Some(Action::Join("r1".into()))
        );
        for _ in 0..5 {
            press(&mut screen, Key::Down, &rooms);
        }
        assert_eq!(
            press(&mut screen, Key::Enter, &rooms),
            Some(Action::Join("r2".into()))
        );
    }

    #[test]
    fn the_choice_stays_in_a_list_that_becomes_shorter() {
        let mut screen = LobbyScreen {
            chosen: 7,
            ..LobbyScreen::default()
        };
        assert_eq!(press(&mut screen, Key::Enter, &[]), None);
        assert_eq!(
            press(&mut screen, Key::Enter, &rooms(1)),
            Some(Action::Join("r0".into()))
        );
    }

    #[test]
    fn a_click_joins_the_room_under_it_even_after_scrolling() {
        let rooms = rooms(30);
        let mut screen = LobbyScreen {
            chosen: 20,
            ..LobbyScreen::default()
        };
        let (room, area) = screen.rows(rooms.len(), 1280.0)[0];
        let click = UiEvent::Click {
            x: area.middle(),
            y: area.y + 1.0,
        };
        let expected = Action::Join(format!("r{room}"));
        assert_eq!(screen.handle(&click, &rooms, 1280.0), Some(expected));
    }

    #[test]
    fn requests_the_list_every_second() {
        let start = Instant::now();
        let mut screen = LobbyScreen::default();
        let mut requests = 0;
        for frame in 0..180_u32 {
            let now = start + Duration::from_secs(3) * frame / 180;
            requests += u32::from(screen.update(20, now).is_some());
        }
        assert_eq!(requests, 3);
    }
}

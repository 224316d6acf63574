//! The list of rooms. A room is chosen by its race: a list that is sorted or
//! shrinks moves no choice to another room.

mod page;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use client_core::RaceClient;
use client_core::protocol::RaceId;
use client_core::protocol::client::EarlierRace;
use client_core::protocol::limits::ROOM_NAME_CHARS_MAX;
use client_core::protocol::lobby::{Phase, RoomEntry};

use super::{Action, ScreenContext};
use crate::choice::Choice;
use crate::form::{Field, FieldOutcome, layout};
use crate::input::{Command, Key, UiEvent};
use crate::natural;
use crate::page::cap::{self, Cap};
use crate::page::{Page, Target, parts};

/// Interval between requests for the list.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);
/// What each room adds to it: a gateway takes twenty requests a second, and a long list
/// takes one for every fifty rooms or fewer.
const REFRESH_INTERVAL_PER_ROOM: Duration = Duration::from_millis(5);
/// Time for which a line is shown whose cause does not end by itself.
const ERROR_SHOWN: Duration = Duration::from_secs(10);
/// Rows that a notch of the wheel scrolls.
const NOTCH_ROWS: f32 = 3.0;

/// The list of rooms.
#[derive(Clone, Debug)]
pub struct LobbyScreen {
    choice: Choice<RaceId>,
    /// The name of what was chosen, to say that it is gone.
    chosen_name: String,
    /// Whether a room was chosen before.
    has_chosen: bool,
    filter: Field,
    /// Whether typed text goes to the filter.
    is_filtering: bool,
    /// The first row that is shown, with the fraction that a wheel has turned.
    scrolled: f32,
    /// The rooms of the latest two clicks, the newest last.
    clicked: [Option<RaceId>; 2],
    error: Option<LobbyError>,
    requested_at: Option<Instant>,
}

/// A line about something that failed.
#[derive(Clone, Debug)]
struct LobbyError {
    text: String,
    since: Instant,
    /// The chosen room as it was, whose change ends the cause.
    room: Option<(RaceId, Phase, usize)>,
}

/// What a key of the lobby does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// Join, return to or watch the chosen room.
    Enter,
    /// Watch the chosen room.
    Watch,
    /// Take text for the filter.
    OpenFilter,
    /// Return to the list with the filter as it is.
    KeepFilter,
    /// Return to the list without a filter.
    ClearFilter,
    /// Something outside the lobby.
    Act(Action),
}

/// How a room is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entrance {
    /// Take a free seat.
    Join,
    /// Take the own seat again.
    Return,
    /// Watch.
    Watch,
}

/// Returns the own race of before, if it still runs: the list has its room.
fn running_race(client: &RaceClient) -> Option<&EarlierRace> {
    let runs = |room: &RoomEntry| match room.phase {
        Phase::Waiting | Phase::Countdown | Phase::Racing => true,
        Phase::Finished | Phase::Closed => false,
    };
    let last = client.last_race().filter(|last| last.is_running)?;
    let mut rooms = client.lobby().iter();
    let is_listed = rooms.any(|room| room.race == last.race.race && runs(room));
    is_listed.then_some(last)
}

impl Default for LobbyScreen {
    fn default() -> Self {
        Self {
            choice: Choice::default(),
            chosen_name: String::new(),
            has_chosen: false,
            filter: Field::text("", "", "", ROOM_NAME_CHARS_MAX),
            is_filtering: false,
            scrolled: 0.0,
            clicked: [None; 2],
            error: None,
            requested_at: None,
        }
    }
}

impl LobbyScreen {
    /// Returns the error that is shown.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.text.as_str())
    }

    /// Returns whether typed text goes to the filter.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        self.is_filtering
    }

    /// Returns the rooms that pass the filter, in natural order.
    #[must_use]
    pub fn rooms<'c>(&self, client: &'c RaceClient) -> Vec<&'c RoomEntry> {
        let wanted = self.filter.value.trim().to_ascii_lowercase();
        let has = |text: &str| text.to_ascii_lowercase().contains(&wanted);
        let passes = |room: &&RoomEntry| {
            has(room.name.as_str())
                || has(&room.settings.track)
                || room.players.iter().any(|player| has(player.as_str()))
        };
        let mut rooms: Vec<_> = client.lobby().iter().filter(passes).collect();
        rooms.sort_by(|one, other| natural::compare(one.name.as_str(), other.name.as_str()));
        rooms
    }

    /// Returns the chosen room, if it is shown.
    #[must_use]
    pub fn chosen<'c>(&self, client: &'c RaceClient) -> Option<&'c RoomEntry> {
        let rooms = self.rooms(client);
        rooms
            .into_iter()
            .find(|room| Some(room.race) == self.choice.id())
    }

    /// Returns the keys.
    pub(super) fn caps(&self, context: &ScreenContext<'_>) -> Vec<Cap<Deed>> {
        let mut caps = Vec::new();
        if let Some(room) = running_race(context.client).filter(|_| !self.is_filtering) {
            let room = room.race.room.as_str();
            let deed = Deed::Act(Action::Join(room.to_owned()));
            caps.push(Cap::command(
                Command::Return,
                format!("return to {room}"),
                deed,
            ));
            let deed = Deed::Act(Action::GiveUp);
            caps.push(Cap::command(Command::GiveUp, "give it up", deed));
        }
        if let Some(room) = self.chosen(context.client) {
            let entrance = entrance(room, context.client);
            let label = match entrance {
                Entrance::Join => "join",
                Entrance::Return => "return to the race",
                Entrance::Watch => "watch",
            };
            caps.push(Cap::key(Key::Enter, label, Deed::Enter));
            if entrance != Entrance::Watch && !self.is_filtering {
                caps.push(Cap::command(Command::Watch, "watch", Deed::Watch));
            }
        }
        if self.is_filtering {
            caps.push(Cap::key(Key::Tab, "back to the list", Deed::KeepFilter));
            caps.push(Cap::key(Key::Escape, "clear the filter", Deed::ClearFilter));
            return caps;
        }
        let act = |command, label: &str, action| Cap::command(command, label, Deed::Act(action));
        caps.push(act(Command::Create, "create a room", Action::OpenCreate));
        let car = format!("car: {}", context.class);
        caps.push(act(Command::NextCar, &car, Action::NextClass));
        caps.push(Cap::command(Command::Filter, "filter", Deed::OpenFilter));
        caps.push(act(Command::Settings, "settings", Action::OpenSettings));
        caps.push(act(Command::LogOut, "log out", Action::LogOut));
        caps.push(if self.filter.value.is_empty() {
            Cap::key(Key::Escape, "quit", Deed::Act(Action::Quit))
        } else {
            Cap::key(Key::Escape, "clear the filter", Deed::ClearFilter)
        });
        caps
    }

    pub(super) fn handle(
        &mut self,
        event: &UiEvent,
        context: &ScreenContext<'_>,
    ) -> Option<Action> {
        let page = self.page(context);
        if let Some(deed) = cap::deed(self.caps(context), &page, event) {
            return self.perform(deed, context);
        }
        match event {
            UiEvent::Key(key) => self.key(*key, context, &page),
            UiEvent::Text(text) | UiEvent::Paste(text) if self.is_filtering => {
                self.filter.insert(text);
                self.filtered(context);
                None
            }
            UiEvent::Click { x, y } => {
                self.click(*x, *y, context, &page);
                None
            }
            UiEvent::DoubleClick { x, y } => self.double_click(*x, *y, context, &page),
            UiEvent::Wheel { notches, .. } => {
                self.scrolled += notches * NOTCH_ROWS;
                self.scrolled = self.scrolled.clamp(0.0, self.scrolled_max(context, &page));
                None
            }
            // Advertised only where Enter does not do it.
            UiEvent::Command(Command::Watch) => self.perform(Deed::Watch, context),
            // The list is requested every second without it.
            UiEvent::Command(Command::Refresh) => Some(Action::ListRooms),
            UiEvent::Command(_) | UiEvent::Text(_) | UiEvent::Paste(_) | UiEvent::Hover { .. } => {
                None
            }
        }
    }

    pub(super) fn update(&mut self, context: &ScreenContext<'_>) -> Option<Action> {
        let (client, now) = (context.client, context.now);
        self.follow(client, now);
        self.drop_error(client, now);
        let rooms = u32::try_from(client.lobby().len()).unwrap_or(u32::MAX);
        let interval = REFRESH_INTERVAL + REFRESH_INTERVAL_PER_ROOM.saturating_mul(rooms);
        if self.requested_at.is_some_and(|at| now - at < interval) {
            return None;
        }
        self.requested_at = Some(now);
        Some(Action::ListRooms)
    }

    /// Shows why something failed, until it is tried again or its cause is gone.
    pub(super) fn refuse(&mut self, sentence: &str, client: &RaceClient, now: Instant) {
        let room = self.chosen(client);
        self.error = Some(LobbyError {
            text: sentence.to_owned(),
            since: now,
            room: room.map(|room| (room.race, room.phase, room.players.len())),
        });
    }

    fn perform(&mut self, deed: Deed, context: &ScreenContext<'_>) -> Option<Action> {
        match deed {
            Deed::Enter => return self.enter(context),
            Deed::Watch => {
                self.error = None;
                let room = self.chosen(context.client)?;
                return Some(Action::Watch(room.name.to_string()));
            }
            Deed::OpenFilter => self.is_filtering = true,
            Deed::KeepFilter => self.is_filtering = false,
            Deed::ClearFilter => {
                self.is_filtering = false;
                self.filter.value.clear();
                self.filter.cursor = 0;
                self.filtered(context);
            }
            Deed::Act(action) => {
                self.error = None;
                return Some(action);
            }
        }
        None
    }

    fn enter(&mut self, context: &ScreenContext<'_>) -> Option<Action> {
        self.error = None;
        let room = self.chosen(context.client)?;
        let name = room.name.to_string();
        Some(match entrance(room, context.client) {
            Entrance::Join | Entrance::Return => Action::Join(name),
            Entrance::Watch => Action::Watch(name),
        })
    }

    fn key(&mut self, key: Key, context: &ScreenContext<'_>, page: &Page) -> Option<Action> {
        let rows = shown_rows(page).max(1) as isize;
        match key {
            Key::Up => self.step(-1, context, page),
            Key::Down => self.step(1, context, page),
            Key::PageUp => self.step(-rows, context, page),
            Key::PageDown => self.step(rows, context, page),
            Key::Home if !self.is_filtering => self.step(isize::MIN, context, page),
            Key::End if !self.is_filtering => self.step(isize::MAX, context, page),
            // Its cap is advertised with a choice only.
            Key::Enter => {
                let text = "choose a room first: with Up and Down, or with the mouse";
                self.refuse(text, context.client, context.now);
            }
            Key::Home
            | Key::End
            | Key::Tab
            | Key::BackTab
            | Key::Escape
            | Key::Left
            | Key::Right
            | Key::WordLeft
            | Key::WordRight
            | Key::Backspace
            | Key::WordBackspace
            | Key::Delete
            | Key::WordDelete
            | Key::SelectAll
            | Key::Copy
            | Key::Cut => {
                if self.is_filtering {
                    return self.edit(key, context);
                }
            }
        }
        None
    }

    fn edit(&mut self, key: Key, context: &ScreenContext<'_>) -> Option<Action> {
        let outcome = self.filter.key(key);
        self.filtered(context);
        match outcome {
            FieldOutcome::Copied(text) => Some(Action::Copy(text)),
            FieldOutcome::Nothing | FieldOutcome::Edited => None,
        }
    }

    /// Moves the choice by `steps` rows, and the list with it.
    fn step(&mut self, steps: isize, context: &ScreenContext<'_>, page: &Page) {
        let rooms = self.rooms(context.client);
        let ids: Vec<RaceId> = rooms.iter().map(|room| room.race).collect();
        // The list itself may be shown with another room at the choice's place.
        self.choice.step(&ids, steps);
        self.chose(context.client);
        let Some(place) = self.choice.place_in(&ids) else {
            return;
        };
        let shown = shown_rows(page).max(1);
        let first = (self.scrolled as usize).min(place);
        let first = first.max((place + 1).saturating_sub(shown));
        if first != self.scrolled as usize {
            self.scrolled = first as f32;
        }
    }

    fn click(&mut self, x: f32, y: f32, context: &ScreenContext<'_>, page: &Page) {
        let Some((area, target)) = page.target_at(x, y) else {
            return;
        };
        match target {
            Target::Row(index) => {
                let rooms = self.rooms(context.client);
                let ids: Vec<RaceId> = rooms.iter().map(|room| room.race).collect();
                self.choice.choose(&ids, index);
                self.chose(context.client);
                self.clicked = [self.clicked[1], self.choice.id()];
            }
            Target::Scrollbar => {
                let all = self.rooms(context.client).len();
                self.scrolled = parts::scrolled_to(area, y, shown_rows(page), all) as f32;
            }
            Target::Field(_) => {
                self.is_filtering = true;
                layout::click(&mut self.filter, area, x);
            }
            Target::Cap(_) | Target::Button(_) => {}
        }
    }

    /// Enters the room under a double click, unless the list has changed between the
    /// two clicks.
    fn double_click(
        &mut self,
        x: f32,
        y: f32,
        context: &ScreenContext<'_>,
        page: &Page,
    ) -> Option<Action> {
        let (_, target) = page.target_at(x, y)?;
        if target == Target::Field(0) {
            self.filter.select_all();
        }
        let [before, last] = self.clicked;
        let is_same = last.is_some() && before == last && last == self.choice.id();
        match target {
            Target::Row(_) if is_same => self.enter(context),
            Target::Row(_)
            | Target::Cap(_)
            | Target::Field(_)
            | Target::Button(_)
            | Target::Scrollbar => None,
        }
    }

    /// Remembers a choice that was made.
    fn chose(&mut self, client: &RaceClient) {
        let name = self.chosen(client).map(|room| room.name.to_string());
        self.chosen_name = name.unwrap_or_default();
        self.has_chosen = true;
        self.error = None;
    }

    /// Chooses the first room that passes a new filter, unless the choice does.
    fn filtered(&mut self, context: &ScreenContext<'_>) {
        self.scrolled = 0.0;
        if self.chosen(context.client).is_none() {
            let rooms = self.rooms(context.client);
            let ids: Vec<RaceId> = rooms.iter().map(|room| room.race).collect();
            self.choice.choose(&ids, 0);
            self.chose(context.client);
        }
    }

    /// Keeps the choice in a list that has changed. A chosen room that is gone is
    /// told, and no other takes its place.
    fn follow(&mut self, client: &RaceClient, now: Instant) {
        if client
            .lobby()
            .iter()
            .any(|room| Some(room.race) == self.choice.id())
        {
            let rooms = self.rooms(client);
            let ids: Vec<RaceId> = rooms.iter().map(|room| room.race).collect();
            if let Some(place) = self.choice.place_in(&ids) {
                self.choice.choose(&ids, place);
            }
            return;
        }
        if self.choice.follow(&[]) {
            let text = format!("room {} is gone, choose another", self.chosen_name);
            self.refuse(&text, client, now);
        }
        let rooms = self.rooms(client);
        if !self.has_chosen && !rooms.is_empty() {
            let ids: Vec<RaceId> = rooms.iter().map(|room| room.race).collect();
            self.choice.choose(&ids, 0);
            self.chose(client);
        }
    }

    /// Takes an error away whose cause is gone.
    fn drop_error(&mut self, client: &RaceClient, now: Instant) {
        let Some(error) = &self.error else {
            return;
        };
        let is_old = now.saturating_duration_since(error.since) >= ERROR_SHOWN;
        let has_changed = error.room.is_some_and(|(race, phase, players)| {
            let room = client.lobby().iter().find(|room| room.race == race);
            room.is_none_or(|room| (room.phase, room.players.len()) != (phase, players))
        });
        if is_old || has_changed {
            self.error = None;
        }
    }

    fn scrolled_max(&self, context: &ScreenContext<'_>, page: &Page) -> f32 {
        let all = self.rooms(context.client).len();
        all.saturating_sub(shown_rows(page)) as f32
    }
}

/// Returns how a room is entered by the player.
fn entrance(room: &RoomEntry, client: &RaceClient) -> Entrance {
    let is_in = client
        .player()
        .is_some_and(|own| room.players.contains(own));
    match room.phase {
        Phase::Waiting => Entrance::Join,
        Phase::Countdown | Phase::Racing if is_in => Entrance::Return,
        Phase::Countdown | Phase::Racing | Phase::Finished | Phase::Closed => Entrance::Watch,
    }
}

fn shown_rows(page: &Page) -> usize {
    let is_row = |(_, target): &&(_, Target)| matches!(target, Target::Row(_));
    page.targets.iter().filter(is_row).count()
}

//! The screens: what each of them remembers and what keys do to it.
//!
//! A screen knows nothing of SDL and sends nothing itself: it gives
//! [`Action`]s. Which screen is shown follows from how far the client is.

pub mod create;
pub mod lobby;
pub mod login;
pub mod race;

use std::time::Instant;

use client_core::protocol::account::Password;
use client_core::protocol::lobby::RoomSettings;
use client_core::{RaceClient, RaceClientState, protocol::lobby::Phase};
use domain::CarClass;

use self::create::CreateScreen;
use self::lobby::LobbyScreen;
use self::login::LoginScreen;
use self::race::RaceScreen;
use crate::input::{Key, UiEvent};

/// What a screen wants to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Log in.
    LogIn(String, Password),
    /// Make an account.
    SignUp(String, Password),
    /// Ask for the list of rooms.
    ListRooms,
    /// Take a seat.
    Join(String),
    /// Show the form for a new room.
    OpenCreate,
    /// Back to the lobby without a new room.
    CloseCreate,
    /// Make a room, and drive this in it.
    Create(String, RoomSettings, CarClass),
    /// Drive the next class of car, here or in the next room.
    NextClass,
    /// Put AI drivers into the free seats.
    FillSeats,
    /// Give the seat back.
    Leave,
    /// Away with the result.
    Dismiss,
}

/// Which screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenKind {
    /// No connection, and no room to come back to.
    Offline,
    /// Name and password.
    Login,
    /// The list of rooms.
    Lobby,
    /// The form for a new room.
    Create,
    /// In a room with free seats.
    Waiting,
    /// The race.
    Race,
    /// How it ended.
    Result,
    /// The connection ended for good.
    Ended,
}

impl ScreenKind {
    /// As tests know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Login => "login",
            Self::Lobby => "lobby",
            Self::Create => "create",
            Self::Waiting => "waiting",
            Self::Race => "race",
            Self::Result => "result",
            Self::Ended => "ended",
        }
    }

    /// Which screen a client as it is needs, when `current` is shown. Who was
    /// in a room stays there while the connection comes back, unless the
    /// gateway did not let the player in again.
    #[must_use]
    pub fn wanted(client: &RaceClient, current: Self, is_refused: bool) -> Self {
        let was_in_room = matches!(current, Self::Waiting | Self::Race);
        let is_returning = client.is_returning() && was_in_room && !is_refused;
        match client.state() {
            RaceClientState::Offline(_)
            | RaceClientState::Unauthenticated
            | RaceClientState::Lobby
                if is_returning =>
            {
                current
            }
            RaceClientState::Offline(_) => Self::Offline,
            RaceClientState::Unauthenticated => Self::Login,
            RaceClientState::Lobby if current == Self::Create => current,
            RaceClientState::Lobby => Self::Lobby,
            RaceClientState::Room(room) => match room.view().phase {
                Phase::Waiting => Self::Waiting,
                Phase::Countdown | Phase::Racing | Phase::Finished | Phase::Closed => Self::Race,
            },
            RaceClientState::Result(_) => Self::Result,
            RaceClientState::Ended(_) => Self::Ended,
        }
    }
}

/// The screen that is shown, with what it remembers.
#[derive(Debug)]
pub enum Screen {
    /// See [`ScreenKind::Offline`].
    Offline,
    /// See [`ScreenKind::Login`].
    Login(LoginScreen),
    /// See [`ScreenKind::Lobby`].
    Lobby(LobbyScreen),
    /// See [`ScreenKind::Create`].
    Create(CreateScreen),
    /// See [`ScreenKind::Waiting`].
    Waiting,
    /// See [`ScreenKind::Race`].
    Race(Box<RaceScreen>),
    /// See [`ScreenKind::Result`].
    Result,
    /// See [`ScreenKind::Ended`].
    Ended,
}

impl Screen {
    /// The screen as it is when it comes up.
    #[must_use]
    pub fn enter(kind: ScreenKind, user: &str, class: CarClass) -> Self {
        match kind {
            ScreenKind::Offline => Self::Offline,
            ScreenKind::Login => Self::Login(LoginScreen::new(user)),
            ScreenKind::Lobby => Self::Lobby(LobbyScreen::default()),
            ScreenKind::Create => Self::Create(CreateScreen::new(user, class)),
            ScreenKind::Waiting => Self::Waiting,
            ScreenKind::Race => Self::Race(Box::default()),
            ScreenKind::Result => Self::Result,
            ScreenKind::Ended => Self::Ended,
        }
    }

    /// Which it is.
    #[must_use]
    pub fn kind(&self) -> ScreenKind {
        match self {
            Self::Offline => ScreenKind::Offline,
            Self::Login(_) => ScreenKind::Login,
            Self::Lobby(_) => ScreenKind::Lobby,
            Self::Create(_) => ScreenKind::Create,
            Self::Waiting => ScreenKind::Waiting,
            Self::Race(_) => ScreenKind::Race,
            Self::Result => ScreenKind::Result,
            Self::Ended => ScreenKind::Ended,
        }
    }

    /// Takes what the person did; `width` is the window's, in points.
    pub fn handle(
        &mut self,
        event: &UiEvent,
        client: &RaceClient,
        width: f32,
        now: Instant,
    ) -> Option<Action> {
        match self {
            Self::Login(screen) => screen.handle(event, width),
            Self::Lobby(screen) => screen.handle(event, client.lobby(), width),
            Self::Create(screen) => screen.handle(event, width),
            Self::Race(screen) => screen.handle(event, now),
            Self::Waiting => waiting(event, client),
            Self::Result => {
                let is_done = matches!(
                    event,
                    UiEvent::Key(Key::Enter | Key::Escape) | UiEvent::Click { .. }
                );
                is_done.then_some(Action::Dismiss)
            }
            Self::Offline | Self::Ended => None,
        }
    }

    /// Lets time pass.
    pub fn update(&mut self, client: &RaceClient, now: Instant) -> Option<Action> {
        match self {
            Self::Lobby(screen) => screen.update(now),
            Self::Race(screen) => {
                screen.update(client, now);
                None
            }
            Self::Offline
            | Self::Login(_)
            | Self::Create(_)
            | Self::Waiting
            | Self::Result
            | Self::Ended => None,
        }
    }

    /// Shows why something was refused. Gives whether this screen has a place
    /// for it.
    #[must_use]
    pub fn refuse(&mut self, sentence: &str) -> bool {
        let error = match self {
            Self::Login(screen) => &mut screen.error,
            Self::Lobby(screen) => &mut screen.error,
            Self::Create(screen) => &mut screen.error,
            Self::Offline | Self::Waiting | Self::Race(_) | Self::Result | Self::Ended => {
                return false;
            }
        };
        *error = Some(sentence.to_owned());
        true
    }

    /// The error that is shown.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Login(screen) => screen.error.as_deref(),
            Self::Lobby(screen) => screen.error.as_deref(),
            Self::Create(screen) => screen.error.as_deref(),
            Self::Offline | Self::Waiting | Self::Race(_) | Self::Result | Self::Ended => None,
        }
    }
}

/// In a room with free seats; only its host is offered to fill it.
fn waiting(event: &UiEvent, client: &RaceClient) -> Option<Action> {
    let is_host = || client.room().is_some_and(|room| room.is_host());
    match event {
        UiEvent::Key(Key::Escape) => Some(Action::Leave),
        UiEvent::Text(text) if text.eq_ignore_ascii_case("k") => Some(Action::NextClass),
        UiEvent::Text(text) if text.eq_ignore_ascii_case("f") && is_host() => {
            Some(Action::FillSeats)
        }
        UiEvent::Key(_)
        | UiEvent::Text(_)
        | UiEvent::Click { .. }
        | UiEvent::Drive(..)
        | UiEvent::FocusLost => None,
    }
}

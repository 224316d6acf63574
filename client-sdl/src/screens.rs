//! The screens: their state and what input does to it.
//!
//! A screen does not depend on SDL and sends nothing itself: it returns
//! [`Action`]s. The state of the client determines which screen is shown.

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
use crate::input::{Command, Context, Key, UiEvent};

/// An action that the player takes on a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Log in.
    LogIn(String, Password),
    /// Create an account.
    SignUp(String, Password),
    /// Log in with the session of an earlier run.
    GoOn,
    /// Request the list of rooms.
    ListRooms,
    /// Take a seat in a room.
    Join(String),
    /// Show the form for a new room.
    OpenCreate,
    /// Return to the lobby without a new room.
    CloseCreate,
    /// Create a room and take a seat in it, with a car of this class.
    Create(String, RoomSettings, CarClass),
    /// Switch to the next class of car, in this room or for the next one.
    NextClass,
    /// Put AI drivers into the free seats.
    FillSeats,
    /// Leave the room.
    Leave,
    /// Close the result.
    Dismiss,
    /// Put text into the clipboard.
    Copy(String),
}

/// The kind of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenKind {
    /// No connection, and no room to rejoin.
    Offline,
    /// The form for name and password.
    Login,
    /// The list of rooms.
    Lobby,
    /// The form for a new room.
    Create,
    /// A room with free seats.
    Waiting,
    /// The race.
    Race,
    /// The result.
    Result,
    /// The connection ended and is not retried.
    Ended,
}

impl ScreenKind {
    /// Returns the name by which tests know it.
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

    /// Returns what keys mean on the screen.
    #[must_use]
    pub fn context(self) -> Context {
        match self {
            Self::Race => Context::Race,
            Self::Offline
            | Self::Login
            | Self::Lobby
            | Self::Create
            | Self::Waiting
            | Self::Result
            | Self::Ended => Context::Menu,
        }
    }

    /// Returns the screen for the state of a client while `current` is shown. A
    /// room stays on the screen while the client reconnects, unless the gateway
    /// has refused the log-in.
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

/// The screen that is shown, with its state.
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
    /// Makes a screen in its initial state.
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

    /// Returns the kind.
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

    /// Returns whether keys that type text do so: they are then no commands, and do
    /// not drive.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        match self {
            Self::Login(_) | Self::Create(_) => true,
            Self::Offline
            | Self::Lobby(_)
            | Self::Waiting
            | Self::Race(_)
            | Self::Result
            | Self::Ended => false,
        }
    }

    /// Handles the player's input. `width` is the window's, in points.
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

    /// Advances to `now`.
    pub fn update(&mut self, client: &RaceClient, now: Instant) -> Option<Action> {
        match self {
            Self::Lobby(screen) => screen.update(client.lobby().len(), now),
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

    /// Shows a rejection. Returns whether this screen has room for it.
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

    /// Returns the error that is shown.
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

/// Handles input in a room with free seats. Only its host may fill them.
fn waiting(event: &UiEvent, client: &RaceClient) -> Option<Action> {
    let is_host = || client.room().is_some_and(|room| room.is_host());
    match event {
        UiEvent::Key(Key::Escape) => Some(Action::Leave),
        UiEvent::Command(Command::NextCar) => Some(Action::NextClass),
        UiEvent::Command(Command::Fill) if is_host() => Some(Action::FillSeats),
        UiEvent::Key(_)
        | UiEvent::Command(_)
        | UiEvent::Text(_)
        | UiEvent::Paste(_)
        | UiEvent::Click { .. }
        | UiEvent::DoubleClick { .. }
        | UiEvent::Hover { .. }
        | UiEvent::Wheel { .. } => None,
    }
}

//! The screens: their state and what input does to it.
//!
//! A screen does not depend on SDL and sends nothing itself: it returns
//! [`Action`]s. The state of the client determines which screen is shown.

mod context;
pub mod create;
pub mod lobby;
pub mod login;
mod message;
pub mod race;
mod result;
pub mod settings;
mod waiting;

use std::time::Instant;

use client_core::protocol::account::Password;
use client_core::protocol::lobby::RoomSettings;
use client_core::{RaceClient, RaceClientState, protocol::lobby::Phase};
use domain::CarClass;

pub use self::context::ScreenContext;
use self::create::CreateScreen;
use self::lobby::LobbyScreen;
use self::login::LoginScreen;
use self::race::RaceScreen;
use self::settings::SettingsScreen;
use crate::input::{Context, Key, UiEvent};
use crate::page::Page;
use crate::page::cap::{self, Trigger};
use crate::settings::Settings;

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
    /// Watch a room.
    Watch(String),
    /// Put text into the clipboard.
    Copy(String),
    /// End the session and show the log-in form.
    LogOut,
    /// Connect again and show the log-in form.
    Reconnect,
    /// Give up the own race of before that still runs.
    GiveUp,
    /// Show the settings.
    OpenSettings,
    /// Return from the settings.
    CloseSettings,
    /// Change the settings.
    ChangeSettings(Box<Settings>),
    /// Quit the program.
    Quit,
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
    /// The settings.
    Settings,
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
            Self::Settings => "settings",
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
            | Self::Settings
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
        let phase = client.room().map(|room| room.view().phase);
        // The settings stay open until a race begins.
        if current == Self::Settings && phase.is_none_or(|phase| phase == Phase::Waiting) {
            return current;
        }
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
            // The session goes on without a form.
            RaceClientState::Unauthenticated
                if current == Self::Offline && client.token().is_some() && !is_refused =>
            {
                current
            }
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
    Lobby(Box<LobbyScreen>),
    /// See [`ScreenKind::Create`].
    Create(CreateScreen),
    /// See [`ScreenKind::Settings`].
    Settings(SettingsScreen),
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
    /// Makes a screen: as it was left, if it keeps what was typed, or in its initial
    /// state.
    #[must_use]
    pub fn enter(kind: ScreenKind, kept: &mut KeptScreens, user: &str, class: CarClass) -> Self {
        match kind {
            ScreenKind::Offline => Self::Offline,
            ScreenKind::Login => {
                Self::Login(kept.login.take().unwrap_or_else(|| LoginScreen::new(user)))
            }
            ScreenKind::Lobby => Self::Lobby(kept.lobby.take().unwrap_or_default()),
            ScreenKind::Create => {
                let kept = kept.create.take();
                let mut screen = kept.unwrap_or_else(|| CreateScreen::new(user, class));
                screen.set_class(class);
                Self::Create(screen)
            }
            ScreenKind::Settings => Self::Settings(SettingsScreen::default()),
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
            Self::Settings(_) => ScreenKind::Settings,
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
            Self::Lobby(screen) => screen.takes_text(),
            Self::Offline
            | Self::Settings(_)
            | Self::Waiting
            | Self::Race(_)
            | Self::Result
            | Self::Ended => false,
        }
    }

    /// Returns the keys that the screen advertises.
    #[must_use]
    pub fn triggers(&self, context: &ScreenContext<'_>) -> Vec<Trigger> {
        fn of<D>(caps: Vec<cap::Cap<D>>) -> Vec<Trigger> {
            caps.into_iter().map(|cap| cap.trigger).collect()
        }
        match self {
            Self::Offline => of(message::offline_caps()),
            Self::Login(screen) => of(screen.caps()),
            Self::Lobby(screen) => of(screen.caps(context)),
            Self::Create(screen) => of(screen.caps()),
            Self::Settings(screen) => of(screen.caps()),
            Self::Waiting => of(waiting::caps(context)),
            Self::Race(_) => Vec::new(),
            Self::Result => of(result::caps()),
            Self::Ended => of(message::ended_caps()),
        }
    }

    /// Makes the page of a menu. `None` for the race, which is drawn otherwise.
    #[must_use]
    pub fn page(&self, context: &ScreenContext<'_>) -> Option<Page> {
        Some(match self {
            Self::Offline => message::offline(context),
            Self::Login(screen) => screen.page(context),
            Self::Lobby(screen) => screen.page(context),
            Self::Create(screen) => screen.page(context),
            Self::Settings(screen) => screen.page(context),
            Self::Waiting => waiting::page(context),
            Self::Race(_) => return None,
            Self::Result => result::page(context),
            Self::Ended => message::ended(context),
        })
    }

    /// Handles the player's input.
    pub fn handle(&mut self, event: &UiEvent, context: &ScreenContext<'_>) -> Option<Action> {
        match self {
            Self::Login(screen) => screen.handle(event, context),
            Self::Lobby(screen) => screen.handle(event, context),
            Self::Create(screen) => screen.handle(event, context),
            Self::Settings(screen) => screen.handle(event, context),
            Self::Race(screen) => screen.handle(event, context.now),
            Self::Offline => cap::deed(message::offline_caps(), &message::offline(context), event),
            Self::Waiting => cap::deed(waiting::caps(context), &waiting::page(context), event),
            // Escape goes the same way as everywhere.
            Self::Result if *event == UiEvent::Key(Key::Escape) => Some(Action::Dismiss),
            Self::Result => cap::deed(result::caps(), &result::page(context), event),
            Self::Ended => cap::deed(message::ended_caps(), &message::ended(context), event),
        }
    }

    /// Advances to the time of the context.
    pub fn update(&mut self, context: &ScreenContext<'_>) -> Option<Action> {
        match self {
            Self::Lobby(screen) => screen.update(context),
            Self::Race(screen) => {
                screen.update(context.client, context.now);
                None
            }
            Self::Login(screen) => {
                screen.follow(context.offered);
                None
            }
            Self::Offline
            | Self::Create(_)
            | Self::Settings(_)
            | Self::Waiting
            | Self::Result
            | Self::Ended => None,
        }
    }

    /// Shows a rejection. Returns whether this screen has room for it.
    #[must_use]
    pub fn refuse(&mut self, sentence: &str, client: &RaceClient, now: Instant) -> bool {
        let error = match self {
            Self::Login(screen) => &mut screen.error,
            Self::Lobby(screen) => {
                screen.refuse(sentence, client, now);
                return true;
            }
            Self::Create(screen) => &mut screen.error,
            Self::Offline
            | Self::Settings(_)
            | Self::Waiting
            | Self::Race(_)
            | Self::Result
            | Self::Ended => {
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
            Self::Lobby(screen) => screen.error(),
            Self::Create(screen) => screen.error.as_deref(),
            Self::Offline
            | Self::Settings(_)
            | Self::Waiting
            | Self::Race(_)
            | Self::Result
            | Self::Ended => None,
        }
    }
}

/// The screens that keep what was typed and chosen while another one is shown.
#[derive(Debug, Default)]
pub struct KeptScreens {
    login: Option<LoginScreen>,
    create: Option<CreateScreen>,
    lobby: Option<Box<LobbyScreen>>,
}

impl KeptScreens {
    /// Keeps a screen that is left.
    pub fn keep(&mut self, screen: Screen) {
        match screen {
            Screen::Login(screen) => self.login = Some(screen),
            Screen::Create(screen) => self.create = Some(screen),
            Screen::Lobby(screen) => self.lobby = Some(screen),
            Screen::Offline
            | Screen::Settings(_)
            | Screen::Waiting
            | Screen::Race(_)
            | Screen::Result
            | Screen::Ended => {}
        }
    }

    /// Forgets what was typed to log in: it holds a password.
    pub fn forget_login(&mut self) {
        self.login = None;
    }

    /// Forgets everything of a player.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
pub(crate) mod tests;

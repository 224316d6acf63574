//! The player's settings in the running client, and the commands that work on every
//! screen.

use std::time::Instant;

use client_core::Notice;

use super::App;
use crate::input::{Command, KeyPress};
use crate::screens::{Action, Screen, ScreenKind};
use crate::settings::Settings;

/// The settings, and what the shell has to do for them.
#[derive(Debug)]
pub(super) struct Preferences {
    settings: Settings,
    is_changed: bool,
    wants_picture: bool,
    /// The screen on which the settings were opened.
    opened_on: ScreenKind,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            is_changed: false,
            wants_picture: false,
            opened_on: ScreenKind::Offline,
        }
    }
}

impl Preferences {
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    fn change(&mut self, settings: Settings) {
        self.is_changed |= self.settings != settings;
        self.settings = settings;
    }
}

impl App {
    /// Takes the settings of an earlier run. `problem` says for the player why they
    /// cannot be read.
    pub fn load_settings(&mut self, settings: Settings, problem: Option<String>, now: Instant) {
        self.preferences.settings = settings;
        if let Some(problem) = problem {
            self.notices.push(Notice::warning(problem), now);
        }
    }

    /// Returns the player's settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.preferences.settings
    }

    /// Changes the player's settings.
    pub fn change_settings(&mut self, settings: Settings) {
        self.preferences.change(settings);
    }

    /// Takes the settings to keep, if they have changed since the last call.
    pub fn take_changed_settings(&mut self) -> Option<Settings> {
        let is_changed = std::mem::take(&mut self.preferences.is_changed);
        is_changed.then(|| self.preferences.settings.clone())
    }

    /// Takes the wish for a picture of the window.
    pub fn take_picture_request(&mut self) -> bool {
        std::mem::take(&mut self.preferences.wants_picture)
    }

    /// Records that the window has this size, unless it fills the screen.
    pub fn window_resized(&mut self, width: u32, height: u32) {
        let mut settings = self.settings().clone();
        if !settings.window.is_full_screen {
            (settings.window.width, settings.window.height) = (width, height);
            self.change_settings(settings);
        }
    }

    /// Shows the settings in the place of the screen.
    pub(super) fn open_settings(&mut self) {
        self.preferences.opened_on = self.screen.kind();
        self.enter(ScreenKind::Settings);
    }

    /// Shows what belongs to the state of the client, as it was before the settings.
    pub(super) fn close_settings(&mut self) {
        let before = self.preferences.opened_on;
        let wanted = ScreenKind::wanted(&self.client, before, self.is_refused);
        self.enter(wanted);
    }

    /// Binds a key that was pressed, if the settings wait for one. Returns whether
    /// they do.
    pub(super) fn capture(&mut self, press: &KeyPress, now: Instant) -> bool {
        let Screen::Settings(screen) = &mut self.screen else {
            return false;
        };
        if !screen.is_capturing() {
            return false;
        }
        if let Some(action) = screen.capture(press, &self.preferences.settings) {
            self.act(action, now);
        }
        true
    }

    /// Adds a line for the player.
    pub fn notify(&mut self, notice: Notice, now: Instant) {
        self.notices.push(notice, now);
    }

    /// Carries out a command that works on every screen. Returns whether it is one.
    pub(super) fn command(&mut self, command: Command, now: Instant) -> bool {
        let mut settings = self.settings().clone();
        match command {
            Command::FullScreen => {
                settings.window.is_full_screen = !settings.window.is_full_screen;
            }
            Command::Mute => {
                self.toggle_mute(now);
                return true;
            }
            Command::Screenshot => self.preferences.wants_picture = true,
            Command::Settings if self.screen.kind() != ScreenKind::Settings => {
                self.act(Action::OpenSettings, now);
            }
            Command::NetworkPanel
            | Command::Chat
            | Command::ChatClient
            | Command::Settings
            | Command::RaceNow
            | Command::Create
            | Command::Refresh
            | Command::Filter
            | Command::Watch
            | Command::NextCar
            | Command::Fill
            | Command::NextSkill
            | Command::Return
            | Command::GiveUp
            | Command::LogOut
            | Command::Recover
            | Command::ShowAll
            | Command::Place(_) => return false,
        }
        self.change_settings(settings);
        true
    }
}

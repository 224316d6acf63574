//! From what a device did to what it means to the screen.

use std::time::Instant;

use client_core::Notice;
use domain::Controls;

use super::App;
use crate::area::Area;
use crate::input::controllers::{ControllerEvent, Rumble};
use crate::input::{Context, Focus, InputEvent, UiEvent};
use crate::screens::Screen;

impl App {
    /// Handles what a device did in a window.
    pub fn input(&mut self, event: &InputEvent, window: Area, now: Instant) {
        if let InputEvent::Controller(event) = event {
            self.announce(event, now);
            for event in self.controllers.handle(event, now) {
                self.input(&event, window, now);
            }
            return;
        }
        if let InputEvent::KeyDown(press) = event
            && self.capture(press, now)
        {
            return;
        }
        let screen = self.screens_before;
        for event in self.translate(event) {
            // An event that follows a change of screen was meant for the one before.
            if self.screens_before == screen {
                self.handle(&event, window, now);
            }
        }
    }

    /// Returns the rumble of a contact that the own car has had.
    pub fn rumble(&mut self, now: Instant) -> Option<Rumble> {
        let velocity = match &self.screen {
            Screen::Race(screen) => {
                let is_driver = self.client.room().is_some_and(|room| room.seat().is_some());
                let scene = screen.scene.as_ref().filter(|_| is_driver);
                scene
                    .and_then(|scene| scene.followed())
                    .map(|car| car.velocity)
            }
            Screen::Offline
            | Screen::Login(_)
            | Screen::Lobby(_)
            | Screen::Create(_)
            | Screen::Settings(_)
            | Screen::Waiting
            | Screen::Result
            | Screen::Ended => None,
        };
        let rumble = self.rumble.update(velocity, now)?;
        let share = self.settings().controller.rumble.share();
        let strength = rumble.strength * share;
        (strength > 0.0).then_some(Rumble { strength, ..rumble })
    }

    /// Returns the driver's controls: what is held drives in a race only, wherever
    /// it was pressed.
    #[must_use]
    pub fn controls(&self) -> Controls {
        match self.screen.kind().context() {
            Context::Race => {
                let keys = self.keyboard.controls(self.bindings());
                self.controllers.add_to(keys)
            }
            Context::Menu | Context::Everywhere => Controls::default(),
        }
    }

    /// Repeats a direction that is held on a controller.
    pub(super) fn repeat_direction(&mut self, now: Instant) {
        if let Some(event) = self.controllers.repeat(now) {
            // A repeat is at no point, so the window has no meaning.
            self.input(&event, Area::default(), now);
        }
    }

    /// Returns what the act of a device means to the screen.
    pub(super) fn translate(&mut self, event: &InputEvent) -> Vec<UiEvent> {
        let focus = self.focus();
        match event {
            InputEvent::KeyDown(press) => {
                if !press.is_repeat {
                    self.client.stay();
                }
                self.keyboard
                    .key_down(press, focus, &self.preferences.settings().keys)
            }
            InputEvent::KeyUp(code) => {
                self.keyboard.key_up(*code);
                Vec::new()
            }
            InputEvent::Text(text) if self.keyboard.types_into(focus) => {
                vec![UiEvent::Text(text.clone())]
            }
            InputEvent::Paste(text) if focus.takes_text => vec![UiEvent::Paste(text.clone())],
            InputEvent::Text(_) | InputEvent::Paste(_) => Vec::new(),
            InputEvent::MouseDown { x, y, clicks } => self.click(*x, *y, *clicks),
            InputEvent::MouseMove { x, y } => vec![UiEvent::Hover { x: *x, y: *y }],
            InputEvent::Wheel { x, y, notches } => vec![UiEvent::Wheel {
                x: *x,
                y: *y,
                notches: *notches,
            }],
            InputEvent::FocusLost => {
                self.keyboard.release_all();
                self.controllers.release_all();
                Vec::new()
            }
            // Its keys arrive as events of their own.
            InputEvent::Controller(_) => Vec::new(),
        }
    }

    /// The second click of a double click is for the screen of the first only.
    fn click(&mut self, x: f32, y: f32, clicks: u8) -> Vec<UiEvent> {
        if clicks <= 1 {
            self.clicked_on = self.screens_before;
        } else if self.clicked_on != self.screens_before {
            return Vec::new();
        }
        let is_double = clicks > 0 && clicks.is_multiple_of(2);
        let double = is_double.then_some(UiEvent::DoubleClick { x, y });
        std::iter::once(UiEvent::Click { x, y })
            .chain(double)
            .collect()
    }

    fn focus(&self) -> Focus {
        Focus {
            screen: self.screens_before,
            context: self.screen.kind().context(),
            takes_text: self.screen.takes_text(),
        }
    }

    /// Says that a controller was plugged in or unplugged.
    fn announce(&mut self, event: &ControllerEvent, now: Instant) {
        let notice = match event {
            ControllerEvent::Added { name, .. } => {
                Notice::info(format!("Controller connected: {name}"))
            }
            ControllerEvent::Removed(id) => {
                let name = self.controllers.name(*id).unwrap_or("a controller");
                Notice::warning(format!("Controller lost: {name}. The keys drive."))
            }
            ControllerEvent::Button { .. } | ControllerEvent::Axis { .. } => return,
        };
        self.notify(notice, now);
    }
}

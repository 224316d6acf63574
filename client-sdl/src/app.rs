//! The whole client without window and network: link events and input events
//! in, frames to send and a screen to draw out.

mod autopilot;
pub mod report;
mod sound;

use std::time::Instant;

use client_core::protocol::PlayerName;
use client_core::race::room::{IdleWarning, RoomClient};
use client_core::{LinkEvent, Notice, RaceClient, RaceClientState};
use domain::{CarClass, Controls, Skill};

use self::autopilot::{Autopilot, Step};
pub use self::autopilot::{Credentials, Goal};
use self::sound::AppSound;
use crate::drawing::DrawingStats;
use crate::input::{Bindings, Command, Context, Focus, InputEvent, Keyboard, UiEvent};
use crate::notices::NoticeBoard;
use crate::screens::{Action, Screen, ScreenKind};

/// The plan of the command line: what to do without input from the player.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The gateways' addresses, for display.
    pub gateway: String,
    /// The name with which the log-in form starts.
    pub user: Option<PlayerName>,
    /// The account to log in to.
    pub credentials: Option<Credentials>,
    /// The room to enter after the log-in.
    pub goal: Option<Goal>,
    /// The class of car to drive.
    pub class: CarClass,
    /// Whether to request a chat token.
    pub wants_chat_token: bool,
}

/// The client.
#[derive(Debug)]
pub struct App {
    client: RaceClient,
    screen: Screen,
    /// The number of screens that were shown before this one.
    screens_before: u64,
    keyboard: Keyboard,
    bindings: Bindings,
    /// The screen on which the latest quick series of clicks began.
    clicked_on: u64,
    /// Text for the clipboard.
    copied: Option<String>,
    autopilot: Autopilot,
    notices: NoticeBoard,
    sound: AppSound,
    gateway: String,
    user: String,
    /// The class of car for the next room.
    class: CarClass,
    wants_chat_token: bool,
    /// Whether the latest log-in was refused.
    is_refused: bool,
    drawing: DrawingStats,
}

impl App {
    /// Makes a client without a connection.
    #[must_use]
    pub fn new(plan: Plan, now: Instant) -> Self {
        Self {
            client: RaceClient::default(),
            screen: Screen::Offline,
            screens_before: 0,
            keyboard: Keyboard::default(),
            bindings: Bindings::default(),
            clicked_on: 0,
            copied: None,
            autopilot: Autopilot::new(plan.credentials, plan.goal, plan.class, now),
            notices: NoticeBoard::default(),
            sound: AppSound::default(),
            gateway: plan.gateway,
            user: plan.user.map(|name| name.to_string()).unwrap_or_default(),
            class: plan.class,
            wants_chat_token: plan.wants_chat_token,
            is_refused: false,
            drawing: DrawingStats::default(),
        }
    }

    /// Returns the state machine of the protocol, which also has the frames to
    /// send.
    pub fn client_mut(&mut self) -> &mut RaceClient {
        &mut self.client
    }

    /// Returns the state machine of the protocol.
    #[must_use]
    pub fn client(&self) -> &RaceClient {
        &self.client
    }

    /// Returns the screen that is shown.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Returns the notices.
    #[must_use]
    pub fn notices(&self) -> &NoticeBoard {
        &self.notices
    }

    /// Returns the gateways' addresses, for display.
    #[must_use]
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Returns the class of the player's car in this room or, outside a room, in
    /// the next one.
    #[must_use]
    pub fn class(&self) -> CarClass {
        let room = self.client.room();
        room.and_then(|room| room.own_class()).unwrap_or(self.class)
    }

    /// Returns the figures of the frames so far.
    #[must_use]
    pub fn drawing(&self) -> &DrawingStats {
        &self.drawing
    }

    /// Returns the figures of the frames so far, to be updated.
    pub fn drawing_mut(&mut self) -> &mut DrawingStats {
        &mut self.drawing
    }

    /// Returns what the plan waits for.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.autopilot.status()
    }

    /// Handles an event of the link.
    pub fn link_event(&mut self, event: LinkEvent, now: Instant) {
        self.client.handle(event, now);
        self.is_refused &= matches!(self.client.state(), RaceClientState::Unauthenticated);
        // A rejection belongs to the screen that is shown when it arrives.
        self.take_rejection(now);
        self.change_screen();
    }

    /// Returns what keys mean.
    #[must_use]
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// Takes the text that was copied since the last call, for the clipboard.
    pub fn take_copied(&mut self) -> Option<String> {
        self.copied.take()
    }

    /// Handles what a device did in a window `width` points wide.
    pub fn input(&mut self, event: &InputEvent, width: f32, now: Instant) {
        let screen = self.screens_before;
        for event in self.translate(event) {
            // An event that follows a change of screen was meant for the one before.
            if self.screens_before == screen {
                self.handle(&event, width, now);
            }
        }
    }

    /// Returns what the act of a device means to the screen.
    fn translate(&mut self, event: &InputEvent) -> Vec<UiEvent> {
        let focus = self.focus();
        match event {
            InputEvent::KeyDown(press) => {
                if !press.is_repeat {
                    self.client.stay();
                }
                self.keyboard.key_down(press, focus, &self.bindings)
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
                Vec::new()
            }
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

    /// Handles the player's input in a window `width` points wide.
    pub fn handle(&mut self, event: &UiEvent, width: f32, now: Instant) {
        if event.is_sign_of_life() {
            self.client.stay();
        }
        if *event == UiEvent::Command(Command::Mute) {
            self.toggle_mute(now);
        }
        if let Some(action) = self.screen.handle(event, &self.client, width, now) {
            self.act(action);
        }
        self.change_screen();
    }

    /// Advances to `now`: follows the plan, drives, predicts, sends requests that
    /// are due.
    pub fn update(&mut self, now: Instant) {
        match self.autopilot.update(self.client.state(), now) {
            Some(Step::Act(action)) => self.act(action),
            Some(Step::Spectate(room)) => self.client.spectate(room.as_str()),
            None => {}
        }
        if self.wants_chat_token
            && matches!(
                self.client.state(),
                RaceClientState::Lobby | RaceClientState::Room(_)
            )
        {
            self.wants_chat_token = false;
            self.client.request_chat_token();
        }
        self.client.drive(self.controls(), now);
        self.change_screen();
        if let Some(action) = self.screen.update(&self.client, now) {
            self.act(action);
        }
        for notice in self.client.take_notices() {
            self.notices.push(notice, now);
        }
        let warning = self.client.room().and_then(RoomClient::idle_warning);
        self.notices.stand(warning.map(idle_notice));
    }

    /// Returns the driver's controls: what is held drives in a race only, wherever
    /// it was pressed.
    fn controls(&self) -> Controls {
        match self.screen.kind().context() {
            Context::Race => self.keyboard.controls(&self.bindings),
            Context::Menu | Context::Everywhere => Controls::default(),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::LogIn(name, password) => {
                self.client.log_in(&name, password.expose());
                self.user = name;
            }
            Action::SignUp(name, password) => {
                self.client.sign_up(&name, password.expose());
                self.user = name;
            }
            Action::ListRooms => self.client.list_rooms(),
            Action::Join(room) => self.client.join_room(&room, self.class),
            Action::Create(room, settings, class) => {
                self.class = class;
                self.client.create_room(&room, settings, class);
            }
            Action::OpenCreate => self.enter(ScreenKind::Create),
            Action::CloseCreate => self.enter(ScreenKind::Lobby),
            Action::NextClass => {
                self.class = self.class().next();
                if self.client.room().is_some() {
                    self.client.choose_class(self.class);
                }
            }
            Action::FillSeats => self.client.fill_seats(Skill::default()),
            Action::Leave => self.client.leave_room(),
            Action::Dismiss => self.client.dismiss_result(),
            Action::Copy(text) => self.copied = Some(text),
        }
    }

    fn take_rejection(&mut self, now: Instant) {
        let Some(rejection) = self.client.take_rejection() else {
            return;
        };
        if let Screen::Login(screen) = &mut self.screen {
            screen.is_busy = false;
        }
        if self.autopilot.rejected(&rejection, now) {
            return;
        }
        self.is_refused = matches!(self.client.state(), RaceClientState::Unauthenticated);
        self.change_screen();
        if !self.screen.refuse(&rejection.message) {
            self.notices.push(Notice::warning(rejection.message), now);
        }
    }

    fn enter(&mut self, kind: ScreenKind) {
        self.screen = Screen::enter(kind, &self.user, self.class);
        self.screens_before += 1;
    }

    fn change_screen(&mut self) {
        let wanted = ScreenKind::wanted(&self.client, self.screen.kind(), self.is_refused);
        if wanted != self.screen.kind() {
            self.enter(wanted);
        }
    }
}

fn idle_notice(IdleWarning { seconds, is_driver }: IdleWarning) -> Notice {
    Notice::warning(if is_driver {
        format!("You have not moved for a while: drive, or you leave the race in {seconds} s.")
    } else {
        format!("Still there? Press any key, or you leave the room in {seconds} s.")
    })
}

#[cfg(test)]
mod tests;

//! The whole client without window and network: events of the link and of the
//! person in, frames to send and a screen to draw out.

mod autopilot;
pub mod report;

use std::time::Instant;

use client_core::protocol::PlayerName;
use client_core::{LinkEvent, Notice, RaceClient, RaceClientState};
use domain::{CarClass, Controls, Skill};

use self::autopilot::{Autopilot, Step};
pub use self::autopilot::{Credentials, Goal};
use crate::input::UiEvent;
use crate::notices::NoticeBoard;
use crate::screens::{Action, Screen, ScreenKind};

/// What to do without being asked by the person at the keyboard.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The address, to be shown.
    pub gateway: String,
    /// The name to begin with in the form.
    pub user: Option<PlayerName>,
    /// Log in as this.
    pub credentials: Option<Credentials>,
    /// Then go there.
    pub goal: Option<Goal>,
    /// What to drive.
    pub class: CarClass,
    /// Whether to ask for a chat token.
    pub wants_chat_token: bool,
}

/// The client.
#[derive(Debug)]
pub struct App {
    client: RaceClient,
    screen: Screen,
    autopilot: Autopilot,
    notices: NoticeBoard,
    gateway: String,
    user: String,
    /// What to drive in the next room.
    class: CarClass,
    wants_chat_token: bool,
    /// Whether the gateway has refused a log-in, and none was good since.
    is_refused: bool,
}

impl App {
    /// Not connected yet.
    #[must_use]
    pub fn new(plan: Plan, now: Instant) -> Self {
        Self {
            client: RaceClient::default(),
            screen: Screen::Offline,
            autopilot: Autopilot::new(plan.credentials, plan.goal, plan.class, now),
            notices: NoticeBoard::default(),
            gateway: plan.gateway,
            user: plan.user.map(|name| name.to_string()).unwrap_or_default(),
            class: plan.class,
            wants_chat_token: plan.wants_chat_token,
            is_refused: false,
        }
    }

    /// The state machine of the protocol; also takes frames to be sent.
    pub fn client_mut(&mut self) -> &mut RaceClient {
        &mut self.client
    }

    /// The state machine of the protocol.
    #[must_use]
    pub fn client(&self) -> &RaceClient {
        &self.client
    }

    /// What is shown.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What is told in passing.
    #[must_use]
    pub fn notices(&self) -> &NoticeBoard {
        &self.notices
    }

    /// Where the client connects.
    #[must_use]
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// What is driven in this room, or in the next.
    #[must_use]
    pub fn class(&self) -> CarClass {
        let room = self.client.room();
        room.and_then(|room| room.own_class()).unwrap_or(self.class)
    }

    /// What the command line's wishes wait for.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.autopilot.status()
    }

    /// Takes an event of the link.
    pub fn link_event(&mut self, event: LinkEvent, now: Instant) {
        self.client.handle(event, now);
        self.is_refused &= matches!(self.client.state(), RaceClientState::Unauthenticated);
        // Each rejection belongs to the screen as it is now.
        self.take_rejection(now);
        self.change_screen();
    }

    /// Takes what the person did in a window `width` points wide.
    pub fn handle(&mut self, event: &UiEvent, width: f32, now: Instant) {
        if let Some(action) = self.screen.handle(event, &self.client, width, now) {
            self.act(action);
        }
        self.change_screen();
    }

    /// Lets time pass up to `now`: predicts, drives, asks what is due.
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
        self.client.drive(self.input(), now);
        self.change_screen();
        if let Some(action) = self.screen.update(&self.client, now) {
            self.act(action);
        }
        for notice in self.client.take_notices() {
            self.notices.push(notice, now);
        }
    }

    fn input(&self) -> Controls {
        match &self.screen {
            Screen::Race(screen) => screen.input(),
            Screen::Offline
            | Screen::Login(_)
            | Screen::Lobby(_)
            | Screen::Create(_)
            | Screen::Waiting
            | Screen::Result
            | Screen::Ended => Controls::default(),
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
    }

    fn change_screen(&mut self) {
        let wanted = ScreenKind::wanted(&self.client, self.screen.kind(), self.is_refused);
        if wanted != self.screen.kind() {
            self.enter(wanted);
        }
    }
}

#[cfg(test)]
mod tests;

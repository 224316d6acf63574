//! The whole client without window and network: link events and input events
//! in, frames to send and a screen to draw out.

mod autopilot;
mod devices;
mod preferences;
pub mod report;
mod sessions;
mod sound;

use std::time::{Duration, Instant};

use client_core::protocol::PlayerName;
use client_core::race::room::{IdleWarning, RoomClient};
use client_core::{LinkEvent, Notice, RaceClient, RaceClientState};
use domain::{CarClass, Skill};

use self::autopilot::{Autopilot, Step};
pub use self::autopilot::{Credentials, Goal};
use self::preferences::Preferences;
use self::sound::AppSound;
use crate::area::Area;
use crate::drawing::DrawingStats;
use crate::input::controllers::{Controllers, RumbleTrigger};
use crate::input::{Bindings, Keyboard, UiEvent};
use crate::notices::NoticeBoard;
use crate::page::Page;
use crate::screens::{Action, KeptScreens, Screen, ScreenContext, ScreenKind};
use crate::session::SessionKeeper;

/// Time within which the player has to ask twice to quit or to log out.
const CONFIRMATION: Duration = Duration::from_secs(3);

/// Makes the context of the screen out of the other fields.
macro_rules! context_of {
    ($app:expr, $window:expr, $now:expr) => {
        ScreenContext {
            client: &$app.client,
            bindings: &$app.preferences.settings().keys,
            settings: $app.preferences.settings(),
            offered: $app.session.offered(),
            notices: &$app.notices,
            gateway: &$app.gateway,
            status: $app.autopilot.status(),
            class: class_of(&$app.client, $app.class),
            window: $window,
            pointer: $app.pointer,
            now: $now,
        }
    };
}

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
    controllers: Controllers,
    rumble: RumbleTrigger,
    session: SessionKeeper,
    preferences: Preferences,
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
    kept: KeptScreens,
    /// Whether the form for a new room was shown when the connection broke.
    was_creating: bool,
    /// Where the mouse is, points.
    pointer: Option<(f32, f32)>,
    /// What the player has asked for, and when, which has to be confirmed.
    asked: Option<(Action, Instant)>,
    is_quitting: bool,
    wants_connection: bool,
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
            controllers: Controllers::default(),
            rumble: RumbleTrigger::default(),
            session: SessionKeeper::default(),
            preferences: Preferences::default(),
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
            kept: KeptScreens::default(),
            was_creating: false,
            pointer: None,
            asked: None,
            is_quitting: false,
            wants_connection: false,
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
        class_of(&self.client, self.class)
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
        self.session.observe(&self.client);
        self.is_refused &= matches!(self.client.state(), RaceClientState::Unauthenticated);
        // A rejection belongs to the screen that is shown when it arrives.
        self.take_rejection(now);
        self.change_screen();
    }

    /// Returns the page of a menu in a window. `None` in the race.
    #[must_use]
    pub fn page(&self, window: Area, now: Instant) -> Option<Page> {
        self.screen.page(&self.context(window, now))
    }

    /// Returns what the screen sees of the rest of the client.
    #[must_use]
    pub fn context(&self, window: Area, now: Instant) -> ScreenContext<'_> {
        context_of!(self, window, now)
    }

    /// Returns whether the player has quit.
    #[must_use]
    pub fn is_quitting(&self) -> bool {
        self.is_quitting
    }

    /// Takes the request for a new connection: the one before has ended.
    pub fn take_connection_request(&mut self) -> bool {
        std::mem::take(&mut self.wants_connection)
    }

    /// Returns what keys mean.
    #[must_use]
    pub fn bindings(&self) -> &Bindings {
        &self.preferences.settings().keys
    }

    /// Takes the text that was copied since the last call, for the clipboard.
    pub fn take_copied(&mut self) -> Option<String> {
        self.copied.take()
    }

    /// Handles the player's input in a window.
    pub fn handle(&mut self, event: &UiEvent, window: Area, now: Instant) {
        if event.is_sign_of_life() {
            self.client.stay();
        }
        if let UiEvent::Command(command) = event
            && self.command(*command, now)
        {
            return;
        }
        self.follow_pointer(event);
        let context = context_of!(self, window, now);
        if let Some(action) = self.screen.handle(event, &context) {
            self.act(action, now);
        }
        self.change_screen();
    }

    /// Advances to `now`: follows the plan, drives, predicts, sends requests that
    /// are due.
    pub fn update(&mut self, now: Instant) {
        match self.autopilot.update(self.client.state(), now) {
            Some(Step::Act(action)) => self.act(action, now),
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
        self.repeat_direction(now);
        self.session.observe(&self.client);
        self.client.drive(self.controls(), now);
        self.change_screen();
        let context = context_of!(self, Area::default(), now);
        if let Some(action) = self.screen.update(&context) {
            self.act(action, now);
        }
        for notice in self.client.take_notices() {
            self.notices.push(notice, now);
        }
        let warning = self.client.room().and_then(RoomClient::idle_warning);
        self.notices.stand(warning.map(idle_notice));
    }

    fn act(&mut self, action: Action, now: Instant) {
        match action {
            Action::LogIn(name, password) => {
                self.session.put_back();
                self.client.log_in(&name, password.expose());
                self.user = name;
            }
            Action::SignUp(name, password) => {
                self.session.put_back();
                self.client.sign_up(&name, password.expose());
                self.user = name;
            }
            Action::GoOn => self.session.go_on(),
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
            // Without a connection the room is left by not returning to it.
            Action::Leave if self.client.is_returning() => self.client.give_up_room(),
            Action::Leave => self.client.leave_room(),
            Action::Watch(room) => self.client.spectate(&room),
            Action::Dismiss => self.client.dismiss_result(),
            Action::Copy(text) => self.copied = Some(text),
            Action::LogOut => {
                if self.is_confirmed(&Action::LogOut, "you are logged out", now) {
                    self.client.log_out();
                    self.kept.forget();
                }
            }
            Action::Reconnect => {
                self.session.part();
                self.client = RaceClient::default();
                self.is_refused = false;
                self.kept.forget();
                self.wants_connection = true;
            }
            Action::OpenSettings => self.open_settings(),
            Action::CloseSettings => self.close_settings(),
            Action::ChangeSettings(settings) => self.change_settings(*settings),
            Action::GiveUp => self.client.give_up_race(),
            Action::Quit => {
                self.is_quitting |= self.is_confirmed(&Action::Quit, "the program quits", now);
            }
        }
    }

    /// Returns whether the player has asked for the same twice in a short time: keys
    /// are close to each other.
    fn is_confirmed(&mut self, action: &Action, what: &str, now: Instant) -> bool {
        let before = self.asked.take();
        let is_confirmed = before.is_some_and(|(asked, at)| {
            asked == *action && now.saturating_duration_since(at) < CONFIRMATION
        });
        if !is_confirmed {
            self.asked = Some((action.clone(), now));
            let text = format!("Once more within three seconds, and {what}.");
            self.notices.push(Notice::warning(text), now);
        }
        is_confirmed
    }

    fn follow_pointer(&mut self, event: &UiEvent) {
        match event {
            UiEvent::Click { x, y }
            | UiEvent::DoubleClick { x, y }
            | UiEvent::Hover { x, y }
            | UiEvent::Wheel { x, y, .. } => self.pointer = Some((*x, *y)),
            UiEvent::Key(_) | UiEvent::Command(_) | UiEvent::Text(_) | UiEvent::Paste(_) => {}
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
        if !self.screen.refuse(&rejection.message, &self.client, now) {
            self.notices.push(Notice::warning(rejection.message), now);
        }
    }

    fn enter(&mut self, kind: ScreenKind) {
        let left = std::mem::replace(&mut self.screen, Screen::Offline);
        self.kept.keep(left);
        let keeps_login = [ScreenKind::Login, ScreenKind::Offline, ScreenKind::Settings];
        if !keeps_login.contains(&kind) {
            self.kept.forget_login();
        }
        self.screen = Screen::enter(kind, &mut self.kept, &self.user, self.class);
        self.screens_before += 1;
    }

    fn change_screen(&mut self) {
        let wanted = ScreenKind::wanted(&self.client, self.screen.kind(), self.is_refused);
        let current = self.screen.kind();
        if wanted == current {
            return;
        }
        self.was_creating |= current == ScreenKind::Create && wanted == ScreenKind::Offline;
        let is_back = wanted == ScreenKind::Lobby && std::mem::take(&mut self.was_creating);
        self.enter(if is_back { ScreenKind::Create } else { wanted });
    }
}

/// Returns the class of the own car in a room or, outside one, of the next car.
fn class_of(client: &RaceClient, next: CarClass) -> CarClass {
    let own = client.room().and_then(RoomClient::own_class);
    own.unwrap_or(next)
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

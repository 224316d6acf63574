//! The state of one client's race connection: log-in, lobby, room, result.

mod lobby;
pub mod room;

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{CarClass, Controls, Mode, Skill};
use netcode::client::Commands;
use protocol::account::{LastRace, Leaderboard, Password, Profile};
use protocol::client::{ClientMessage, EarlierRace, ServerMessage};
use protocol::frame::{self, FrameKind};
use protocol::lobby::{RoomEntry, RoomSettings};
use protocol::room::{CloseReason, Standing};
use protocol::{PlayerName, RaceId, Rejection, RejectionCode, RoomName};

use self::lobby::Lobby;
use self::room::RoomClient;
use crate::account::AccountChange;
use crate::link::LinkEvent;
use crate::login::Login;
use crate::notice::Notice;
use crate::request::Creation;

/// The state of a race client.
#[derive(Debug)]
pub enum RaceClientState {
    /// Without a connection; the reason, if it is known.
    Offline(Option<String>),
    /// Connected, not logged in.
    Unauthenticated,
    /// Logged in, not in a room.
    Lobby,
    /// In a room, in any of its phases.
    Room(Box<RoomClient>),
    /// The room has ended.
    Result(RaceResult),
    /// The connection ended and is not retried; the reason.
    Ended(String),
}

/// The result of a room that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaceResult {
    /// The room.
    pub room: RoomName,
    /// The mode of the race.
    pub mode: Mode,
    /// The reason for its end.
    pub reason: CloseReason,
    /// The final standings; empty if there was no race.
    pub standings: Vec<Standing>,
}

/// The delay before a request that was refused as temporarily unavailable is
/// repeated.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// Doublings of that delay for a log-in: a gateway takes a dozen messages of a
/// connection before the welcome, and gives it a minute.
const LOGIN_RETRY_DOUBLINGS_MAX: u32 = 4;

/// A race client without I/O.
#[derive(Debug)]
pub struct RaceClient {
    state: RaceClientState,
    login: Option<Login>,
    player: Option<PlayerName>,
    /// The room to rejoin after a lost connection.
    lost_room: Option<Box<RoomClient>>,
    /// The room that was asked for, until the answer is final.
    creation: Option<Creation>,
    lobby: Lobby,
    last_race: Option<EarlierRace>,
    /// The race whose seat is taken to be given back.
    giving_up: Option<RaceId>,
    profile: Option<Profile>,
    leaderboard: Option<Leaderboard>,
    chat_token: Option<String>,
    notices: Vec<Notice>,
    account_change: Option<AccountChange>,
    rejection: Option<Rejection>,
    /// Whether a request was refused as temporarily unavailable and is due for
    /// another try.
    retry_pending: bool,
    retried_at: Option<Instant>,
    /// Repetitions of the log-in on this connection.
    login_retries: u32,
    /// The time before which the gateway would refuse the request again.
    retry_not_before: Option<Instant>,
    outgoing: Vec<Bytes>,
}

impl Default for RaceClient {
    fn default() -> Self {
        Self {
            state: RaceClientState::Offline(None),
            login: None,
            player: None,
            lost_room: None,
            creation: None,
            lobby: Lobby::default(),
            last_race: None,
            giving_up: None,
            profile: None,
            leaderboard: None,
            chat_token: None,
            notices: Vec::new(),
            account_change: None,
            rejection: None,
            retry_pending: false,
            retried_at: None,
            login_retries: 0,
            retry_not_before: None,
            outgoing: Vec::new(),
        }
    }
}

impl RaceClient {
    /// Creates an account and logs in, as soon as there is a connection.
    pub fn sign_up(&mut self, name: &str, password: &str) {
        let under_way = self.login.take();
        self.log_in_with(Login::sign_up(under_way, name, password));
    }

    /// Logs in, as soon as there is a connection.
    pub fn log_in(&mut self, name: &str, password: &str) {
        self.log_in_with(Login::Password(name.to_owned(), Password::new(password)));
    }

    /// Logs in with a token of an earlier connection, as soon as there is a
    /// connection.
    pub fn resume(&mut self, token: &str) {
        self.log_in_with(Login::Token(token.to_owned()));
    }

    /// Ends the session: its tokens are good for nothing afterwards, and a seat is given
    /// back. The gateway closes the connection, and the link opens another one.
    pub fn log_out(&mut self) {
        self.send(&ClientMessage::LogOut);
        self.login = None;
        self.player = None;
        self.lost_room = None;
    }

    /// Requests the list of rooms, which [`RaceClient::lobby`] returns as its pages
    /// arrive. Does nothing while a list is under way.
    pub fn list_rooms(&mut self) {
        if let Some(message) = self.lobby.request() {
            self.send(&message);
        }
    }

    /// Requests the record of a player, or the own one, which
    /// [`RaceClient::profile`] returns once the answer has arrived.
    pub fn request_profile(&mut self, player: Option<&str>) {
        let player = player.map(str::to_owned);
        self.send(&ClientMessage::Profile { player });
    }

    /// Requests the best players after the first `offset`, which
    /// [`RaceClient::leaderboard`] returns once the answer has arrived.
    pub fn request_leaderboard(&mut self, offset: u64) {
        self.send(&ClientMessage::Leaderboard { offset });
    }

    /// Creates a room and takes a seat in it, with a car of `class`. The same again
    /// before there is an answer is one request, also after a lost connection.
    pub fn create_room(&mut self, name: &str, settings: RoomSettings, class: CarClass) {
        let creation = Creation::new(self.creation.take(), name, settings, class);
        self.send(&creation.message());
        self.creation = Some(creation);
    }

    /// Takes a seat in a room, with a car of `class`.
    pub fn join_room(&mut self, name: &str, class: CarClass) {
        self.send(&ClientMessage::JoinRoom {
            name: name.to_owned(),
            class,
        });
    }

    /// Changes the class of the player's own car. Refused after the room has
    /// stopped waiting.
    pub fn choose_class(&mut self, class: CarClass) {
        self.send(&ClientMessage::ChooseClass { class });
    }

    /// Puts AI drivers into all free seats. Refused unless the player is the
    /// room's host.
    pub fn fill_seats(&mut self, skill: Skill) {
        self.send(&ClientMessage::FillSeats { skill });
    }

    /// Answers an idle warning: the player is there. Without a warning it does
    /// nothing.
    pub fn stay(&mut self) {
        if let RaceClientState::Room(room) = &mut self.state
            && room.answer_idle_warning()
        {
            self.send(&ClientMessage::Stay);
        }
    }

    /// Enters a room as a spectator.
    pub fn spectate(&mut self, name: &str) {
        self.send(&ClientMessage::Spectate {
            name: name.to_owned(),
        });
    }

    /// Leaves the room and gives its seat back.
    pub fn leave_room(&mut self) {
        self.send(&ClientMessage::LeaveRoom);
    }

    /// Gives up the room to which the client would return once there is a connection.
    pub fn give_up_room(&mut self) {
        self.lost_room = None;
    }

    /// Gives up the race that the player was in before this log-in and that still runs:
    /// takes the seat again, to give it back.
    pub fn give_up_race(&mut self) {
        let Some(last) = self.last_race.as_mut().filter(|last| last.is_running) else {
            return;
        };
        last.is_running = false;
        self.giving_up = Some(last.race.race);
        let name = last.race.room.as_str().to_owned();
        self.join_room(&name, CarClass::default());
    }

    /// Returns from the result to the lobby.
    pub fn dismiss_result(&mut self) {
        if matches!(self.state, RaceClientState::Result(_)) {
            self.state = RaceClientState::Lobby;
        }
    }

    /// Requests a token for the chat port.
    pub fn request_chat_token(&mut self) {
        self.send(&ClientMessage::ChatToken);
    }

    /// Replaces the player's password. [`RaceClient::take_account_change`] returns the
    /// outcome, [`RaceClient::take_rejection`] a refusal.
    pub fn change_password(&mut self, old: &str, new: &str) {
        self.send(&ClientMessage::ChangePassword {
            old: Password::new(old),
            new: Password::new(new),
        });
    }

    /// Deletes the player's account; its results stay under an anonymous name. The
    /// connection ends after [`RaceClient::take_account_change`] has the outcome.
    pub fn delete_account(&mut self, password: &str) {
        self.send(&ClientMessage::DeleteAccount {
            password: Password::new(password),
        });
    }

    /// Takes what became of the player's account since the last call.
    pub fn take_account_change(&mut self) -> Option<AccountChange> {
        self.account_change.take()
    }

    /// Handles an event of the link.
    pub fn handle(&mut self, event: LinkEvent, now: Instant) {
        match event {
            LinkEvent::Connected => {
                self.state = RaceClientState::Unauthenticated;
                self.lobby.give_up();
                self.login_retries = 0;
                self.send_login();
            }
            LinkEvent::Message(message) => self.message(message, now),
            LinkEvent::Snapshot(snapshot) => {
                if let RaceClientState::Room(room) = &mut self.state {
                    room.snapshot(&snapshot, now);
                }
            }
            LinkEvent::Event(event) => self.room_event(event),
            LinkEvent::Chat(_) => {}
            LinkEvent::Lost { reason } => {
                let offline = RaceClientState::Offline(Some(reason));
                if let RaceClientState::Room(room) = std::mem::replace(&mut self.state, offline) {
                    self.lost_room = Some(room);
                }
            }
            LinkEvent::Ended { reason } => self.state = RaceClientState::Ended(reason),
        }
    }

    /// Applies the driver's controls: predicts the race up to `now` and sends the
    /// inputs that are due. Without a race it only repeats pending requests and goes on
    /// with those that have several answers.
    pub fn drive(&mut self, input: Controls, now: Instant) {
        self.retry(now);
        if let Some(message) = self.lobby.poll(now) {
            self.send(&message);
        }
        let RaceClientState::Room(room) = &mut self.state else {
            return;
        };
        let Commands { ping, input } = room.drive(input, now);
        if let Some(nonce) = ping {
            self.send(&ClientMessage::Ping { nonce });
        }
        if let Some(bytes) = input {
            self.outgoing.push(frame::binary(FrameKind::Input, &bytes));
        }
    }

    /// Returns the state.
    #[must_use]
    pub fn state(&self) -> &RaceClientState {
        &self.state
    }

    /// Returns the room that the client is in.
    #[must_use]
    pub fn room(&self) -> Option<&RoomClient> {
        match &self.state {
            RaceClientState::Room(room) => Some(room),
            RaceClientState::Offline(_)
            | RaceClientState::Unauthenticated
            | RaceClientState::Lobby
            | RaceClientState::Result(_)
            | RaceClientState::Ended(_) => None,
        }
    }

    /// Returns whether the client was in a room when its connection broke, and
    /// has yet to rejoin it.
    #[must_use]
    pub fn is_returning(&self) -> bool {
        self.lost_room.is_some()
    }

    /// Returns the player's name, once the gateway has confirmed it.
    #[must_use]
    pub fn player(&self) -> Option<&PlayerName> {
        self.player.as_ref()
    }

    /// Returns the gateway's token, which a later [`RaceClient::resume`] presents
    /// to any gateway. `None` before the log-in.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.login.as_ref().and_then(Login::token)
    }

    /// Returns the rooms of the latest answer to [`RaceClient::list_rooms`].
    #[must_use]
    pub fn lobby(&self) -> &[RoomEntry] {
        self.lobby.rooms()
    }

    /// Returns the race that the player was in before this log-in, if there was one.
    #[must_use]
    pub fn last_race(&self) -> Option<&EarlierRace> {
        self.last_race.as_ref()
    }

    /// Returns the latest answer to [`RaceClient::request_profile`].
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Returns the latest answer to [`RaceClient::request_leaderboard`].
    #[must_use]
    pub fn leaderboard(&self) -> Option<&Leaderboard> {
        self.leaderboard.as_ref()
    }

    /// Takes the chat token that arrived since the last call.
    pub fn take_chat_token(&mut self) -> Option<String> {
        self.chat_token.take()
    }

    /// Takes the notices since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Takes the latest rejection since the last call.
    pub fn take_rejection(&mut self) -> Option<Rejection> {
        self.rejection.take()
    }

    /// Takes the frames to send.
    pub fn take_outgoing(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.outgoing)
    }

    fn log_in_with(&mut self, login: Login) {
        self.login = Some(login);
        if matches!(self.state, RaceClientState::Unauthenticated) {
            self.send_login();
        }
    }

    fn send_login(&mut self) {
        if let Some(message) = self.login.as_ref().map(Login::message) {
            self.send(&message);
        }
    }

    fn message(&mut self, message: ServerMessage, now: Instant) {
        match message {
            ServerMessage::Welcome {
                player,
                token,
                last_race,
            } => {
                self.last_race = last_race;
                self.welcome(player, token);
            }
            ServerMessage::Rooms { rooms, has_more } => self.lobby.page(rooms, has_more, now),
            ServerMessage::Entered { room, .. } if self.giving_up.take() == Some(room.race) => {
                let text = format!("you have given up the race in {}", room.name);
                self.notices.push(Notice::info(text));
                self.leave_room();
            }
            ServerMessage::Entered { seat, room } => match RoomClient::new(room, seat) {
                Ok(mut room) => {
                    self.creation = None;
                    self.follow_last_race(|last| last.race == room.view().race);
                    if let Some(before) = self.lost_room.take() {
                        room.continue_from(*before);
                        self.notices.push(Notice::success("back in the room"));
                    }
                    self.state = RaceClientState::Room(Box::new(room));
                }
                Err(track) => {
                    let text = format!("this client does not have the track {track:?}");
                    self.notices.push(Notice::warning(text));
                    self.leave_room();
                }
            },
            ServerMessage::LeftRoom => self.state = RaceClientState::Lobby,
            ServerMessage::Profile(profile) => self.profile = Some(profile),
            ServerMessage::Leaderboard(page) => self.leaderboard = Some(page),
            ServerMessage::ChatToken { token } => self.chat_token = Some(token),
            ServerMessage::Rejected(rejection) => self.rejected(rejection, now),
            ServerMessage::PasswordChanged { token } => {
                self.login = Some(Login::Token(token));
                self.account_change = Some(AccountChange::PasswordChanged);
            }
            ServerMessage::AccountDeleted { anonymous } => {
                // There is nothing to log in to.
                self.login = None;
                self.account_change = Some(AccountChange::Deleted { anonymous });
            }
            ServerMessage::Pong { nonce } => {
                if let RaceClientState::Room(room) = &mut self.state {
                    room.pong(nonce, now);
                }
            }
            ServerMessage::ChatJoined { .. }
            | ServerMessage::Said { .. }
            | ServerMessage::Present { .. }
            | ServerMessage::Goodbye { .. } => {}
        }
    }

    /// Offers no more to return to the race of before if it is the one that is meant.
    fn follow_last_race(&mut self, is_meant: impl Fn(&LastRace) -> bool) {
        if let Some(last) = self.last_race.as_mut().filter(|last| is_meant(&last.race)) {
            last.is_running = false;
        }
    }

    fn welcome(&mut self, player: PlayerName, token: String) {
        self.player = Some(player);
        // The token replaces the password.
        self.login = Some(Login::Token(token));
        self.state = RaceClientState::Lobby;
        self.rejoin();
    }

    /// Requests to enter the lost room again, with a seat or as a spectator.
    fn rejoin(&mut self) {
        if let Some(room) = &self.lost_room {
            let name = room.view().name.as_str().to_owned();
            if room.seat().is_some() {
                self.join_room(&name, room.own_class().unwrap_or_default());
            } else {
                self.spectate(&name);
            }
        }
    }

    /// Repeats the request that was refused as temporarily unavailable, if it is
    /// due.
    fn retry(&mut self, now: Instant) {
        let is_login = matches!(self.state, RaceClientState::Unauthenticated);
        let doublings = if is_login { self.login_retries } else { 0 };
        let delay = RETRY_DELAY * (1 << doublings.min(LOGIN_RETRY_DOUBLINGS_MAX));
        let is_due = self
            .retried_at
            .is_none_or(|retried_at| now - retried_at >= delay)
            && self.retry_not_before.is_none_or(|at| now >= at);
        if !self.retry_pending || !is_due {
            return;
        }
        self.retry_pending = false;
        self.retried_at = Some(now);
        match self.state {
            RaceClientState::Unauthenticated => {
                self.login_retries += 1;
                self.send_login();
            }
            RaceClientState::Lobby => self.rejoin(),
            RaceClientState::Offline(_)
            | RaceClientState::Room(_)
            | RaceClientState::Result(_)
            | RaceClientState::Ended(_) => {}
        }
    }

    fn rejected(&mut self, rejection: Rejection, now: Instant) {
        self.retry_not_before = rejection.retry_after().map(|wait| now + wait);
        self.giving_up = None;
        // The same request may succeed after a short delay.
        let is_temporary = matches!(
            rejection.code,
            RejectionCode::Unavailable | RejectionCode::TooFast
        );
        if !is_temporary && matches!(self.state, RaceClientState::Lobby) {
            self.creation = None;
        }
        match &self.state {
            RaceClientState::Unauthenticated if is_temporary => self.retry_pending = true,
            // A repeated log-in would be refused again: the player has to act.
            RaceClientState::Unauthenticated => self.login = None,
            RaceClientState::Lobby if is_temporary && self.lost_room.is_some() => {
                self.retry_pending = true;
            }
            RaceClientState::Lobby if self.lost_room.take().is_some() => {
                let text = format!("the race went on without you: {rejection}");
                self.notices.push(Notice::warning(text));
            }
            RaceClientState::Offline(_)
            | RaceClientState::Lobby
            | RaceClientState::Room(_)
            | RaceClientState::Result(_)
            | RaceClientState::Ended(_) => {}
        }
        self.rejection = Some(rejection);
    }

    fn room_event(&mut self, event: protocol::room::RoomEvent) {
        let RaceClientState::Room(room) = &mut self.state else {
            return;
        };
        if event.race != room.view().race {
            return;
        }
        let own = self.player.as_ref();
        self.notices.extend(room.event(&event, own));
        if let protocol::room::RoomEventBody::Closed {
            reason,
            leaderboard,
        } = event.body
        {
            let view = room.view();
            self.state = RaceClientState::Result(RaceResult {
                room: view.name.clone(),
                mode: view.settings.mode,
                reason,
                standings: leaderboard,
            });
        }
    }

    fn send(&mut self, message: &ClientMessage) {
        self.outgoing.push(frame::from_client(message));
    }
}

#[cfg(test)]
mod tests;

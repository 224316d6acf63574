//! The race as one client knows it: log-in, lobby, room, result.

pub mod room;

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{CarClass, Controls, Mode, Skill};
use netcode::client::Commands;
use protocol::account::Password;
use protocol::client::{ClientMessage, ServerMessage};
use protocol::frame::{self, FrameKind};
use protocol::lobby::{RoomEntry, RoomSettings};
use protocol::room::{CloseReason, Standing};
use protocol::{PlayerName, Rejection, RejectionCode, RoomName};

use self::room::RoomClient;
use crate::link::LinkEvent;
use crate::login::Login;
use crate::notice::Notice;

/// How far a race client is.
#[derive(Debug)]
pub enum Stage {
    /// No connection; why, when it is known.
    Offline(Option<String>),
    /// Connected, but not known to the gateway.
    Stranger,
    /// Logged in, in no room.
    Lobby,
    /// In a room: waiting, at the start, racing.
    Room(Box<RoomClient>),
    /// The room has ended.
    Result(RaceResult),
    /// The connection ended for good; why.
    Ended(String),
}

/// How a room ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaceResult {
    /// The room.
    pub room: RoomName,
    /// What was raced.
    pub mode: Mode,
    /// Why it ended.
    pub reason: CloseReason,
    /// The final order; empty when there was no race.
    pub standings: Vec<Standing>,
}

/// How long what was refused for the moment waits before it is asked again.
const ASK_AGAIN_DELAY: Duration = Duration::from_millis(500);

/// A race client without I/O.
#[derive(Debug)]
pub struct RaceClient {
    stage: Stage,
    login: Option<Login>,
    player: Option<PlayerName>,
    /// The room to go back to after a lost connection.
    away_from: Option<Box<RoomClient>>,
    lobby: Vec<RoomEntry>,
    chat_token: Option<String>,
    notices: Vec<Notice>,
    rejection: Option<Rejection>,
    /// Something was refused for the moment, and is to be asked again.
    asks_again: bool,
    asked_at: Option<Instant>,
    outgoing: Vec<Bytes>,
}

impl Default for RaceClient {
    fn default() -> Self {
        Self {
            stage: Stage::Offline(None),
            login: None,
            player: None,
            away_from: None,
            lobby: Vec::new(),
            chat_token: None,
            notices: Vec::new(),
            rejection: None,
            asks_again: false,
            asked_at: None,
            outgoing: Vec::new(),
        }
    }
}

impl RaceClient {
    /// Makes an account and logs in, now or as soon as there is a connection.
    pub fn sign_up(&mut self, name: &str, password: &str) {
        self.log_in_with(Login::SignUp(name.to_owned(), Password::new(password)));
    }

    /// Logs in, now or as soon as there is a connection.
    pub fn log_in(&mut self, name: &str, password: &str) {
        self.log_in_with(Login::Password(name.to_owned(), Password::new(password)));
    }

    /// Logs in with a token of an earlier connection, now or as soon as there is
    /// a connection.
    pub fn resume(&mut self, token: &str) {
        self.log_in_with(Login::Token(token.to_owned()));
    }

    /// Asks for the lobby; it comes within a moment.
    pub fn list_rooms(&mut self) {
        self.send(&ClientMessage::ListRooms);
    }

    /// Makes a room and takes a seat in it, with a car of `class`.
    pub fn create_room(&mut self, name: &str, settings: RoomSettings, class: CarClass) {
        self.send(&ClientMessage::CreateRoom {
            name: name.to_owned(),
            settings,
            class,
        });
    }

    /// Takes a seat, with a car of `class`.
    pub fn join_room(&mut self, name: &str, class: CarClass) {
        self.send(&ClientMessage::JoinRoom {
            name: name.to_owned(),
            class,
        });
    }

    /// Drives something else, while the room waits.
    pub fn choose_class(&mut self, class: CarClass) {
        self.send(&ClientMessage::ChooseClass { class });
    }

    /// Puts AI drivers into all free seats. Refused unless the player is the
    /// room's host.
    pub fn fill_seats(&mut self, skill: Skill) {
        self.send(&ClientMessage::FillSeats { skill });
    }

    /// Watches a room.
    pub fn spectate(&mut self, name: &str) {
        self.send(&ClientMessage::Spectate {
            name: name.to_owned(),
        });
    }

    /// Gives the seat back.
    pub fn leave_room(&mut self) {
        self.send(&ClientMessage::LeaveRoom);
    }

    /// Goes from the result back to the lobby.
    pub fn dismiss_result(&mut self) {
        if matches!(self.stage, Stage::Result(_)) {
            self.stage = Stage::Lobby;
        }
    }

    /// Asks for a token that opens the chat.
    pub fn ask_chat_token(&mut self) {
        self.send(&ClientMessage::ChatToken);
    }

    /// Takes an event of the link.
    pub fn handle(&mut self, event: LinkEvent, now: Instant) {
        match event {
            LinkEvent::Connected => {
                self.stage = Stage::Stranger;
                self.send_login();
            }
            LinkEvent::Message(message) => self.message(message, now),
            LinkEvent::Snapshot(snapshot) => {
                if let Stage::Room(room) = &mut self.stage {
                    room.snapshot(&snapshot, now);
                }
            }
            LinkEvent::Event(event) => self.room_event(event),
            LinkEvent::Chat(_) => {}
            LinkEvent::Lost { reason } => {
                let stage = Stage::Offline(Some(reason));
                if let Stage::Room(room) = std::mem::replace(&mut self.stage, stage) {
                    self.away_from = Some(room);
                }
            }
            LinkEvent::Ended { reason } => self.stage = Stage::Ended(reason),
        }
    }

    /// What the driver does now. Predicts up to now and sends the inputs that
    /// are due. Without a race it does nothing.
    pub fn drive(&mut self, input: Controls, now: Instant) {
        self.ask_again(now);
        let Stage::Room(room) = &mut self.stage else {
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

    /// How far the client is.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The room, while in one.
    #[must_use]
    pub fn room(&self) -> Option<&RoomClient> {
        match &self.stage {
            Stage::Room(room) => Some(room),
            Stage::Offline(_)
            | Stage::Stranger
            | Stage::Lobby
            | Stage::Result(_)
            | Stage::Ended(_) => None,
        }
    }

    /// Whether the client was in a room when its connection broke, and is on
    /// its way back.
    #[must_use]
    pub fn is_returning(&self) -> bool {
        self.away_from.is_some()
    }

    /// Who the client is, once it is known.
    #[must_use]
    pub fn player(&self) -> Option<&PlayerName> {
        self.player.as_ref()
    }

    /// The token that the gateway gave out: good for a later
    /// [`RaceClient::resume`] at any gateway. `None` before the log-in.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.login.as_ref().and_then(Login::token)
    }

    /// The rooms of the last answer to [`RaceClient::list_rooms`].
    #[must_use]
    pub fn lobby(&self) -> &[RoomEntry] {
        &self.lobby
    }

    /// The chat token since the last call.
    pub fn take_chat_token(&mut self) -> Option<String> {
        self.chat_token.take()
    }

    /// What to tell the person since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// The last refusal since the last call.
    pub fn take_rejection(&mut self) -> Option<Rejection> {
        self.rejection.take()
    }

    /// The frames to send.
    pub fn take_outgoing(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.outgoing)
    }

    fn log_in_with(&mut self, login: Login) {
        self.login = Some(login);
        if matches!(self.stage, Stage::Stranger) {
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
            ServerMessage::Welcome { player, token } => self.welcome(player, token),
            ServerMessage::Rooms { rooms } => self.lobby = rooms,
            ServerMessage::Entered { seat, room } => match RoomClient::new(room, seat) {
                Ok(mut room) => {
                    if let Some(before) = self.away_from.take() {
                        room.take_over(*before);
                        self.notices.push(Notice::success("back in the room"));
                    }
                    self.stage = Stage::Room(Box::new(room));
                }
                Err(track) => {
                    let text = format!("this client does not have the track {track:?}");
                    self.notices.push(Notice::warning(text));
                    self.leave_room();
                }
            },
            ServerMessage::LeftRoom => self.stage = Stage::Lobby,
            ServerMessage::ChatToken { token } => self.chat_token = Some(token),
            ServerMessage::Rejected(rejection) => self.rejected(rejection),
            ServerMessage::Pong { nonce } => {
                if let Stage::Room(room) = &mut self.stage {
                    room.pong(nonce, now);
                }
            }
            ServerMessage::ChatJoined { .. }
            | ServerMessage::Said { .. }
            | ServerMessage::Present { .. }
            | ServerMessage::Goodbye { .. } => {}
        }
    }

    fn welcome(&mut self, player: PlayerName, token: String) {
        self.player = Some(player);
        // From now on the password is not needed any more.
        self.login = Some(Login::Token(token));
        self.stage = Stage::Lobby;
        self.go_back();
    }

    /// Asks for the place that a lost connection has left.
    fn go_back(&mut self) {
        if let Some(room) = &self.away_from {
            let name = room.view().name.as_str().to_owned();
            if room.seat().is_some() {
                self.join_room(&name, room.own_class().unwrap_or_default());
            } else {
                self.spectate(&name);
            }
        }
    }

    /// Repeats what was refused for the moment.
    fn ask_again(&mut self, now: Instant) {
        let is_due = self
            .asked_at
            .is_none_or(|asked| now - asked >= ASK_AGAIN_DELAY);
        if !self.asks_again || !is_due {
            return;
        }
        self.asks_again = false;
        self.asked_at = Some(now);
        match self.stage {
            Stage::Stranger => self.send_login(),
            Stage::Lobby => self.go_back(),
            Stage::Offline(_) | Stage::Room(_) | Stage::Result(_) | Stage::Ended(_) => {}
        }
    }

    fn rejected(&mut self, rejection: Rejection) {
        // Asked again in a moment, this may go well.
        let is_passing = matches!(
            rejection.code,
            RejectionCode::Unavailable | RejectionCode::TooFast
        );
        match &self.stage {
            Stage::Stranger if is_passing => self.asks_again = true,
            // It would be refused again: ask the person.
            Stage::Stranger => self.login = None,
            Stage::Lobby if is_passing && self.away_from.is_some() => self.asks_again = true,
            Stage::Lobby if self.away_from.take().is_some() => {
                let text = format!("the race went on without you: {rejection}");
                self.notices.push(Notice::warning(text));
            }
            Stage::Offline(_)
            | Stage::Lobby
            | Stage::Room(_)
            | Stage::Result(_)
            | Stage::Ended(_) => {}
        }
        self.rejection = Some(rejection);
    }

    fn room_event(&mut self, event: protocol::room::RoomEvent) {
        let Stage::Room(room) = &mut self.stage else {
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
            self.stage = Stage::Result(RaceResult {
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

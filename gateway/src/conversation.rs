//! The conversation with one client: a state machine without I/O.
//!
//! The shell gives it each frame with the time; it answers with one [`Step`].
//! When a step asks something of the rest of the system, the shell does it and
//! reports the outcome; a client has one such question open at a time.

mod refusals;

use std::time::Instant;

use domain::{CarClass, Skill};
use protocol::account::{AccountDeletion, Credentials, PasswordChange};
use protocol::client::{self, ClientMessage, GoodbyeCode, ServerMessage};
use protocol::frame::{self, FrameKind};
use protocol::lobby::RoomSettings;
use protocol::{
    PlayerId, PlayerName, RaceId, Rejection, RejectionCode, RequestId, RoomId, RoomName, Seat,
};

use self::refusals::{Refusals, Verdict};
use crate::limiter::{PlayerLimit, PlayerLimits};
use crate::limits;
use crate::metrics;
use crate::rate::Rate;
use crate::token::Port;

/// What the shell shall do.
#[derive(Debug, PartialEq)]
pub enum Step<'a> {
    /// Go on.
    Nothing,
    /// Answer at once.
    Send(ServerMessage),
    /// Ask the rest of the system, and report the outcome.
    Ask(Ask),
    /// Pass an input frame on to the room.
    Input(Seat, &'a [u8]),
    /// Say goodbye.
    Close(ServerMessage),
}

/// What a client wants of the rest of the system.
#[derive(Debug, PartialEq)]
pub enum Ask {
    /// Make an account.
    SignUp(Credentials),
    /// Check a password.
    LogIn(Credentials),
    /// Check a token.
    Resume(String),
    /// Replace the own password.
    ChangePassword(PasswordChange),
    /// Delete the own account.
    DeleteAccount(AccountDeletion),
    /// Show a page of the lobby, after a room.
    ListRooms(Option<RoomId>),
    /// Make a room and take a seat.
    CreateRoom(RoomName, RoomSettings, CarClass, Option<RequestId>),
    /// Take a seat.
    JoinRoom(RoomName, CarClass),
    /// Drive something else.
    ChooseClass(CarClass),
    /// Put AI drivers into the free seats.
    FillSeats(Skill),
    /// Show that the player is there.
    Stay,
    /// Watch.
    Spectate(RoomName),
    /// Give the seat back.
    LeaveRoom,
    /// The record of a player.
    Profile(PlayerId),
    /// The best players, but for so many.
    Leaderboard(u64),
    /// A token for the chat port.
    ChatToken,
    /// End the session.
    LogOut,
    /// Say something.
    Say {
        /// As typed.
        text: String,
        /// The sender's own count.
        sequence: u64,
    },
    /// Show a page of who is in the chat, after a player.
    ListPresent(Option<PlayerId>),
}

/// The room that a client is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// The race of it.
    pub race: RaceId,
    /// The seat; `None` for a spectator.
    pub seat: Option<Seat>,
}

#[derive(Debug)]
enum State {
    /// Nothing was said yet.
    AwaitingHello,
    /// Hello was said.
    Unauthenticated,
    /// Logged in.
    Authenticated {
        player: PlayerName,
        limits: PlayerLimits,
        membership: Option<Membership>,
    },
}

/// The conversation with one client.
#[derive(Debug)]
pub struct Conversation {
    port: Port,
    state: State,
    begun_at: Instant,
    /// Frames before the welcome.
    stranger_frames: u32,
    refusals: Refusals,
    /// What a client may ask before its player is known.
    control: Rate,
    input: Rate,
}

impl Conversation {
    /// With a client that has just connected.
    #[must_use]
    pub fn new(port: Port, now: Instant) -> Self {
        Self {
            port,
            state: State::AwaitingHello,
            begun_at: now,
            stranger_frames: 0,
            refusals: Refusals::new(now),
            control: Rate::new(limits::CONTROL_RATE, now),
            input: Rate::new(limits::INPUT_RATE, now),
        }
    }

    /// Until when the client may be silent. Before the welcome, whatever it sends in the
    /// meantime gains it nothing.
    #[must_use]
    pub fn silent_until(&self, now: Instant) -> Instant {
        match self.state {
            State::AwaitingHello => self.begun_at + limits::HELLO_TIMEOUT,
            State::Unauthenticated => self.begun_at + limits::LOG_IN_TIMEOUT,
            State::Authenticated { .. } => now + limits::IDLE_TIMEOUT,
        }
    }

    /// The goodbye of a client that was silent for too long.
    #[must_use]
    pub fn expired(&self) -> ServerMessage {
        let reason = match self.state {
            State::AwaitingHello | State::Authenticated { .. } => {
                "nothing was heard of you for too long"
            }
            State::Unauthenticated => "nobody has logged in for a minute",
        };
        ServerMessage::goodbye(GoodbyeCode::Idle, reason)
    }

    /// Who the client is, once it is known.
    #[must_use]
    pub fn player(&self) -> Option<&PlayerName> {
        match &self.state {
            State::Authenticated { player, .. } => Some(player),
            State::AwaitingHello | State::Unauthenticated => None,
        }
    }

    /// Whether the client has said hello.
    #[must_use]
    pub fn has_said_hello(&self) -> bool {
        !matches!(self.state, State::AwaitingHello)
    }

    /// What the player may do, once it is known.
    #[must_use]
    pub fn limits(&self) -> Option<&PlayerLimits> {
        match &self.state {
            State::Authenticated { limits, .. } => Some(limits),
            State::AwaitingHello | State::Unauthenticated => None,
        }
    }

    /// Where the client is, if in a room.
    #[must_use]
    pub fn membership(&self) -> Option<&Membership> {
        match &self.state {
            State::Authenticated { membership, .. } => membership.as_ref(),
            State::AwaitingHello | State::Unauthenticated => None,
        }
    }

    /// The client has proven who it is.
    pub fn logged_in(&mut self, player: PlayerName, limits: PlayerLimits) {
        self.state = State::Authenticated {
            player,
            limits,
            membership: None,
        };
    }

    /// The client is in a room.
    pub fn entered(&mut self, entered: Membership) {
        if let State::Authenticated { membership, .. } = &mut self.state {
            *membership = Some(entered);
        }
    }

    /// The client has left its room.
    pub fn left(&mut self) {
        if let State::Authenticated { membership, .. } = &mut self.state {
            *membership = None;
        }
    }

    /// Takes a frame of the client.
    pub fn frame<'a>(&mut self, frame: &'a [u8], now: Instant) -> Step<'a> {
        if self.player().is_none() {
            self.stranger_frames += 1;
            if self.stranger_frames > limits::STRANGER_FRAMES_MAX {
                let reason = "too many messages before a log-in";
                return Step::Close(ServerMessage::goodbye(GoodbyeCode::TooMany, reason));
            }
        }
        if matches!(self.state, State::AwaitingHello) {
            return self.hello(frame);
        }
        match frame::split(frame) {
            Ok((FrameKind::Input, body)) => self.input(body, now),
            Ok((FrameKind::Control, body)) => match self.take_control(now) {
                Err(rejection) => self.refuse(rejection, GoodbyeCode::TooMany, now),
                Ok(()) => match serde_json::from_slice(body) {
                    Ok(message) => self.control(message, now),
                    Err(error) => {
                        let message = format!("unreadable: {error}");
                        let rejection = Rejection::new(RejectionCode::BadMessage, message);
                        self.refuse(rejection, GoodbyeCode::BadFrame, now)
                    }
                },
            },
            Ok((kind, _)) => bad_frame(&frame::FrameError::Unexpected(kind)),
            Err(error) => bad_frame(&error),
        }
    }

    /// Refuses a message that no client of ours sends, aloud or in silence. `code` is the
    /// goodbye of a client that sends many of them.
    fn refuse(&mut self, rejection: Rejection, code: GoodbyeCode, now: Instant) -> Step<'static> {
        match self.refusals.refuse(now) {
            Verdict::Answer => reject(rejection),
            Verdict::Ignore => {
                metrics::frame_ignored("refused_again");
                Step::Nothing
            }
            Verdict::Dismiss => Step::Close(ServerMessage::goodbye(code, rejection.message)),
        }
    }

    fn hello(&mut self, frame: &[u8]) -> Step<'static> {
        match frame::read_hello(frame) {
            Ok(hello) => {
                tracing::debug!(client = %hello.client.escape_debug(), "hello");
                self.state = State::Unauthenticated;
                Step::Nothing
            }
            Err(error @ frame::FrameError::Version(_)) => Step::Close(ServerMessage::goodbye(
                GoodbyeCode::Version,
                error.to_string(),
            )),
            Err(error) => bad_frame(&error),
        }
    }

    fn input<'a>(&mut self, body: &'a [u8], now: Instant) -> Step<'a> {
        if !self.input.allow(now) {
            metrics::frame_ignored("input_rate");
            return Step::Nothing;
        }
        // A frame may cross with the end of the race: that is nobody's fault.
        match self.membership().and_then(|membership| membership.seat) {
            Some(seat) => Step::Input(seat, body),
            None => {
                metrics::frame_ignored("input_without_seat");
                Step::Nothing
            }
        }
    }

    /// Charges a control message to the player, or to the connection while the player is
    /// not known.
    fn take_control(&mut self, now: Instant) -> Result<(), Rejection> {
        match &self.state {
            State::Authenticated { limits, .. } => limits.take(PlayerLimit::Control, now),
            State::AwaitingHello | State::Unauthenticated if self.control.allow(now) => Ok(()),
            State::AwaitingHello | State::Unauthenticated => {
                let message = "too many requests, slow down";
                Err(Rejection::new(RejectionCode::TooFast, message))
            }
        }
    }

    /// Charges what a player may do only so often.
    fn take(&self, limit: PlayerLimit, now: Instant) -> Result<(), Rejection> {
        self.limits()
            .map_or(Ok(()), |limits| limits.take(limit, now))
    }

    fn control(&mut self, message: ClientMessage, now: Instant) -> Step<'static> {
        match self.decide(message, now) {
            Ok(step) => step,
            Err(rejection) => reject(rejection),
        }
    }

    fn decide(&mut self, message: ClientMessage, now: Instant) -> Result<Step<'static>, Rejection> {
        let step = match message {
            ClientMessage::Ping { nonce } => Step::Send(ServerMessage::Pong { nonce }),
            ClientMessage::SignUp {
                name,
                password,
                request,
            } => {
                self.expect_unauthenticated()?;
                let name = client::new_player_name(&name)?;
                password.check()?;
                Step::Ask(Ask::SignUp(Credentials {
                    request,
                    ..Credentials::new(name, password)
                }))
            }
            ClientMessage::LogIn { name, password } => {
                self.expect_unauthenticated()?;
                let name = client::player_name(&name)?;
                Step::Ask(Ask::LogIn(Credentials::new(name, password)))
            }
            ClientMessage::Resume { token } => {
                self.expect_unauthenticated()?;
                Step::Ask(Ask::Resume(token))
            }
            ClientMessage::ChangePassword { old, new } => {
                let player = self.expect_player(self.port)?.id();
                new.check()?;
                Step::Ask(Ask::ChangePassword(PasswordChange {
                    player,
                    old,
                    new,
                    deadline: None,
                }))
            }
            ClientMessage::DeleteAccount { password } => {
                let player = self.expect_player(self.port)?.id();
                Step::Ask(Ask::DeleteAccount(AccountDeletion {
                    player,
                    password,
                    deadline: None,
                }))
            }
            ClientMessage::ListRooms { after } => {
                self.expect(Port::Race)?;
                let after = after.map(|name| client::room_name(&name)).transpose()?;
                Step::Ask(Ask::ListRooms(after.map(|name| name.id())))
            }
            ClientMessage::CreateRoom {
                name,
                settings,
                class,
                request,
            } => {
                self.expect_outside()?;
                settings.check()?;
                let name = client::room_name(&name)?;
                self.take(PlayerLimit::Joins, now)?;
                self.take(PlayerLimit::Rooms, now)?;
                Step::Ask(Ask::CreateRoom(name, settings, class, request))
            }
            ClientMessage::JoinRoom { name, class } => {
                self.expect_outside()?;
                let name = client::room_name(&name)?;
                self.take(PlayerLimit::Joins, now)?;
                Step::Ask(Ask::JoinRoom(name, class))
            }
            ClientMessage::ChooseClass { class } => {
                self.expect_seat()?;
                Step::Ask(Ask::ChooseClass(class))
            }
            ClientMessage::FillSeats { skill } => {
                self.expect_seat()?;
                Step::Ask(Ask::FillSeats(skill))
            }
            ClientMessage::Stay => {
                self.expect_seat()?;
                Step::Ask(Ask::Stay)
            }
            ClientMessage::Spectate { name } => {
                self.expect_outside()?;
                let name = client::room_name(&name)?;
                self.take(PlayerLimit::Spectating, now)?;
                Step::Ask(Ask::Spectate(name))
            }
            ClientMessage::LeaveRoom => {
                self.expect_membership()?;
                Step::Ask(Ask::LeaveRoom)
            }
            ClientMessage::Profile { player } => {
                let own = self.expect_player(Port::Race)?;
                let player = match player {
                    Some(name) => client::player_name(&name)?.id(),
                    None => own.id(),
                };
                Step::Ask(Ask::Profile(player))
            }
            ClientMessage::Leaderboard { offset } => {
                self.expect(Port::Race)?;
                Step::Ask(Ask::Leaderboard(offset))
            }
            ClientMessage::ChatToken => {
                self.expect(Port::Race)?;
                Step::Ask(Ask::ChatToken)
            }
            ClientMessage::LogOut => {
                self.expect(self.port)?;
                Step::Ask(Ask::LogOut)
            }
            ClientMessage::Say { text, sequence } => {
                self.expect(Port::Chat)?;
                self.take(PlayerLimit::Chat, now)?;
                Step::Ask(Ask::Say { text, sequence })
            }
            ClientMessage::ListPresent { after } => {
                self.expect(Port::Chat)?;
                let after = after.map(|name| client::player_name(&name)).transpose()?;
                Step::Ask(Ask::ListPresent(after.map(|name| name.id())))
            }
        };
        Ok(step)
    }

    fn expect_unauthenticated(&self) -> Result<(), Rejection> {
        match &self.state {
            State::Authenticated { player, .. } => Err(Rejection::new(
                RejectionCode::AlreadyLoggedIn,
                format!("this connection is {player}'s already"),
            )),
            State::AwaitingHello | State::Unauthenticated => Ok(()),
        }
    }

    fn expect(&self, port: Port) -> Result<(), Rejection> {
        self.expect_player(port).map(drop)
    }

    fn expect_player(&self, port: Port) -> Result<&PlayerName, Rejection> {
        let Some(player) = self.player() else {
            return Err(Rejection::new(RejectionCode::NotLoggedIn, "log in first"));
        };
        if self.port != port {
            let message = match port {
                Port::Race => "this is the chat port, the race is on the other one",
                Port::Chat => "this is the race port, the chat is on the other one",
            };
            return Err(Rejection::new(RejectionCode::WrongPort, message));
        }
        Ok(player)
    }

    fn expect_membership(&self) -> Result<&Membership, Rejection> {
        self.expect(Port::Race)?;
        self.membership()
            .ok_or_else(|| Rejection::new(RejectionCode::NotInRoom, "you are in no room"))
    }

    fn expect_seat(&self) -> Result<(), Rejection> {
        let membership = self.expect_membership()?;
        if membership.seat.is_none() {
            let message = format!("you only watch room {}, join it for that", membership.room);
            return Err(Rejection::new(RejectionCode::NotInRoom, message));
        }
        Ok(())
    }

    fn expect_outside(&self) -> Result<(), Rejection> {
        self.expect(Port::Race)?;
        match self.membership() {
            Some(membership) => Err(Rejection::new(
                RejectionCode::AlreadyInRoom,
                format!(
                    "you are in room {} already, leave it first",
                    membership.room
                ),
            )),
            None => Ok(()),
        }
    }
}

/// A rejection on its way to the client, counted.
#[must_use]
pub fn reject(rejection: Rejection) -> Step<'static> {
    metrics::rejected(rejection.code);
    Step::Send(ServerMessage::Rejected(rejection))
}

fn bad_frame(error: &frame::FrameError) -> Step<'static> {
    Step::Close(ServerMessage::goodbye(
        GoodbyeCode::BadFrame,
        error.to_string(),
    ))
}

#[cfg(test)]
mod tests;

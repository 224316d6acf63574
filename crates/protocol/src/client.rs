//! The conversation between client and gateway: JSON in control frames.

use domain::{CarClass, Skill};
use serde::{Deserialize, Serialize};

use crate::account::{LastRace, Leaderboard, Password, Profile};
use crate::ids::{RequestId, Seat};
use crate::lobby::{RoomEntry, RoomSettings};
use crate::names::{PlayerName, RoomName};
use crate::rejection::{Rejection, sentence};
use crate::room::RoomView;

/// The first frame of a client, behind the version byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Which program, for the log of an operator.
    pub client: String,
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Make an account and log in.
    SignUp {
        /// As the person wants to be called. Checked by the gateway.
        name: String,
        /// 6–128 characters.
        password: Password,
        /// Which request it is. The same again, as after a break, gets the first
        /// answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestId>,
    },
    /// Log in with the account's password.
    LogIn {
        /// In any case.
        name: String,
        /// The account's.
        password: Password,
    },
    /// Log in with a token that a gateway gave out.
    Resume {
        /// As it came.
        token: String,
    },
    /// Race port: which rooms are there? The answer is a page of them.
    ListRooms {
        /// The last room of the page before; the first page without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Race port: make a room and take its first seat.
    CreateRoom {
        /// Checked by the gateway.
        name: String,
        /// What the room shall be.
        #[serde(default)]
        settings: RoomSettings,
        /// What to drive.
        #[serde(default)]
        class: CarClass,
        /// Which request it is. The same again, as after a break, gets the first
        /// answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestId>,
    },
    /// Race port: take a seat.
    JoinRoom {
        /// Checked by the gateway.
        name: String,
        /// What to drive. Who has a seat already keeps the car.
        #[serde(default)]
        class: CarClass,
    },
    /// Race port: drive something else, while the room waits.
    ChooseClass {
        /// What to drive.
        class: CarClass,
    },
    /// Race port: put AI drivers into all free seats. The room's host may.
    FillSeats {
        /// How well they drive.
        #[serde(default)]
        skill: Skill,
    },
    /// Race port: a sign of life, the answer to an idle warning.
    Stay,
    /// Race port: watch a room without a seat.
    Spectate {
        /// Checked by the gateway.
        name: String,
    },
    /// Race port: give the seat back.
    LeaveRoom,
    /// Race port: the record of a player over all races.
    Profile {
        /// Checked by the gateway; the own one without a name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<String>,
    },
    /// Race port: the best players over all races, a page of them.
    Leaderboard {
        /// How many players come before the page.
        #[serde(default)]
        offset: u64,
    },
    /// Race port: a token that is good for the chat port only.
    ChatToken,
    /// End the session: its tokens are good for nothing, a seat is given back, and the
    /// gateway says goodbye.
    LogOut,
    /// Chat port: say something.
    Say {
        /// Checked by the chat worker.
        text: String,
        /// The sender's own count, rising.
        sequence: u64,
    },
    /// Chat port: who is here? The answer is a page of them.
    ListPresent {
        /// The last player of the page before; the first page without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Either port: replace the own password.
    ChangePassword {
        /// The account's.
        old: Password,
        /// 6–128 characters.
        new: Password,
    },
    /// Either port: delete the own account. Its results stay, under another name.
    DeleteAccount {
        /// The account's.
        password: Password,
    },
    /// Keeps an idle connection open, and measures the way.
    Ping {
        /// Comes back unchanged.
        nonce: u64,
    },
}

/// What a gateway answers or reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Logged in.
    Welcome {
        /// As chosen at sign-up.
        player: PlayerName,
        /// For a later `Resume`.
        token: String,
        /// Race port: the player's last race, if there was one and the database is
        /// there to ask.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_race: Option<EarlierRace>,
    },
    /// A page of the lobby.
    Rooms {
        /// In the order of names, at most
        /// [`LOBBY_PAGE_ROOMS_MAX`](crate::limits::LOBBY_PAGE_ROOMS_MAX).
        rooms: Vec<RoomEntry>,
        /// Whether rooms follow after the last of these.
        #[serde(default)]
        has_more: bool,
    },
    /// In the room, or watching it.
    Entered {
        /// The own seat; `None` for a spectator.
        seat: Option<Seat>,
        /// The room.
        room: RoomView,
    },
    /// Out of the room.
    LeftRoom,
    /// The record of a player.
    Profile(Profile),
    /// A page of the best players.
    Leaderboard(Leaderboard),
    /// A token for the chat port.
    ChatToken {
        /// As it came.
        token: String,
    },
    /// In the chat. Messages from now on follow as chat frames.
    ChatJoined {
        /// Where in the stream the own notice stands.
        sequence: u64,
    },
    /// What was said is in the stream, and this gateway has read it there.
    Said {
        /// The sender's own count.
        sequence: u64,
    },
    /// A page of who is in the chat, as of the chat messages before it. It may begin
    /// with names that the page before has, too.
    Present {
        /// In the order of names, at most
        /// [`PRESENT_PAGE_NAMES_MAX`](crate::limits::PRESENT_PAGE_NAMES_MAX).
        players: Vec<PlayerName>,
        /// Whether names follow after the last of these.
        #[serde(default)]
        has_more: bool,
    },
    /// The password was replaced, and all sessions but this one are over.
    PasswordChanged {
        /// For a later `Resume`, in the place of the token before.
        token: String,
    },
    /// The account is deleted. Goodbye follows.
    AccountDeleted {
        /// The name under which its results are kept.
        anonymous: PlayerName,
    },
    /// The answer to a ping.
    Pong {
        /// As it was sent.
        nonce: u64,
    },
    /// A request was refused; the connection lives on.
    Rejected(Rejection),
    /// The gateway closes the connection.
    Goodbye {
        /// What a program may decide by.
        code: GoodbyeCode,
        /// A sentence for a person.
        reason: String,
        /// Whether connecting again makes sense.
        retry: bool,
    },
}

/// A race that a player was in before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlierRace {
    /// What the database knows of it.
    #[serde(flatten)]
    pub race: LastRace,
    /// Whether it still runs: its room can be joined again.
    pub is_running: bool,
}

/// Why a gateway closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeCode {
    /// The client speaks another version.
    Version,
    /// A frame larger than allowed, or one that cannot be read.
    BadFrame,
    /// Nothing was heard for too long.
    Idle,
    /// The client reads too slowly.
    SlowReader,
    /// The player logged in elsewhere.
    Replaced,
    /// The gateway ends.
    Draining,
    /// Too many connections or messages.
    TooMany,
    /// The session is over: logged out, a changed password, or an operator ended it.
    SessionEnded,
    /// The account of the player was deleted.
    AccountDeleted,
    /// The client speaks plain text, the gateway TLS.
    TlsRequired,
}

impl GoodbyeCode {
    /// Whether it makes sense for the client to come back by itself.
    #[must_use]
    pub const fn may_retry(self) -> bool {
        match self {
            Self::Version
            | Self::BadFrame
            | Self::Replaced
            | Self::AccountDeleted
            | Self::TlsRequired => false,
            // After the end of a session another may begin on a new connection.
            Self::Idle | Self::SlowReader | Self::Draining | Self::TooMany | Self::SessionEnded => {
                true
            }
        }
    }
}

impl ServerMessage {
    /// The last message of a connection.
    #[must_use]
    pub fn goodbye(code: GoodbyeCode, reason: impl Into<String>) -> Self {
        Self::Goodbye {
            code,
            reason: sentence(reason.into()),
            retry: code.may_retry(),
        }
    }
}

/// Checks a name that came from a client.
///
/// # Errors
/// As [`RoomName::parse`].
pub fn room_name(text: &str) -> Result<RoomName, Rejection> {
    RoomName::parse(text).map_err(Rejection::from)
}

/// Checks the name of a new account that came from a client.
///
/// # Errors
/// As [`PlayerName::parse_new`].
pub fn new_player_name(text: &str) -> Result<PlayerName, Rejection> {
    PlayerName::parse_new(text).map_err(Rejection::from)
}

/// Checks a name that came from a client.
///
/// # Errors
/// As [`PlayerName::parse`].
pub fn player_name(text: &str) -> Result<PlayerName, Rejection> {
    PlayerName::parse(text).map_err(Rejection::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;
    use crate::limits::{LIST_FRAME_BYTES_MAX, PLAYER_NAME_CHARS_MAX, PRESENT_PAGE_NAMES_MAX};
    use domain::Mode;

    #[test]
    fn reads_what_an_older_client_sends() {
        let read = |json: &str| serde_json::from_str::<ClientMessage>(json).unwrap();
        let join = ClientMessage::JoinRoom {
            name: "r1".into(),
            class: CarClass::Grip,
        };
        assert_eq!(read(r#"{"type":"join_room","name":"r1"}"#), join);
        let create = read(r#"{"type":"create_room","name":"r1","settings":{"seats":3}}"#);
        let ClientMessage::CreateRoom {
            settings,
            class,
            request,
            ..
        } = create
        else {
            panic!("{create:?}")
        };
        assert_eq!((settings.mode, class), (Mode::Circuit, CarClass::Grip));
        assert_eq!(request, None);
        let sign_up = read(r#"{"type":"sign_up","name":"Ada","password":"secret1"}"#);
        assert!(matches!(
            sign_up,
            ClientMessage::SignUp { request: None, .. }
        ));
        let list = ClientMessage::ListRooms { after: None };
        assert_eq!(read(r#"{"type":"list_rooms"}"#), list);
        let fill = ClientMessage::FillSeats { skill: Skill::Club };
        assert_eq!(read(r#"{"type":"fill_seats"}"#), fill);
    }

    #[test]
    fn the_list_of_an_older_gateway_is_complete() {
        let present: ServerMessage =
            serde_json::from_str(r#"{"type":"present","players":["Ada"]}"#).unwrap();
        let ServerMessage::Present { has_more, .. } = present else {
            panic!("{present:?}")
        };
        assert!(!has_more);
    }

    #[test]
    fn the_largest_page_of_people_fits_a_frame() {
        let longest = PlayerName::parse(&"x".repeat(PLAYER_NAME_CHARS_MAX)).unwrap();
        let page = ServerMessage::Present {
            players: vec![longest; PRESENT_PAGE_NAMES_MAX],
            has_more: true,
        };
        assert!(frame::from_server(&page).len() <= LIST_FRAME_BYTES_MAX);
    }
}

//! What is measured.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Most rooms of a scenario, as `bots load` has it.
const ROOMS_MAX: u16 = 9_999;
/// Most seats in a room.
const SEATS_MAX: u8 = 16;
/// Users of the chat.
pub const CHAT_USERS: u16 = 1_000;
/// What they say in a second, all together: each hears it.
pub const CHAT_RATE: u32 = 20;
/// People that come in a second.
pub const CONNECT_RATE: u32 = 20;

/// A situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Nobody is there.
    Idle,
    /// Full rooms, all of them racing.
    Race {
        /// How many.
        rooms: u16,
        /// Players in each.
        seats: u8,
    },
    /// [`CHAT_USERS`] users in the chat.
    Chat,
    /// People that sign up, log in and resume.
    Connect,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => write!(f, "idle"),
            Self::Race { rooms, seats } => write!(f, "{rooms}x{seats}"),
            Self::Chat => write!(f, "chat"),
            Self::Connect => write!(f, "connect"),
        }
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let race = || {
            let (rooms, seats) = text.split_once('x')?;
            let rooms = rooms
                .parse()
                .ok()
                .filter(|rooms| (1..=ROOMS_MAX).contains(rooms))?;
            let seats = seats
                .parse()
                .ok()
                .filter(|seats| (1..=SEATS_MAX).contains(seats))?;
            Some(Self::Race { rooms, seats })
        };
        match text {
            "idle" => Ok(Self::Idle),
            "chat" => Ok(Self::Chat),
            "connect" => Ok(Self::Connect),
            _ => race().ok_or_else(|| {
                format!(
                    "{text:?} must be idle, chat, connect or ROOMSxSEATS, \
                     1 to {ROOMS_MAX} rooms of 1 to {SEATS_MAX} seats"
                )
            }),
        }
    }
}

/// For how long it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// A race, or the chat.
    pub window: Duration,
    /// Before that, when everybody races.
    pub warm_up: Duration,
    /// Nobody there, and what raw NATS and TCP do.
    pub short: Duration,
    /// Each way to come in.
    pub way: Duration,
}

impl Lengths {
    /// Long enough for a tail that comes again; with `quick`, all scenarios
    /// together end in five minutes.
    #[must_use]
    pub fn new(quick: bool) -> Self {
        let seconds = Duration::from_secs;
        if quick {
            Self {
                window: seconds(10),
                warm_up: seconds(3),
                short: seconds(5),
                way: seconds(4),
            }
        } else {
            Self {
                window: seconds(60),
                warm_up: seconds(10),
                short: seconds(20),
                way: seconds(20),
            }
        }
    }
}

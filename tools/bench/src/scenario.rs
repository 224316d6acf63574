//! The scenarios that are measured.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Most rooms of a scenario, as `bots load` has it.
const ROOMS_MAX: u16 = 9_999;
/// Most seats in a room.
const SEATS_MAX: u8 = 16;
/// Users of the chat.
pub const CHAT_USERS: u16 = 1_000;
/// Messages that all of them together send in a second; each user receives them.
pub const CHAT_RATE: u32 = 20;
/// Sign-ups, log-ins or resumes a second.
pub const CONNECT_RATE: u32 = 20;

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Servers without clients.
    Idle,
    /// Full rooms, all of them racing.
    Race {
        /// How many rooms.
        rooms: u16,
        /// Players in each.
        seats: u8,
    },
    /// [`CHAT_USERS`] users in the chat.
    Chat,
    /// Sign-up, log-in and resume.
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

/// For how long each scenario is measured.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// Of a race, or of the chat.
    pub window: Duration,
    /// Before that, when all rooms race.
    pub warm_up: Duration,
    /// Of idle servers, and of raw NATS and TCP.
    pub short: Duration,
    /// Of each of sign-up, log-in and resume.
    pub connect: Duration,
}

impl Lengths {
    /// Long enough for reproducible tails; with `quick`, all scenarios together end
    /// within five minutes.
    #[must_use]
    pub fn new(quick: bool) -> Self {
        let seconds = Duration::from_secs;
        if quick {
            Self {
                window: seconds(10),
                warm_up: seconds(3),
                short: seconds(5),
                connect: seconds(4),
            }
        } else {
            Self {
                window: seconds(60),
                warm_up: seconds(10),
                short: seconds(20),
                connect: seconds(20),
            }
        }
    }
}

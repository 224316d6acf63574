//! Who looks over a bot's shoulder.

use std::time::{Duration, Instant};

use bytes::Bytes;
use client_core::link::Traffic;
use client_core::protocol::RaceId;
use client_core::protocol::lobby::{Phase, RoomSettings};
use client_core::race::RaceResult;
use client_core::race::room::{LeaderboardLine, RoomClient};
use client_core::{LinkEvent, RaceClient};
use domain::TICK_RATE_HZ;
use tokio::sync::watch;

/// How a bot's race ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The race's id.
    pub race: RaceId,
    /// What was raced.
    pub settings: RoomSettings,
    /// How it ended.
    pub result: RaceResult,
}

/// How often a bot tells what it sees.
const VIEW_FRAMES: u64 = TICK_RATE_HZ as u64 / 2;

/// What a bot does after a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another one.
    Again,
    /// It goes home.
    Enough,
}

/// Learns what a bot learns, at the time it does.
pub trait Watcher {
    /// Something comes; the client has not taken it yet.
    fn comes(&mut self, _event: &LinkEvent, _client: &RaceClient, _now: Instant) {}
    /// The client has taken it.
    fn taken(&mut self, _client: &RaceClient, _traffic: Traffic, _now: Instant) {}
    /// The bot was to drive a frame so long ago.
    fn woken(&mut self, _late: Duration) {}
    /// A frame leaves.
    fn sent(&mut self, _frame: &Bytes, _now: Instant) {}
    /// The bot drives a frame, 60 times a second.
    fn drives(&mut self, _room: &RoomClient, _now: Instant) {}
    /// The bot has lost its seat in a race that is not over.
    fn thrown_out(&mut self, _race: RaceId, _now: Instant) {}
    /// Whether the bot is to stay in the lobby for now.
    fn waits(&self) -> bool {
        false
    }
    /// Whether another race is to be begun.
    fn wants_race(&self) -> bool {
        true
    }
    /// Whether the bot is to give its seat back, whatever is on.
    fn leaves(&self) -> bool {
        false
    }
    /// A room has closed.
    fn ended(&mut self, _outcome: &Outcome) -> Next {
        Next::Enough
    }
}

/// What a bot sees of its race.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Whether the bot has a seat.
    pub is_seated: bool,
    /// Whether the cars have been let go.
    pub is_racing: bool,
    /// The order of the race; empty before it begins.
    pub leaderboard: Vec<LeaderboardLine>,
}

/// Shows what a bot sees, twice a second.
#[derive(Debug)]
pub struct Viewer {
    view: watch::Sender<View>,
    frames: u64,
}

impl Viewer {
    /// Tells `view`.
    #[must_use]
    pub fn new(view: watch::Sender<View>) -> Self {
        Self { view, frames: 0 }
    }
}

impl Watcher for Viewer {
    fn drives(&mut self, room: &RoomClient, _now: Instant) {
        if self.frames.is_multiple_of(VIEW_FRAMES) {
            self.view.send_replace(View {
                is_seated: true,
                is_racing: room.view().phase == Phase::Racing,
                leaderboard: room.leaderboard(),
            });
        }
        self.frames += 1;
    }
}

/// A bot that nobody looks at.
impl Watcher for () {}

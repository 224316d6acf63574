//! Hooks into a bot: what it sees and does, and what it is to do.

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

/// Frames between two views: half a second.
const VIEW_FRAMES: u64 = TICK_RATE_HZ as u64 / 2;

/// What a bot does after a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It races again.
    Again,
    /// It ends.
    Enough,
}

/// Called by a bot when something happens to it, and asked what it is to do.
pub trait Hooks {
    /// An event has come, and the client has not handled it yet.
    fn received(&mut self, _event: &LinkEvent, _client: &RaceClient, _now: Instant) {}
    /// The client has handled the event.
    fn handled(&mut self, _client: &RaceClient, _traffic: Traffic, _now: Instant) {}
    /// A frame begins later than it was due.
    fn frame_begins(&mut self, _late: Duration) {}
    /// A frame is sent.
    fn sent(&mut self, _frame: &Bytes, _now: Instant) {}
    /// The bot drives, 60 times a second.
    fn drives(&mut self, _room: &RoomClient, _now: Instant) {}
    /// The bot has lost its seat in a race that is not over.
    fn seat_lost(&mut self, _race: RaceId, _now: Instant) {}
    /// Whether the bot is to stay in the lobby for the present.
    fn waits(&self) -> bool {
        false
    }
    /// Whether the bot is to begin another race.
    fn wants_race(&self) -> bool {
        true
    }
    /// Whether the bot is to leave its room, even during a race.
    fn leaves(&self) -> bool {
        false
    }
    /// The room has closed.
    fn ended(&mut self, _outcome: &Outcome) -> Next {
        Next::Enough
    }
}

/// What a bot sees of its race.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Whether the bot has a seat.
    pub is_seated: bool,
    /// Whether the race has started.
    pub is_racing: bool,
    /// The order of the race; empty before it begins.
    pub leaderboard: Vec<LeaderboardLine>,
}

/// Publishes what a bot sees, twice a second.
#[derive(Debug)]
pub struct ViewSender {
    view: watch::Sender<View>,
    frames: u64,
}

impl ViewSender {
    /// Publishes to `view`.
    #[must_use]
    pub fn new(view: watch::Sender<View>) -> Self {
        Self { view, frames: 0 }
    }
}

impl Hooks for ViewSender {
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

/// No hooks: the bot races once.
impl Hooks for () {}

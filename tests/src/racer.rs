//! A player: a race client that remembers what it has seen, with the
//! simulation's AI at the wheel.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use client_core::protocol::client::{GoodbyeCode, ServerMessage};
use client_core::protocol::lobby::{Phase, RoomEntry, RoomSettings};
use client_core::protocol::room::{RoomEvent, RoomEventBody};
use client_core::protocol::snapshot::RelayedHeader;
use client_core::protocol::{Epoch, Rejection, Seat, Tick};
use client_core::race::RaceResult;
use client_core::simulation::AiDriver;
use client_core::{LinkEvent, RaceClient, RaceClientState, Security};
use domain::{CarClass, Controls, Skill};

use crate::live::{Client, Live};

/// The snapshots whose contents are remembered: of some seconds.
const BODIES_MAX: usize = 300;

/// A race client with a memory.
#[derive(Debug, Default)]
pub struct Racer {
    /// The client itself.
    pub client: RaceClient,
    /// What happened in its room.
    pub events: Vec<RoomEvent>,
    /// Epoch and tick of each snapshot.
    pub snapshots: Vec<(Epoch, Tick)>,
    /// What the latest of them say of the race, by tick.
    pub bodies: BTreeMap<Tick, Bytes>,
    /// How many there were when each connection began.
    pub connections: Vec<usize>,
    /// When each of them came.
    pub snapshot_times: Vec<Instant>,
    /// What it was refused.
    pub rejections: Vec<Rejection>,
    /// What the gateway said before it closed a connection.
    pub goodbyes: Vec<GoodbyeCode>,
    /// The notices that were shown.
    pub notices: Vec<String>,
    /// The token that opens the chat.
    pub chat_token: Option<String>,
    /// Whether it drives off the road instead of along it.
    pub steers_off: bool,
    /// Whether it touches nothing.
    pub is_idle: bool,
    driver: Option<AiDriver>,
}

impl Client for Racer {
    fn event(&mut self, event: LinkEvent) {
        match &event {
            LinkEvent::Snapshot(snapshot) => {
                let (header, body) =
                    RelayedHeader::split(snapshot).expect("a snapshot has a header");
                self.bodies.insert(header.tick, snapshot.slice_ref(body));
                if self.bodies.len() > BODIES_MAX {
                    self.bodies.pop_first();
                }
                self.snapshots.push((header.epoch, header.tick));
                self.snapshot_times.push(Instant::now());
            }
            LinkEvent::Event(event) => self.events.push(event.clone()),
            LinkEvent::Message(ServerMessage::Goodbye { code, .. }) => self.goodbyes.push(*code),
            LinkEvent::Connected => self.connections.push(self.snapshots.len()),
            LinkEvent::Message(_)
            | LinkEvent::Chat(_)
            | LinkEvent::Lost { .. }
            | LinkEvent::Ended { .. } => {}
        }
        self.client.handle(event, Instant::now());
        self.rejections.extend(self.client.take_rejection());
        let notices = self.client.take_notices().into_iter();
        self.notices.extend(notices.map(|notice| notice.text));
        self.chat_token = self.client.take_chat_token().or(self.chat_token.take());
    }

    fn frame(&mut self) {
        let input = self.steer();
        self.client.drive(input, Instant::now());
    }

    fn take_outgoing(&mut self) -> Vec<Bytes> {
        self.client.take_outgoing()
    }

    fn summary(&self) -> String {
        let state = match self.client.state() {
            RaceClientState::Room(room) => format!("in {:?}", room.view()),
            state => format!("{state:?}"),
        };
        let (last, refused) = (self.snapshots.last(), &self.rejections);
        format!("{state}, last snapshot {last:?}, refused {refused:?}")
    }
}

impl Racer {
    /// Starts connecting.
    #[must_use]
    pub fn connect(name: &str, address: &str) -> Live<Self> {
        Self::connect_with(name, address, &Security::Plain)
    }

    /// Starts connecting, with TLS where that is asked for.
    #[must_use]
    pub fn connect_with(name: &str, address: &str, security: &Security) -> Live<Self> {
        Live::connect(Self::default(), name, address, security)
    }

    /// Where its room is in its life.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        self.client.room().map(|room| room.view().phase)
    }

    /// Its own seat.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        self.client.room()?.seat()
    }

    /// Its own score.
    #[must_use]
    pub fn score(&self) -> Option<i64> {
        let lines = self.client.room()?.leaderboard();
        lines.iter().find(|line| line.is_own).map(|line| line.score)
    }

    /// How its room ended.
    #[must_use]
    pub fn result(&self) -> Option<&RaceResult> {
        match self.client.state() {
            RaceClientState::Result(result) => Some(result),
            RaceClientState::Offline(_)
            | RaceClientState::Unauthenticated
            | RaceClientState::Lobby
            | RaceClientState::Room(_)
            | RaceClientState::Ended(_) => None,
        }
    }

    /// The epoch of the last snapshot.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.snapshots.last().map(|last| last.0)
    }

    /// How long it waited for the first snapshot of an epoch.
    #[must_use]
    pub fn gap_before(&self, epoch: Epoch) -> Option<Duration> {
        let first = self.snapshots.iter().position(|it| it.0 == epoch)?;
        let before = self.snapshot_times.get(first.checked_sub(1)?)?;
        Some(self.snapshot_times[first].duration_since(*before))
    }

    /// The first pair of snapshots in which the race goes back, to an earlier
    /// tick or an earlier owner.
    #[must_use]
    pub fn step_back(&self) -> Option<[(Epoch, Tick); 2]> {
        let mut pairs = self.snapshots.windows(2).map(|pair| [pair[0], pair[1]]);
        pairs.find(|[before, after]| after.1 <= before.1 || after.0 < before.0)
    }

    /// Whether something of the kind has happened in its room.
    pub fn has_seen(&self, is_it: impl Fn(&RoomEventBody) -> bool) -> bool {
        self.events.iter().any(|event| is_it(&event.body))
    }

    fn steer(&mut self) -> Controls {
        let Some(room) = self.client.room().filter(|_| !self.is_idle) else {
            return Controls::default();
        };
        let (Some((state, rules)), Some(seat)) = (room.race(), room.seat()) else {
            return Controls::default();
        };
        if self.steers_off {
            return Controls {
                throttle: u8::MAX,
                steer: i8::MAX / 2,
                ..Controls::default()
            };
        }
        let track = room.track();
        self.driver
            .get_or_insert_with(|| AiDriver::new(track, u64::from(seat), Skill::Club))
            .drive(track, rules, state, usize::from(seat))
    }
}

impl Live<Racer> {
    /// Waits until it is logged in and in no room.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn in_lobby(&self) -> Result<()> {
        self.until("in the lobby", |racer| {
            matches!(racer.client.state(), RaceClientState::Lobby)
        })
        .await
    }

    /// Makes a room and waits for its seat.
    ///
    /// # Errors
    /// When it does not get one.
    pub async fn create(&self, room: &str, settings: RoomSettings) -> Result<Seat> {
        self.act(|racer| {
            racer
                .client
                .create_room(room, settings, CarClass::default());
        });
        self.find("a seat in the own room", Racer::seat).await
    }

    /// Joins a room and waits for its seat.
    ///
    /// # Errors
    /// When it does not get one.
    pub async fn join(&self, room: &str) -> Result<Seat> {
        self.act(|racer| racer.client.join_room(room, CarClass::default()));
        self.find("a seat", Racer::seat).await
    }

    /// Leaves its room.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn leave(&self) -> Result<()> {
        self.act(|racer| racer.client.leave_room());
        self.in_lobby().await
    }

    /// Waits until its room is there in its life.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn in_phase(&self, phase: Phase) -> Result<()> {
        let what = format!("in a room that is {phase:?}");
        self.until(&what, |racer| racer.phase() == Some(phase))
            .await
    }

    /// Waits until the race is on and it has news of its car.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn racing(&self) -> Result<()> {
        self.in_phase(Phase::Racing).await?;
        self.until("scoring", |racer| {
            racer.score().is_some_and(|score| score > 0)
        })
        .await
    }

    /// Does what must be refused, and waits for that.
    ///
    /// # Errors
    /// When it is not refused.
    pub async fn refused(&self, act: impl FnOnce(&mut RaceClient)) -> Result<Rejection> {
        let before = self.act(|racer| {
            act(&mut racer.client);
            racer.rejections.len()
        });
        self.find("refused", |racer| racer.rejections.get(before).cloned())
            .await
    }

    /// Waits for an event of its room.
    ///
    /// # Errors
    /// When it does not happen.
    pub async fn sees(&self, what: &str, is_it: impl Fn(&RoomEventBody) -> bool) -> Result<()> {
        self.until(what, |racer| racer.has_seen(&is_it)).await
    }

    /// Waits for a notice.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn notices(&self, text: &str) -> Result<()> {
        let what = format!("the notice {text:?}");
        self.until(&what, |racer| {
            racer.notices.iter().any(|notice| notice == text)
        })
        .await
    }

    /// Waits until the lobby has a room.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn sees_room(&self, name: &str) -> Result<()> {
        let what = format!("the room {name}");
        self.lobby_shows(&what, |rooms| {
            rooms.iter().any(|room| room.name.as_str() == name)
        })
        .await
    }

    /// Waits until the lobby does not have a room.
    ///
    /// # Errors
    /// When it stays.
    pub async fn misses_room(&self, name: &str) -> Result<()> {
        let what = format!("no room {name}");
        self.lobby_shows(&what, |rooms| {
            rooms.iter().all(|room| room.name.as_str() != name)
        })
        .await
    }

    /// Waits until the lobby has a player in these rooms and no others.
    ///
    /// # Errors
    /// When it does not.
    pub async fn lobby_shows_rooms_of(&self, player: &str, expected: &[&str]) -> Result<()> {
        self.lobby_shows(&format!("{player} in {expected:?}"), |rooms| {
            let has = |room: &&RoomEntry| room.players.iter().any(|it| it.as_str() == player);
            let names = rooms.iter().filter(has).map(|room| room.name.as_str());
            names.eq(expected.iter().copied())
        })
        .await
    }

    /// Asks for the lobby until it shows what is wanted.
    ///
    /// # Errors
    /// When it does not.
    pub async fn lobby_shows(
        &self,
        what: &str,
        is_shown: impl Fn(&[RoomEntry]) -> bool,
    ) -> Result<()> {
        fleet::wait::eventually(&format!("the lobby shows {what}"), async || {
            self.act(|racer| racer.client.list_rooms());
            // A request a frame would be too many.
            tokio::time::sleep(LIST_INTERVAL).await;
            Ok(self
                .look(|racer| is_shown(racer.client.lobby()))
                .then_some(()))
        })
        .await
    }
}

/// A gateway takes 20 requests a second.
const LIST_INTERVAL: Duration = Duration::from_millis(100);

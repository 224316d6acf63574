//! One bot: a client whose hands are the simulation's AI.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use client_core::netcode::Corrections;
use client_core::netcode::client::Counters;
use client_core::protocol::car::{CarClass, Skill as AiSkill};
use client_core::protocol::lobby::{Phase, RoomSettings};
use client_core::protocol::{Rejection, RejectionCode, RoomName};
use client_core::race::RaceResult;
use client_core::race::room::{LeaderboardLine, RoomClient};
use client_core::{Link, LinkEvent, RaceClient, Stage};
use simulation::{AiDriver, Input, Skill, TICK_RATE_HZ};
use tokio::sync::watch;

/// A bot decides as often as the race ticks.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);
/// How often a bot tells what it sees.
const VIEW_FRAMES: u64 = TICK_RATE_HZ as u64 / 2;
/// How often a bot asks for a room that is not there yet.
const JOIN_RETRY: Duration = Duration::from_millis(300);
/// A bot that cannot log in or reach its room for this long gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bots are not people: their accounts guard nothing.
const PASSWORD: &str = "bots-have-no-secrets";

/// Who a bot is and what it is there for.
#[derive(Clone, Debug)]
pub struct Driver {
    /// Where to connect.
    pub gateway: String,
    /// Its name.
    pub name: String,
    /// How well it drives.
    pub skill: Skill,
    /// What it drives.
    pub class: CarClass,
    /// The room.
    pub room: RoomName,
    /// Create the room with these settings, instead of joining it.
    pub create: Option<RoomSettings>,
    /// Fill the free seats with AI drivers, once the expected players are here.
    pub fill: Option<Fill>,
}

/// When and with whom the free seats are filled.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// So many players are waited for.
    pub players: usize,
    /// How well the AI drivers drive.
    pub skill: AiSkill,
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
    /// Frames that the bot has driven.
    pub frames: u64,
    /// What its netcode has seen.
    pub counters: Counters,
    /// By how much its own car was corrected.
    pub corrections: Corrections,
}

impl View {
    fn of(room: &RoomClient, frames: u64) -> Self {
        Self {
            is_seated: true,
            is_racing: room.view().phase == Phase::Racing,
            leaderboard: room.leaderboard(),
            frames,
            counters: room.netcode().counters(),
            corrections: *room.netcode().corrections(),
        }
    }
}

/// How a bot's race ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The race's id.
    pub race: String,
    /// What was raced.
    pub settings: RoomSettings,
    /// How it ended.
    pub result: RaceResult,
}

/// Where a bot is with its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    /// It tries to sign up.
    New,
    /// The name is taken, hopefully by itself.
    Known,
}

impl Driver {
    /// Races until the room closes. `view` is told what the bot sees.
    ///
    /// # Errors
    /// When it cannot log in or get a seat.
    pub async fn race(self, seed: u64, view: watch::Sender<View>) -> Result<Outcome> {
        let runtime = tokio::runtime::Handle::current();
        let mut link = Link::open(&runtime, &self.gateway, "bots");
        let mut client = RaceClient::default();
        client.sign_up(&self.name, PASSWORD);
        let mut account = Account::New;
        let mut hands = None;
        let mut asked_at: Option<Instant> = None;
        let mut in_room = None;
        let mut frames_driven = 0;
        let started = Instant::now();
        let mut frames = tokio::time::interval(FRAME);
        frames.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let is_frame = tokio::select! {
                event = link.next() => {
                    let Some(event) = event else { bail!("{}: the connection ended", self.name) };
                    if let LinkEvent::Lost { reason } = &event
                        && in_room.is_none()
                        && started.elapsed() > PATIENCE
                    {
                        bail!("{}: {reason}", self.name);
                    }
                    client.handle(event, Instant::now());
                    false
                }
                _ = frames.tick() => true,
            };
            let now = Instant::now();
            if let Some(rejection) = client.take_rejection() {
                self.rejected(&rejection, &mut account, &mut client, started)?;
            }
            match client.stage() {
                Stage::Lobby => {
                    let is_due = asked_at.is_none_or(|asked| now - asked >= JOIN_RETRY);
                    if is_due && !client.is_returning() {
                        asked_at = Some(now);
                        self.ask_for_seat(&mut client);
                    }
                }
                Stage::Room(room) => {
                    let is_due = asked_at.is_none_or(|asked| now - asked >= JOIN_RETRY);
                    let fill = self.fill.filter(|fill| is_due && fill.is_time(room));
                    let identity = (room.view().race, room.view().settings.clone());
                    in_room.get_or_insert(identity);
                    if is_frame {
                        if frames_driven % VIEW_FRAMES == 0 {
                            view.send_replace(View::of(room, frames_driven));
                        }
                        frames_driven += 1;
                        let input = self.input(room, seed, &mut hands);
                        client.drive(input, now);
                    }
                    if let Some(fill) = fill {
                        asked_at = Some(now);
                        client.fill_seats(fill.skill);
                    }
                }
                Stage::Result(result) => {
                    let Some((race, settings)) = in_room else {
                        bail!("no race was seen")
                    };
                    let (race, result) = (race.to_string(), result.clone());
                    return Ok(Outcome {
                        race,
                        settings,
                        result,
                    });
                }
                Stage::Ended(reason) => bail!("{}: {reason}", self.name),
                Stage::Offline(_) | Stage::Stranger => {}
            }
            client
                .take_outgoing()
                .into_iter()
                .for_each(|frame| link.send(frame));
        }
    }

    fn input(&self, room: &RoomClient, seed: u64, hands: &mut Option<AiDriver>) -> Input {
        let (Some((state, rules)), Some(seat)) = (room.race(), room.seat()) else {
            return Input::default();
        };
        let (track, seat) = (room.track(), usize::from(seat));
        let class = state.cars.get(seat).map(|car| car.class);
        hands
            .get_or_insert_with(|| {
                AiDriver::with_class(track, class.unwrap_or_default(), seed, self.skill)
            })
            .drive(track, rules, state, seat)
    }

    fn ask_for_seat(&self, client: &mut RaceClient) {
        match &self.create {
            Some(settings) => {
                client.create_room(self.room.as_str(), settings.clone(), self.class);
            }
            None => client.join_room(self.room.as_str(), self.class),
        }
    }

    fn rejected(
        &self,
        rejection: &Rejection,
        account: &mut Account,
        client: &mut RaceClient,
        started: Instant,
    ) -> Result<()> {
        match rejection.code {
            RejectionCode::NameTaken if *account == Account::New => {
                *account = Account::Known;
                client.log_in(&self.name, PASSWORD);
            }
            // The room is not there yet, or the servers are not: ask again.
            RejectionCode::RoomMissing | RejectionCode::Unavailable
                if started.elapsed() < PATIENCE =>
            {
                if matches!(client.stage(), Stage::Stranger) {
                    match account {
                        Account::New => client.sign_up(&self.name, PASSWORD),
                        Account::Known => client.log_in(&self.name, PASSWORD),
                    }
                }
            }
            // An answer that crossed with the room's news.
            RejectionCode::AlreadyInRoom | RejectionCode::NotInRoom => {}
            // Somebody took the last seat while the room was to be filled.
            RejectionCode::RaceStarted if client.room().is_some() => {}
            _ => bail!("{}: {rejection}", self.name),
        }
        Ok(())
    }
}

impl Fill {
    fn is_time(self, room: &RoomClient) -> bool {
        let view = room.view();
        view.phase == Phase::Waiting && room.is_host() && view.seats.len() >= self.players
    }
}

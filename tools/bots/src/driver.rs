//! One bot: a client whose hands are the simulation's AI.
//!
//! [`Bot`] decides and has no I/O; [`Driver::race`] is its shell with a link.
//! Under load another shell, `load::thin`, carries many of them at once.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;
use client_core::link::Traffic;
use client_core::protocol::lobby::{Phase, RoomSettings};
use client_core::protocol::{RaceId, RoomName};
use client_core::race::RaceResult;
use client_core::race::room::RoomClient;
use client_core::{Link, LinkEvent, RaceClient, RaceClientState};
use domain::{CarClass, Controls, Skill, TICK_RATE_HZ};
use simulation::AiDriver;

use crate::account::{Account, Remedy};
use crate::watcher::{Next, Outcome, Watcher};

/// A bot decides as often as the race ticks.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);
/// How often a bot asks for a room that is not there yet.
const JOIN_RETRY: Duration = Duration::from_millis(300);
/// A bot that cannot log in or reach its room for this long gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who a bot is and what it is there for.
#[derive(Clone, Debug)]
pub struct Driver {
    /// Where to connect, and where to go on when that breaks; at least one.
    pub gateways: Vec<String>,
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
    /// Go on whatever the servers do: join the room if it is there already, and
    /// ask again for what was refused.
    pub persists: bool,
    /// Fill the free seats with AI drivers, once the expected players are here.
    pub fill: Option<Fill>,
    /// A token of an earlier session: it costs the servers no password hash.
    pub token: Option<String>,
}

/// When and with whom the free seats are filled.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// So many players are waited for.
    pub players: usize,
    /// How well the AI drivers drive.
    pub skill: Skill,
}

impl Driver {
    /// Races until the room closes, and again until the watcher has seen
    /// enough. Gives the last outcome, or `None` when no race was wanted any
    /// more before one had ended.
    ///
    /// # Errors
    /// When it cannot log in or get a seat.
    pub async fn race(self, seed: u64, watcher: impl Watcher) -> Result<Option<Outcome>> {
        let runtime = tokio::runtime::Handle::current();
        let mut link = Link::open_any(&runtime, &self.gateways, "bots");
        let mut bot = Bot::new(self, seed, watcher);
        let mut frames = tokio::time::interval(FRAME);
        frames.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let is_frame = tokio::select! {
                event = link.next() => {
                    let Some(event) = event else {
                        bail!("{}: the connection ended", bot.driver.name)
                    };
                    bot.event(event, link.traffic(), Instant::now())?;
                    false
                }
                due = frames.tick() => {
                    bot.watcher.woken(due.elapsed());
                    true
                }
            };
            let now = Instant::now();
            if let ControlFlow::Break(outcome) = bot.turn(is_frame, now)? {
                return Ok(outcome);
            }
            for frame in bot.take_outgoing(now) {
                link.send(frame);
            }
        }
    }
}

/// A driver with its client: everything but the connection.
pub(crate) struct Bot<W> {
    driver: Driver,
    seed: u64,
    watcher: W,
    client: RaceClient,
    account: Account,
    /// Whether the room that it would create is there already.
    joins: bool,
    hands: Option<AiDriver>,
    asked_at: Option<Instant>,
    in_room: Option<(RaceId, RoomSettings)>,
    homeless_since: Instant,
    /// It has given its seat back.
    has_left: bool,
}

impl<W: Watcher> Bot<W> {
    pub(crate) fn new(driver: Driver, seed: u64, watcher: W) -> Self {
        let mut client = RaceClient::default();
        let account = Account::open(&driver.name, driver.token.as_deref(), &mut client);
        Self {
            driver,
            seed,
            watcher,
            client,
            account,
            joins: false,
            hands: None,
            asked_at: None,
            in_room: None,
            homeless_since: Instant::now(),
            has_left: false,
        }
    }

    pub(crate) fn client(&self) -> &RaceClient {
        &self.client
    }

    pub(crate) fn watcher(&mut self) -> &mut W {
        &mut self.watcher
    }

    /// Lets the watcher look, where not every event is told.
    pub(crate) fn look_over(&mut self, traffic: Traffic, now: Instant) {
        self.watcher.taken(&self.client, traffic, now);
    }

    /// The frames to send.
    pub(crate) fn take_outgoing(&mut self, now: Instant) -> Vec<Bytes> {
        let frames = self.client.take_outgoing();
        for frame in &frames {
            self.watcher.sent(frame, now);
        }
        frames
    }

    /// Does what is to be done now, after an event or, with `is_frame`, because
    /// a frame is to be driven. Breaks with the last outcome, as
    /// [`Driver::race`].
    pub(crate) fn turn(
        &mut self,
        is_frame: bool,
        now: Instant,
    ) -> Result<ControlFlow<Option<Outcome>>> {
        self.rejected(now)?;
        if !self.watcher.wants_race() && !self.is_in_race() {
            return Ok(ControlFlow::Break(None));
        }
        match self.client.state() {
            RaceClientState::Lobby if self.watcher.waits() => self.homeless_since = now,
            RaceClientState::Lobby => self.in_lobby(now),
            RaceClientState::Room(_) if self.watcher.leaves() => self.leave(),
            RaceClientState::Room(_) => self.in_room(is_frame, now),
            RaceClientState::Result(result) => {
                let result = result.clone();
                if let Some(outcome) = self.ended(result, now)? {
                    return Ok(ControlFlow::Break(Some(outcome)));
                }
            }
            RaceClientState::Ended(reason) => bail!("{}: {reason}", self.driver.name),
            RaceClientState::Offline(_) | RaceClientState::Unauthenticated => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes an event of the connection, which has carried so much by now.
    pub(crate) fn event(&mut self, event: LinkEvent, traffic: Traffic, now: Instant) -> Result<()> {
        if let LinkEvent::Lost { reason } = &event
            && self.in_room.is_none()
            && self.is_out_of_patience(now)
        {
            bail!("{}: {reason}", self.driver.name);
        }
        self.watcher.comes(&event, &self.client, now);
        self.client.handle(event, now);
        self.watcher.taken(&self.client, traffic, now);
        Ok(())
    }

    fn in_lobby(&mut self, now: Instant) {
        if self.client.is_returning() {
            return;
        }
        if let Some((race, _)) = self.in_room.take() {
            // Its race went on without it.
            self.watcher.thrown_out(race, now);
            self.hands = None;
            self.homeless_since = now;
        }
        if self.asks_now(now) {
            self.asked_at = Some(now);
            let (room, class) = (self.driver.room.as_str(), self.driver.class);
            match &self.driver.create {
                Some(settings) if !self.joins => {
                    self.client.create_room(room, settings.clone(), class);
                }
                Some(_) | None => self.client.join_room(room, class),
            }
        }
    }

    /// Gives the seat back: a room that all have left closes, and costs nothing.
    fn leave(&mut self) {
        if !std::mem::replace(&mut self.has_left, true) {
            self.client.leave_room();
        }
    }

    fn in_room(&mut self, is_frame: bool, now: Instant) {
        let asks_now = self.asks_now(now);
        let Some(room) = self.client.room() else {
            return;
        };
        let fill = self
            .driver
            .fill
            .filter(|fill| asks_now && fill.is_time(room));
        self.in_room
            .get_or_insert_with(|| (room.view().race, room.view().settings.clone()));
        if is_frame {
            self.watcher.drives(room, now);
            let input = input(&self.driver, self.seed, &mut self.hands, room);
            self.client.drive(input, now);
        }
        if let Some(fill) = fill {
            self.asked_at = Some(now);
            self.client.fill_seats(fill.skill);
        }
    }

    /// The outcome, when the watcher has seen enough.
    fn ended(&mut self, result: RaceResult, now: Instant) -> Result<Option<Outcome>> {
        let Some((race, settings)) = self.in_room.take() else {
            bail!("no race was seen")
        };
        let outcome = Outcome {
            race,
            settings,
            result,
        };
        match self.watcher.ended(&outcome) {
            Next::Enough => return Ok(Some(outcome)),
            Next::Again => {}
        }
        self.client.dismiss_result();
        (self.hands, self.asked_at, self.joins) = (None, None, false);
        self.homeless_since = now;
        Ok(None)
    }

    fn rejected(&mut self, now: Instant) -> Result<()> {
        let Some(rejection) = self.client.take_rejection() else {
            return Ok(());
        };
        let patient = !self.is_out_of_patience(now);
        let persists = self.driver.persists;
        match self.account.remedy(&rejection, &self.client, persists) {
            Remedy::None => {}
            Remedy::AskAgain if patient => self.account.log_in_again(&mut self.client),
            Remedy::SignUp => self.account.sign_up(&mut self.client),
            Remedy::LogIn if patient => self.account.log_in(&mut self.client),
            Remedy::Join if patient => self.joins = true,
            Remedy::Create if patient => self.joins = false,
            Remedy::AskAgain | Remedy::LogIn | Remedy::Join | Remedy::Create | Remedy::GiveUp => {
                bail!("{}: {rejection}", self.driver.name)
            }
        }
        Ok(())
    }

    /// Whether it is in a race that has begun, or on its way back to one.
    fn is_in_race(&self) -> bool {
        match self.client.state() {
            RaceClientState::Room(room) => room.view().phase != Phase::Waiting,
            RaceClientState::Result(_) => true,
            RaceClientState::Offline(_)
            | RaceClientState::Unauthenticated
            | RaceClientState::Lobby
            | RaceClientState::Ended(_) => self.client.is_returning(),
        }
    }

    fn asks_now(&self, now: Instant) -> bool {
        self.asked_at.is_none_or(|asked| now - asked >= JOIN_RETRY)
    }

    fn is_out_of_patience(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.homeless_since) >= PATIENCE
    }
}

fn input(driver: &Driver, seed: u64, hands: &mut Option<AiDriver>, room: &RoomClient) -> Controls {
    let (Some((state, rules)), Some(seat)) = (room.race(), room.seat()) else {
        return Controls::default();
    };
    let (track, seat) = (room.track(), usize::from(seat));
    let class = state.cars.get(seat).map(|car| car.class);
    hands
        .get_or_insert_with(|| {
            AiDriver::with_class(track, class.unwrap_or_default(), seed, driver.skill)
        })
        .drive(track, rules, state, seat)
}

impl Fill {
    fn is_time(self, room: &RoomClient) -> bool {
        let view = room.view();
        view.phase == Phase::Waiting && room.is_host() && view.seats.len() >= self.players
    }
}

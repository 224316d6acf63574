//! One bot: a client that the simulation's AI drives.
//!
//! [`Bot`] decides and has no I/O; [`Driver::race`] is its shell with a link.
//! `load::thin` is another shell, for many bots at once.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;
use client_core::link::Traffic;
use client_core::protocol::lobby::{Phase, RoomSettings};
use client_core::protocol::{RaceId, RoomName};
use client_core::race::RaceResult;
use client_core::race::room::RoomClient;
use client_core::{GatewayAddress, Link, LinkEvent, RaceClient, RaceClientState, Security};
use domain::{CarClass, Controls, Skill, TICK_RATE_HZ};
use simulation::AiDriver;

use crate::account::{Account, Remedy};
use crate::hooks::{Hooks, Next, Outcome};

/// A bot decides as often as the race ticks.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);
/// Between two attempts to join a room that does not exist yet.
const JOIN_RETRY: Duration = Duration::from_millis(300);
/// A bot that has no seat for this long gives up.
const SEAT_TIMEOUT: Duration = Duration::from_secs(60);

/// The settings of a bot.
#[derive(Clone, Debug)]
pub struct Driver {
    /// Gateways, the first to connect to and the others for when it fails; at least one.
    pub gateways: Vec<GatewayAddress>,
    /// Whether its connections are encrypted.
    pub security: Security,
    /// Its name.
    pub name: String,
    /// Its skill.
    pub skill: Skill,
    /// Its car class.
    pub class: CarClass,
    /// The room to race in.
    pub room: RoomName,
    /// The settings of the room to create; `None` to join it.
    pub create: Option<RoomSettings>,
    /// Whether it continues whatever the servers do: it joins a room that exists
    /// already, and repeats refused requests.
    pub persists: bool,
    /// When to fill the free seats with AI drivers.
    pub fill: Option<Fill>,
    /// A token of an earlier session, which costs the servers no password hash.
    pub token: Option<String>,
}

/// How the free seats are filled.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// The number of players to wait for.
    pub players: usize,
    /// The skill of the AI drivers.
    pub skill: Skill,
}

impl Driver {
    /// Races until the room closes, and again as long as the hooks ask for it.
    /// Returns the last outcome; `None` when no race was wanted before one had ended.
    ///
    /// # Errors
    /// When it cannot log in or get a seat.
    pub async fn race(self, seed: u64, hooks: impl Hooks) -> Result<Option<Outcome>> {
        let runtime = tokio::runtime::Handle::current();
        let mut link = Link::open(&runtime, &self.gateways, &self.security, "bots");
        let mut bot = Bot::new(self, seed, hooks);
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
                    bot.hooks.frame_begins(due.elapsed());
                    true
                }
            };
            let now = Instant::now();
            if let ControlFlow::Break(outcome) = bot.update(is_frame, now)? {
                return Ok(outcome);
            }
            for frame in bot.take_outgoing(now) {
                link.send(frame);
            }
        }
    }
}

/// A driver with its client, without the connection.
pub(crate) struct Bot<H> {
    driver: Driver,
    seed: u64,
    hooks: H,
    client: RaceClient,
    account: Account,
    /// Whether the room that it would create exists already.
    joins: bool,
    ai: Option<AiDriver>,
    asked_at: Option<Instant>,
    in_room: Option<(RaceId, RoomSettings)>,
    seatless_since: Instant,
    /// Whether it has left the room.
    has_left: bool,
}

impl<H: Hooks> Bot<H> {
    pub(crate) fn new(driver: Driver, seed: u64, hooks: H) -> Self {
        let mut client = RaceClient::default();
        let account = Account::open(&driver.name, driver.token.as_deref(), &mut client);
        Self {
            driver,
            seed,
            hooks,
            client,
            account,
            joins: false,
            ai: None,
            asked_at: None,
            in_room: None,
            seatless_since: Instant::now(),
            has_left: false,
        }
    }

    pub(crate) fn client(&self) -> &RaceClient {
        &self.client
    }

    pub(crate) fn hooks(&mut self) -> &mut H {
        &mut self.hooks
    }

    /// Calls the hooks in shells that handle some events themselves.
    pub(crate) fn call_hooks(&mut self, traffic: Traffic, now: Instant) {
        self.hooks.handled(&self.client, traffic, now);
    }

    /// The frames to send.
    pub(crate) fn take_outgoing(&mut self, now: Instant) -> Vec<Bytes> {
        let frames = self.client.take_outgoing();
        for frame in &frames {
            self.hooks.sent(frame, now);
        }
        frames
    }

    /// Acts after an event or, with `is_frame`, at the beginning of a frame. Breaks
    /// with the last outcome, as [`Driver::race`].
    pub(crate) fn update(
        &mut self,
        is_frame: bool,
        now: Instant,
    ) -> Result<ControlFlow<Option<Outcome>>> {
        self.rejected(now)?;
        if !self.hooks.wants_race() && !self.is_in_race() {
            return Ok(ControlFlow::Break(None));
        }
        match self.client.state() {
            RaceClientState::Lobby if self.hooks.waits() => self.seatless_since = now,
            RaceClientState::Lobby => self.in_lobby(now),
            RaceClientState::Room(_) if self.hooks.leaves() => self.leave(),
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

    /// Handles an event of the connection, with its traffic so far.
    pub(crate) fn event(&mut self, event: LinkEvent, traffic: Traffic, now: Instant) -> Result<()> {
        if let LinkEvent::Lost { reason } = &event
            && self.in_room.is_none()
            && self.has_timed_out(now)
        {
            bail!("{}: {reason}", self.driver.name);
        }
        self.hooks.received(&event, &self.client, now);
        self.client.handle(event, now);
        self.hooks.handled(&self.client, traffic, now);
        Ok(())
    }

    fn in_lobby(&mut self, now: Instant) {
        if self.client.is_returning() {
            return;
        }
        if let Some((race, _)) = self.in_room.take() {
            // Its race continues without it.
            self.hooks.seat_lost(race, now);
            self.ai = None;
            self.seatless_since = now;
        }
        if self.may_ask(now) {
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

    /// Leaves the room: when all have left, it closes and costs nothing.
    fn leave(&mut self) {
        if !std::mem::replace(&mut self.has_left, true) {
            self.client.leave_room();
        }
    }

    fn in_room(&mut self, is_frame: bool, now: Instant) {
        let may_ask = self.may_ask(now);
        let Some(room) = self.client.room() else {
            return;
        };
        let fill = self
            .driver
            .fill
            .filter(|fill| may_ask && fill.is_time(room));
        self.in_room
            .get_or_insert_with(|| (room.view().race, room.view().settings.clone()));
        if is_frame {
            self.hooks.drives(room, now);
            let input = input(&self.driver, self.seed, &mut self.ai, room);
            self.client.drive(input, now);
        }
        if let Some(fill) = fill {
            self.asked_at = Some(now);
            self.client.fill_seats(fill.skill);
        }
    }

    /// The outcome, when the hooks ask for no other race.
    fn ended(&mut self, result: RaceResult, now: Instant) -> Result<Option<Outcome>> {
        let Some((race, settings)) = self.in_room.take() else {
            bail!("no race was seen")
        };
        let outcome = Outcome {
            race,
            settings,
            result,
        };
        match self.hooks.ended(&outcome) {
            Next::Enough => return Ok(Some(outcome)),
            Next::Again => {}
        }
        self.client.dismiss_result();
        (self.ai, self.asked_at, self.joins) = (None, None, false);
        self.seatless_since = now;
        Ok(None)
    }

    fn rejected(&mut self, now: Instant) -> Result<()> {
        let Some(rejection) = self.client.take_rejection() else {
            return Ok(());
        };
        let in_time = !self.has_timed_out(now);
        let persists = self.driver.persists;
        match self.account.remedy(&rejection, &self.client, persists) {
            Remedy::None => {}
            Remedy::Retry if in_time => self.account.retry(&mut self.client),
            Remedy::SignUp => self.account.sign_up(&mut self.client),
            Remedy::LogIn if in_time => self.account.log_in(&mut self.client),
            Remedy::Join if in_time => self.joins = true,
            Remedy::Create if in_time => self.joins = false,
            Remedy::Retry | Remedy::LogIn | Remedy::Join | Remedy::Create | Remedy::GiveUp => {
                bail!("{}: {rejection}", self.driver.name)
            }
        }
        Ok(())
    }

    /// Whether it is in a race that has begun, or returns to one.
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

    fn may_ask(&self, now: Instant) -> bool {
        self.asked_at.is_none_or(|asked| now - asked >= JOIN_RETRY)
    }

    fn has_timed_out(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seatless_since) >= SEAT_TIMEOUT
    }
}

fn input(driver: &Driver, seed: u64, ai: &mut Option<AiDriver>, room: &RoomClient) -> Controls {
    let (Some((state, rules)), Some(seat)) = (room.race(), room.seat()) else {
        return Controls::default();
    };
    let (track, seat) = (room.track(), usize::from(seat));
    let class = state.cars.get(seat).map(|car| car.class);
    ai.get_or_insert_with(|| {
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
